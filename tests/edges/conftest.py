"""A small service made of the edges alone, and a client that speaks HTTP with it."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from prometheus_client import generate_latest
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from service import pages, problem_pages, telemetry
from service.errors import Conflict, Unavailable, Unidentified
from service.fields import Duration, Flag, Line, Metres, Moment, Strict, Whole, Window
from service.framework import install
from service.idempotency import IdempotencyKeyMissing, OptionalKey
from service.intake import StrictRoute
from service.paging import Listed, Paging, fits
from service.problems import problems
from service.ratelimit import Limits
from service.shield import HeadAsGet, Shield

TIMEOUT_S = 0.3
BODY_LIMIT = 8192


class BerthTaken(Conflict):
    """The berth is taken.

    Take one of the alternatives.
    """


class QuayAsleep(Unavailable):
    """The quay sleeps.

    Come back later.
    """


class Stranger(Unidentified):
    """We do not know you.

    Send a key.
    """


class BerthLeg(Strict):
    kind: Literal["berth"]
    quay: Line
    from_m: Annotated[Whole, Field(ge=0)] | None = None
    window: Window


class StorageLeg(Strict):
    kind: Literal["storage"]
    quantity: Annotated[Whole, Field(gt=0)]
    window: Window


Leg = Annotated[BerthLeg | StorageLeg, Field(discriminator="kind")]


class Call(Strict):
    vessel: Line
    loa_m: Metres
    hold: bool = False
    crew: int = 0
    stay: Duration | None = None
    remark: Annotated[Line, Field(max_length=10)] | None = None
    legs: Annotated[list[Leg], Field(max_length=9, default_factory=list)]


class Echo(BaseModel):
    vessel: str
    loa_m: Metres
    stay: Duration | None
    legs: list[BerthLeg | StorageLeg]


class Ask(BaseModel):
    model_config = {"extra": "forbid"}
    port: list[Line]
    loa_m: Metres
    bonded: Flag | None = None
    since: Annotated[Moment, Field(alias="from")]


router = APIRouter(route_class=StrictRoute)


async def identified(request: Request) -> str:
    if request.headers.get("authorization") == "Bearer nobody":
        raise Stranger
    return "org"


@router.post(
    "/v1/calls", status_code=201, responses=problems(BerthTaken, QuayAsleep), dependencies=[Depends(identified)]
)
async def make_call(body: Call) -> Echo:
    return Echo(vessel=body.vessel, loa_m=body.loa_m, stay=body.stay, legs=body.legs)


@router.get("/v1/calls")
async def calls(page: Paging, state: str | None = None) -> Listed[int]:
    digest = fits("/v1/calls", {"state": state}, "org")
    after = page.after(digest, int)
    rows = list(range(after[0] + 1 if after else 0, 7))[: page.limit + 1]
    shown, following = page.cut(rows, digest, key=lambda row: (row,))
    return Listed(items=list(shown), next=following)


@router.get("/v1/calls/{call_id}")
async def call(call_id: Annotated[Whole, Field(ge=1)]) -> dict[str, int]:
    return {"id": call_id}


class Note(Strict):
    note: Line


@router.post("/v1/calls/{call_id}/cancel")
async def cancel(call_id: int, body: Note | None = None) -> Note | None:
    return body if call_id else None


@router.delete("/v1/calls/{call_id}")
async def forget(call_id: int) -> dict[str, int]:
    return {"id": call_id}


@router.get("/v1/slots")
async def slots(ask: Annotated[Ask, Query()]) -> dict[str, Any]:
    return {"port": ask.port, "loa_m": str(ask.loa_m), "from": ask.since, "bonded": ask.bonded}


@router.get("/v1/windows")
async def windows(since: Annotated[Moment, Query(alias="from")], duration: Duration) -> dict[str, Any]:
    return {"from": since, "duration_s": duration.total_seconds()}


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    return Response(generate_latest(), media_type="text/plain")


@router.post("/v1/keyed")
async def keyed(key: OptionalKey) -> str:
    if key is None:
        raise IdempotencyKeyMissing
    return key


@router.post("/v1/maybe-keyed")
async def maybe_keyed(key: OptionalKey) -> str | None:
    return key


@router.get("/refuse/{what}")
async def refuse(what: str) -> None:
    match what:
        case "taken":
            raise BerthTaken("Taken until noon.", alternatives=[{"loa_m": Metres.__origin__("190.005")}], retry_after=3)
        case "asleep":
            raise QuayAsleep
        case "stranger":
            raise Stranger
        case "teapot":
            raise HTTPException(418, "inside: /etc/passwd")
        case "broken":
            raise RuntimeError("secret of the inside")
        case "slow":
            await asyncio.sleep(5)


@router.get("/limited/{rate}")
async def limited(rate: int, request: Request) -> str:
    request.scope["organisation_id"] = "org_limited"
    request.app.state.limits.spend(request.scope, f"org_{rate}", "booking", rate)
    return "passed"


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(TIMEOUT_S / 2)
            yield b"tick\n"

    return StreamingResponse(slowly())


@router.get("/stream-breaks")
async def stream_breaks() -> StreamingResponse:
    async def badly() -> AsyncIterator[bytes]:
        yield b"tick\n"
        raise RuntimeError("half way")

    return StreamingResponse(badly())


def edges() -> FastAPI:
    """Give the small service, put together as app.py puts the real one."""
    app = FastAPI(redirect_slashes=False, docs_url=None, redoc_url=None)
    app.state.settings = SimpleNamespace(body_limit_bytes=BODY_LIMIT)
    app.state.limits = Limits()
    for part in (router, problem_pages.router, pages.router):
        app.include_router(part)
    install(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(Shield, timeout_s=TIMEOUT_S)
    app.add_middleware(telemetry.Telemetry)
    return app


@pytest.fixture(scope="session")
def app() -> FastAPI:
    telemetry.configure()
    return edges()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://slotway.test") as client:
        yield client
