"""Bookings made."""

from fastapi import APIRouter, Request, Response

from service import auth, changes
from service.bookings import schemas
from service.bookings.operations.book import OverrideIsForOperators, OwnerUnclear, book, rehearse
from service.bookings.routes.asked import answered, desk
from service.bookings.rules import (
    ClientReferenceTaken,
    LegsOverlap,
    MoreThanOnePort,
    PlaceUnknown,
    SlotContradicted,
    VesselMissing,
)
from service.capacity.rules import EVERY_RULE, SlotTaken, StorageFull
from service.database import PlaceBusy
from service.idempotency import IdempotencyKeyMissing
from service.intake import StrictRoute
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["bookings"])


@router.post(
    "/v1/bookings",
    status_code=201,
    response_model=schemas.Booking,
    responses=problems(
        SlotTaken, StorageFull, ClientReferenceTaken, PlaceUnknown, MoreThanOnePort, LegsOverlap, SlotContradicted,
        VesselMissing, OwnerUnclear, OverrideIsForOperators, IdempotencyKeyMissing, PlaceBusy,
        *EVERY_RULE, *changes.REFUSALS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def make(by: auth.BookingParty, change: changes.Asked, body: schemas.NewBooking, request: Request) -> Response:
    """Book any number of berth and storage legs at one port, all or none: a reservation hold, or at once.

    An operator books on behalf of a forwarder, at his own facilities, and need not ask himself for approval.
    """
    if change.rehearsal:
        return answered(await rehearse(desk(request), body, by=by))
    if change.key is None:
        raise IdempotencyKeyMissing
    return answered(await book(desk(request), body, by=by, request=change.named(by, body)), status=201)
