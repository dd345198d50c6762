"""The search for the earliest slots over all places in sight, and the reasons of those that have none."""

from service.availability import (
    MINUTE,
    BerthAsk,
    BerthSlot,
    Reason,
    StorageAsk,
    StorageSlot,
    earliest,
    earliest_storage,
    why_no_berth,
    why_no_storage,
)
from service.capacity.operations.timetables import Sight

TO_SAY_YES = 5 * MINUTE


def soonest(sight: Sight) -> int:
    """Give the first start on offer: a whole minute, and far enough ahead that whoever is offered it can say yes."""
    return -(-(sight.at + TO_SAY_YES) // MINUTE) * MINUTE


def find_berths(sight: Sight, ask: BerthAsk, limit: int) -> tuple[list[BerthSlot], list[tuple[str, list[Reason]]]]:
    """Give the earliest slots over all quays in sight, and for each quay that has none, why."""
    quays = [(place.quay, taken) for place, taken in sight.quays]
    slots, without = earliest(quays, ask, sight.at, limit)
    return slots, [(quay.code, why_no_berth(quay, taken, ask, sight.at)) for quay, taken in without]


def find_storage(sight: Sight, ask: StorageAsk, limit: int) -> tuple[list[StorageSlot], list[tuple[str, list[Reason]]]]:
    """Give the earliest slots over all warehouses in sight, and for each warehouse that has none, why."""
    floors = [(place.warehouse, taken) for place, taken in sight.warehouses]
    slots, without = earliest_storage(floors, ask, sight.at, limit)
    return slots, [(floor.code, why_no_storage(floor, taken, ask, sight.at)) for floor, taken in without]
