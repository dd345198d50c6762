"""Doing something once: what a key has done before is answered again, not done again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.database import Read, Tx
from service.events import queries
from service.idempotency import IdempotencyKeyReused, RequestInProgress


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


async def before(read: Read, request: Once) -> Answer | None:
    """Give the answer that the same request had before, or None; for what is more than one transaction."""
    first = None if request.key is None else await queries.first_of_key(read, request.organisation_id, request.key)
    return None if first is None else await _first_answer(read, request, first)


async def _first_answer(tx: Read, request: Once, first: tuple[str, int]) -> Answer:
    fingerprint, event_id = first
    if fingerprint != request.fingerprint:
        raise IdempotencyKeyReused
    return Answer(await queries.current_of(tx, event_id), replayed=True)


def still_running() -> RequestInProgress:
    """Give the refusal for a twin that has waited two seconds for the first with its key."""
    return RequestInProgress(retry_after=1)
