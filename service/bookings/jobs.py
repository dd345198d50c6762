"""What the worker does for bookings, each booking in a transaction of its own. Several workers at once are safe."""

from collections.abc import Awaitable, Callable

from service.bookings.operations import changes, clocks, ground, life, overstay
from service.bookings.queries import clocks as clocks_of_goods
from service.bookings.queries import overstay as overstays
from service.capacity.rules import SlotTaken, StorageFull
from service.database import Db, PlaceBusy, Tx

_MOST = 500


async def expire(db: Db) -> int:
    """Announce the bookings that have lapsed, at most 500 a run. Gives how many."""
    return await _one_by_one(db, life.expire_one)


async def lapse_changes(db: Db) -> int:
    """Announce the waiting changes that have lapsed, at most 500 a run. Gives how many."""
    return await _one_by_one(db, changes.lapse_one_change)


async def find_no_shows(db: Db) -> int:
    """Free the legs that nobody has come to in time, at most 500 a run. Gives how many."""
    return await _one_by_one(db, ground.find_one_no_show)


async def grow_overstays(db: Db) -> int:
    """Keep the places of ships and goods that stay past their end, and tell whom that hits. Gives how many changed."""
    done = 0
    for number, nth in await db.read(overstays.ships):
        done += await _unless_busy(db, overstay.keep_ship, number, nth)
    for number, nth in await db.read(overstays.goods):
        try:
            done += await _unless_busy(db, overstay.keep_goods, number, nth)
        except StorageFull:
            done += await _unless_busy(db, overstay.tell_of_goods, number, nth)
    return done


async def tell_clocks(db: Db) -> int:
    """Tell of goods that lie longer than they may, at most 500 legs a run. Gives of how many."""
    done = 0
    for number, nth in await db.read(clocks_of_goods.legs, _MOST):
        done += await _unless_busy(db, clocks.tell, number, nth)
    return done


async def _unless_busy(db: Db, keep: Callable[[Tx, int, int], Awaitable[bool]], number: int, nth: int) -> bool:
    """Do one of many: a place or booking that is busy just now is left for the next look, and holds up no other."""
    try:
        return await db.write(keep, number, nth)
    except (PlaceBusy, SlotTaken):
        return False


async def _one_by_one(db: Db, next_one: Callable[[Tx], Awaitable[bool]]) -> int:
    done = 0
    while done < _MOST and await db.write(next_one):
        done += 1
    return done
