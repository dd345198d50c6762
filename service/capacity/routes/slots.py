"""The REST face of the search for slots."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from service import auth
from service.answers import conditional, tag_of
from service.availability import BerthAsk, StorageAsk
from service.capacity import schemas
from service.capacity.operations import (
    Answered,
    Kept,
    Sight,
    asker_matters,
    find_berths,
    find_storage,
    good_until,
    soonest,
)
from service.capacity.routes.sight import PortUnknown, for_whom, ship_of, sight_of
from service.clock import duration, instant
from service.errors import Fault
from service.intake import StrictRoute
from service.problems import InvalidRequest, problems
from service.wholequery import parameters, whole_query

router = APIRouter(route_class=StrictRoute, tags=["slots"])


_REFUSALS = problems(PortUnknown, InvalidRequest, *auth.REFUSALS)


@router.get(
    "/v1/berth-slots",
    response_model=schemas.BerthSlots,
    responses=_REFUSALS,
    openapi_extra=parameters(schemas.BerthQuery),
)
async def berth_slots(
    by: auth.SlotReader, query: Annotated[schemas.BerthQuery, whole_query(schemas.BerthQuery)], request: Request
) -> Response:
    """Give the earliest berth slots for a ship, and for every quay that has none all that stands in the way."""

    def answer(sight: Sight, start: int, end: int) -> dict[str, Any]:
        ask = BerthAsk(
            ship_of(query, query.cargo, query.hazard_class), duration(query.duration), start, end, for_whom(by)
        )
        slots, without = find_berths(sight, ask, query.limit)
        return schemas.found("quay", [schemas.berth_slot(slot) for slot in slots], without)

    return await _answered(request, query, "quay", by, answer)


@router.get(
    "/v1/storage-slots",
    response_model=schemas.StorageSlots,
    responses=_REFUSALS,
    openapi_extra=parameters(schemas.StorageQuery),
)
async def storage_slots(
    by: auth.SlotReader, query: Annotated[schemas.StorageQuery, whole_query(schemas.StorageQuery)], request: Request
) -> Response:
    """Give the earliest storage slots for goods, and for every warehouse that has none all that stands in the way."""

    def answer(sight: Sight, start: int, end: int) -> dict[str, Any]:
        stay = duration(query.duration)
        goods = (query.quantity, query.unit, query.bonded, query.hazard_class, stay)
        ask = StorageAsk(*goods, start, end, for_whom(by))
        slots, without = find_storage(sight, ask, query.limit)
        return schemas.found("warehouse", [schemas.storage_slot(slot) for slot in slots], without)

    return await _answered(request, query, "warehouse", by, answer)


async def _answered(
    request: Request,
    query: schemas.SlotQuery,
    kind: str,
    by: auth.Principal,
    answer: Callable[[Sight, int, int], dict[str, Any]],
) -> Response:
    """Give the answer to a query: the one that it had before, while that still holds."""
    asked, end = _window(query)
    sight = await sight_of(request, query.port, "?port", kind)
    start = asked if asked > sight.at else soonest(sight)
    if start >= end:
        raise InvalidRequest(faults=[Fault("?to", "window-past", "The window ends too soon: nothing can start in it.")])
    answered: Answered = request.app.state.answered
    question = (kind, request.scope["query_string"], for_whom(by) if asker_matters(sight) else None)
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
