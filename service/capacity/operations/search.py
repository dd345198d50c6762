"""The search for the earliest slots over all places in sight, and the reasons of those that have none."""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import chain, islice
from typing import Any, TypeVar

from service.availability import (
    MINUTE,
    BerthAsk,
    BerthSlot,
    Reason,
    StorageAsk,
    StorageSlot,
    berth_slots,
    storage_slots,
    why_no_berth,
    why_no_storage,
)
from service.capacity.operations.timetables import Sight
from service.ports.rules import Place

TO_SAY_YES = 5 * MINUTE
S = TypeVar("S", BerthSlot, StorageSlot)


def soonest(sight: Sight) -> int:
    """Give the first start on offer: a whole minute, and far enough ahead that whoever is offered it can say yes."""
    return -(-(sight.at + TO_SAY_YES) // MINUTE) * MINUTE


def find_berths(sight: Sight, ask: BerthAsk, limit: int) -> tuple[list[BerthSlot], list[tuple[str, list[Reason]]]]:
    """Give the earliest slots over all quays in sight, and for each quay that has none, why."""
    offers = [(place, berth_slots(place.quay, taken, ask, sight.at)) for place, taken in sight.quays]
    slots, without = _earliest(offers, lambda slot: (slot.start, slot.run_m, slot.quay.code, slot.from_m), limit)
    timetables = {place.code: taken for place, taken in sight.quays}
    why = [(place.code, why_no_berth(place.quay, timetables[place.code], ask, sight.at)) for place in without]
    return slots, why


def find_storage(sight: Sight, ask: StorageAsk, limit: int) -> tuple[list[StorageSlot], list[tuple[str, list[Reason]]]]:
    """Give the earliest slots over all warehouses in sight, and for each warehouse that has none, why."""
    offers = [(place, storage_slots(place.warehouse, taken, ask, sight.at)) for place, taken in sight.warehouses]
    slots, without = _earliest(offers, lambda slot: (slot.start, slot.warehouse.code), limit)
    timetables = {place.code: taken for place, taken in sight.warehouses}
    why = [(place.code, why_no_storage(place.warehouse, timetables[place.code], ask, sight.at)) for place in without]
    return slots, why


def _earliest(
    offers: Iterable[tuple[Place, Iterator[S]]], order: Callable[[S], tuple[Any, ...]], limit: int
) -> tuple[list[S], list[Place]]:
    """Merge the slots of many places lazily, and tell the places that have none: their first slot is asked for."""
    lines: list[Iterator[S]] = []
    without: list[Place] = []
    for place, slots in offers:
        first = next(slots, None)
        if first is None:
            without.append(place)
        else:
            lines.append(chain((first,), slots))
    return list(islice(merge(*lines, key=order), limit)), without
