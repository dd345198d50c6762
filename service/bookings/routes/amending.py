"""Bookings altered: amended by their owners, shifted by operators."""

from fastapi import APIRouter, Response

from service import auth, changes
from service.bookings import schemas
from service.bookings.operations.amend import AmendmentTooLate, NotALegOfTheBooking, amend
from service.bookings.operations.ground import LegNotFound
from service.bookings.operations.life import Wish
from service.bookings.operations.shift import NowhereToShift, shift
from service.bookings.operations.targets import LegUnderWay
from service.bookings.routes.asked import CHANGES, BookingId, answered, desk
from service.bookings.rules import LegsOverlap, MoreThanOnePort, PlaceUnknown, SlotContradicted, VesselMissing
from service.capacity.rules import EVERY_RULE
from service.errors import Refusal
from service.intake import StrictRoute
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["bookings"])

_ALTERED: tuple[type[Refusal], ...] = (
    LegUnderWay, LegsOverlap, PlaceUnknown, MoreThanOnePort, SlotContradicted, changes.VersionMissing,
    *EVERY_RULE, *CHANGES,
)  # fmt: skip


@router.post(
    "/v1/bookings/{booking_id}/amend",
    response_model=schemas.Booking,
    responses=problems(AmendmentTooLate, NotALegOfTheBooking, VesselMissing, *_ALTERED),
)
async def amend_booking(
    by: auth.Booker,
    booking_id: BookingId,
    change: changes.Asked,
    version: changes.IfMatchRequired,
    body: schemas.Amendment,
) -> Response:
    """Change a booking as one swap: window, place, ship, quantity, legs added or dropped. All of it, or it stands.

    What is left out stays. `legs` is all that it shall have: a leg with an `id` goes on, one without is new, one that
    is not named is dropped. Free until the cut-off of the places. Where a place asks for approval, the `change` waits
    beside the confirmed booking.
    """
    wish = Wish(booking_id, version, change.named(by, body))
    return answered(await amend(desk(change.request), wish, body, by=by, rehearsal=change.rehearsal))


@router.post(
    "/v1/bookings/{booking_id}/shift",
    response_model=schemas.Booking,
    responses=problems(LegNotFound, NowhereToShift, *_ALTERED),
)
async def shift_leg(
    by: auth.BookingOperator,
    booking_id: BookingId,
    change: changes.Asked,
    version: changes.IfMatchRequired,
    body: schemas.Shift,
) -> Response:
    """Move one leg of a booking at your facilities, along the quay, to another place of yours or in time, and say why.

    There is no cut-off. `override` lets it exceed soft limits; a change that waited beside the booking is gone.
    """
    wish = Wish(booking_id, version, change.named(by, body))
    return answered(await shift(desk(change.request), wish, body, by=by, rehearsal=change.rehearsal))
