"""What the worker does for bookings."""

from service.bookings.operations import life
from service.database import Db

_MOST = 500


async def expire(db: Db) -> int:
    """Announce the bookings that have lapsed, each in a transaction of its own; at most 500 a run. Gives how many."""
    done = 0
    while done < _MOST and await db.write(life.expire_one):
        done += 1
    return done
