"""The REST face of closures: made with their ripple, read by everybody, lifted."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic_core import to_json

from service import auth, changes
from service.answers import conditional, tag_of
from service.closures import operations
from service.closures.schemas import ClosedPlace, Closure, ClosureMade, Lift, NewClosure
from service.fields import Line, Moment, one_of
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits, refuse_backwards
from service.ports.operations import closing
from service.ports.operations.closing import Closing, Part
from service.ports.operations.consequences import REFUSALS, Policy
from service.ports.operations.refusals import PlaceNotFound
from service.ports.queries import closures
from service.ports.queries.closures import ClosureFilters
from service.ports.routes.planned import DeclaredPlan, ripple
from service.problems import InvalidRequest, problems

router = APIRouter(route_class=StrictRoute, tags=["closures"])

ClosureId = Annotated[str, Path(examples=["cls_01kb3v7x9ef6wvq0m8y3k2n5ra"])]
_State = Annotated[Line, one_of("planned", "in_force", "ended", "lifted")]


@router.post(
    "/v1/closures",
    status_code=201,
    response_model=ClosureMade,
    responses=problems(
        PlaceNotFound, closing.PastTheEnds, closing.PlacesOverlap, closing.ClosureInThePast,
        *REFUSALS, *changes.REFUSALS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def make(
    by: auth.PlaceOperator, change: changes.Asked, plan: DeclaredPlan, request: Request, body: NewClosure
) -> Response:
    """Close a quay, metres of it, a berth, a warehouse or a part of its floor, or several of these at once.

    With `validate_only=true` the answer is the ripple: each booking that stands there, and where it would go. `refuse`
    makes no closure over a booking; `move` and `displace` need the `plan` of that answer in `If-Match`, and do exactly
    that plan, or nothing if it would be another by now. A booking is moved later in time or along the quay, within the
    tolerance, at your own facilities; what can't be moved whole is displaced whole.
    """
    policy = Policy(
        on_conflict=body.policy,
        reason=body.reason,
        tolerance=body.tolerance or timedelta(0),
        plan=plan,
        rehearsal=change.rehearsal,
        alteration=body.model_dump_json(),
    )
    asked = _closing(body)
    made = await change.once(lambda tx: operations.close(tx, asked, policy, ripple(request), by=by), body, by=by)
    return changes.answered(made, status=200 if change.rehearsal else 201)


@router.get("/v1/closures", responses=problems(CursorMalformed, CursorDoesNotFit, InvalidRequest, *auth.REFUSALS))
async def listed(
    by: auth.PlaceReader,
    page: Paging,
    request: Request,
    *,
    place: Annotated[Line | None, Query(description="only of this quay, warehouse or berth")] = None,
    port: Annotated[Line | None, Query(description="only at this port")] = None,
    state: Annotated[
        _State | None, Query(description="planned, in_force, ended or lifted", examples=["in_force"])
    ] = None,
    from_: Annotated[Moment | None, Query(alias="from", description="only with time in common from here on")] = None,
    to: Annotated[Moment | None, Query(description="and before this")] = None,
) -> Listed[Closure]:
    """List the closures of all operators, the newest first."""
    refuse_backwards(from_, to)
    filters = ClosureFilters(place, port, state, from_, to)
    fit = fits("/v1/closures", filters, by.organisation_id)
    last = page.after(fit, str)
    rows = await changes.database(request).read(
        closures.listed, filters, before=str(last[0]) if last else None, limit=page.limit + 1
    )
    items, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[Closure.of(each) for each in items], next=following)


@router.get(
    "/v1/closures/{closure_id}", response_model=Closure, responses=problems(closing.ClosureNotFound, *auth.REFUSALS)
)
async def one(
    by: auth.PlaceReader,  # noqa: ARG001  the type is the permission
    closure_id: ClosureId,
    request: Request,
) -> Response:
    """Give a closure: what is out of use, when, and why."""
    found = await changes.database(request).read(closures.one, closure_id)
    if found is None:
        raise closing.ClosureNotFound
    body = to_json(Closure.of(found))
    return conditional(request, body, tag_of(body))


@router.post(
    "/v1/closures/{closure_id}/lift",
    response_model=Closure,
    responses=problems(
        closing.ClosureNotFound, closing.ClosureOver, closing.ClosureEndsSooner, closing.ClosureInThePast,
        *changes.REFUSALS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def lift(by: auth.PlaceOperator, change: changes.Asked, closure_id: ClosureId, body: Lift) -> Response:
    """End a closure now, or at a moment to come; one that has not begun by then never does.

    One that is lifted for a moment to come can still be lifted sooner, not later. Bookings that it moved or displaced
    stay as they are.
    """
    closing.refuse_past(body.at, "/at")
    lifted = await change.once(
        lambda tx: closing.lift(tx, closure_id, at=body.at, reason=body.reason, shown=operations.shown, by=by),
        body,
        by=by,
    )
    return changes.answered(lifted)


def _closing(body: NewClosure) -> Closing:
    """Give what a closure says."""
    named: list[tuple[str, ClosedPlace]] = [("", body)]
    if body.places is not None:
        named = [(f"/places/{nth}", each) for nth, each in enumerate(body.places)]
    return Closing(
        parts=[_part(pointer, each) for pointer, each in named],
        start=body.window.start,
        end=body.window.end,
        reason=body.reason,
        kind=body.kind,
    )


def _part(pointer: str, place: ClosedPlace) -> Part:
    return Part(pointer, place.quay, place.berth, place.warehouse, place.from_m, place.to_m, place.quantity)
