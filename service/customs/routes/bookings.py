"""The bookings that customs asks for: those under a reference, and those that have changed since."""

import json
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from service import auth, changes
from service.customs.queries import bookings as queries
from service.customs.schemas.bookings import CustomsBookingQuery, CustomsBookings
from service.events.operations import FeedBusy, end_of_feed
from service.events.schemas import sequence
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Paging, fits
from service.problems import InvalidRequest, problems

router = APIRouter(route_class=StrictRoute, tags=["customs"])


@router.get(
    "/v1/customs/bookings",
    response_model=CustomsBookings,
    responses=problems(FeedBusy, CursorMalformed, CursorDoesNotFit, InvalidRequest, *auth.REFUSALS),
)
async def sought(
    by: auth.CustomsReader, query: Annotated[CustomsBookingQuery, Query()], page: Paging, request: Request
) -> Response:
    """Give the bookings under a customs reference, or all that have changed since a moment, from their confirmation on.

    After an outage: ask with `changed_since`, read all pages, and then follow the feed after `as_of_sequence`. What
    changes while you read is in the feed; some of it may be on the pages too.
    """
    db, fit = changes.database(request), fits(request.url.path, query, by.organisation_id)
    last = cast("tuple[int, int] | None", page.after(fit, int, int))
    # The end of the feed first: whatever commits after it was found may be missing below, and is in the feed behind it.
    after, as_of = (0, await end_of_feed(db)) if last is None else last
    asked = queries.Sought(query.reference, query.type, query.country, query.changed_since)
    rows = await db.read(queries.sought, asked, after=after, limit=page.limit + 1)
    shown, following = page.cut(rows, fit, lambda each: (each.number, as_of))
    items = ",".join(f'{{"booking":{auth.as_seen(each.booking, by)},"references":{each.references}}}' for each in shown)
    tail = f'"next":{json.dumps(following)},"as_of_sequence":"{sequence(as_of)}"'
    return Response(f'{{"items":[{items}],{tail}}}', media_type="application/json")
