"""Reading what happened, in one order that never changes behind a reader."""

from service.auth import Principal
from service.database import Db, PlaceBusy, Tx
from service.errors import Unavailable, Unfit
from service.events import queries


class FeedBusy(Unavailable):
    """The feed is being put in order, which takes longer than it should.

    Nothing is lost. Ask again after `Retry-After`, from the `sequence` of the last event that you have.
    """


class PositionAhead(Unfit):
    """The feed has not come as far as the place from which you want to follow it.

    The `sequence` is not one of this installation, or it is mistyped. The member `last` is that of the newest event.
    """


async def number(db: Db) -> int:
    """Give every committed event without a position the next one, in the order of their ids. Gives how many."""
    _, unnumbered = await db.read(queries.end)
    return await _all_numbered(db) if unnumbered else 0


async def _all_numbered(db: Db) -> int:
    done = 0
    # One round that begins now is enough: what comes later, comes after the caller. Only full batches go on.
    while (numbered := await _numbered(db)) == queries.BATCH:
        done += numbered
    return done + numbered


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
    """Give the events that a principal may see after a position, in order; the newest committed ones included.

    Raises PositionAhead, FeedBusy.
    """
    await end_of_feed(db, reaching=after)
    return await db.read(queries.visible, by, after=after, limit=limit)


async def end_of_feed(db: Db, *, reaching: int = 0) -> int:
    """Give the position of the newest committed event; raises PositionAhead if a reader names one after it.

    Whoever knows the `sequence` of an event was told it by this feed, so it is numbered and committed: none is refused
    that was ever given out.
    """
    last, unnumbered = await db.read(queries.end)
    if unnumbered:
        await _all_numbered(db)
        last, _ = await db.read(queries.end)
    if reaching > last:
        raise PositionAhead(last=last)
    return last
