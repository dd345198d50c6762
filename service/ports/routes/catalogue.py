"""The REST face of what there is: ports, and all that is in them."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic_core import to_json

from service import auth, changes
from service.answers import conditional, tag_of
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.ports.operations.refusals import PortNotFound
from service.ports.queries import catalogue
from service.ports.schemas.catalogue import Port, PortSummary
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["ports"])


@router.get(
    "/v1/ports",
    response_model=Listed[PortSummary],
    responses=problems(CursorMalformed, CursorDoesNotFit, *auth.REFUSALS),
)
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
