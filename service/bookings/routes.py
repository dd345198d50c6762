"""The REST face of bookings."""

import json
import re
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel

from service import auth
from service.answers import conditional
from service.bookings import queries, schemas
from service.bookings.operations import life
from service.bookings.operations.book import Desk, book, rehearse
from service.bookings.rules import (
    BookingNotFound,
    ClientReferenceTaken,
    HoldAtItsLongest,
    HoldExpired,
    LegsOverlap,
    MoreThanOnePort,
    PlaceUnknown,
    SlotContradicted,
    State,
    StateForbids,
    VesselMissing,
)
from service.capacity.rules import EVERY_RULE, SlotTaken, StorageFull
from service.database import Db, PlaceBusy
from service.errors import Fault, Refusal
from service.events.operations import Answer, Once
from service.fields import Flag, Line, Moment
from service.idempotency import (
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    OptionalKey,
    RequestInProgress,
    fingerprint,
)
from service.ids import is_id
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.problems import InvalidRequest, problems

router = APIRouter(route_class=StrictRoute, tags=["bookings"])

_KEYS: tuple[type[Refusal], ...] = (IdempotencyKeyMalformed, IdempotencyKeyReused, RequestInProgress)
_CHANGES: tuple[type[Refusal], ...] = (
    BookingNotFound,
    HoldExpired,
    StateForbids,
    life.BookingChanged,
    PlaceBusy,
    *_KEYS,
    *auth.REFUSALS,
)

Rehearsal = Annotated[Flag, Query(description="true: do everything but commit; a key sent with it is not kept")]
_TAG = re.compile(r'"([1-9][0-9]{0,8})"|([1-9][0-9]{0,8})')
IfMatch = Annotated[str | None, Header(description="the booking's ETag; left out: whatever its version")]


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
        VesselMissing, IdempotencyKeyMissing, PlaceBusy, *EVERY_RULE, *_KEYS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def make(
    by: auth.Booker, key: OptionalKey, body: schemas.NewBooking, request: Request, *, validate_only: Rehearsal = False
) -> Response:
    """Book any number of berth and storage legs at one port, all or none: a reservation hold, or at once."""
    if validate_only:
        return _answer(await rehearse(_desk(request), body, by=by), status=200)
    if key is None:
        raise IdempotencyKeyMissing
    once = _once(request, by, key, body)
    return _answer(await book(_desk(request), body, by=by, request=once), status=201)


@router.post("/v1/bookings/{booking_id}/confirm", response_model=schemas.Booking, responses=problems(*_CHANGES))
async def confirm(
    by: auth.Booker,
    booking_id: BookingId,
    key: OptionalKey,
    request: Request,
    body: schemas.Nothing | None = None,
    *,
    if_match: IfMatch = None,
    validate_only: Rehearsal = False,
) -> Response:
    """Make a reservation hold firm; where a place asks for approval, a request that waits for the operator."""
    wish = life.Wish(booking_id, _version(if_match), _once(request, by, None if validate_only else key, None))
    return _answer(await _run(request, validate_only)(life.confirm, wish, by=by))


@router.post(
    "/v1/bookings/{booking_id}/extend-hold",
    response_model=schemas.Booking,
    responses=problems(HoldAtItsLongest, *_CHANGES),
)
async def extend_hold(
    by: auth.Booker,
    booking_id: BookingId,
    key: OptionalKey,
    request: Request,
    body: schemas.Extension | None = None,
    *,
    if_match: IfMatch = None,
    validate_only: Rehearsal = False,
) -> Response:
    """Let a reservation hold live longer: to `until`, or as far as one extension goes. Its whole life is capped."""
    wish = life.Wish(booking_id, _version(if_match), _once(request, by, None if validate_only else key, body))
    until = body.until if body else None
    return _answer(await _run(request, validate_only)(life.extend_hold, wish, by=by, until=until))


@router.post("/v1/bookings/{booking_id}/cancel", response_model=schemas.Booking, responses=problems(*_CHANGES))
async def cancel(
    by: auth.Booker,
    booking_id: BookingId,
    key: OptionalKey,
    request: Request,
    body: schemas.Cancellation | None = None,
    *,
    if_match: IfMatch = None,
    validate_only: Rehearsal = False,
) -> Response:
    """Give the berth and the floor back."""
    wish = life.Wish(booking_id, _version(if_match), _once(request, by, None if validate_only else key, body))
    reason = body.reason if body else None
    return _answer(await _run(request, validate_only)(life.cancel, wish, by=by, reason=reason))


@router.get(
    "/v1/bookings/{booking_id}",
    response_model=schemas.Booking,
    responses=problems(BookingNotFound, *auth.REFUSALS),
)
async def one(by: auth.BookingReader, booking_id: BookingId, request: Request) -> Response:
    """Give a booking that you may see: your own, one of your facilities, or from its confirmation on to customs."""
    found = await _db(request).read(queries.one, by, booking_id)
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
    state: Annotated[list[State] | None, Query(description="may be repeated")] = None,
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
    rows = await _db(request).read(queries.listed, by, filters, before=last[0] if last else None, limit=page.limit + 1)
    shown, following = page.cut(rows, fit, key=lambda row: (row[0],))
    items = ",".join(auth.as_seen(row[1], by) for row in shown)
    return Response(f'{{"items":[{items}],"next":{json.dumps(following)}}}', media_type="application/json")


def _db(request: Request) -> Db:
    db: Db = request.app.state.db
    return db


def _desk(request: Request) -> Desk:
    state = request.app.state
    return Desk(state.db, state.rulebook, state.timetables)


def _run(request: Request, rehearsal: bool) -> Any:  # noqa: FBT001
    """Give what runs a change: for good, or to see what would come of it."""
    return _db(request).rehearse if rehearsal else _db(request).write


def _once(request: Request, by: auth.Principal, key: str | None, body: BaseModel | None) -> Once:
    return Once(by.organisation_id, key, fingerprint(request.method, request.url.path, body).hex())


def _version(if_match: str | None) -> int | None:
    """Give the version that an If-Match names; a tag that is none of ours matches no version."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    return int(tag[1] or tag[2]) if tag else -1


def _answer(answer: Answer, status: int = 200) -> Response:
    """Give a booking as its event keeps it: one representation, so that a replay is exact."""
    headers = {}
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    booking = json.loads(answer.body)
    headers["ETag"] = f'"{booking["version"]}"'
    if status == 201:  # noqa: PLR2004
        headers["Location"] = f"/v1/bookings/{booking['id']}"
    return Response(answer.body, status, headers, media_type="application/json")
