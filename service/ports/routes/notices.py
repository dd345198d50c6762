"""The REST face of draught notices: what says how deep a berth is, and from when."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_jsonable_python

from service import auth, changes
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.ports.operations import QuayNotFound, Wording, publish
from service.ports.operations.consequences import REFUSALS, OnConflict, Policy
from service.ports.queries import notices
from service.ports.queries.notices import Notice
from service.ports.routes.planned import DeclaredPlan, ripple
from service.ports.rules import Carried
from service.ports.schemas.notices import Code, DraughtNotice, DraughtNoticePublished, NewDraughtNotice
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["ports"])


@router.post(
    "/v1/draught-notices",
    status_code=201,
    response_model=DraughtNoticePublished,
    responses=problems(QuayNotFound, *REFUSALS, *changes.REFUSALS, *auth.REFUSALS),
)
async def publish_notice(
    by: auth.PlaceOperator, change: changes.Asked, plan: DeclaredPlan, request: Request, body: NewDraughtNotice
) -> Response:
    """Publish what a quay of your terminal, or one berth of it, permits for a time.

    Where it overlaps older notices, in time and LOA band, it takes their place; the rest of them stays. It may start
    in the past. No booking is made by older limits once this is answered. Bookings that stand go on standing, and
    `touched` names those that the new limits would refuse, unless `on_conflict` says what else becomes of them: then
    it goes as with a closure.
    """
    wording, policy = _wording(body), _policy(body, change, plan)
    published = await change.once(lambda tx: publish(tx, wording, _shown, policy, ripple(request), by=by), body, by=by)
    return changes.answered(published, status=200 if change.rehearsal else 201)


@router.get("/v1/draught-notices", responses=problems(CursorMalformed, CursorDoesNotFit, *auth.REFUSALS))
async def notices_listed(
    by: auth.PlaceReader,
    page: Paging,
    request: Request,
    quay: Annotated[Code | None, Query(description="only this quay's")] = None,
) -> Listed[DraughtNotice]:
    """List the draught notices of all operators, the newest first, each with what of it stands."""
    fit = fits("/v1/draught-notices", {"quay": quay}, by.organisation_id)
    last = page.after(fit, str)
    rows = await changes.database(request).read(
        notices.listed, quay=quay, before=str(last[0]) if last else None, limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[DraughtNotice.of(each) for each in shown], next=following)


def _wording(body: NewDraughtNotice) -> Wording:
    """Give what a notice says; of a maximum that was not sent, that it stays as it was."""
    band = body.loa_band
    return Wording(
        quay=body.quay,
        berth=body.berth,
        since=body.window.start,
        until=body.window.end,
        low_cm=_cm(band.from_m) if band else 0,
        high_cm=_cm(band.to_m) if band and band.to_m is not None else None,
        draught_m=body.draught_m,
        draught_with_tide_m=body.draught_with_tide_m,
        max_loa_m=body.max_loa_m,
        max_beam_m=body.max_beam_m,
        carried=Carried(
            max_loa="max_loa_m" not in body.model_fields_set, max_beam="max_beam_m" not in body.model_fields_set
        ),
        reference=body.reference,
        source=body.source,
    )


def _policy(body: NewDraughtNotice, change: changes.Change, plan: str | None) -> Policy:
    return Policy(
        on_conflict=OnConflict(body.on_conflict),
        reason=body.reference,
        tolerance=body.tolerance or timedelta(0),
        plan=plan,
        rehearsal=change.rehearsal,
        alteration=body.model_dump_json(),
    )


def _cm(metres: Decimal) -> int:
    return int(metres * 100)


def _shown(notice: Notice) -> dict[str, Any]:
    shown: dict[str, Any] = to_jsonable_python(DraughtNotice.of(notice))
    return shown
