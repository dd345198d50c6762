"""The search for a berth and floor together, and what stands in the way where there are none."""

from collections.abc import Iterator
from itertools import islice

from service.availability import (
    FloorTimetable,
    Itinerary,
    ItineraryAsk,
    Quay,
    QuayTimetable,
    Reason,
    Warehouse,
    berth_slots,
    itineraries,
    storage_slots,
    why_no_berth,
    why_no_itinerary,
    why_no_storage,
)
from service.capacity.operations.timetables import Sight


def find_itineraries(
    sight: Sight, ask: ItineraryAsk, limit: int
) -> tuple[list[Itinerary], list[tuple[str, str, list[Reason]]]]:
    """Give the best itineraries over all ports in sight; if there is none, what yields nothing, and why.

    That is each `quay` and each `warehouse` that has nothing by itself, and each `port` where only both together fail.
    """
    quays, floors = _quays(sight), _floors(sight)
    found = list(islice(itineraries(quays, floors, ask, sight.at), limit))
    return found, [] if found else list(_without(sight, ask))


def _without(sight: Sight, ask: ItineraryAsk) -> Iterator[tuple[str, str, list[Reason]]]:
    full, filled = set(), set()
    for quay, taken in _quays(sight):
        if next(berth_slots(quay, taken, ask.berth, sight.at), None) is None:
            full.add(quay.code)
            yield "quay", quay.code, why_no_berth(quay, taken, ask.berth, sight.at)
    for floor, stored in _floors(sight):
        if next(storage_slots(floor, stored, ask.storage, sight.at), None) is None:
            filled.add(floor.code)
            yield "warehouse", floor.code, why_no_storage(floor, stored, ask.storage, sight.at)
    for port in dict.fromkeys(place.port for place, _ in (*sight.quays, *sight.warehouses)):
        quays = [pair for pair in _quays(sight) if pair[0].port == port]
        floors = [pair for pair in _floors(sight) if pair[0].port == port]
        no_berth = quays and full.issuperset(quay.code for quay, _ in quays)
        no_floor = floors and filled.issuperset(floor.code for floor, _ in floors)
        if not no_berth and not no_floor:
            yield "port", port, [why_no_itinerary(quays, floors, ask, sight.at)]


def _quays(sight: Sight) -> list[tuple[Quay, QuayTimetable]]:
    return [(place.quay, taken) for place, taken in sight.quays]


def _floors(sight: Sight) -> list[tuple[Warehouse, FloorTimetable]]:
    return [(place.warehouse, taken) for place, taken in sight.warehouses]
