"""What has happened, as customs says it: one event at a time or many, what was sent, and what is held."""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from service import auth, changes
from service.customs import operations
from service.customs.queries import events as queries
from service.customs.rules import CustomsEvent, Said
from service.customs.schemas.events import (
    CustomsEventQuery,
    CustomsEventShown,
    CustomsEventTaken,
    HeldReference,
    NewCustomsEvent,
)
from service.idempotency import fingerprint
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["customs"])


@router.post(
    "/v1/customs/events",
    status_code=202,
    response_model=CustomsEventTaken,
    responses=problems(
        operations.CustomsEventReused, operations.CustomsEventInTheFuture, operations.GoodsHaveLeft,
        *changes.REFUSALS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def take_event(by: auth.CustomsSender, change: changes.Asked, body: NewCustomsEvent) -> Response:
    """Tell what has happened to the goods under a customs reference: declared, held, released and so on.

    Events may come late, twice and in any order: those that happened last have the last word. What no booking travels
    under yet is kept, and takes effect when one is confirmed. A hold keeps goods from leaving, never from being booked.
    """
    event = sent(body)
    taken = await change.once(lambda tx: operations.receive(tx, event, by=by), body, by=by)
    return changes.answered(taken, status=200 if change.rehearsal else 202)


@router.get(
    "/v1/customs/events",
    responses=problems(CursorMalformed, CursorDoesNotFit, *auth.REFUSALS),
)
async def events_sent(
    by: auth.CustomsReader, query: Annotated[CustomsEventQuery, Query()], page: Paging, request: Request
) -> Listed[CustomsEventShown]:
    """Give the events that you have sent, in the order in which they came; those unmatched with `matched=false`."""
    fit = fits(request.url.path, query, by.organisation_id)
    after = cast("tuple[int] | None", page.after(fit, int))
    rows = await changes.database(request).read(
        queries.received,
        by.organisation_id,
        matched=query.matched,
        after=after[0] if after else 0,
        limit=page.limit + 1,
    )
    shown, following = page.cut(rows, fit, lambda each: (each.number,))
    return Listed(items=[CustomsEventShown.of(each) for each in shown], next=following)


@router.get(
    "/v1/customs/holds",
    responses=problems(CursorMalformed, CursorDoesNotFit, *auth.REFUSALS),
)
async def held(by: auth.CustomsReader, page: Paging, request: Request) -> Listed[HeldReference]:
    """Give the references on which a customs hold is open, with the bookings that travel under each."""
    fit = fits(request.url.path, {}, by.organisation_id)
    after = cast("tuple[int] | None", page.after(fit, int))
    rows = await changes.database(request).read(queries.held, after=after[0] if after else 0, limit=page.limit + 1)
    shown, following = page.cut(rows, fit, lambda each: (each.number,))
    return Listed(items=[HeldReference.of(each) for each in shown], next=following)


def sent(body: NewCustomsEvent) -> operations.Sent:
    """Give an event as it was sent: one and the same, whether it came alone or among others."""
    of = body.reference
    return operations.Sent(
        event_id=body.event_id,
        fingerprint=fingerprint("POST", "/v1/customs/events", body).hex(),
        reference=(of.type, of.country, of.value),
        what=CustomsEvent(Said(body.event_type), body.event_time, body.hold_code),
        remark=body.remark,
    )
