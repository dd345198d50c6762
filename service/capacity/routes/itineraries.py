"""The REST face of the search for a berth and floor together."""

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from service import auth
from service.availability import BerthAsk, ItineraryAsk, StorageAsk
from service.capacity import schemas
from service.capacity.operations import find_itineraries, soonest
from service.capacity.routes.sight import PortUnknown, for_whom, ship_of, sight_of
from service.clock import duration, instant
from service.errors import Fault
from service.intake import StrictRoute
from service.problems import InvalidRequest, problems

router = APIRouter(route_class=StrictRoute, tags=["slots"])


@router.post(
    "/v1/itineraries/search",
    response_model=schemas.Itineraries,
    responses=problems(PortUnknown, InvalidRequest, *auth.REFUSALS),
)
async def search(by: auth.SlotReader, body: schemas.ItineraryQuestion, request: Request) -> Response:
    """Find a berth for a ship and floor for its goods at one port, the one soon after the other; nothing is reserved.

    The two are chosen together, so none is missed because the best berth was taken first. Ask again rather than keep an
    answer: it is worked out anew each time, and needs no Idempotency-Key.
    """
    sight = await sight_of(request, body.ports, "/ports")
    asked, end = instant(body.window.start), instant(body.window.end)
    start = asked if asked > sight.at else soonest(sight)
    if start >= end:
        fault = Fault("/window/end", "window-past", "The window ends too soon: nothing can start in it.")
        raise InvalidRequest(faults=[fault])
    found, without = find_itineraries(sight, _ask(body, start, end, for_whom(by)), body.limit)
    answer = {
        "itineraries": [schemas.itinerary(each) for each in found],
        "unavailable": schemas.unavailable(without, body.window),
    }
    return Response(to_json(answer), media_type="application/json")


def _ask(body: schemas.ItineraryQuestion, start: int, end: int, by: str | None) -> ItineraryAsk:
    """Give the question as the engine is asked it; both places are looked for in the whole window."""
    cargo, storage = body.cargo or schemas.Goods(), body.storage
    ship = ship_of(body.vessel, cargo.class_, cargo.hazard_class)
    goods = (storage.quantity, storage.unit, storage.bonded, cargo.hazard_class, duration(storage.duration))
    return ItineraryAsk(
        BerthAsk(ship, duration(body.berth.duration), start, end, by),
        StorageAsk(*goods, start, end, by),
        duration(body.storage_within),
        body.order,
        body.rank,
    )
