"""The REST face of timetables: JSON for programs, a picture for people."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_json

from service import auth, changes, clock
from service.answers import JSON, conditional, has_already, negotiated
from service.availability import DAY, HOUR
from service.clock import instant, moment
from service.errors import Fault
from service.fields import Moment
from service.intake import StrictRoute
from service.problems import InvalidRequest, NotAcceptable, problems
from service.timetables import drawing, schemas
from service.timetables.operations import Clerk
from service.timetables.queries import Asked, Kind
from service.timetables.rules import TimetableNotFound

router = APIRouter(route_class=StrictRoute, tags=["timetables"])

SVG = "image/svg+xml"
USUAL = 14 * DAY
LONGEST_DAYS = 92
_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {SVG: {"schema": {"type": "string"}}}}}
_REFUSALS = problems(TimetableNotFound, NotAcceptable, InvalidRequest, *auth.REFUSALS)

_From = Annotated[Moment | None, Query(alias="from", description="left out: the hour that is running")]
_To = Annotated[Moment | None, Query(description=f"left out: 14 days later; at most {LONGEST_DAYS} days later")]


@router.get("/v1/quays/{code}/timetable", response_model=schemas.QuayTimetable, responses=_PICTURE | _REFUSALS)
async def of_quay(by: auth.SlotReader, code: str, request: Request, *, from_: _From = None, to: _To = None) -> Response:
    """Show a quay: your own bookings by name, others' only as taken, what is closed and what is kept.

    Operators see all bookings of their facilities, customs those that are confirmed. With `Accept: image/svg+xml` it is
    drawn, metres by days.
    """
    return await _answered(request, _asked("quay", code, from_, to, by))


@router.get("/v1/warehouses/{code}/timetable", response_model=schemas.FloorTimetable, responses=_PICTURE | _REFUSALS)
async def of_warehouse(
    by: auth.SlotReader, code: str, request: Request, *, from_: _From = None, to: _To = None
) -> Response:
    """Show a floor day by day: what is taken, closed, kept and free, and your own bookings by name.

    Operators see all bookings of their facilities, customs those that are confirmed. With `Accept: image/svg+xml` it is
    drawn, its load by day under the line of its capacity.
    """
    return await _answered(request, _asked("warehouse", code, from_, to, by))


def _asked(kind: Kind, code: str, from_: Moment | None, to: Moment | None, by: auth.Principal) -> Asked:
    """Give what is asked for; without `from` the window begins with the hour that is running, so that it has a tag."""
    start = instant(clock.now()) // HOUR * HOUR if from_ is None else instant(from_)
    end = start + USUAL if to is None else instant(to)
    if end <= start:
        raise InvalidRequest(faults=[Fault("?to", "window-backwards", "`to` lies after `from`.")])
    if end - start > LONGEST_DAYS * DAY:
        message = f"A timetable shows at most {LONGEST_DAYS} days."
        raise InvalidRequest(faults=[Fault("?to", "window-too-long", message)])
    return Asked(kind, code, moment(start), moment(end), by)


async def _answered(request: Request, asked: Asked) -> Response:
    media_type = negotiated(request, JSON, SVG)
    clerk = Clerk(changes.database(request), request.app.state.rulebook)
    headers = {"Vary": "Accept, Authorization"}
    if "if-none-match" in request.headers:
        tag = await clerk.tag(asked, drawn=media_type == SVG)
        if has_already(request, tag):
            return conditional(request, b"", tag, media_type, headers)
    page = await clerk.page(asked, drawn=media_type == SVG)
    if media_type == JSON:
        return conditional(request, to_json(schemas.shown(page.sheet)), page.tag, JSON, headers)
    headers["Content-Security-Policy"] = drawing.POLICY
    return conditional(request, drawing.picture(page.sheet).encode(), page.tag, SVG, headers)
