"""Timetables in memory, and the search for free slots on them."""

from service.capacity.operations.answered import Answered, Kept, asker_matters, good_until
from service.capacity.operations.itineraries import find_itineraries
from service.capacity.operations.search import find_berths, find_storage, soonest
from service.capacity.operations.timetables import CHANGE, Sight, Timetables

__all__ = [
    "CHANGE",
    "Answered",
    "Kept",
    "Sight",
    "Timetables",
    "asker_matters",
    "find_berths",
    "find_itineraries",
    "find_storage",
    "good_until",
    "soonest",
]
