"""The feed of events as it grows: a stream of server-sent events."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from service import auth
from service.errors import Fault
from service.events import operations
from service.events.routes.following import Following
from service.events.schemas import POSITION, sequence, shown
from service.intake import StrictRoute
from service.problems import InvalidRequest, problems

router = APIRouter(route_class=StrictRoute, tags=["events"])

_From = Annotated[
    str | None, Query(pattern=POSITION, description="`sequence` of the last event you have; none: only what is to come")
]
_LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", pattern=POSITION, description="the same, as a client of streams sends it")
]
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `data` is an event as in the feed, `id` its `sequence`",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'data: {"specversion":"1.0",...}\nid: 0000000000000042\n\n: ping\n\n',
            }
        },
    }
}


@router.get(
    "/v1/events/stream",
    status_code=200,  # the document can't take it from a response class of our own
    response_class=Following,
    responses=_STREAM
    | problems(
        operations.FeedBusy, InvalidRequest, operations.PositionAhead, operations.TooManyStreams, *auth.REFUSALS
    ),
)
async def stream(
    by: auth.EventReader, request: Request, after: _From = None, last_event_id: _LastEventId = None
) -> Response:
    """Follow the feed as it grows, as server-sent events: first what you have missed, then what happens.

    It begins after the event whose `sequence` you give, in `Last-Event-ID` or in `after`; without either, now. A
    comment comes when nothing else has come for 15 seconds. When it ends, come back with `Last-Event-ID`.
    """
    streams: operations.Streams = request.app.state.streams
    source: str = request.app.state.settings.public_url
    opened = await streams.open(by, auth.bearer(request), after=_one_of(after, last_event_id))
    return Following(streams, opened, lambda event: (sequence(event.position), shown(event, source, opened.by)))


def _one_of(after: str | None, last_event_id: str | None) -> int | None:
    """Give the position to begin after: that of the last event, if a client comes back to where it began with ?after.

    One that is earlier is refused: the events between would be lost, or told twice.
    """
    began, last = (None if each is None else int(each) for each in (after, last_event_id))
    if began is not None and last is not None and last < began:
        contradicted = "It comes before ?after: send one of them"
        raise InvalidRequest(faults=[Fault("Last-Event-ID:", "contradicts", contradicted)])
    return began if last is None else last
