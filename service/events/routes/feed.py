"""The feed of events, page by page."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service import auth
from service.events import operations
from service.events.schemas import POSITION, Feed, sequence, shown
from service.fields import Whole
from service.intake import StrictRoute
from service.problems import InvalidRequest, problems

router = APIRouter(route_class=StrictRoute, tags=["events"])

_After = Annotated[str, Query(pattern=POSITION, description="`sequence` of the last event you have")]


@router.get(
    "/v1/events",
    response_model=Feed,
    responses=problems(operations.FeedBusy, InvalidRequest, operations.PositionAhead, *auth.REFUSALS),
)
async def feed(
    by: auth.EventReader,
    request: Request,
    after: _After = "0",
    limit: Annotated[Whole, Query(ge=1, le=500)] = 100,
) -> Response:
    """Give the events that you may see after a place in the feed, in one order that never changes behind you.

    What you have just done is in it. Keep the `sequence` of the last event and ask again from there.
    """
    events = await operations.feed(request.app.state.db, by, after=int(after), limit=limit + 1)
    more = len(events) > limit
    source: str = request.app.state.settings.public_url
    items = ",".join(shown(event, source, by) for event in events[:limit])
    following = json.dumps(sequence(events[limit - 1].position) if more else None)
    return Response(f'{{"items":[{items}],"next":{following}}}', media_type="application/json")
