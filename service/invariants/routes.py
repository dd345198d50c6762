"""The REST face of what must be true."""

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from service import auth
from service.intake import StrictRoute
from service.invariants import schemas
from service.invariants.operations import Watch
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["health"])


@router.get("/v1/health/invariants", response_model=schemas.Invariants, responses=problems(*auth.REFUSALS))
async def invariants(_by: auth.PlaceReader, request: Request) -> Response:
    """Say whether all is true that must be: no ship on another's metres, no floor oversold, counters right, no gap.

    It is looked at anew every ten seconds at most.
    """
    watch: Watch = request.app.state.watch
    return Response(to_json(schemas.shown(await watch.findings())), media_type="application/json")
