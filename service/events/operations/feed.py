"""Reading what happened, in one order that never changes behind a reader."""

from service.auth import Principal
from service.database import Db, PlaceBusy, Tx
from service.errors import Unavailable
from service.events import queries


class FeedBusy(Unavailable):
    """The feed is being put in order, which takes longer than it should.

    Nothing is lost. Ask again after `Retry-After`, from the `sequence` of the last event that you have.
    """


async def number(db: Db) -> int:
    """Give every committed event without a position the next one, in the order of their ids. Gives how many."""
    done = 0
    if await db.read(queries.any_unnumbered):
        # One round that begins now is enough: what comes later, comes after the caller. Only full batches go on.
        while (numbered := await _numbered(db)) == queries.BATCH:
            done += numbered
        done += numbered
    return done


async def _numbered(db: Db) -> int:
    try:
        return await db.write(_number_some)
    except PlaceBusy:
        raise FeedBusy(retry_after=1) from None


async def _number_some(tx: Tx) -> int:
    """Give a batch its positions; the lock has a statement of its own, so that the next sees all committed by then."""
    await queries.lock_numbering(tx)
    return await queries.number(tx)


async def feed(db: Db, by: Principal, *, after: int, limit: int) -> list[queries.Numbered]:
    """Give the events that a principal may see after a position, in order; the newest committed ones included."""
    await number(db)
    return await db.read(queries.visible, by, after=after, limit=limit)


async def end_of_feed(db: Db) -> int:
    """Give the position of the newest committed event."""
    await number(db)
    return await db.read(queries.last_position)
