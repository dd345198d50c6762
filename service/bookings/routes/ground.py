"""What an operator reports of the legs at its facilities: arrived, completed, or nobody came."""

from fastapi import APIRouter, Response

from service import auth, changes
from service.bookings import schemas
from service.bookings.operations import gates, ground
from service.bookings.operations.life import Wish
from service.bookings.routes.asked import CHANGES, BookingId, answered
from service.bookings.rules import LegForbids
from service.bookings.schemas.ground import GateReport, Report
from service.errors import Refusal
from service.intake import StrictRoute
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["bookings"])

_REPORTS: tuple[type[Refusal], ...] = (ground.LegNotFound, ground.NotYetPast, LegForbids, *CHANGES)


@router.post(
    "/v1/bookings/{booking_id}/arrive",
    response_model=schemas.Booking,
    responses=problems(ground.LegNotBegun, *_REPORTS),
)
async def arrive(
    by: auth.BookingOperator, booking_id: BookingId, change: changes.Asked, version: changes.IfMatch, body: Report
) -> Response:
    """Report that a ship is alongside, or that goods are in."""
    wish = Wish(booking_id, version, change.named(by, body))
    return answered(await change.run(ground.arrive, wish, _happened(body), by=by))


@router.post(
    "/v1/bookings/{booking_id}/complete",
    response_model=schemas.Booking,
    responses=problems(ground.LeftBeforeArrival, ground.CustomsHoldOpen, *_REPORTS),
)
async def complete(
    by: auth.BookingOperator, booking_id: BookingId, change: changes.Asked, version: changes.IfMatch, body: Report
) -> Response:
    """Report that a ship has sailed, or that all goods are out. What was booked beyond that is free at once.

    Goods that customs holds may not leave.
    """
    wish = Wish(booking_id, version, change.named(by, body))
    return answered(await change.run(ground.complete, wish, _happened(body), by=by))


@router.post(
    "/v1/bookings/{booking_id}/no-show",
    response_model=schemas.Booking,
    responses=problems(ground.NoShowTooEarly, *_REPORTS),
)
async def no_show(
    by: auth.BookingOperator, booking_id: BookingId, change: changes.Asked, version: changes.IfMatch, body: Report
) -> Response:
    """Report that nobody came, once the place's grace is over. The service finds out by itself, a little later."""
    wish = Wish(booking_id, version, change.named(by, body))
    return answered(await change.run(ground.no_show, wish, _happened(body), by=by))


@router.post(
    "/v1/bookings/{booking_id}/gate-in",
    response_model=schemas.Booking,
    responses=problems(ground.LegNotBegun, gates.MoreThanBooked, gates.NotOnAFloor, *_REPORTS),
)
async def gate_in(
    by: auth.BookingOperator, booking_id: BookingId, change: changes.Asked, version: changes.IfMatch, body: GateReport
) -> Response:
    """Report that goods have come into a warehouse: a part of a leg, or all of it that is still to come."""
    wish = Wish(booking_id, version, change.named(by, body))
    return answered(await change.run(gates.gate_in, wish, _gated(body), by=by))


@router.post(
    "/v1/bookings/{booking_id}/gate-out",
    response_model=schemas.Booking,
    responses=problems(
        ground.LeftBeforeArrival, ground.CustomsHoldOpen, gates.MoreOutThanIn, gates.NotOnAFloor, *_REPORTS
    ),
)
async def gate_out(
    by: auth.BookingOperator, booking_id: BookingId, change: changes.Asked, version: changes.IfMatch, body: GateReport
) -> Response:
    """Report that goods have left a warehouse: a part of a leg, or all of it that is there.

    The floor of what has left is free from the next local day on. Goods that customs holds may not leave.
    """
    wish = Wish(booking_id, version, change.named(by, body))
    return answered(await change.run(gates.gate_out, wish, _gated(body), by=by))


def _gated(body: GateReport) -> gates.Gated:
    return gates.Gated(
        body.leg, body.at, body.reason, body.quantity, body.packages, body.gross_weight_t, tuple(body.found)
    )


def _happened(body: Report) -> ground.Happened:
    return ground.Happened(body.leg, body.at, body.reason)
