"""The availability engine: where and when a ship or goods find a place, and if nowhere, why.

Plain data in, plain data out: no I/O, no clock, no framework. The engine proposes; the database disposes.
"""

from service.availability.berths import berth_slots, earliest
from service.availability.floors import FloorClaim, FloorTimetable
from service.availability.judging import best_fit, permitted_stretches, refusals, start_refusals, stay_refusals
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
from service.availability.places import (
    Berth,
    Closure,
    FloorClosure,
    Limit,
    Quay,
    Ship,
    Terms,
    Warehouse,
    berths_touched,
)
from service.availability.reasons import Need, Reason
from service.availability.slots import BerthAsk, BerthSlot, StorageAsk, StorageSlot
from service.availability.storage import closed_by_day, earliest_storage, storage_refusals, storage_slots
from service.availability.timetable import QuayClaim, QuayTimetable, runs
from service.availability.why_berth import why_no_berth
from service.availability.why_storage import why_no_storage

__all__ = [
    "ALWAYS",
    "DAY",
    "FOREVER",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Berth",
    "BerthAsk",
    "BerthSlot",
    "Closure",
    "FloorClaim",
    "FloorClosure",
    "FloorTimetable",
    "Limit",
    "Need",
    "Quay",
    "QuayClaim",
    "QuayTimetable",
    "Reason",
    "Ship",
    "StorageAsk",
    "StorageSlot",
    "Terms",
    "Warehouse",
    "berth_slots",
    "berths_touched",
    "best_fit",
    "blocked_metres",
    "closed_by_day",
    "day_begins",
    "earliest",
    "earliest_storage",
    "local_day",
    "local_days",
    "permitted_stretches",
    "refusals",
    "runs",
    "start_refusals",
    "stay_refusals",
    "storage_refusals",
    "storage_slots",
    "why_no_berth",
    "why_no_storage",
]
