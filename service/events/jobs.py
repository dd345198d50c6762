"""What the worker does for events and idempotency keys."""

from service.database import Db
from service.events import queries
from service.events.operations import number

KEYS_LIVE_H = 48  # promised are 24 hours


async def number_events(db: Db) -> int:
    """Give new events their place in the feed, so that readers seldom have to. Gives how many."""
    return await number(db)


async def prune_keys(db: Db) -> int:
    """Forget idempotency keys that are older than 48 hours. Gives how many."""
    return await db.call(queries.prune_keys, hours=KEYS_LIVE_H)
