"""The availability engine: where and when a ship or goods find a place, and if nowhere, why.

Plain data in, plain data out: no I/O, no clock, no framework. The engine proposes; the database disposes.
"""

from service.availability.berths import berth_slots, earliest
from service.availability.explain_berth import explain_berth
from service.availability.explain_storage import StorageWish, explain_storage
from service.availability.explaining import Margin, Verdict, without_bounds
from service.availability.floors import FloorClaim, FloorTimetable
from service.availability.itineraries import (
    AFTER,
    BEFORE,
    EARLIEST,
    FEWEST_METRES,
    SHORTEST_WAIT,
    Itinerary,
    ItineraryAsk,
    itineraries,
    why_no_itinerary,
)
from service.availability.judging import best_fit, permitted_stretches, refusals, start_refusals, stay_refusals
from service.availability.keeping import day_released, kept_days, kept_times, next_release
from service.availability.measures import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    SECOND,
    blocked_metres,
    day_begins,
    local_day,
    local_days,
)
from service.availability.moves import Havens, Moves, Spot, Stay, Touched
from service.availability.places import (
    Allotment,
    Berth,
    Closure,
    FloorClosure,
    KeptStretch,
    Limit,
    Quay,
    Ship,
    Terms,
    Warehouse,
    berths_touched,
)
from service.availability.placing import placed
from service.availability.reasons import KEPT, Need, Reason
from service.availability.slots import BerthAsk, BerthSlot, StorageAsk, StorageSlot
from service.availability.storage import (
    closed_by_day,
    earliest_storage,
    first_release,
    floor_refusals,
    pools_of,
    spans,
    storage_refusals,
    storage_slots,
)
from service.availability.timetable import QuayClaim, QuayTimetable, runs
from service.availability.why_berth import why_no_berth
from service.availability.why_storage import why_no_storage
from service.availability.wishes import BerthWish, best_place

__all__ = [
    "AFTER",
    "ALWAYS",
    "BEFORE",
    "DAY",
    "EARLIEST",
    "FEWEST_METRES",
    "FOREVER",
    "HOUR",
    "KEPT",
    "MINUTE",
    "SECOND",
    "SHORTEST_WAIT",
    "Allotment",
    "Berth",
    "BerthAsk",
    "BerthSlot",
    "BerthWish",
    "Closure",
    "FloorClaim",
    "FloorClosure",
    "FloorTimetable",
    "Havens",
    "Itinerary",
    "ItineraryAsk",
    "KeptStretch",
    "Limit",
    "Margin",
    "Moves",
    "Need",
    "Quay",
    "QuayClaim",
    "QuayTimetable",
    "Reason",
    "Ship",
    "Spot",
    "Stay",
    "StorageAsk",
    "StorageSlot",
    "StorageWish",
    "Terms",
    "Touched",
    "Verdict",
    "Warehouse",
    "berth_slots",
    "berths_touched",
    "best_fit",
    "best_place",
    "blocked_metres",
    "closed_by_day",
    "day_begins",
    "day_released",
    "earliest",
    "earliest_storage",
    "explain_berth",
    "explain_storage",
    "first_release",
    "floor_refusals",
    "itineraries",
    "kept_days",
    "kept_times",
    "local_day",
    "local_days",
    "next_release",
    "permitted_stretches",
    "placed",
    "pools_of",
    "refusals",
    "runs",
    "spans",
    "start_refusals",
    "stay_refusals",
    "storage_refusals",
    "storage_slots",
    "why_no_berth",
    "why_no_itinerary",
    "why_no_storage",
    "without_bounds",
]
