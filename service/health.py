"""Whether the service lives, and whether it is ready: for load balancers, and for the person on call."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from service import __version__, clock
from service.database import DatabaseAway, Db, Read
from service.errors import Unavailable
from service.problems import problems
from service.rota.queries import last_runs

router = APIRouter(tags=["health"])

_ROOT = Path(__file__).parent.parent


class NotReady(Unavailable):
    """The service should get no traffic just now.

    `checks` says which of its needs is not met: `database` (can it be reached), `schema` (is it as new as the code).
    The service looks again at every question, and comes back by itself.
    """


class Job(BaseModel):
    """When a job of the worker ran last, and how many things it has done in all."""

    ran_at: str
    seconds_ago: float
    done: int


class Ready(BaseModel):
    """What the service needs, and that it has it."""

    status: str = Field(examples=["ready"])
    version: str
    tzdata: str = Field(description="version of the time zone data: local days depend on it")
    schema_version: str
    checks: dict[str, str]
    worker: dict[str, Job]


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Say that the process answers; nothing else is looked at."""
    return {"status": "alive"}


@router.get("/readyz", response_model=Ready, responses=problems(NotReady))
async def readyz(request: Request) -> Response:
    """Say whether traffic is welcome: the database answers, and its schema is the one this code was written for."""
    expected: str = request.app.state.schema_head
    db: Db = request.app.state.db
    try:
        found = await db.read(schema_version)
        runs = await db.read(last_runs) if found == expected else {}
    except DatabaseAway:
        raise NotReady("The database can't be reached.", checks={"database": "away", "schema": "unknown"}) from None
    if found != expected:
        checks = {"database": "ok", "schema": "old"}
        raise NotReady("The database has another schema: run the migrations.", checks=checks)
    return Response(
        to_json(_ready(expected, runs)), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _ready(expected: str, runs: dict[str, Any]) -> dict[str, Any]:
    now = clock.now()
    return {
        "status": "ready",
        "version": __version__,
        "tzdata": version("tzdata"),
        "schema_version": expected,
        "checks": {"database": "ok", "schema": "ok"},
        "worker": {
            job: {"ran_at": clock.utc(at), "seconds_ago": round((now - at).total_seconds(), 1), "done": done}
            for job, (at, done) in sorted(runs.items())
        },
    }


def schema_head() -> str:
    """Give the revision of the newest migration that came with this code."""
    head = ScriptDirectory.from_config(Config(toml_file=str(_ROOT / "pyproject.toml"))).get_current_head()
    return str(head)


async def schema_version(read: Read) -> str:
    """Give the revision of the database, or `none` if it was never migrated."""
    exists = await read.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
    return str(await read.fetchval("SELECT version_num FROM alembic_version")) if exists else "none"
