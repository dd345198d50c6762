"""Whether the service lives, and whether it is ready: for load balancers, and for the person on call."""

from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic import BaseModel, Field
from pydantic_core import to_json

from service import __version__, clock
from service.database import DatabaseAway, Db, Read
from service.errors import Unavailable
from service.intake import StrictRoute
from service.problems import problems
from service.rota.queries import last_runs

router = APIRouter(route_class=StrictRoute, tags=["health"])

_ROOT = Path(__file__).parent.parent


class NotReady(Unavailable):
    """The service should get no traffic just now.

    `checks` says which of its needs is not met: `database` (can it be reached and changed), `schema` (is it as new as
    the code, or newer).
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
    version: str = Field(examples=["0.1.0"])
    tzdata: str = Field(description="version of the time zone data: local days depend on it", examples=["2026.6"])
    schema_version: str = Field(examples=["0005"])
    checks: dict[str, str] = Field(examples=[{"database": "ok", "schema": "ok"}])
    worker: dict[str, Job] = Field(
        examples=[{"expire-holds": {"ran_at": "2026-11-25T09:00:00Z", "seconds_ago": 0.4, "done": 12}}]
    )


JOB_RAN_AT = Gauge("slotway_job_ran_at_seconds", "When a job of the worker ran last, Unix time", ["job"])
JOB_DONE = Gauge("slotway_job_done", "How many things a job of the worker has done in all", ["job"])

BROKEN = Gauge("slotway_invariant_broken", "How often something is not true that must be; 0 is well", ["name"])


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Give the figures of this process, of the worker's jobs, and of what must be true, for Prometheus.

    While the database is away the last two stay as they were. What must be true is looked at about once a minute.
    """
    with suppress(DatabaseAway):
        for job, (at, done) in (await request.app.state.db.read(last_runs)).items():
            JOB_RAN_AT.labels(job).set(at.timestamp())
            JOB_DONE.labels(job).set(done)
        for each in (await request.app.state.watch.findings(older_s=60)).invariants:
            BROKEN.labels(each.name).set(each.count)
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Say that the process answers; nothing else is looked at."""
    return {"status": "alive"}


@router.get("/readyz", response_model=Ready, responses=problems(NotReady))
async def readyz(request: Request) -> Response:
    """Say whether traffic is welcome: the database answers, and its schema is the one this code was written for."""
    known: Revisions = request.app.state.revisions
    db: Db = request.app.state.db
    try:
        if await db.read(read_only):
            raise NotReady("The database takes no changes.", checks={"database": "read-only", "schema": "unknown"})
        found = await db.read(schema_version)
        if found in known.older:
            checks = {"database": "ok", "schema": "old"}
            raise NotReady("The database has an older schema than this code: run the migrations.", checks=checks)
        runs = await db.read(last_runs)
    except DatabaseAway:
        raise NotReady("The database can't be reached.", checks={"database": "away", "schema": "unknown"}) from None
    return Response(to_json(_ready(found, runs)), media_type="application/json", headers={"Cache-Control": "no-store"})


def _ready(schema: str, runs: dict[str, Any]) -> dict[str, Any]:
    now = clock.now()
    return {
        "status": "ready",
        "version": __version__,
        "tzdata": version("tzdata"),
        "schema_version": schema,
        "checks": {"database": "ok", "schema": "ok"},
        "worker": {
            job: {"ran_at": clock.utc(at), "seconds_ago": round((now - at).total_seconds(), 1), "done": done}
            for job, (at, done) in sorted(runs.items())
        },
    }


@dataclass(frozen=True, slots=True)
class Revisions:
    """The schema that this code was written for, and those before it; what is in neither is newer, and fits.

    A deployment migrates first: the old processes go on working on the new schema until they are replaced.
    """

    head: str
    older: frozenset[str]


def revisions() -> Revisions:
    """Give the revisions of the migrations that came with this code; `none` is a database without a schema."""
    scripts = ScriptDirectory.from_config(Config(toml_file=str(_ROOT / "pyproject.toml")))
    head = str(scripts.get_current_head())
    return Revisions(head, frozenset({"none", *(each.revision for each in scripts.walk_revisions())} - {head}))


async def read_only(read: Read) -> bool:
    """Say whether the database takes no changes: it is a standby, or was told to refuse them."""
    return bool(await read.fetchval("SELECT current_setting('transaction_read_only')::boolean"))


async def schema_version(read: Read) -> str:
    """Give the revision of the database, or `none` if it was never migrated."""
    exists = await read.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
    found = await read.fetchval("SELECT version_num FROM alembic_version") if exists else None
    return str(found or "none")  # a database that was brought down to nothing keeps the table, empty
