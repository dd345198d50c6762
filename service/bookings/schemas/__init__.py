"""How bookings look to clients: what is asked, and what is answered."""

from service.bookings.schemas.altered import AmendedBerthLeg, AmendedStorageLeg, Amendment, Shift
from service.bookings.schemas.asked import (
    AddedReferences,
    BerthLeg,
    Cancellation,
    Extension,
    NewBooking,
    Override,
    StorageLeg,
)
from service.bookings.schemas.facts import Cargo, Vessel
from service.bookings.schemas.listed import SORTS, By, Entry, ListQuery, ReferenceSought
from service.bookings.schemas.shown import Booking, LegOut

__all__ = [
    "SORTS",
    "AddedReferences",
    "AmendedBerthLeg",
    "AmendedStorageLeg",
    "Amendment",
    "BerthLeg",
    "Booking",
    "By",
    "Cancellation",
    "Cargo",
    "Entry",
    "Extension",
    "LegOut",
    "ListQuery",
    "NewBooking",
    "Override",
    "ReferenceSought",
    "Shift",
    "StorageLeg",
    "Vessel",
]
