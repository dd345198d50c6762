"""Bookings looked at: one, and lists of them."""

import json
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from service import auth, changes, clock, ids
from service.answers import conditional
from service.bookings import queries, schemas
from service.bookings.routes.asked import BookingId
from service.bookings.rules import BookingNotFound
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits, refuse_backwards
from service.problems import InvalidRequest, problems

router = APIRouter(route_class=StrictRoute, tags=["bookings"])


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
    by: auth.BookingReader, page: Paging, request: Request, query: Annotated[schemas.ListQuery, Query()]
) -> Response:
    """List the bookings that you may see, the newest first or in another order."""
    filters, order = _filters(query), queries.ORDERS[query.sort]
    fit = fits("/v1/bookings", [filters, query.sort], by.organisation_id)
    after = page.after(fit, *((int,) if order.column is None else (datetime, int)))
    rows = await changes.database(request).read(queries.listed, by, filters, order, after=after, limit=page.limit + 1)
    shown, following = page.cut(rows, fit, key=order.key)
    return _page([auth.as_seen(row[1], by) for row in shown], following)


@router.get(
    "/v1/bookings/{booking_id}/history",
    response_model=Listed[schemas.Entry],
    responses=problems(BookingNotFound, CursorMalformed, CursorDoesNotFit, *auth.REFUSALS),
)
async def history(by: auth.BookingReader, booking_id: BookingId, page: Paging, request: Request) -> Response:
    """Give every change of a booking that was meant for you, the first one first, with what it was and what it became.

    Operators see what concerned their facilities, customs what came from the confirmation on.
    """
    db = changes.database(request)
    fit = fits("/v1/bookings/history", booking_id, by.organisation_id)
    last = cast("tuple[int] | None", page.after(fit, int))
    if await db.read(queries.one, by, booking_id) is None:
        raise BookingNotFound
    found = await db.read(queries.history, by, booking_id, after=last[0] if last else 0, limit=page.limit + 1)
    shown, following = page.cut(found, fit, key=lambda each: (each.id,))
    return _page([_entry(each, by) for each in shown], following)


def _filters(query: schemas.ListQuery) -> queries.Filters:
    refuse_backwards(query.from_, query.to)
    return queries.Filters(
        states=tuple(query.state) if query.state else None,
        port=query.port,
        facility=query.facility,
        place=query.place,
        vessel=query.vessel,
        client_reference=query.client_reference,
        customs_reference=query.customs_reference,
        window=(query.from_, query.to),
        updated_since=query.updated_since,
    )


def _page(items: list[str], following: str | None) -> Response:
    """Give a page of items that are JSON text already."""
    return Response(f'{{"items":[{",".join(items)}],"next":{json.dumps(following)}}}', media_type="application/json")


def _entry(entry: queries.Entry, by: auth.Principal) -> str:
    """Give an entry of a history as JSON, its stored texts put in as they are."""
    known = isinstance(by, auth.Admin) or entry.by == by.organisation_id
    head = {
        "id": ids.derived("evt", entry.at, entry.id),
        "at": clock.utc(entry.at),
        "type": entry.type,
        "by": {"role": entry.role or "service", "name": entry.name if known else None},
        "version": entry.version,
    }
    texts = (entry.previous, entry.current, entry.cause)
    previous, current, cause = ("null" if text is None else auth.as_seen(text, by) for text in texts)
    return f'{json.dumps(head)[:-1]},"previous":{previous},"current":{current},"cause":{cause}}}'
