"""Doing something once, and reading what happened in one order that never changes behind a reader."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.auth import Principal
from service.database import Db, PlaceBusy, Tx
from service.errors import Unavailable
from service.events import queries
from service.idempotency import IdempotencyKeyReused, RequestInProgress


class FeedBusy(Unavailable):
    """The feed is being put in order, which takes longer than it should.

    Nothing is lost. Ask again after `Retry-After`, from the `sequence` of the last event that you have.
    """


@dataclass(frozen=True, slots=True)
class Once:
    """A request that takes effect once: whose it is, its key if it brought one, and what tells it from others."""

    organisation_id: str
    key: str | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a change answers: JSON text as the event of the change keeps it, and whether it was given before."""

    body: str
    replayed: bool = False


async def once(tx: Tx, request: Once, act: Callable[[], Awaitable[int]]) -> Answer:
    """Do something that records one event, whose id it gives; or give the answer that the same request had before.

    A twin waits inside until the first has ended. A refusal rolls the key back with all else, so that it stays free.
    """
    if request.key is not None:
        first = await queries.claim_key(tx, request.organisation_id, request.key, request.fingerprint)
        if first is not None:
            return await _first_answer(tx, request, first)
    event_id = await act()
    if request.key is not None:
        await queries.tie_key(tx, request.organisation_id, request.key, event_id)
    return Answer(await queries.current_of(tx, event_id))


async def _first_answer(tx: Tx, request: Once, first: tuple[str, int]) -> Answer:
    fingerprint, event_id = first
    if fingerprint != request.fingerprint:
        raise IdempotencyKeyReused
    return Answer(await queries.current_of(tx, event_id), replayed=True)


def still_running() -> RequestInProgress:
    """Give the refusal for a twin that has waited two seconds for the first with its key."""
    return RequestInProgress(retry_after=1)


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
