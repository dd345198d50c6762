"""What the worker does for the log of deliveries."""

from service.database import Db
from service.webhooks.queries import deliveries

LOG_KEPT_DAYS = 30


async def prune_deliveries(db: Db) -> int:
    """Forget deliveries that ended 30 days ago, and deleted endpoints that have none left. Gives how many."""
    done = 0
    while (pruned := await db.call(deliveries.prune, days=LOG_KEPT_DAYS)) == deliveries.PRUNED_AT_ONCE:
        done += pruned
    return done + pruned + await db.call(deliveries.prune_endpoints, days=LOG_KEPT_DAYS)
