"""What every route of a booking has in common: the id in its path, what may stand in the way, how it is answered."""

import json
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Path, Request, Response

from service import auth, changes
from service.bookings.operations.desk import Desk
from service.bookings.operations.life import BookingChanged
from service.bookings.rules import BookingNotFound, HoldExpired, StateForbids
from service.database import PlaceBusy
from service.errors import Refusal
from service.events.operations import Answer
from service.ids import is_id

CHANGES: tuple[type[Refusal], ...] = (
    BookingNotFound,
    HoldExpired,
    StateForbids,
    BookingChanged,
    PlaceBusy,
    *changes.REFUSALS,
    *auth.REFUSALS,
)


# Async, though it waits for nothing: what is not goes to a thread, which costs more than all that is done here.
async def _known_id(booking_id: Annotated[str, Path(examples=["bkg_01kb3v7x9ef6wvq0m8y3k2n5ra"])]) -> str:
    if not is_id("bkg", booking_id):
        raise BookingNotFound
    return booking_id


BookingId = Annotated[str, Depends(_known_id)]


def desk(request: Request) -> Desk:
    """Give what it takes to book at the service that a request came to."""
    state = request.app.state
    return Desk(state.db, state.rulebook, state.timetables)


def answered(answer: Answer, status: int = 200) -> Response:
    """Give a booking as its event keeps it, with the ETag of its version; a new one with its address."""
    booking = json.loads(answer.body)
    headers = {"ETag": f'"{booking["version"]}"'}
    if status == HTTPStatus.CREATED:
        headers["Location"] = f"/v1/bookings/{booking['id']}"
    return changes.answered(answer, status, headers)
