"""The worker: every concept's jobs, each on its own beat, and the courier of webhooks.

Several workers at once are safe; one is enough.
"""

import asyncio
import signal
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from service.app import open_database
from service.bookings.jobs import expire, find_no_shows, grow_overstays, lapse_changes, tell_clocks
from service.database import DatabaseAway, Db
from service.errors import Refusal
from service.events.jobs import number_events, prune_keys
from service.rota.queries import sign
from service.settings import Settings
from service.telemetry import configure
from service.webhooks.jobs import prune_deliveries
from service.webhooks.operations.courier import Courier
from service.webhooks.operations.sending import Ways

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something done again and again: what, and after how many seconds again."""

    name: str
    run: Callable[[Db], Awaitable[int]]
    every_s: float


JOBS = (
    Job("expire-holds", expire, 1.0),
    Job("lapse-changes", lapse_changes, 1.0),
    Job("find-no-shows", find_no_shows, 30.0),
    Job("grow-overstays", grow_overstays, 15.0),
    Job("tell-clocks", tell_clocks, 30.0),
    Job("number-events", number_events, 1.0),
    Job("prune-keys", prune_keys, 300.0),
    Job("prune-deliveries", prune_deliveries, 300.0),
)


async def run(settings: Settings) -> None:
    """Run all jobs until SIGTERM or SIGINT; what is being done then is finished."""
    configure(settings.log_level)
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    db = await open_database(settings)
    _log.info("worker started", jobs=[job.name for job in JOBS])
    ways = Ways(ssl.create_default_context(), insecure=settings.webhooks_insecure)
    async with asyncio.TaskGroup() as group:
        group.create_task(Courier(db, ways, source=settings.public_url).run(stop))
        for job in JOBS:
            group.create_task(repeat(db, job, stop))
    await db.close()
    _log.info("worker stopped")


async def repeat(db: Db, job: Job, stop: asyncio.Event) -> None:
    """Run one job on its beat until told to stop. A run that fails is logged, and the next one comes all the same."""
    while not stop.is_set():
        try:
            done = await job.run(db)
            await db.call(sign, job.name, done)
        except DatabaseAway:
            _log.warning("database away", job=job.name)
        except Refusal as busy:  # others are at it just now: nothing is wrong, and the next run does it
            _log.warning("job put off", job=job.name, code=busy.code())
        except Exception:  # noqa: BLE001  whatever it was, the other jobs go on and this one is tried again
            _log.exception("job failed", job=job.name)
        try:
            await asyncio.wait_for(stop.wait(), timeout=job.every_s)
        except TimeoutError:
            continue
