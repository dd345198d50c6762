"""Itineraries: a berth for a ship and floor for its goods at one port, chosen together.

Their starts go together if that of the storage lies from `nearest` to `farthest` after that of the berth stay:

    after    ├── berth ──┤  wait  ├──── storage ────┤       nearest: the berth stay,  farthest: that and `within`
    before   ├──── storage ────┤  wait  ├── berth ──┤       the same backwards, so both are below 0

So one run of starts that all pass at a warehouse serves one window of starts at a quay:

    storage starts        first ├──────────────┤ last
    berth starts     first - farthest ├──────────────────┤ last - nearest

In that window it is the berth search that finds the starts. Nothing is chosen first and the rest fitted to it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from service.availability.floors import FloorTimetable
from service.availability.measures import FOREVER
from service.availability.places import Quay, Warehouse
from service.availability.reasons import NO_JOINT_WINDOW, Need, Reason
from service.availability.slots import BerthAsk, BerthSlot, StorageAsk, StorageSlot
from service.availability.starts import BerthStarts, FloorStarts
from service.availability.storage import Span
from service.availability.timetable import QuayTimetable

AFTER, BEFORE = "after", "before"
EARLIEST, SHORTEST_WAIT, FEWEST_METRES, SOONEST_DONE = "earliest", "shortest_wait", "fewest_metres", "soonest_done"

Quays = Iterable[tuple[Quay, QuayTimetable]]
Floors = Iterable[tuple[Warehouse, FloorTimetable]]


@dataclass(frozen=True, slots=True)
class ItineraryAsk:
    """A ship and its goods look for both places at one port, the storage at most `within` microseconds after the berth.

    `order` says whether the storage comes `after` the berth stay or `before` it, `rank` what comes first:

    earliest        the earlier berth stay, then the earlier storage
    shortest_wait   the shorter time between the two, then as above
    fewest_metres   the fewest metres blocked at the quay, clearance included, then as above
    soonest_done    the earlier end of the later of the two, then as above
    """

    berth: BerthAsk
    storage: StorageAsk
    within: int
    order: str = AFTER
    rank: str = EARLIEST

    @property
    def nearest(self) -> int:
        """By how much the storage starts after the berth stay, at least."""
        return self.berth.stay if self.order == AFTER else -self.storage.stay - self.within

    @property
    def farthest(self) -> int:
        """By how much the storage starts after the berth stay, at most."""
        return self.nearest + self.within


@dataclass(frozen=True, slots=True)
class Itinerary:
    """A berth and floor on offer together, `wait` microseconds from the end of one to the start of the other."""

    berth: BerthSlot
    storage: StorageSlot
    wait: int


Key = tuple[Any, ...]
Step = tuple[Key, Callable[[], "Itinerary | Iterator[Step]"]]


def itineraries(quays: Quays, warehouses: Floors, ask: ItineraryAsk, now: int) -> Iterator[Itinerary]:
    """Yield itineraries lazily in the order of `ask.rank`, ties by the berth's tightness and the codes of the places.

    For each quay and each run of starts at a warehouse of its port: one for each start at which a place at the quay
    comes free, at the tightest of them; where the shortest wait counts, only those of the least.
    """
    berths = [BerthStarts(quay, taken, ask.berth, now) for quay, taken in quays]
    floors = [FloorStarts(warehouse, taken, ask.storage, now) for warehouse, taken in warehouses]
    pairs = (_Pair(ask, berth, floor) for berth in berths for floor in floors if berth.port == floor.port)
    return _best_first([((), partial(pair.from_run, 0)) for pair in pairs])


def why_no_itinerary(quays: Quays, warehouses: Floors, ask: ItineraryAsk, now: int) -> Reason:
    """Give the least that must change for an ask that finds no itinerary, though each place alone has something.

    The need is `within`, a longer time between the two, or else `to`, a later end of the window; None if neither helps.
    """
    quays, warehouses = list(quays), list(warehouses)
    apart = replace(ask, within=max(0, ask.berth.end - ask.berth.start), rank=SHORTEST_WAIT)
    closest = next(itineraries(quays, warehouses, apart, now), None)
    if closest is not None:
        return Reason(NO_JOINT_WINDOW, Need("within", closest.wait))
    berth, storage = replace(ask.berth, end=FOREVER), replace(ask.storage, end=FOREVER)
    later = replace(ask, berth=berth, storage=storage, rank=SOONEST_DONE)
    done = next(itineraries(quays, warehouses, later, now), None)
    need = None if done is None else Need("to", max(done.berth.end, done.storage.end))
    return Reason(NO_JOINT_WINDOW, need)


def _best_first(steps: list[Step]) -> Iterator[Itinerary]:
    """Yield itineraries by their keys. Nothing that follows from a step has a key below the step's own.

    So a step waits until nothing better can come before it, and most are never worked out.
    """
    number = count()
    heap = [(key, next(number), work_out) for key, work_out in steps]
    heapify(heap)
    while heap:
        found = heappop(heap)[2]()
        if isinstance(found, Itinerary):
            yield found
        else:
            for key, work_out in found:
                heappush(heap, (key, next(number), work_out))


@dataclass(frozen=True, slots=True)
class _Pair:
    """One quay and one warehouse of the same port."""

    ask: ItineraryAsk
    berths: BerthStarts
    floor: FloorStarts

    def from_run(self, number: int) -> Iterator[Step]:
        """Yield the steps for the run of starts of this number at the warehouse, and for those after it."""
        run = self.floor.run(number)
        if run is not None:
            first = max(self.berths.first, run.first - self.ask.farthest)
            least = max(run.first, first + self.ask.nearest)
            yield self._rank(first, least), partial(self._of_run, run)
            yield self._rank(run.last - self.ask.farthest, run.last), partial(self.from_run, number + 1)

    def _of_run(self, run: Span) -> Iterator[Step]:
        """Yield what one run of starts at the warehouse leads to."""
        low, high = run.first - self.ask.farthest, run.last - self.ask.nearest
        if self.ask.rank != SHORTEST_WAIT:
            yield from self._coming(run, self.berths.between(low, high))
            return
        span = run.last - run.first
        joined = (high - span, high) if self.ask.order == AFTER else (low, low + span)
        at_once = self._coming(run, self.berths.between(*joined))
        first = next(at_once, None)
        if first is None:
            yield self._rank(low, run.first, wait=1), partial(self._with_a_wait, run)
        else:
            yield first
            yield from at_once

    def _coming(self, run: Span, slots: Iterator[BerthSlot]) -> Iterator[Step]:
        """Yield an itinerary for the next of the berth slots, and a step for the others."""
        slot = next(slots, None)
        if slot is not None:
            yield self._offer(run, slot)
            yield self._rank(slot.start + 1, run.first), partial(self._coming, run, slots)

    def _with_a_wait(self, run: Span) -> Iterator[Step]:
        """Yield the itinerary with the least wait where there is none without.

        after    berth starts      ├──no wait──┤        the last one before it
                            ▲ here
        before                     ├──no wait──┤        the first one after it
                                                 ▲ here
        """
        ask = self.ask
        if ask.order == AFTER:
            slot = self.berths.latest(run.first - ask.farthest, run.first - ask.nearest - 1)
        else:
            slot = next(self.berths.between(run.last - ask.farthest + 1, run.last - ask.nearest), None)
        if slot is not None:
            yield self._offer(run, slot)

    def _offer(self, run: Span, slot: BerthSlot) -> Step:
        """Give the itinerary of a berth slot and the best start of the storage for it."""
        ask = self.ask
        start = max(run.first, slot.start + ask.nearest)
        if ask.rank == SHORTEST_WAIT and ask.order == BEFORE:
            start = min(run.last, slot.start + ask.farthest)
        wait = start - slot.end if ask.order == AFTER else slot.start - start - ask.storage.stay
        key = (*self._rank(slot.start, start, wait), start, slot.run_m, slot.quay.code, self.floor.code)
        return key, lambda: Itinerary(slot, self.floor.slot(run, start), wait)

    def _rank(self, berth: int, storage: int, wait: int = 0) -> Key:
        """Give the beginning of the key for starts of berth and storage that are not below these, and such a wait."""
        match self.ask.rank:
            case "shortest_wait":
                return wait, berth
            case "fewest_metres":
                return self.berths.need_m, berth
            case "soonest_done":
                return max(berth + self.ask.berth.stay, storage + self.ask.storage.stay), berth
            case _:
                return (berth,)
