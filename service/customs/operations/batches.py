"""Many events in one call: each for itself, a few at a time, and one that is refused spoils no other.

    sent    A1  B1  A2  C1  A3 …         A, B, C: the references
    lanes   A1 ─▶ A2 ─▶ A3
            B1                           what is of one reference, or under one id, keeps its order
            C1

Each event locks one reference and nothing else, in a transaction of its own, so batches never wait for each other in
a circle.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from service.auth import Customs
from service.customs.operations.events import CustomsEventReused, Sent, receive
from service.database import Tx
from service.errors import Refusal, Unavailable
from service.events.operations import Answer, Once, once
from service.events.queries import Happening, current_of, insert

LANES = 4  # fewer than the writers of one process: others must find their turn between two events
Outcome = str | Refusal  # the answer of an event, as JSON text, or why it is refused


async def take_each(events: Sequence[Sent | Refusal], take: Callable[[Sent], Awaitable[str]]) -> list[Outcome]:
    """Take every event that could be read, and give what became of each, in the order in which they were sent.

    Raises DatabaseAway at once: whoever sends all again gets the first answers of what was taken.
    """
    outcomes: list[Outcome] = [each if isinstance(each, Refusal) else "" for each in events]

    async def walk(lane: Sequence[int]) -> None:
        taken: dict[str, tuple[str, str]] = {}
        for nth in lane:
            sent = events[nth]
            if isinstance(sent, Sent):
                outcomes[nth] = await _outcome(sent, take, taken)

    walking = [asyncio.create_task(walk(lane)) for lane in _lanes(events)]
    try:
        await asyncio.gather(*walking)
    finally:
        for task in walking:
            task.cancel()
        await asyncio.gather(*walking, return_exceptions=True)
    return outcomes


def _lanes(events: Sequence[Sent | Refusal]) -> list[list[int]]:
    """Give the places of the events, dealt out so that equal ids and equal references are in one lane, in order."""
    lanes: list[list[int]] = [[] for _ in range(LANES)]
    lane_of: dict[object, int] = {}
    joined: dict[object, object] = {}

    def first(key: object) -> object:
        while (before := joined.setdefault(key, key)) != key:
            key = before
        return key

    # All are joined before any is dealt out: an id may come again, under a reference that has a lane of its own.
    for sent in events:
        if isinstance(sent, Sent):
            joined[first(sent.event_id)] = first(sent.reference)
    for nth, sent in enumerate(events):
        if isinstance(sent, Sent):
            lanes[lane_of.setdefault(first(sent.reference), nth % LANES)].append(nth)
    return lanes


async def _outcome(sent: Sent, take: Callable[[Sent], Awaitable[str]], taken: dict[str, tuple[str, str]]) -> Outcome:
    """Take one event, or give the answer that it had a moment ago: also in a rehearsal, where nothing is kept."""
    if sent.event_id in taken:
        fingerprint, first = taken[sent.event_id]
        return first if fingerprint == sent.fingerprint else CustomsEventReused()
    try:
        answer = await take(sent)
    except Unavailable:
        raise
    except Refusal as refusal:
        return refusal
    taken[sent.event_id] = sent.fingerprint, answer
    return answer


async def take_one(tx: Tx, sent: Sent, *, by: Customs) -> str:
    """Take one event of several, and give its answer as JSON text."""
    return await current_of(tx, await receive(tx, sent, by=by))


async def keep_results(tx: Tx, request: Once, results: dict[str, Any], *, by: Customs) -> Answer:
    """Keep what became of a batch under its key; its events are in the sender's feed each for itself, so it is not."""

    async def act() -> int:
        happening = Happening("customs-batch.received", by.organisation_id, by=by.organisation_id, current=results)
        return await insert(tx, happening)

    return await once(tx, request, act)
