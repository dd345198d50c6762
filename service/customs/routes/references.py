"""What customs says of a booking, for all who may see it."""

from fastapi import APIRouter, Request, Response

from service import auth, changes
from service.bookings.routes.asked import BookingId
from service.bookings.rules import BookingNotFound
from service.customs.queries import bookings as queries
from service.customs.schemas.bookings import BookingCustoms
from service.intake import StrictRoute
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["bookings"])


@router.get(
    "/v1/bookings/{booking_id}/customs",
    response_model=BookingCustoms,
    responses=problems(BookingNotFound, *auth.REFUSALS),
)
async def standing(by: auth.BookingReader, booking_id: BookingId, request: Request) -> Response:
    """Give what customs says of the references that a booking travels under: states and open holds, never remarks.

    A booking travels under what it names while it is firm: confirmed, arrived or completed. Of any other the list is
    empty, whatever customs has said of its references. `NOT_DECLARED`: customs has said nothing of this one yet.
    """
    found = await changes.database(request).read(queries.references_of, by, booking_id)
    if found is None:
        raise BookingNotFound
    return Response(f'{{"items":{found}}}', media_type="application/json")
