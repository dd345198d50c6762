"""The REST face of quays, berths and warehouses: made, changed and retired by the operator of their facility."""

from fastapi import APIRouter, Request, Response

from service import auth, changes
from service.intake import StrictRoute
from service.ports.operations import altering, making
from service.ports.operations.editing import BERTH, QUAY, WAREHOUSE, Asked, Kind
from service.ports.operations.refusals import (
    BerthsOverlap,
    FacilityNotFound,
    FloorKeptForPartners,
    PlaceNotFound,
    QuayTooLong,
    TermsAtOdds,
    UnitFixed,
)
from service.ports.queries import catalogue
from service.ports.routes.edits import (
    CHANGING,
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
from service.ports.schemas.catalogue import Berth, Quay, Warehouse, berth_of, quay_of, warehouse_of
from service.ports.schemas.places import (
    BerthChange,
    ChangedBerth,
    ChangedQuay,
    ChangedWarehouse,
    NewBerth,
    NewQuay,
    NewWarehouse,
    QuayChange,
    Retirement,
    WarehouseChange,
)
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["ports"])

_SHOWING = problems(PlaceNotFound, *auth.REFUSALS)
_RETIRING = problems(PlaceNotFound, *RIPPLING)


@router.post(
    "/v1/quays",
    status_code=201,
    response_model=Quay,
    responses=problems(FacilityNotFound, TermsAtOdds, *MAKING_WITHIN),
)
async def make_quay(by: auth.PlaceOperator, change: changes.Asked, body: NewQuay) -> Response:
    """Make a quay of your terminal. It has no berths yet, and is as long as those that you make will be.

    Parameters that are left out are as those of the reference data, and marked `assumed`.
    """
    return made(await change.once(lambda tx: making.make_quay(tx, described(body), by=by), body, by=by), change)


@router.post(
    "/v1/berths",
    status_code=201,
    response_model=Berth,
    responses=problems(PlaceNotFound, BerthsOverlap, QuayTooLong, *MAKING_WITHIN),
)
async def make_berth(by: auth.PlaceOperator, change: changes.Asked, body: NewBerth) -> Response:
    """Make a berth of your quay. It admits no ship (`limit-unknown`) before a draught notice says how deep it is."""
    return made(await change.once(lambda tx: making.make_berth(tx, described(body), by=by), body, by=by), change)


@router.post(
    "/v1/warehouses",
    status_code=201,
    response_model=Warehouse,
    responses=problems(FacilityNotFound, TermsAtOdds, *MAKING_WITHIN),
)
async def make_warehouse(by: auth.PlaceOperator, change: changes.Asked, body: NewWarehouse) -> Response:
    """Make a warehouse of your free zone. Parameters that are left out are as those of the reference data.

    So are the clocks of goods, as those of the port; at a port that is not in the reference data none runs.
    """
    return made(await change.once(lambda tx: making.make_warehouse(tx, described(body), by=by), body, by=by), change)


@router.get("/v1/quays/{code}", response_model=Quay, responses=_SHOWING)
async def quay(by: auth.PlaceReader, code: Code, request: Request) -> Response:  # noqa: ARG001  the permission
    """Give a quay with its berths and its ETag."""
    found = await changes.database(request).read(catalogue.place, code, "quay")
    if found is None:
        raise PlaceNotFound
    return shown(quay_of(found))


@router.get("/v1/berths/{code}", response_model=Berth, responses=_SHOWING)
async def berth(by: auth.PlaceReader, code: Code, request: Request) -> Response:  # noqa: ARG001  the permission
    """Give a berth, with the ETag of its quay: they change together."""
    found = await changes.database(request).read(catalogue.berth, code)
    if found is None:
        raise PlaceNotFound
    return shown(berth_of(found, code))


@router.get("/v1/warehouses/{code}", response_model=Warehouse, responses=_SHOWING)
async def warehouse(by: auth.PlaceReader, code: Code, request: Request) -> Response:  # noqa: ARG001  the permission
    """Give a warehouse with its ETag."""
    found = await changes.database(request).read(catalogue.place, code, "warehouse")
    if found is None:
        raise PlaceNotFound
    return shown(warehouse_of(found))


@router.patch("/v1/quays/{code}", response_model=Quay, responses=problems(PlaceNotFound, TermsAtOdds, *CHANGING))
async def change_quay(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: QuayChange
) -> Response:
    """Change parameters of a quay of yours. They count for new bookings; those that stand go on standing."""
    asked = Asked(code, version, by)
    return changed(await change.once(lambda tx: altering.change_quay(tx, asked, wanted(body)), body, by=by))


@router.patch(
    "/v1/berths/{code}",
    response_model=ChangedBerth,
    responses=problems(PlaceNotFound, BerthsOverlap, QuayTooLong, *RIPPLING),
)
async def change_berth(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: BerthChange
) -> Response:
    """Change a berth of yours. Bookings that it would then refuse are treated as `on_conflict` says, as by a closure.

    With `validate_only` the answer shows them in `touched`; send its `plan` in the body to do exactly that.
    """
    asked, how = Asked(code, version, by), through(change.request, change, body, {"berth": code})
    return changed(await change.once(lambda tx: altering.change_berth(tx, asked, wanted(body), how), body, by=by))


@router.patch(
    "/v1/warehouses/{code}",
    response_model=ChangedWarehouse,
    responses=problems(PlaceNotFound, TermsAtOdds, UnitFixed, FloorKeptForPartners, *RIPPLING),
)
async def change_warehouse(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: WarehouseChange
) -> Response:
    """Change a warehouse of yours. Bookings that it would then refuse are treated as `on_conflict` says.

    With `validate_only` the answer shows them in `touched`; send its `plan` in the body to do exactly that.
    """
    asked, how = Asked(code, version, by), through(change.request, change, body, {"warehouse": code})
    return changed(await change.once(lambda tx: altering.change_warehouse(tx, asked, wanted(body), how), body, by=by))


@router.post("/v1/quays/{code}/retire", response_model=ChangedQuay, responses=_RETIRING)
async def retire_quay(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: Retirement
) -> Response:
    """Retire a quay of yours with its berths: nobody books it from now on. It stays in the history."""
    return await _retire(QUAY, change, Asked(code, version, by), body)


@router.post("/v1/berths/{code}/retire", response_model=ChangedBerth, responses=_RETIRING)
async def retire_berth(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: Retirement
) -> Response:
    """Retire a berth of yours: no ship lies there from now on. The quay keeps its length."""
    return await _retire(BERTH, change, Asked(code, version, by), body)


@router.post("/v1/warehouses/{code}/retire", response_model=ChangedWarehouse, responses=_RETIRING)
async def retire_warehouse(
    by: auth.PlaceOperator, code: Code, version: changes.IfMatchRequired, change: changes.Asked, body: Retirement
) -> Response:
    """Retire a warehouse of yours: nobody books it from now on. It stays in the history."""
    return await _retire(WAREHOUSE, change, Asked(code, version, by), body)


async def _retire(kind: Kind, change: changes.Change, asked: Asked, body: Retirement) -> Response:
    how = through(change.request, change, body, {kind.name: asked.code})
    return changed(await change.once(lambda tx: altering.retire(tx, kind, asked, how), body, by=asked.by))
