"""Every rule about one wished stay in a warehouse: whether it passes, by what margin, and the least helpful change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from service.availability.explaining import (
    BOUNDS,
    LOOK_AHEAD,
    Margin,
    Verdict,
    bounds_margins,
    bounds_need,
    least_change,
    without_bounds,
)
from service.availability.floors import FloorTimetable
from service.availability.judging import start_refusals, stay_refusals
from service.availability.places import Warehouse
from service.availability.reasons import (
    CLOSED,
    HAZARD,
    KEPT,
    NOT_BONDED,
    NOT_BOOKABLE,
    STAY_TOO_LONG,
    STORAGE_FULL,
    TOO_EARLY,
    WRONG_UNIT,
    Need,
)
from service.availability.slots import StorageAsk
from service.availability.storage import Floor, first_release, floor_refusals, spans

OF_QUANTITY = (CLOSED, KEPT, STORAGE_FULL)
RULES = (NOT_BOOKABLE, WRONG_UNIT, NOT_BONDED, HAZARD, *BOUNDS, *OF_QUANTITY)


@dataclass(frozen=True, slots=True)
class StorageWish:
    """Goods that wish to lie in a warehouse for the whole window of `ask`, which is their stay.

    `soonest` is the first start that is offered to whoever asks for one too early.
    """

    warehouse: Warehouse
    timetable: FloorTimetable
    ask: StorageAsk
    now: int
    soonest: int

    def failing(self) -> set[str]:
        """Give the codes of the rules that refuse the wish, claims included."""
        ask, terms = self.ask, self.warehouse.terms
        refused = [*stay_refusals(ask.stay, terms), *start_refusals(ask.start, terms, self.now)]
        refused += floor_refusals(self.warehouse, ask)
        return {reason.code for reason in refused} | {code for code, margin in self.left().items() if margin < 0}

    def left(self) -> dict[str, int]:
        """Give how much is left, or below 0 lacking, as far as closures, partners and claims are concerned.

        What even the whole floor would lack is neither a closure's nor a partner's doing.
        """
        least, wished = self.most(), self.ask.quantity
        within = min(wished, self.warehouse.capacity)
        return {CLOSED: least[CLOSED] - within, KEPT: least[KEPT] - within, STORAGE_FULL: least[STORAGE_FULL] - wished}

    def most(self) -> dict[str, int]:
        """Give the largest quantities that closures, partners and claims leave on every day.

        Closures are judged by themselves. Claims come on top of them, and what is kept for others on top of both,
        unless there is too little already: then they too are judged by themselves.
        """
        open_, unless_kept, free = self.free(KEPT, STORAGE_FULL), self.free(KEPT), self.free()
        return {
            CLOSED: open_,
            KEPT: free if unless_kept >= self.ask.quantity else self.free(CLOSED, STORAGE_FULL),
            STORAGE_FULL: unless_kept if open_ >= self.ask.quantity else self.free(CLOSED, KEPT),
        }

    def free(self, *ignoring: str) -> int:
        """Give how much is free on every day; of too long a stay only the first days are counted."""
        floor = Floor(self.warehouse, self.timetable, self.now, self.ask.by, ignoring)
        return floor.least(self.ask.start, min(self.ask.end, self.ask.start + self.warehouse.terms.longest_stay))

    def changed(self, need: Need) -> "StorageWish":
        """Give the wish with one field changed; a stay that starts later ends as much later."""
        ask, value = self.ask, need.value
        if isinstance(value, int) and need.field == "start":
            return replace(self, ask=replace(ask, start=value, end=value + ask.stay))
        if isinstance(value, int) and need.field == "end":
            return replace(self, ask=replace(ask, end=value, stay=value - ask.start))
        if isinstance(value, int):
            return replace(self, ask=replace(ask, quantity=value))
        if need.field == "unit":
            return replace(self, ask=replace(ask, unit=str(value[0])))
        return replace(self, ask=replace(ask, bonded=bool(value[0])))


def explain_storage(wish: StorageWish) -> list[Verdict]:
    """Give the verdict of every rule on a wish, in the order of `RULES`; it can be had if all of them pass."""
    ask, failing = wish.ask, wish.failing()
    margins = bounds_margins(ask.start, ask.end, wish.warehouse.terms, wish.now)
    margins |= {code: Margin("quantity", left) for code, left in wish.left().items()}
    verdicts = []
    for code in RULES:
        verdict = Verdict(code, passes=code not in failing, margin=margins.get(code))
        if code in failing:
            released_at = first_release(wish.warehouse, ask, wish.now) if code == KEPT else None
            verdict = replace(verdict, need=_need(wish, code, failing), released_at=released_at)
        verdicts.append(verdict)
    return verdicts


def _need(wish: StorageWish, code: str, failing: set[str]) -> Need | None:
    """Give the least change with which a rule passes that fails, and no other that passed before fails."""
    others = failing - {code}
    return least_change(code, _tries(wish, code, others), lambda need: wish.changed(need).failing() <= others)


def _tries(wish: StorageWish, code: str, others: set[str]) -> Iterator[Need | None]:
    """Yield the changes worth trying: less of the goods, then a later start."""
    yield bounds_need(code, wish.ask.start, wish.warehouse.terms, wish.now)
    if code in (WRONG_UNIT, NOT_BONDED):
        yield next(reason.need for reason in floor_refusals(wish.warehouse, wish.ask) if reason.code == code)
    if code in OF_QUANTITY:
        most = wish.most()
        # With less of the goods another rule may be judged together with this one: the most comes first.
        tried = {most[code], min(most.values()), wish.free(KEPT), wish.free()}
        for quantity in sorted((each for each in tried if 0 < each <= most[code]), reverse=True):
            yield Need("quantity", quantity)
    if code in (*OF_QUANTITY, TOO_EARLY) and STAY_TOO_LONG not in others:
        yield _later(wish, code, others)


def _later(wish: StorageWish, code: str, ignoring: set[str]) -> Need | None:
    """Give the next start from which the rules that are not ignored leave the floor free."""
    ask = wish.ask
    start = wish.soonest if code == TOO_EARLY else ask.start
    terms = without_bounds(wish.warehouse.terms, ignoring, ask.start, ask.stay, wish.now)
    warehouse = replace(wish.warehouse, terms=terms)
    for last in (start + LOOK_AHEAD, wish.now + terms.horizon):  # most are near, and a look at all is dear
        later = replace(ask, start=start, end=last + ask.stay)
        span = next(spans(warehouse, wish.timetable, later, wish.now, ignoring), None)
        if span is not None:
            return Need("start", span.first)
    return None
