"""What a forwarder does with its booking: confirms, extends, cancels it."""

from fastapi import APIRouter, Response

from service import auth, changes
from service.bookings import schemas
from service.bookings.operations import life, references
from service.bookings.routes.asked import CHANGES, BookingId, answered
from service.bookings.rules import HoldAtItsLongest, HoldEndsSooner
from service.fields import Nothing
from service.intake import StrictRoute
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["bookings"])


@router.post("/v1/bookings/{booking_id}/confirm", response_model=schemas.Booking, responses=problems(*CHANGES))
async def confirm(
    by: auth.Booker,
    booking_id: BookingId,
    change: changes.Asked,
    version: changes.IfMatch,
    body: Nothing | None = None,
) -> Response:
    """Make a reservation hold firm; where a place asks for approval, a request that waits for the operator."""
    wish = life.Wish(booking_id, version, change.named(by, body))
    return answered(await change.run(life.confirm, wish, by=by))


@router.post(
    "/v1/bookings/{booking_id}/extend-hold",
    response_model=schemas.Booking,
    responses=problems(HoldAtItsLongest, HoldEndsSooner, *CHANGES),
)
async def extend_hold(
    by: auth.Booker,
    booking_id: BookingId,
    change: changes.Asked,
    version: changes.IfMatch,
    body: schemas.Extension | None = None,
) -> Response:
    """Let a reservation hold live longer: to `until`, or as far as one extension goes. Its whole life is capped."""
    wish = life.Wish(booking_id, version, change.named(by, body))
    until = body.until if body else None
    return answered(await change.run(life.extend_hold, wish, by=by, until=until))


@router.post(
    "/v1/bookings/{booking_id}/customs-references",
    response_model=schemas.Booking,
    responses=problems(references.CustomsReferenceThere, references.TooManyCustomsReferences, *CHANGES),
)
async def add_references(
    by: auth.Booker,
    booking_id: BookingId,
    change: changes.Asked,
    version: changes.IfMatch,
    body: schemas.AddedReferences,
) -> Response:
    """Let the goods of a booking travel under more customs references: declared later, or under a manifest too."""
    wish = life.Wish(booking_id, version, change.named(by, body))
    named = [each.model_dump() for each in body.customs_references]
    return answered(await change.run(references.add_references, wish, named, by=by))


@router.post("/v1/bookings/{booking_id}/cancel", response_model=schemas.Booking, responses=problems(*CHANGES))
async def cancel(
    by: auth.Booker,
    booking_id: BookingId,
    change: changes.Asked,
    version: changes.IfMatch,
    body: schemas.Cancellation | None = None,
) -> Response:
    """Give the berth and the floor back."""
    wish = life.Wish(booking_id, version, change.named(by, body))
    reason = body.reason if body else None
    return answered(await change.run(life.cancel, wish, by=by, reason=reason))
