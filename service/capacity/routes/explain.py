"""The REST face of one wished slot explained."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from service import auth
from service.answers import conditional, tag_of
from service.availability import (
    HOUR,
    BerthAsk,
    BerthWish,
    StorageAsk,
    StorageWish,
    best_place,
    explain_berth,
    explain_storage,
)
from service.capacity import schemas
from service.capacity.operations import Answered, Kept, Sight, asker_matters, good_until, soonest
from service.capacity.routes.sight import for_whom, ship_of, sight_of_place
from service.clock import instant
from service.errors import Fault
from service.intake import StrictRoute
from service.problems import InvalidRequest, problems
from service.wholequery import parameters, whole_query

router = APIRouter(route_class=StrictRoute, tags=["slots"])

_REFUSALS = problems(InvalidRequest, *auth.REFUSALS)


@router.get(
    "/v1/berth-slots/explain",
    response_model=schemas.BerthExplained,
    responses=_REFUSALS,
    openapi_extra=parameters(schemas.BerthWishQuery),
)
async def of_berth(
    by: auth.SlotReader,
    query: Annotated[schemas.BerthWishQuery, whole_query(schemas.BerthWishQuery)],
    request: Request,
) -> Response:
    """Explain one wished place at a quay: every rule, by what margin it passes, and what would help if it does not.

    What somebody else has there is only said to be taken.
    """

    def answer(sight: Sight, start: int, end: int) -> dict[str, Any]:
        place, taken = sight.quays[0]
        ask = BerthAsk(ship_of(query, query.cargo, query.hazard_class), end - start, start, end, for_whom(by))
        wish = BerthWish(place.quay, taken, ask, query.from_m or 0, sight.at, soonest(sight))
        if query.from_m is None:
            wish = replace(wish, from_m=best_place(wish))
        return schemas.berth_explained(wish, explain_berth(wish))

    return await _answered(request, query, ("quay", query.quay), by, answer)


@router.get(
    "/v1/storage-slots/explain",
    response_model=schemas.StorageExplained,
    responses=_REFUSALS,
    openapi_extra=parameters(schemas.StorageWishQuery),
)
async def of_storage(
    by: auth.SlotReader,
    query: Annotated[schemas.StorageWishQuery, whole_query(schemas.StorageWishQuery)],
    request: Request,
) -> Response:
    """Explain wished floor of a warehouse: every rule, by what margin it passes, and what would help if it does not."""

    def answer(sight: Sight, start: int, end: int) -> dict[str, Any]:
        place, taken = sight.warehouses[0]
        goods = (query.quantity, query.unit, query.bonded, query.hazard_class, end - start)
        wish = StorageWish(
            place.warehouse, taken, StorageAsk(*goods, start, end, for_whom(by)), sight.at, soonest(sight)
        )
        return schemas.storage_explained(wish, explain_storage(wish))

    return await _answered(request, query, ("warehouse", query.warehouse), by, answer)


async def _answered(
    request: Request,
    query: schemas.BerthWishQuery | schemas.StorageWishQuery,
    place: tuple[Literal["quay", "warehouse"], str],
    by: auth.Principal,
    answer: Callable[[Sight, int, int], dict[str, Any]],
) -> Response:
    """Give the answer to a query: the one that it had before, while that still holds."""
    start, end = instant(query.start), instant(query.end)
    if start >= end:
        raise InvalidRequest(faults=[Fault("?end", "window-backwards", "`end` lies after `start`.")])
    sight = await sight_of_place(request, *place)
    answered: Answered = request.app.state.answered
    question = ("explain", place, request.scope["query_string"], for_whom(by) if asker_matters(sight) else None)
    kept = answered.still(question, sight)
    if kept is None:
        body = to_json(answer(sight, start, end))
        until = min(good_until(sight, start, start), _margins_move(sight, start))
        kept = answered.keep(question, Kept(body, tag_of(body), sight.versions, until))
    return conditional(request, kept.body, kept.tag)


def _margins_move(sight: Sight, start: int) -> int:
    """Give when the margins of the start, told in whole hours, are others than now."""
    terms = [place.rules.terms for place, _ in (*sight.quays, *sight.warehouses)]
    left = [(start - sight.at - each.least_notice) % HOUR for each in terms]
    return sight.at + min(*left, *(HOUR - (sight.at + each.horizon - start) % HOUR for each in terms))
