"""A turn of an endpoint: what the feed has for it is put up, what waits is sent, and what came of it is stored.

    feed      5   6   7   8   9  10        cursor: up to where the feed has been looked through
    cursor ───────┘ └─ seen, matching ─┐
    deliveries                7  9  10 ┘   waiting, as the bytes that are sent; none is added while one waits
    sent                      7 ✓  9 ✗     9 keeps its place, and 10 waits behind it

What happens and is not wanted yet stays in the feed: a receiver that is away for days fills no table.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Any

from service import clock
from service.database import Tx
from service.events.queries import Happening, Numbered, insert, last_position, visible
from service.events.schemas import envelope, shown
from service.webhooks import rules
from service.webhooks.queries import deliveries, endpoints, turns
from service.webhooks.queries.deliveries import Parcel
from service.webhooks.queries.turns import Candidate
from service.webhooks.rules import Endpoint, Outcome, Turn
from service.webhooks.schemas import Endpoint as Shown
from service.webhooks.schemas import plain

PAGE = 100  # deliveries of one turn
LEASE_S = 20.0


async def take(tx: Tx, *, at_most: int, source: str) -> tuple[list[Turn], bool]:
    """Take endpoints in hand for which something waits, what the feed has for them put up.

    Gives their turns, and whether to look again at once: others may wait too, or somebody's cursor is on its way.
    """
    last = await last_position(tx)
    found = await turns.candidates(tx, last=last, at_most=at_most)
    cursors, wanted = await _looked_through(tx, [each for each in found if each.idle], last=last, source=source)
    await turns.move_cursors(tx, cursors)
    for endpoint_id, parcels in wanted.items():
        await deliveries.put_up(tx, endpoint_id, parcels, why="event")
    in_hand = [each.id for each in found if not each.idle or each.id in wanted]
    on_its_way = any(cursor < last for cursor in cursors.values())
    return await turns.take(tx, in_hand, lease_s=LEASE_S), on_its_way or len(found) == at_most


async def _looked_through(
    tx: Tx, idle: Sequence[Candidate], *, last: int, source: str
) -> tuple[dict[str, int], dict[str, list[Parcel]]]:
    """Look at the next page of the feed for endpoints that wait for nothing: up to where, and what each wants of it.

    Endpoints of one organisation that have come equally far are shown the same page.
    """
    cursors: dict[str, int] = {}
    wanted: dict[str, list[Parcel]] = {}
    for (_, cursor), group in groupby(sorted(idle, key=_page), key=_page):
        alike = list(group)
        page = await visible(tx, alike[0].by, after=cursor, limit=PAGE)
        whole = len(page) < PAGE
        reached = max(last if whole else 0, page[-1].position if page else 0)
        for each in alike:
            cursors[each.id] = reached
            if parcels := [_parcel(event, source, each) for event in page if _wants(each, event)]:
                wanted[each.id] = parcels
    return cursors, wanted


def _page(candidate: Candidate) -> tuple[str, int]:
    return candidate.by.organisation_id, candidate.cursor


def _wants(candidate: Candidate, event: Numbered) -> bool:
    return rules.wants(candidate.id, candidate.event_types, event.type, event.subject)


def _parcel(event: Numbered, source: str, candidate: Candidate) -> Parcel:
    event_id = envelope(event, source)["id"]
    return Parcel(event_id, event.type, event.position, shown(event, source, candidate.by))


async def settle(tx: Tx, turn: Turn, outcomes: Sequence[Outcome]) -> bool:
    """Store what came of a turn, and end it. Nothing is stored of one that took so long that another has begun.

    Gives whether it was stored.
    """
    organisation_id = await turns.whose(tx, turn)
    if organisation_id is None:
        return False
    await turns.note_attempts(tx, outcomes)
    if outcomes and outcomes[-1].error is not None:
        endpoint = await endpoints.endpoint(tx, turn.id, organisation_id=organisation_id)
        if endpoint is not None and endpoint.url == turn.url:  # what another address said is none of this one's fault
            await _failed(tx, endpoint, outcomes[-1])
    await turns.let_go(tx, turn.id)
    return True


async def _failed(tx: Tx, endpoint: Endpoint, outcome: Outcome) -> None:
    """Let a delivery wait for its next try, and its owner be told if that is the last; disable the endpoint after it.

    What waits for a disabled endpoint goes on waiting. One that its owner has disabled meanwhile stays so.
    """
    tries = await turns.count_try(tx, outcome.delivery)
    wait_s = rules.wait_s(tries, outcome.asked_s, jitter=secrets.randbelow(1000) / 1000)
    if wait_s is not None:
        await turns.postpone(tx, outcome.delivery, wait_s=wait_s)
    if not endpoint.enabled:
        return
    if wait_s is None or outcome.error == rules.GONE:
        because = rules.GONE if outcome.error == rules.GONE else rules.FAILING
        disabled = await endpoints.store(tx, replace(endpoint, enabled=False, disabled_because=because))
        await _tell(
            tx, "webhook-endpoint.disabled", disabled, {"reason": because} | _last_try(outcome), before=endpoint
        )
    elif rules.is_last_warning(tries):
        ends_at = clock.utc(outcome.at + timedelta(seconds=wait_s))
        await _tell(
            tx, "webhook-endpoint.failing", endpoint, {"disabled_at": ends_at} | _last_try(outcome), before=endpoint
        )


def _last_try(outcome: Outcome) -> dict[str, Any]:
    return {"error": outcome.error, "status_code": outcome.status_code}


async def _tell(tx: Tx, event_type: str, endpoint: Endpoint, cause: dict[str, Any], *, before: Endpoint) -> None:
    """Write the event by which the owner is told, in the feed and through the endpoints that work."""
    happening = Happening(
        event_type,
        endpoint.id,
        "service",
        plain(Shown.of(endpoint)),
        previous=plain(Shown.of(before)),
        cause=cause,
        owner_id=endpoint.organisation_id,
    )
    await insert(tx, happening)
