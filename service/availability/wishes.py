"""One wished stay at a quay: what refuses it there, and the same wish with something changed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from service.availability.berths import berth_places
from service.availability.explaining import without_bounds
from service.availability.facts import changed
from service.availability.judging import (
    WishedStay,
    best_fit,
    permitted_stretches,
    start_refusals,
    stay_refusals,
)
from service.availability.measures import ALWAYS, FOREVER, blocked_metres
from service.availability.places import Closure, Quay
from service.availability.reasons import CLOSED, FULL, NOT_BOOKABLE, OFF_THE_QUAY, Need
from service.availability.rules import Barred
from service.availability.slots import BerthAsk
from service.availability.timetable import QuayTimetable, metres, runs
from service.availability.windows import Place


@dataclass(frozen=True, slots=True)
class BerthWish:
    """A ship that wishes to lie at a quay from `from_m` on, for the whole window of `ask`, which is its stay.

    `soonest` is the first start that is offered to whoever asks for one too early.
    """

    quay: Quay
    timetable: QuayTimetable
    ask: BerthAsk
    from_m: int
    now: int
    soonest: int

    @property
    def to_m(self) -> int:
        """Where the blocked stretch ends, clearance included."""
        return self.from_m + blocked_metres(self.ask.ship.loa_cm, self.quay.terms)

    @property
    def on_the_quay(self) -> bool:
        """Whether the blocked stretch lies on the quay."""
        return self.from_m >= 0 and self.to_m <= self.quay.length_m

    def failing(self) -> set[str]:
        """Give the codes of the rules that refuse the wish, claims included."""
        ask, terms = self.ask, self.quay.terms
        bounds = (*stay_refusals(ask.stay, terms), *start_refusals(ask.start, terms, self.now))
        codes = {reason.code for reason in bounds} | {bar.code for bar in self.bars()}
        if not self.on_the_quay:
            codes.add(OFF_THE_QUAY)
        if not any(berth.bookable for berth in self.quay.berths):
            codes.add(NOT_BOOKABLE)
        if self.taken() & metres(max(self.from_m, 0), max(self.to_m, 0)):
            codes.add(FULL)
        return codes

    def bars(self) -> list[Barred]:
        """Give what the rules bar of the place and the time wished."""
        bars = WishedStay(self.quay, self.ask.start, self.ask.end, self.now, self.ask.by, ()).bars(self.ask.ship)
        return [bar for bar in bars if bar.from_m < self.to_m and self.from_m < bar.to_m]

    def taken(self) -> int:
        """Give the metres that claims block at some time of the stay or its turnaround."""
        return self.timetable.at(self.now).over(self.ask.start, self.ask.end + self.quay.terms.turnaround)

    def permitted(self, ignoring: Collection[str]) -> list[tuple[int, int]]:
        """Give the stretches of quay where the rules that are not ignored, claims apart, let the ship lie."""
        ask = self.ask
        return permitted_stretches(
            self.quay, ask.ship, ask.start, ask.end, now=self.now, by=ask.by, ignoring=ignoring
        )  # fmt: skip

    def later(self, start: int, last: int, ignoring: Collection[str]) -> Iterator[Place]:
        """Yield the same place from a start on, up to a last one, as often as the rules that are not ignored let it.

        The rest of the quay is fenced off, and it is the berth search that looks.
        """
        if not self.on_the_quay:
            return iter(())
        fences = (Closure(ALWAYS, FOREVER, 0, self.from_m), Closure(ALWAYS, FOREVER, self.to_m, self.quay.length_m))
        closures = fences if CLOSED in ignoring else (*fences, *self.quay.closures)
        terms = without_bounds(self.quay.terms, ignoring, self.ask.start, self.ask.stay, self.now)
        fenced = replace(self.quay, closures=closures, terms=terms)
        ask = replace(self.ask, start=start, end=last + self.ask.stay)
        return berth_places(fenced, self.timetable, ask, self.now, set(ignoring) - {CLOSED})

    def changed(self, need: Need) -> "BerthWish":
        """Give the wish with one field changed; a stay that starts later ends as much later."""
        ask, value = self.ask, need.value
        if isinstance(value, tuple):
            return replace(self, ask=replace(ask, ship=changed(ask.ship, **{need.field: value[0]})))
        if need.field == "from_m":
            return replace(self, from_m=value)
        if need.field == "start":
            return replace(self, ask=replace(ask, start=value, end=value + ask.stay))
        if need.field == "end":
            return replace(self, ask=replace(ask, end=value, stay=value - ask.start))
        return replace(self, ask=replace(ask, ship=changed(ask.ship, **{need.field: value})))


def best_place(wish: BerthWish) -> int:
    """Give where the ship would best lie: the tightest free place, else the tightest permitted, else the least refused.

    The wish's own `from_m` does not matter.
    """
    need_m = wish.to_m - wish.from_m
    stretches = wish.permitted(())
    found = best_fit(stretches, runs(wish.taken()), need_m)
    if found is None:
        found = best_fit(stretches, (), need_m)
    if found is not None:
        return found
    last = max(0, wish.quay.length_m - need_m)
    edges = {edge for _, low, high in wish.quay.stretches() for edge in (low, high - need_m)}
    places = sorted({0, last, *(edge for edge in edges if 0 <= edge <= last)})
    return min(places, key=lambda from_m: len(replace(wish, from_m=from_m).failing()))
