"""The REST face of tidal windows: when a ship that needs the tide may come or go."""

from datetime import datetime, timedelta
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from service import auth, changes
from service.fields import Window
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits, refuse_backwards
from service.ports.operations.consequences import REFUSALS, OnConflict, Policy
from service.ports.operations.tides import (
    PortNotYours,
    TidalWindowsOverlap,
    TidalWindowStands,
    TidesShared,
    TideTable,
    publish_tides,
)
from service.ports.queries import tides
from service.ports.routes.planned import DeclaredPlan, ripple
from service.ports.schemas.tides import NewTidalWindows, TidalWindow, TidalWindowQuery, TidalWindowsPublished
from service.problems import InvalidRequest, problems

router = APIRouter(route_class=StrictRoute, tags=["ports"])


@router.post(
    "/v1/tidal-windows",
    status_code=201,
    response_model=TidalWindowsPublished,
    responses=problems(
        PortNotYours, TidesShared, TidalWindowsOverlap, TidalWindowStands, *REFUSALS, *changes.REFUSALS, *auth.REFUSALS
    ),
)
async def publish_windows(
    by: auth.PlaceOperator, change: changes.Asked, plan: DeclaredPlan, request: Request, body: NewTidalWindows
) -> Response:
    """Publish tidal windows of a port where you run a terminal with a quay, up to 2,000 at once.

    A ship that draws more than a notice's `draught_m`, and no more than its `draught_with_tide_m`, is admitted where
    both start and end of its stay lie inside such a window. Whoever searches or books from now on is judged by them.
    With `replace` windows are corrected, or withdrawn if none take their place. Bookings that lose their tide so go on
    standing, and `touched` names them, unless `on_conflict` says what else becomes of them: then it goes as with a
    closure. What other terminals go by too is for whoever runs all of them to take away.
    """
    table, policy = _table(body), _policy(body, change, plan)
    published = await change.once(lambda tx: publish_tides(tx, table, policy, ripple(request), by=by), body, by=by)
    return changes.answered(published, status=200 if change.rehearsal else 201)


@router.get(
    "/v1/tidal-windows",
    responses=problems(CursorMalformed, CursorDoesNotFit, InvalidRequest, *auth.REFUSALS),
)
async def windows_listed(
    by: auth.PlaceReader,
    page: Paging,
    request: Request,
    query: Annotated[TidalWindowQuery, Query()],
) -> Listed[TidalWindow]:
    """List tidal windows, the earliest first."""
    refuse_backwards(query.from_, query.to)
    fit = fits("/v1/tidal-windows", query, by.organisation_id)
    after = cast("tuple[datetime, int] | None", page.after(fit, datetime, int))
    rows = await changes.database(request).read(
        tides.listed, port=query.port, since=query.from_, until=query.to, after=after, limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row.start, row.id))
    return Listed(items=[TidalWindow.of(each) for each in shown], next=following)


def _table(body: NewTidalWindows) -> TideTable:
    return TideTable(
        port=body.port,
        windows=[_ends(each) for each in body.windows],
        source=body.source,
        reference=body.reference,
        replace=_ends(body.replace) if body.replace else None,
    )


def _policy(body: NewTidalWindows, change: changes.Change, plan: str | None) -> Policy:
    return Policy(
        on_conflict=OnConflict(body.on_conflict),
        reason=body.reference or body.source,
        tolerance=body.tolerance or timedelta(0),
        plan=plan,
        rehearsal=change.rehearsal,
        alteration=body.model_dump_json(),
    )


def _ends(window: Window) -> tuple[datetime, datetime]:
    return window.start, window.end
