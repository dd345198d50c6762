"""The REST face of bookings."""

import json
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from service import auth, changes
from service.answers import conditional
from service.bookings import queries, schemas
from service.bookings.operations import life
from service.bookings.operations.book import Desk, book, rehearse
from service.bookings.rules import (
    STATES,
    BookingNotFound,
    ClientReferenceTaken,
    HoldAtItsLongest,
    HoldEndsSooner,
    HoldExpired,
    LegsOverlap,
    MoreThanOnePort,
    PlaceUnknown,
    SlotContradicted,
    StateForbids,
    VesselMissing,
)
from service.capacity.rules import EVERY_RULE, SlotTaken, StorageFull
from service.database import PlaceBusy
from service.errors import Fault, Refusal
from service.events.operations import Answer
from service.fields import Line, Moment, Nothing, one_of
from service.idempotency import IdempotencyKeyMissing
from service.ids import is_id
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.problems import InvalidRequest, problems

StateName = Annotated[str, one_of(*STATES)]

router = APIRouter(route_class=StrictRoute, tags=["bookings"])

_CHANGES: tuple[type[Refusal], ...] = (
    BookingNotFound,
    HoldExpired,
    StateForbids,
    life.BookingChanged,
    PlaceBusy,
    *changes.REFUSALS,
    *auth.REFUSALS,
)


def _known_id(booking_id: Annotated[str, Path(examples=["bkg_01kb3v7x9ef6wvq0m8y3k2n5ra"])]) -> str:
    if not is_id("bkg", booking_id):
        raise BookingNotFound
    return booking_id


BookingId = Annotated[str, Depends(_known_id)]


@router.post(
    "/v1/bookings",
    status_code=201,
    response_model=schemas.Booking,
    responses=problems(
        SlotTaken, StorageFull, ClientReferenceTaken, PlaceUnknown, MoreThanOnePort, LegsOverlap, SlotContradicted,
        VesselMissing, IdempotencyKeyMissing, PlaceBusy, *EVERY_RULE, *changes.REFUSALS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def make(by: auth.Booker, change: changes.Asked, body: schemas.NewBooking, request: Request) -> Response:
    """Book any number of berth and storage legs at one port, all or none: a reservation hold, or at once."""
    if change.rehearsal:
        return _answered(await rehearse(_desk(request), body, by=by))
    if change.key is None:
        raise IdempotencyKeyMissing
    return _answered(await book(_desk(request), body, by=by, request=change.named(by, body)), status=201)


@router.post("/v1/bookings/{booking_id}/confirm", response_model=schemas.Booking, responses=problems(*_CHANGES))
async def confirm(
    by: auth.Booker,
    booking_id: BookingId,
    change: changes.Asked,
    version: changes.IfMatch,
    body: Nothing | None = None,
) -> Response:
    """Make a reservation hold firm; where a place asks for approval, a request that waits for the operator."""
    wish = life.Wish(booking_id, version, change.named(by, body))
    return _answered(await change.run(life.confirm, wish, by=by))


@router.post(
    "/v1/bookings/{booking_id}/extend-hold",
    response_model=schemas.Booking,
    responses=problems(HoldAtItsLongest, HoldEndsSooner, *_CHANGES),
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
    return _answered(await change.run(life.extend_hold, wish, by=by, until=until))


@router.post("/v1/bookings/{booking_id}/cancel", response_model=schemas.Booking, responses=problems(*_CHANGES))
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
    return _answered(await change.run(life.cancel, wish, by=by, reason=reason))


@router.get(
    "/v1/bookings/{booking_id}",
    response_model=schemas.Booking,
    responses=problems(BookingNotFound, *auth.REFUSALS),
)
async def one(by: auth.BookingReader, booking_id: BookingId, request: Request) -> Response:
    """Give a booking that you may see: your own, one of your facilities, or from its confirmation on to customs."""
    found = await changes.database(request).read(queries.one, by, booking_id)
    if found is None:
        raise BookingNotFound
    tag, shown = found
    return conditional(request, auth.as_seen(shown, by).encode(), tag)


@router.get(
    "/v1/bookings",
    response_model=Listed[schemas.Booking],
    responses=problems(CursorMalformed, CursorDoesNotFit, InvalidRequest, *auth.REFUSALS),
)
async def listed(
    by: auth.BookingReader,
    page: Paging,
    request: Request,
    *,
    state: Annotated[list[StateName] | None, Query(description=f"one of {', '.join(STATES)}; may be repeated")] = None,
    port: Line | None = None,
    place: Annotated[Line | None, Query(description="code of a quay or warehouse")] = None,
    client_reference: Line | None = None,
    from_: Annotated[Moment | None, Query(alias="from", description="some leg ends after this")] = None,
    to: Annotated[Moment | None, Query(description="some leg starts before this")] = None,
) -> Response:
    """List the bookings that you may see, the newest first."""
    if from_ is not None and to is not None and from_ >= to:
        raise InvalidRequest(faults=[Fault("?to", "window-backwards", "`to` lies after `from`.")])
    filters = queries.Filters(
        states=tuple(state) if state else None,
        port=port,
        place=place,
        client_reference=client_reference,
        window=(from_, to),
    )
    fit = fits("/v1/bookings", filters, by.organisation_id)
    last = cast("tuple[int] | None", page.after(fit, int))
    rows = await changes.database(request).read(
        queries.listed, by, filters, before=last[0] if last else None, limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row[0],))
    items = ",".join(auth.as_seen(row[1], by) for row in shown)
    return Response(f'{{"items":[{items}],"next":{json.dumps(following)}}}', media_type="application/json")


def _desk(request: Request) -> Desk:
    state = request.app.state
    return Desk(state.db, state.rulebook, state.timetables)


def _answered(answer: Answer, status: int = 200) -> Response:
    """Give a booking as its event keeps it, with the ETag of its version; a new one with its address."""
    booking = json.loads(answer.body)
    headers = {"ETag": f'"{booking["version"]}"'}
    if status == HTTPStatus.CREATED:
        headers["Location"] = f"/v1/bookings/{booking['id']}"
    return changes.answered(answer, status, headers)
