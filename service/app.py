"""The service put together: the only place where everything meets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from service import __version__, database, document, framework, health, pages, problem_pages, telemetry
from service.accounts import routes as accounts
from service.accounts.keyring import Keyring, keep_last_used
from service.bookings import routes as bookings
from service.bookings.rules import ClientReferenceTaken
from service.capacity import routes as capacity
from service.capacity.operations import Answered, Timetables
from service.capacity.rules import SlotTaken, StorageFull
from service.closures import routes as closures
from service.closures.operations import BookingsRipple
from service.customs import routes as customs
from service.customs.operations import CustomsEventReused
from service.customs.vocabularies import vocabularies
from service.database import Db
from service.errors import Refusal
from service.events import routes as events
from service.events.operations import Streams, still_running
from service.invariants import routes as invariants
from service.invariants.operations import Watch
from service.ports import routes as ports
from service.ports.operations import Rulebook
from service.ports.operations.partners import PartnerGroupNameTaken
from service.ports.operations.tides import TidalWindowStands
from service.ratelimit import FailedAttempts, Limits
from service.settings import Settings
from service.shield import HeadAsGet, Shield
from service.timetables import routes as timetables
from service.tokens import routes as tokens
from service.tokens import scheme
from service.tokens.signing import SigningKeys
from service.tokens.tokens import Tokens
from service.webhooks import routes as webhooks

# What a constraint that refuses, or a function in which a lock was waited for in vain, means to a client.
REFUSALS: dict[str, Callable[[], Refusal]] = {
    "berth_slot_taken": SlotTaken,
    "storage_full": StorageFull,
    "client_reference_taken": ClientReferenceTaken,
    "claim_key": still_running,
    "customs_events_pkey": CustomsEventReused,
    "tidal_window_overlaps": TidalWindowStands,
    "partner_group_name_taken": PartnerGroupNameTaken,
}


async def open_database(settings: Settings) -> Db:
    """Give the database of these settings, with the meaning of its constraints."""
    return await database.connect(settings.database_url.get_secret_value(), size=settings.pool_size, refusals=REFUSALS)


def create_app(settings: Settings) -> FastAPI:
    """Give the ASGI application."""
    telemetry.configure(settings.log_level)
    app = FastAPI(
        title="Slotway",
        version=__version__,
        summary="Berth and free-zone warehouse slots at Karachi and Gwadar, booked all or none, never twice.",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.revisions = health.revisions()
    app.state.vocabularies = vocabularies(settings.customs_vocabularies)
    app.state.limits = Limits()
    app.state.failed_attempts = FailedAttempts()
    bookable = (timetables, closures, bookings, capacity, ports)
    for part in (*bookable, customs, invariants, events, webhooks, accounts, tokens, health, problem_pages, pages):
        app.include_router(part.router)
    framework.install(app)
    scheme.describe(app)
    document.complete(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(Shield, timeout_s=settings.request_timeout_s)
    app.add_middleware(telemetry.Telemetry)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Open what the routes need, and close it. What is given goes to the server, which calls `leave` as it stops."""
    settings: Settings = app.state.settings
    db = await open_database(settings)
    app.state.db = db
    app.state.rulebook = Rulebook(db)
    app.state.timetables = Timetables(db, app.state.rulebook)
    app.state.answered = Answered()
    app.state.watch = Watch(db)
    app.state.ripple = BookingsRipple()
    app.state.tokens = Tokens(
        SigningKeys(settings.signing_keys), issuer=settings.public_url, environment=settings.environment
    )
    app.state.keyring = Keyring(
        db, environment=settings.environment, believe_s=settings.key_cache_s, tokens=app.state.tokens
    )
    last_used = asyncio.create_task(keep_last_used(app.state.keyring, db))
    app.state.streams = streams = Streams(db, app.state.keyring, most_of_one=settings.streams_per_organisation)
    watching = asyncio.create_task(streams.watch())
    yield {"leave": streams.leave}
    streams.leave()
    await app.state.watch.stop()
    for task in (last_used, watching):
        task.cancel()
    await asyncio.gather(last_used, watching, return_exceptions=True)
    await db.close()
