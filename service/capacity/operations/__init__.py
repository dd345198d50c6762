"""Timetables in memory, and the search for free slots on them."""

from service.capacity.operations.answered import Answered, Kept, good_until
from service.capacity.operations.search import find_berths, find_storage, soonest
from service.capacity.operations.timetables import Sight, Timetables

__all__ = ["Answered", "Kept", "Sight", "Timetables", "find_berths", "find_storage", "good_until", "soonest"]
