"""Timetables in memory, and the search for free slots on them."""

from service.capacity.operations.search import find_berths, find_storage
from service.capacity.operations.timetables import Sight, Timetables

__all__ = ["Sight", "Timetables", "find_berths", "find_storage"]
