"""SQL of the event log and of the keys that tie a request to its event."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.auth import Admin, Customs, Forwarder, Operator, Principal
from service.database import Read, Statement, Tx


@dataclass(frozen=True, slots=True)
class Happening:
    """A change of state about to be recorded. `current` and `previous` are JSON-ready, already as clients see them."""

    type: str
    subject: str
    by: str
    current: dict[str, Any]
    previous: dict[str, Any] | None = None
    cause: dict[str, Any] | None = None
    owner_id: str | None = None
    facilities: tuple[str, ...] = ()
    for_customs: bool = False


async def insert(tx: Tx, happening: Happening) -> int:
    """Append an event, unnumbered; its id is drawn now, under the row locks of the change. Gives the id."""
    event_id: int = await tx.fetchval(
        """INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, previous, current, cause)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id""",
        happening.type,
        happening.subject,
        happening.by,
        happening.owner_id,
        list(happening.facilities),
        happening.for_customs,
        _json(happening.previous),
        _json(happening.current),
        _json(happening.cause),
    )
    return event_id


async def claim_key(tx: Tx, organisation_id: str, key: str, fingerprint: str) -> tuple[str, int] | None:
    """Claim an idempotency key. None: it was free and is ours; else the first fingerprint and the id of its event."""
    first = await tx.fetchrow("SELECT * FROM claim_key($1, $2, $3)", organisation_id, key, fingerprint)
    return None if first["first_print"] is None else (first["first_print"], first["first_event"])


async def first_of_key(read: Read, organisation_id: str, key: str) -> tuple[str, int] | None:
    """Give the fingerprint and the event of what was done under an idempotency key, or None."""
    row = await read.fetchrow(
        """SELECT fingerprint, event_id FROM idempotency_keys
           WHERE organisation_id = $1 AND key = $2 AND event_id IS NOT NULL""",
        organisation_id,
        key,
    )
    return None if row is None else (row[0], row[1])


async def current_of(tx: Read, event_id: int) -> str:
    """Give what an event's subject became, as the JSON text that was answered then."""
    current: str = await tx.fetchval("SELECT current::text FROM events WHERE id = $1", event_id)
    return current


async def tie_key(tx: Tx, organisation_id: str, key: str, event_id: int) -> None:
    """Tie a claimed key to the event of its effect."""
    await tx.execute(
        "UPDATE idempotency_keys SET event_id = $3 WHERE organisation_id = $1 AND key = $2",
        organisation_id,
        key,
        event_id,
    )


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event with its place in the feed; `previous`, `current` and `cause` are JSON text."""

    position: int
    id: int
    type: str
    subject: str
    occurred_at: datetime
    previous: str | None
    current: str | None
    cause: str | None


async def end(read: Read) -> tuple[int, bool]:
    """Give the position of the last numbered event, 0 if there is none, and whether some committed event has none yet.

    Two indexes answer, and one snapshot: what it calls numbered is not after the position that it gives.
    """
    last, unnumbered = await read.fetchrow(
        """SELECT coalesce((SELECT max(position) FROM events), 0),
                  EXISTS (SELECT FROM events WHERE position IS NULL)"""
    )
    return last, unnumbered


async def lock_numbering(tx: Tx) -> None:
    """Wait to be the only one who numbers events, until the end of the transaction."""
    await tx.fetchval("SELECT pg_advisory_xact_lock(7305111)")


BATCH = 5_000


async def number(tx: Tx) -> int:
    """Give committed, unnumbered events their positions in the order of their ids, at most 5,000; gives how many.

    The caller holds the lock.
    """
    numbered: int = await tx.fetchval(
        """WITH waiting AS (
               SELECT id, row_number() OVER (ORDER BY id) AS nth FROM events WHERE position IS NULL ORDER BY id LIMIT $1
           ), numbered AS (
               UPDATE events SET position = (SELECT coalesce(max(position), 0) FROM events) + waiting.nth
               FROM waiting WHERE events.id = waiting.id AND events.position IS NULL RETURNING 1
           )
           SELECT count(*) FROM numbered""",
        BATCH,
    )
    return numbered


async def visible(read: Read, by: Principal, *, after: int, limit: int) -> list[Numbered]:
    """Give numbered events after a position that a principal may see, in order, at most `limit`."""
    condition, values = audience(by, taken=2)
    rows = await read.fetch(
        f"""SELECT position, id, type, subject, occurred_at, previous::text, current::text, cause::text
            FROM events WHERE position > $1 AND {condition} ORDER BY position LIMIT $2""",  # noqa: S608  constants
        after,
        limit,
        *values,
    )
    return [Numbered(*row) for row in rows]


async def last_position(read: Read) -> int:
    """Give the position of the last numbered event; 0 if there is none."""
    last: int = await read.fetchval("SELECT coalesce(max(position), 0) FROM events")
    return last


async def any_after(read: Read, position: int) -> bool:
    """Say whether there is a committed event after a position, or one that has none yet; two indexes answer."""
    found: bool = await read.fetchval(
        """SELECT EXISTS (SELECT FROM events WHERE position IS NULL)
               OR EXISTS (SELECT FROM events WHERE position > $1)""",
        position,
    )
    return found


@dataclass(frozen=True, slots=True)
class Addressed:
    """A numbered event, and who was to see it when it was written."""

    event: Numbered
    owner_id: str | None
    facilities: frozenset[str]
    for_customs: bool


async def addressed(read: Read, *, after: int, limit: int) -> list[Addressed]:
    """Give numbered events after a position with their audience, in order, at most `limit`: whoever may see them."""
    rows = await read.fetch(
        """SELECT position, id, type, subject, occurred_at, previous::text, current::text, cause::text,
                  owner_id, facilities, for_customs
           FROM events WHERE position > $1 ORDER BY position LIMIT $2""",
        after,
        limit,
    )
    return [
        Addressed(Numbered(*row[:8]), row["owner_id"], frozenset(row["facilities"]), row["for_customs"]) for row in rows
    ]


def sees(by: Principal, each: Addressed) -> bool:
    """Say whether a principal may see an event: what `audience` says in SQL, for an event that is in memory."""
    return _SEES[type(by)](by, each)


def audience(by: Principal, *, taken: int) -> tuple[str, list[object]]:
    """Give the condition of events that a principal may see, numbered after the parameters `taken`, and its values."""
    condition, values = _AUDIENCE[type(by)](by)
    return condition.format(*(f"${taken + nth + 1}" for nth in range(len(values)))), values


# The audience was fixed when the event was written: its owner, the operators of its facilities, customs.
_AUDIENCE: dict[type[Principal], Callable[[Principal], tuple[str, list[object]]]] = {
    Forwarder: lambda by: ("owner_id = {0}", [by.organisation_id]),
    Operator: lambda by: ("(owner_id = {0} OR facilities && {1}::text[])", [by.organisation_id, sorted(by.facilities)]),
    Customs: lambda by: ("(owner_id = {0} OR for_customs)", [by.organisation_id]),
    Admin: lambda _: ("true", []),
}
_SEES: dict[type[Principal], Callable[[Principal, Addressed], bool]] = {
    Forwarder: lambda by, each: each.owner_id == by.organisation_id,
    Operator: lambda by, each: each.owner_id == by.organisation_id or not by.facilities.isdisjoint(each.facilities),
    Customs: lambda by, each: each.owner_id == by.organisation_id or each.for_customs,
    Admin: lambda _, __: True,
}


async def prune_keys(statement: Statement, *, hours: int) -> int:
    """Delete idempotency keys older than so many hours, at most 10,000. Gives how many."""
    # Rows that another worker is deleting are skipped, not waited for.
    pruned: int = await statement.fetchval(
        """WITH old AS (
               SELECT ctid FROM idempotency_keys WHERE created_at < clock_timestamp() - make_interval(hours => $1)
               LIMIT 10000 FOR UPDATE SKIP LOCKED
           ), pruned AS (
               DELETE FROM idempotency_keys USING old WHERE idempotency_keys.ctid = old.ctid RETURNING 1
           )
           SELECT count(*) FROM pruned""",
        hours,
    )
    return pruned
