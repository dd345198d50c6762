"""The REST face of terminals and free zones: made by the admin, changed and retired by their operator."""

from fastapi import APIRouter, Request, Response

from service import auth, changes
from service.intake import StrictRoute
from service.ports.operations import facilities, making
from service.ports.operations.editing import Asked
from service.ports.operations.refusals import FacilityNotFound, PortNotFound, TimeZoneUnknown
from service.ports.queries import catalogue
from service.ports.routes.edits import (
    CHANGING,
    MAKING,
    MAKING_WITHIN,
    RIPPLING,
    Code,
    changed,
    described,
    made,
    shown,
    through,
    wanted,
)
from service.ports.schemas.catalogue import FreeZone, Port, Terminal
from service.ports.schemas.facilities import (
    FreeZoneChange,
    NewFreeZone,
    NewPort,
    NewTerminal,
    RetiredFreeZone,
    RetiredTerminal,
    TerminalChange,
)
from service.ports.schemas.places import Retirement
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["ports"])

_CHANGING = problems(FacilityNotFound, *CHANGING)
_RETIRING = problems(FacilityNotFound, *RIPPLING)


@router.post("/v1/ports", status_code=201, response_model=Port, responses=problems(TimeZoneUnknown, *MAKING))
async def open_port(by: auth.Administrator, change: changes.Asked, body: NewPort) -> Response:
    """Open a port, with nothing in it yet. Its country is the first half of its UN/LOCODE."""
    opened = await change.once(lambda tx: making.open_port(tx, described(body), by=by), body, by=by)
    headers = {"Location": f"/v1/ports/{body.unlocode}"}
    return changes.answered(opened, 200 if change.rehearsal else 201, headers)


@router.post(
    "/v1/terminals", status_code=201, response_model=Terminal, responses=problems(PortNotFound, *MAKING_WITHIN)
)
async def make_terminal(by: auth.Administrator, change: changes.Asked, body: NewTerminal) -> Response:
    """Make a terminal of a port. Nobody acts on it before an operator has the mandate for it."""
    return made(
        await change.once(lambda tx: making.make_facility(tx, "terminal", described(body), by=by), body, by=by), change
    )


@router.post(
    "/v1/free-zones", status_code=201, response_model=FreeZone, responses=problems(PortNotFound, *MAKING_WITHIN)
)
async def make_free_zone(by: auth.Administrator, change: changes.Asked, body: NewFreeZone) -> Response:
    """Make a free zone of a port. Nobody acts on it before an operator has the mandate for it."""
    return made(
        await change.once(lambda tx: making.make_facility(tx, "free_zone", described(body), by=by), body, by=by), change
    )


@router.get("/v1/terminals/{code}", response_model=Terminal, responses=problems(FacilityNotFound, *auth.REFUSALS))
async def terminal(by: auth.PlaceReader, code: Code, request: Request) -> Response:  # noqa: ARG001  the permission
    """Give a terminal, with its ETag. What is in it is shown with its port."""
    return shown(Terminal.model_validate(await _facility(request, code, "terminal")))


@router.get("/v1/free-zones/{code}", response_model=FreeZone, responses=problems(FacilityNotFound, *auth.REFUSALS))
async def free_zone(by: auth.PlaceReader, code: Code, request: Request) -> Response:  # noqa: ARG001  the permission
    """Give a free zone, with its ETag. What is in it is shown with its port."""
    return shown(FreeZone.model_validate(await _facility(request, code, "free_zone")))


@router.patch("/v1/terminals/{code}", response_model=Terminal, responses=_CHANGING)
async def change_terminal(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: TerminalChange
) -> Response:
    """Change what a terminal of yours is called."""
    return await _change("terminal", change, Asked(code, version, by), body)


@router.patch("/v1/free-zones/{code}", response_model=FreeZone, responses=_CHANGING)
async def change_free_zone(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: FreeZoneChange
) -> Response:
    """Change what a free zone of yours is called."""
    return await _change("free_zone", change, Asked(code, version, by), body)


@router.post("/v1/terminals/{code}/retire", response_model=RetiredTerminal, responses=_RETIRING)
async def retire_terminal(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: Retirement
) -> Response:
    """Retire a terminal of yours with all its quays: nobody books them from now on."""
    return await _retire("terminal", change, Asked(code, version, by), body)


@router.post("/v1/free-zones/{code}/retire", response_model=RetiredFreeZone, responses=_RETIRING)
async def retire_free_zone(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: Retirement
) -> Response:
    """Retire a free zone of yours with all its warehouses: nobody books them from now on."""
    return await _retire("free_zone", change, Asked(code, version, by), body)


async def _facility(request: Request, code: str, kind: str) -> catalogue.Row:
    found = await changes.database(request).read(catalogue.facility, code, kind)
    if found is None:
        raise FacilityNotFound
    return found


async def _change(kind: str, change: changes.Change, asked: Asked, body: FreeZoneChange) -> Response:
    act = lambda tx: facilities.change_facility(tx, kind, asked, wanted(body))  # noqa: E731
    return changed(await change.once(act, body, by=asked.by))


async def _retire(kind: str, change: changes.Change, asked: Asked, body: Retirement) -> Response:
    how = through(change.request, change, body, {"facility": asked.code})
    return changed(await change.once(lambda tx: facilities.retire_facility(tx, kind, asked, how), body, by=asked.by))
