"""Why a warehouse has no floor for goods: every rule that stands in the way, and what would satisfy it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from service.availability.facts import last_passing
from service.availability.floors import FloorTimetable
from service.availability.measures import FOREVER
from service.availability.places import Warehouse
from service.availability.reachable import Reachable, reachable
from service.availability.reasons import (
    CLOSED,
    KEPT,
    NO_GAP,
    NOT_BOOKABLE,
    STORAGE_FULL,
    TOO_FAR_AHEAD,
    Need,
    Reason,
)
from service.availability.slots import StorageAsk
from service.availability.storage import first_release, floor_refusals, spans

_OF_TIME = (CLOSED, KEPT, STORAGE_FULL)


def why_no_storage(warehouse: Warehouse, timetable: FloorTimetable, ask: StorageAsk, now: int) -> list[Reason]:
    """Give every rule that stands in the way of an ask for which `storage_slots` yields nothing.

    All needs merged into the ask pass; a number or time moved back towards what was asked fails again. A rule that no
    change of the query satisfies has no need.
    """
    if not warehouse.bookable:
        return [Reason(NOT_BOOKABLE)]
    if ask.start > now + warehouse.terms.horizon:
        return [Reason(TOO_FAR_AHEAD)]
    window = reachable(ask.stay, ask.start, ask.end, warehouse.terms, now)
    inquiry = _Inquiry(warehouse, timetable, now, ask, window)
    reasons = [*floor_refusals(warehouse, ask), *inquiry.reasons()]
    return [replace(reason, released_at=inquiry.released_at()) if reason.code == KEPT else reason for reason in reasons]


@dataclass(frozen=True, slots=True)
class _Inquiry:
    """One ask in one warehouse, with the stay and the window that leave it any start at all."""

    warehouse: Warehouse
    timetable: FloorTimetable
    now: int
    ask: StorageAsk
    window: Reachable

    def reasons(self) -> Iterator[Reason]:
        """Yield what stands in the way of quantity and time."""
        near = replace(self.ask, stay=self.window.stay, end=self.window.end)
        codes = self._blocked_by(near)
        answer = self._answer(near, codes) or near
        for code in self.window.stay_codes:
            yield Reason(code, Need("duration", answer.stay))
        for code in self.window.end_codes:
            yield Reason(code, Need("to", answer.end))
        if answer.stay < self.window.within:
            yield Reason(NO_GAP, Need("duration", answer.stay))
        yield from _changes(near, answer, codes)

    def released_at(self) -> int | None:
        """Give when the first of what is kept for others in the window is open to all; None if nothing is."""
        last = self.now + self.warehouse.terms.horizon + self.window.stay
        return first_release(self.warehouse, replace(self.ask, end=min(self.window.end, last)), self.now)

    def _answer(self, near: StorageAsk, codes: Collection[str]) -> StorageAsk | None:
        """Give the nearest query that passes: less of a floor that is full, later where it is closed, or both."""
        far = replace(self.ask, stay=self.window.within, end=FOREVER)
        if not codes:
            return near
        if STORAGE_FULL in codes:
            return self._less(near) or self._later(far) or self._less_and_later(far)
        return self._later(far) or self._less(near) or self._less_and_later(far)

    def _less(self, ask: StorageAsk) -> StorageAsk | None:
        if not self._passes(replace(ask, quantity=1)):
            return None
        most = last_passing(1, ask.quantity, lambda quantity: self._passes(replace(ask, quantity=quantity)))
        return replace(ask, quantity=most)

    def _later(self, far: StorageAsk) -> StorageAsk | None:
        span = next(spans(self.warehouse, self.timetable, far, self.now), None)
        return None if span is None else replace(far, end=max(span.first + far.stay, self.ask.end))

    def _less_and_later(self, far: StorageAsk) -> StorageAsk | None:
        less = self._less(far)
        return None if less is None else self._later(less)

    def _blocked_by(self, near: StorageAsk) -> tuple[str, ...]:
        """Give what keeps out as much as the empty floor would hold, and whether more was asked for."""
        if self._passes(near):
            return ()
        capacity = self.warehouse.capacity
        codes = self._in_the_way_of(replace(near, quantity=min(near.quantity, capacity)))
        if near.quantity > capacity:
            codes.add(STORAGE_FULL)
        return tuple(code for code in _OF_TIME if code in codes)

    def _in_the_way_of(self, ask: StorageAsk) -> set[str]:
        """Give what keeps out a quantity: what does alone, or else together.

        Claims do not count where it would be enough but for what is kept for others.
        """
        relevant = [code for code in _OF_TIME if code != KEPT or self.warehouse.allotments]
        for size in range(len(relevant) + 1):
            enough = [set(codes) for codes in combinations(relevant, size) if self._passes(ask, *codes)]
            if {KEPT} in enough and {STORAGE_FULL} in enough:
                enough.remove({STORAGE_FULL})
            if enough:
                return set().union(*enough)
        return set()

    def _passes(self, ask: StorageAsk, *ignoring: str) -> bool:
        return next(spans(self.warehouse, self.timetable, ask, self.now, ignoring), None) is not None


def _changes(asked: StorageAsk, answer: StorageAsk, codes: Collection[str]) -> Iterator[Reason]:
    """Yield the codes with what has changed; if both have, the quantity is full and the rest is time.

    Less of it is no way to have what is kept for others: then so much is full beside what is kept.
    """
    quantity = Need("quantity", answer.quantity) if answer.quantity != asked.quantity else None
    to = Need("to", answer.end) if answer.end != asked.end else None
    if quantity and to:
        yield Reason(STORAGE_FULL, quantity)
        for code in [code for code in codes if code != STORAGE_FULL] or [STORAGE_FULL]:
            yield Reason(code, to)
        return
    for code in codes:
        yield Reason(code, to if code == KEPT else quantity or to)
    if quantity and codes == (KEPT,):
        yield Reason(STORAGE_FULL, quantity)
