"""The REST face of what is kept for partners: berth windows of quays, allotments of floors."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic_core import to_json, to_jsonable_python

from service import auth, changes
from service.answers import conditional, tag_of
from service.database import PlaceBusy
from service.errors import Refusal
from service.fields import Nothing
from service.ids import is_id
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.ports.operations import keeping as operations
from service.ports.operations.partners import PartnerGroupNotFound
from service.ports.operations.refusals import PlaceNotFound, PlaceRetired
from service.ports.queries import keeping
from service.ports.queries.keeping import BerthWindow, KeptFloor
from service.ports.schemas import keeping as schemas
from service.ports.schemas.notices import Code
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["partners"])

_CHANGES: tuple[type[Refusal], ...] = (PlaceBusy, *changes.REFUSALS, *auth.REFUSALS)
_MAKING: tuple[type[Refusal], ...] = (
    PartnerGroupNotFound, PlaceNotFound, PlaceRetired, operations.PartnersOfAnotherFacility, operations.KeepsNothing,
    *_CHANGES,
)  # fmt: skip
_LISTS: tuple[type[Refusal], ...] = (CursorMalformed, CursorDoesNotFit, *auth.REFUSALS)


# Async, though they wait for nothing: what is not goes to a thread, which costs more than all that is done here.
async def _known_window(window_id: Annotated[str, Path(examples=["bwn_01kb3v7x9ef6wvq0m8y3k2n5ra"])]) -> str:
    if not is_id("bwn", window_id):
        raise operations.BerthWindowNotFound
    return window_id


async def _known_allotment(allotment_id: Annotated[str, Path(examples=["alt_01kb3v7x9ef6wvq0m8y3k2n5ra"])]) -> str:
    if not is_id("alt", allotment_id):
        raise operations.AllotmentNotFound
    return allotment_id


WindowId = Annotated[str, Depends(_known_window)]
AllotmentId = Annotated[str, Depends(_known_allotment)]


@router.post(
    "/v1/berth-windows",
    status_code=201,
    response_model=schemas.BerthWindow,
    responses=problems(operations.StretchOffTheQuay, operations.BerthWindowTaken, *_MAKING),
)
async def keep_stretch(by: auth.PlaceOperator, change: changes.Asked, body: schemas.NewBerthWindow) -> Response:
    """Keep a stretch of your quay for a partner group, at the same local time every so many days.

    Each time is released to all `release_before` it starts. Until then whoever is not in the group is told
    `kept-for-partners`, and when it is released. What is booked there already stands.
    """
    wanted = operations.Stretch(
        quay=body.quay,
        group=body.group,
        from_m=body.from_m,
        to_m=body.to_m,
        start=body.first.start,
        end=body.first.end,
        every_days=body.every_days,
        until=body.until,
        release_before=body.release_before,
    )
    made = await change.once(lambda tx: operations.keep_stretch(tx, wanted, _window, by=by), body, by=by)
    return changes.answered(made, status=200 if change.rehearsal else 201)


@router.post(
    "/v1/berth-windows/{window_id}/release",
    response_model=schemas.BerthWindow,
    responses=problems(operations.BerthWindowNotFound, operations.ReleasedAlready, *_CHANGES),
)
async def release_stretch(
    by: auth.PlaceOperator, window_id: WindowId, change: changes.Asked, body: Nothing | None = None
) -> Response:
    """Give a berth window to all, now and for good."""
    released = await change.once(
        lambda tx: operations.release_stretch(tx, window_id, _window, by=by), body or Nothing(), by=by
    )
    return changes.answered(released)


@router.get(
    "/v1/berth-windows/{window_id}",
    response_model=schemas.BerthWindow,
    responses=problems(operations.BerthWindowNotFound, *auth.REFUSALS),
)
async def one_stretch(by: auth.PlaceReader, window_id: WindowId, request: Request) -> Response:
    """Give a berth window of your facilities, or of a group that you are in."""
    found = await changes.database(request).read(keeping.berth_window, window_id, by)
    if found is None:
        raise operations.BerthWindowNotFound
    body = to_json(schemas.BerthWindow.of(found))
    return conditional(request, body, tag_of(body))


@router.get("/v1/berth-windows", responses=problems(*_LISTS))
async def stretches(
    by: auth.PlaceReader,
    page: Paging,
    request: Request,
    quay: Annotated[Code | None, Query(description="only this quay's")] = None,
) -> Listed[schemas.BerthWindow]:
    """List the berth windows of your facilities, or of the groups that you are in, the newest first."""
    fit = fits("/v1/berth-windows", {"quay": quay}, by.organisation_id)
    last = page.after(fit, str)
    rows = await changes.database(request).read(
        keeping.berth_windows, by, quay=quay, before=str(last[0]) if last else None, limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[schemas.BerthWindow.of(each) for each in shown], next=following)


@router.post(
    "/v1/allotments",
    status_code=201,
    response_model=schemas.Allotment,
    responses=problems(operations.AllotmentDoesNotFit, *_MAKING),
)
async def keep_quantity(by: auth.PlaceOperator, change: changes.Asked, body: schemas.NewAllotment) -> Response:
    """Keep a quantity of your warehouse for a partner group, on the local days from `first_on` to before `last_on`.

    Members draw on it first, and on the rest of the floor for what is missing; what they give back returns to it. What
    is left of a day is released to all `release_before` that day begins.
    """
    wanted = operations.Quantity(
        warehouse=body.warehouse,
        group=body.group,
        quantity=body.quantity,
        first_on=body.first_on,
        last_on=body.last_on,
        release_before=body.release_before,
    )
    made = await change.once(lambda tx: operations.keep_quantity(tx, wanted, _allotment, by=by), body, by=by)
    return changes.answered(made, status=200 if change.rehearsal else 201)


@router.post(
    "/v1/allotments/{allotment_id}/release",
    response_model=schemas.Allotment,
    responses=problems(operations.AllotmentNotFound, operations.ReleasedAlready, *_CHANGES),
)
async def release_quantity(
    by: auth.PlaceOperator, allotment_id: AllotmentId, change: changes.Asked, body: Nothing | None = None
) -> Response:
    """Give what is left of an allotment to all, now and for good. What members have booked of it stands."""
    released = await change.once(
        lambda tx: operations.release_quantity(tx, allotment_id, _allotment, by=by), body or Nothing(), by=by
    )
    return changes.answered(released)


@router.get(
    "/v1/allotments/{allotment_id}",
    response_model=schemas.Allotment,
    responses=problems(operations.AllotmentNotFound, *auth.REFUSALS),
)
async def one_quantity(by: auth.PlaceReader, allotment_id: AllotmentId, request: Request) -> Response:
    """Give an allotment of your facilities, or of a group that you are in."""
    found = await changes.database(request).read(keeping.allotment, allotment_id, by)
    if found is None:
        raise operations.AllotmentNotFound
    body = to_json(schemas.Allotment.of(found))
    return conditional(request, body, tag_of(body))


@router.get("/v1/allotments", responses=problems(*_LISTS))
async def quantities(
    by: auth.PlaceReader,
    page: Paging,
    request: Request,
    warehouse: Annotated[Code | None, Query(description="only this warehouse's")] = None,
) -> Listed[schemas.Allotment]:
    """List the allotments of your facilities, or of the groups that you are in, the newest first."""
    fit = fits("/v1/allotments", {"warehouse": warehouse}, by.organisation_id)
    last = page.after(fit, str)
    rows = await changes.database(request).read(
        keeping.allotments, by, warehouse=warehouse, before=str(last[0]) if last else None, limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[schemas.Allotment.of(each) for each in shown], next=following)


def _window(kept: BerthWindow) -> dict[str, Any]:
    shown: dict[str, Any] = to_jsonable_python(schemas.BerthWindow.of(kept))
    return shown


def _allotment(kept: KeptFloor) -> dict[str, Any]:
    shown: dict[str, Any] = to_jsonable_python(schemas.Allotment.of(kept))
    return shown
