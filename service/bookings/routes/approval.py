"""What an operator decides: whether a booking, or a change of one, may be."""

from fastapi import APIRouter, Response

from service import auth, changes
from service.bookings import schemas
from service.bookings.operations import approval
from service.bookings.operations.changes import ChangeLapsed
from service.bookings.operations.life import Wish
from service.bookings.routes.asked import CHANGES, BookingId, answered
from service.bookings.schemas.ground import Approval, Refused
from service.intake import StrictRoute
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["bookings"])


@router.post(
    "/v1/bookings/{booking_id}/approve",
    response_model=schemas.Booking,
    responses=problems(approval.NothingAwaited, ChangeLapsed, *CHANGES),
)
async def approve(
    by: auth.BookingOperator,
    booking_id: BookingId,
    change: changes.Asked,
    version: changes.IfMatch,
    body: Approval | None = None,
) -> Response:
    """Approve a request, or a change that waits, for your facilities. Once all have approved it is firm."""
    wish = Wish(booking_id, version, change.named(by, body))
    reason = body.reason if body else None
    return answered(await change.run(approval.approve, wish, by=by, reason=reason))


@router.post(
    "/v1/bookings/{booking_id}/decline",
    response_model=schemas.Booking,
    responses=problems(approval.NothingAwaited, approval.AlreadyThere, ChangeLapsed, *CHANGES),
)
async def decline(
    by: auth.BookingOperator, booking_id: BookingId, change: changes.Asked, version: changes.IfMatch, body: Refused
) -> Response:
    """Decline: a change that waits, or else the booking itself, pending or confirmed. Its owner is told the reason."""
    wish = Wish(booking_id, version, change.named(by, body))
    return answered(await change.run(approval.decline, wish, by=by, reason=body.reason))
