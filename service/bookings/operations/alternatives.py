"""What to offer when a slot has gone: the earliest free slots of the same port for the legs that can't be had."""

from collections.abc import Mapping
from typing import Any

from service.availability import (
    DAY,
    best_fit,
    blocked_metres,
    earliest,
    earliest_storage,
    permitted_stretches,
    runs,
    storage_slots,
)
from service.bookings.operations.plan import berth_ask, codes, storage_ask
from service.bookings.schemas import BerthLeg, NewBooking, StorageLeg
from service.capacity.operations import Sight, Timetables
from service.capacity.schemas import berth_slot, storage_slot
from service.errors import Refusal
from service.ports.operations import Rulebook
from service.ports.rules import Place

MOST = 5
_LOOK_AHEAD = 30 * DAY


async def with_alternatives(timetables: Timetables, rulebook: Rulebook, asked: NewBooking, refusal: Refusal) -> Refusal:
    """Give the refusal with up to five slots that were free a moment ago, for the legs that are not.

    Each begins no earlier than the leg it stands for, and ends within thirty days after it.
    """
    places = await rulebook.of(codes(asked))
    sight = await timetables.look({place.port for place in places.values()})
    gone = [leg for leg in asked.legs if not _free(leg, asked, places, sight)] or asked.legs
    share = max(1, MOST // len(gone))
    offers = [offer for leg in gone for offer in _offers(leg, asked, sight, share)]
    members = refusal.members | {"alternatives": offers[:MOST], "legs": [asked.legs.index(leg) for leg in gone]}
    return type(refusal)(refusal.detail, faults=refusal.faults, **members)


def _free(leg: BerthLeg | StorageLeg, asked: NewBooking, places: Mapping[str, Place], sight: Sight) -> bool:
    """Say whether a leg could be had just as it was asked for."""
    if isinstance(leg, StorageLeg):
        floor = _of(sight.warehouses, leg.warehouse)
        return (
            next(storage_slots(places[leg.warehouse].warehouse, floor, storage_ask(leg, asked), sight.at), None)
            is not None
        )
    quay, ask = places[leg.quay].quay, berth_ask(leg, asked)
    need_m = blocked_metres(ask.ship.loa_cm, quay.terms)
    if leg.from_m is None:
        stretches = permitted_stretches(quay, ask.ship, ask.start, ask.end)
    else:
        stretches = [(leg.from_m, leg.from_m + need_m)]
    blocked = _of(sight.quays, leg.quay).at(sight.at).over(ask.start, ask.end + quay.terms.turnaround)
    return best_fit(stretches, runs(blocked), need_m) is not None


def _offers(leg: BerthLeg | StorageLeg, asked: NewBooking, sight: Sight, limit: int) -> list[dict[str, Any]]:
    if isinstance(leg, StorageLeg):
        wanted = storage_ask(leg, asked, look_ahead=_LOOK_AHEAD)
        floors = [(place.warehouse, timetable) for place, timetable in sight.warehouses]
        return [storage_slot(slot) for slot in earliest_storage(floors, wanted, sight.at, limit)]
    ask = berth_ask(leg, asked, look_ahead=_LOOK_AHEAD)
    quays = [(place.quay, timetable) for place, timetable in sight.quays]
    return [berth_slot(slot) for slot in earliest(quays, ask, sight.at, limit)]


def _of(sight: list[tuple[Place, Any]], code: str) -> Any:
    return next(timetable for place, timetable in sight if place.code == code)
