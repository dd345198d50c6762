"""The starts at which one place is free, as far as somebody has looked: each is worked out once, however many ask."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from service.availability.berths import berth_slots, starts_allowed
from service.availability.facts import last_passing
from service.availability.floors import FloorTimetable
from service.availability.measures import blocked_metres
from service.availability.places import Quay, Warehouse
from service.availability.slots import BerthAsk, BerthSlot, StorageAsk, StorageSlot
from service.availability.storage import Span, storage_slots
from service.availability.timetable import QuayTimetable


class BerthStarts:
    """The starts at which a ship finds a place on a quay.

    The berth search tells the first of them and those at which metres come free. What a later first start would add is
    only that start itself:

    found from F    F──────┬───────────┬──────►
    found from X       X───┬───────────┬──────►
    """

    def __init__(self, quay: Quay, timetable: QuayTimetable, ask: BerthAsk, now: int) -> None:
        self.port = quay.port
        self.need_m = blocked_metres(ask.ship.loa_cm, quay.terms)
        self.first, self._last = starts_allowed(ask.stay, ask.start, ask.end, quay.terms, now)
        self._quay, self._timetable, self._ask, self._now = quay, timetable, ask, now
        self._coming = self._found(ask)
        self._slots: list[BerthSlot] = []
        self._starts: list[int] = []
        self._at: dict[int, BerthSlot | None] = {}

    def between(self, first: int, last: int) -> Iterator[BerthSlot]:
        """Yield what the search from `first` on finds up to `last`: of each start the tightest slot."""
        last = min(last, self._last)
        if self.first < first <= last:
            slot = self._slot_at(first)
            if slot is not None:
                yield slot
            first += 1
        number = self._number_after(first - 1)
        while self._look_at(number) and self._starts[number] <= last:
            yield self._slots[number]
            number += 1

    def latest(self, first: int, last: int) -> BerthSlot | None:
        """Give the tightest slot of the last start in `[first, last]` at which there is any.

        Once the ship has found a place and nothing comes free any more, places only go:

        free places    ▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒░░░░░              so bisection finds the end
                       └ the last that comes free, or `first`
        """
        first, last = max(first, self.first), min(last, self._last)
        if first > last:
            return None
        number = self._number_after(last) - 1
        since = max(first, self._starts[number]) if number >= 0 else first
        if not self._has_place(since):
            return None
        until = last if self._has_place(last) else last_passing(since, last, self._has_place)
        return self._slot_at(until)

    def _found(self, ask: BerthAsk) -> Iterator[BerthSlot]:
        """Yield the tightest slot of each start that the search finds."""
        slots = berth_slots(self._quay, self._timetable, ask, self._now)
        for _, of_start in groupby(slots, key=lambda slot: slot.start):
            yield next(of_start)

    def _look_at(self, number: int) -> bool:
        """Look as far as the slot of this number, and say whether there is one."""
        while number >= len(self._slots):
            slot = next(self._coming, None)
            if slot is None:
                return False
            self._slots.append(slot)
            self._starts.append(slot.start)
        return True

    def _number_after(self, instant: int) -> int:
        """Give the number of the first slot that starts after an instant; there may be none."""
        while not self._starts or self._starts[-1] <= instant:
            if not self._look_at(len(self._slots)):
                break
        return bisect_right(self._starts, instant)

    def _has_place(self, start: int) -> bool:
        """Say whether the ship finds a place at just this start."""
        just_then = replace(self._ask, start=start, end=start + self._ask.stay)
        return next(berth_slots(self._quay, self._timetable, just_then, self._now), None) is not None

    def _slot_at(self, start: int) -> BerthSlot | None:
        """Give the tightest slot of just this start; looked for up to the last start only if there is one."""
        if start not in self._at:
            from_then = replace(self._ask, start=start)
            self._at[start] = next(self._found(from_then)) if self._has_place(start) else None
        return self._at[start]


class FloorStarts:
    """The runs of starts at which a quantity of goods finds floor in a warehouse, the earliest first."""

    def __init__(self, warehouse: Warehouse, timetable: FloorTimetable, ask: StorageAsk, now: int) -> None:
        self.port, self.code = warehouse.port, warehouse.code
        self._warehouse, self._timetable, self._ask, self._now = warehouse, timetable, ask, now
        self._coming = storage_slots(warehouse, timetable, ask, now)
        self._runs: list[Span] = []

    def run(self, number: int) -> Span | None:
        """Give the run of this number, if there are so many."""
        while number >= len(self._runs):
            slot = next(self._coming, None)
            if slot is None:
                return None
            self._runs.append(Span(slot.start, slot.latest_start))
        return self._runs[number]

    def slot(self, run: Span, start: int) -> StorageSlot:
        """Give the slot that begins at one start of a run."""
        just_then = replace(self._ask, start=start, end=start + self._ask.stay)
        slot = next(storage_slots(self._warehouse, self._timetable, just_then, self._now))
        return replace(slot, latest_start=run.last)
