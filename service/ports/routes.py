"""The REST face of ports: what there is, and the notices that say how deep it is."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic_core import to_json, to_jsonable_python

from service import auth, changes
from service.answers import conditional, tag_of
from service.database import PlaceBusy
from service.errors import NotFound
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.ports.operations import QuayNotFound, Wording, publish
from service.ports.queries import catalogue, notices
from service.ports.queries.notices import Notice
from service.ports.rules import Carried
from service.ports.schemas.catalogue import Port, PortSummary
from service.ports.schemas.notices import Code, DraughtNotice, NewDraughtNotice
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["ports"])


class PortNotFound(NotFound):
    """There is no such port here.

    `GET /v1/ports` lists the ports of this installation by their UN/LOCODE: PKKHI, PKGWD.
    """


@router.get("/v1/ports", response_model=Listed[PortSummary], responses=problems(*auth.REFUSALS))
async def listed(by: auth.PlaceReader, page: Paging, request: Request) -> Response:
    """List the ports, by code."""
    fit = fits("/v1/ports", {}, by.organisation_id)
    last = page.after(fit, str)
    rows = await changes.database(request).read(catalogue.ports)
    later = [row for row in rows if last is None or row["unlocode"] > str(last[0])]
    shown, following = page.cut(later, fit, key=lambda row: (row["unlocode"],))
    body = to_json(Listed(items=[PortSummary.model_validate(row) for row in shown], next=following))
    return conditional(request, body, tag_of(body))


@router.get("/v1/ports/{unlocode}", response_model=Port, responses=problems(PortNotFound, *auth.REFUSALS))
async def one(
    by: auth.PlaceReader,  # noqa: ARG001  the type is the permission
    unlocode: Annotated[str, Path(examples=["PKGWD"])],
    request: Request,
) -> Response:
    """Give a port: terminals, quays, berths, limits in force and to come, free zones and warehouses.

    Each figure comes with its source, its date and its confidence; `assumed` is a guess of ours. What is not
    `bookable` is shown, and never offered.
    """
    found = await changes.database(request).read(catalogue.catalogue, unlocode)
    if found is None:
        raise PortNotFound
    body = to_json(Port.of(found))
    return conditional(request, body, tag_of(body))


@router.post(
    "/v1/draught-notices",
    status_code=201,
    response_model=DraughtNotice,
    responses=problems(QuayNotFound, PlaceBusy, *changes.REFUSALS, *auth.REFUSALS),
)
async def publish_notice(by: auth.PlaceOperator, change: changes.Asked, body: NewDraughtNotice) -> Response:
    """Publish what a quay of your terminal, or one berth of it, permits for a time.

    Where it overlaps older notices, in time and LOA band, it takes their place; the rest of them stays. It may start
    in the past. No booking is made by older limits once this is answered; bookings that stand already go on standing.
    """
    wording = _wording(body)
    published = await change.once(lambda tx: publish(tx, wording, _shown, by=by), body, by=by)
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


def _cm(metres: Decimal) -> int:
    return int(metres * 100)


def _shown(notice: Notice) -> dict[str, Any]:
    shown: dict[str, Any] = to_jsonable_python(DraughtNotice.of(notice))
    return shown
