"""The REST face of the search for slots."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from service import auth
from service.answers import conditional, tag_of
from service.availability import BerthAsk, Ship, StorageAsk
from service.capacity import schemas
from service.capacity.operations import (
    Answered,
    Kept,
    Sight,
    Timetables,
    find_berths,
    find_storage,
    good_until,
    soonest,
)
from service.clock import duration, instant
from service.errors import Fault, Unfit
from service.intake import StrictRoute
from service.problems import InvalidRequest, problems
from service.wholequery import parameters, whole_query

router = APIRouter(route_class=StrictRoute, tags=["slots"])


class PortUnknown(Unfit):
    """The search names a port that is not served.

    `GET /v1/ports` lists the ports with their UN/LOCODEs.
    """


_REFUSALS = problems(PortUnknown, InvalidRequest, *auth.REFUSALS)


@router.get(
    "/v1/berth-slots",
    response_model=schemas.BerthSlots,
    responses=_REFUSALS,
    openapi_extra=parameters(schemas.BerthQuery),
)
async def berth_slots(
    _by: auth.SlotReader, query: Annotated[schemas.BerthQuery, whole_query(schemas.BerthQuery)], request: Request
) -> Response:
    """Give the earliest berth slots for a ship, and for every quay that has none all that stands in the way."""

    def answer(sight: Sight, start: int, end: int) -> dict[str, Any]:
        ask = BerthAsk(_ship(query), duration(query.duration), start, end)
        slots, without = find_berths(sight, ask, query.limit)
        return schemas.found("quay", [schemas.berth_slot(slot) for slot in slots], without)

    return await _answered(request, query, "quay", answer)


@router.get(
    "/v1/storage-slots",
    response_model=schemas.StorageSlots,
    responses=_REFUSALS,
    openapi_extra=parameters(schemas.StorageQuery),
)
async def storage_slots(
    _by: auth.SlotReader, query: Annotated[schemas.StorageQuery, whole_query(schemas.StorageQuery)], request: Request
) -> Response:
    """Give the earliest storage slots for goods, and for every warehouse that has none all that stands in the way."""

    def answer(sight: Sight, start: int, end: int) -> dict[str, Any]:
        stay = duration(query.duration)
        ask = StorageAsk(query.quantity, query.unit, query.bonded, query.hazard_class, stay, start, end)
        slots, without = find_storage(sight, ask, query.limit)
        return schemas.found("warehouse", [schemas.storage_slot(slot) for slot in slots], without)

    return await _answered(request, query, "warehouse", answer)


async def _answered(
    request: Request, query: schemas.SlotQuery, kind: str, answer: Callable[[Sight, int, int], dict[str, Any]]
) -> Response:
    """Give the answer to a query: the one that it had before, while that still holds."""
    asked, end = _window(query)
    sight = await _sight(request, query, kind)
    start = asked if asked > sight.at else soonest(sight)
    if start >= end:
        raise InvalidRequest(faults=[Fault("?to", "window-past", "The window ends too soon: nothing can start in it.")])
    answered: Answered = request.app.state.answered
    question = (kind, request.scope["query_string"])
    kept = answered.still(question, sight)
    if kept is None:
        body = to_json(answer(sight, start, end))
        until = good_until(sight, start, end - duration(query.duration))
        kept = answered.keep(question, Kept(body, tag_of(body), sight.versions, until))
    return conditional(request, kept.body, kept.tag)


def _window(query: schemas.SlotQuery) -> tuple[int, int]:
    if query.from_ >= query.to:
        raise InvalidRequest(faults=[Fault("?to", "window-backwards", "`to` lies after `from`.")])
    return instant(query.from_), instant(query.to)


def _ship(query: schemas.BerthQuery) -> Ship:
    return Ship(
        loa_cm=int(query.loa_m * 100),
        beam_cm=None if query.beam_m is None else int(query.beam_m * 100),
        draught_cm=None if query.draught_m is None else int(query.draught_m * 100),
        dwt_t=query.dwt_t,
        cargo=query.cargo,
        hazard_class=query.hazard_class,
    )


async def _sight(request: Request, query: schemas.SlotQuery, kind: str) -> Sight:
    timetables: Timetables = request.app.state.timetables
    sight = await timetables.look(query.port, kind)
    served = {place.port for place, _ in (*sight.quays, *sight.warehouses)}
    faults = [Fault("?port", "port-unknown", f"{port} is not served.") for port in query.port if port not in served]
    if faults:
        raise PortUnknown(faults[0].message, faults=faults)
    return sight
