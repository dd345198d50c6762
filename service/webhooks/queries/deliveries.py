"""SQL of what is to be delivered to endpoints, put up, shown, put up again and forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from service import ids
from service.database import Read, Statement, Tx

PRUNED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """An event ready to be put up for an endpoint: its id, type and position, and the JSON that is sent."""

    event: str
    type: str
    position: int
    body: str


@dataclass(frozen=True, slots=True)
class Logged:
    """A delivery with the attempts at it, as its owner sees it."""

    number: int
    id: str
    event: str
    type: str
    position: int
    why: str
    state: str
    next_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    attempts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of deliveries is narrowed to; None leaves it open. `since`, `until`: when they were put up."""

    state: str | None = None
    event: str | None = None
    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def put_up(tx: Tx, endpoint_id: str, parcels: Sequence[Parcel], *, why: str) -> None:
    """Put events up to be delivered to an endpoint, behind all that waits for it already."""
    await tx.execute(
        """INSERT INTO webhook_deliveries (id, endpoint, event, type, position, why, body)
           SELECT p.id, $1, p.event, p.type, p.position, $2, p.body
           FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[]) WITH ORDINALITY
                AS p (id, event, type, position, body, nth)
           ORDER BY p.nth""",
        endpoint_id,
        why,
        [ids.new("whd") for _ in parcels],
        [each.event for each in parcels],
        [each.type for each in parcels],
        [each.position for each in parcels],
        [each.body for each in parcels],
    )


# Attempts at one delivery are ten, and more each time its endpoint is enabled anew: the last twenty tell enough.
_LOGGED = """SELECT d.number, d.id, d.event, d.type, d.position, d.why, d.state,
        CASE WHEN d.state = 'waiting' THEN d.next_at END AS next_at, d.created_at, d.ended_at,
        (SELECT coalesce(json_agg(json_build_object('at', a.at, 'status_code', a.status_code,
             'duration_ms', a.duration_ms, 'error', a.error, 'answer', a.answer) ORDER BY a.number), '[]')::text
         FROM (SELECT * FROM webhook_attempts WHERE delivery = d.number ORDER BY number DESC LIMIT 20) a) AS attempts
    FROM webhook_deliveries d """


async def logged(read: Read, endpoint_id: str, filters: Filters, *, after: int, limit: int) -> list[Logged]:
    """Give the deliveries to an endpoint after a number, in the order in which they go out."""
    conditions, values = _narrowed(filters, taken=3)
    rows = await read.fetch(
        f"{_LOGGED} WHERE d.endpoint = $1 AND d.number > $2 {conditions} ORDER BY d.number LIMIT $3",
        endpoint_id,
        after,
        limit,
        *values,
    )
    return [_delivery(row) for row in rows]


# What waits stands in the statement as it does in the index of what waits: else the whole log would be read for it.
_NARROWING = {
    "state": "AND d.state = {} AND d.state <> 'waiting'",
    "event": "AND d.event = {}",
    "type": "AND d.type = {}",
    "since": "AND d.created_at >= {}",
    "until": "AND d.created_at < {}",
}


def _narrowed(filters: Filters, *, taken: int) -> tuple[str, list[object]]:
    """Give the conditions of a list, numbered after the parameters `taken`, and their values."""
    waiting = filters.state == "waiting"
    given = {name: value for name in _NARROWING if (value := getattr(filters, name)) is not None}
    if waiting:
        del given["state"]
    numbered = enumerate(given, start=taken + 1)
    conditions = [_NARROWING[name].format(f"${number}") for number, name in numbered]
    return " ".join(["AND d.state = 'waiting'"] * waiting + conditions), list(given.values())


async def one(read: Read, endpoint_id: str, delivery_id: str) -> Logged | None:
    """Give a delivery to an endpoint."""
    row = await read.fetchrow(_LOGGED + "WHERE d.endpoint = $1 AND d.id = $2", endpoint_id, delivery_id)
    return None if row is None else _delivery(row)


async def asked_again(read: Read, endpoint_id: str, *, most: int) -> int:
    """Give how many deliveries wait for an endpoint because they were asked for again; not counted past `most`."""
    counted: int = await read.fetchval(
        """SELECT count(*) FROM (
               SELECT FROM webhook_deliveries WHERE endpoint = $1 AND state = 'waiting' AND why <> 'event' LIMIT $2
           ) waiting""",
        endpoint_id,
        most,
    )
    return counted


async def again(tx: Tx, number: int) -> Logged:
    """Put up once more what a delivery sent, byte for byte. Gives the new delivery."""
    row = await tx.fetchrow(
        """INSERT INTO webhook_deliveries (id, endpoint, event, type, position, why, body)
           SELECT $2, endpoint, event, type, position, 'resend', body FROM webhook_deliveries WHERE number = $1
           RETURNING number, id, event, type, position, why, state, next_at, created_at, ended_at, '[]' AS attempts""",
        number,
        ids.new("whd"),
    )
    return _delivery(row)


async def prune(statement: Statement, *, days: int) -> int:
    """Forget deliveries, with their attempts, that ended so many days ago, at most 5,000. Gives how many."""
    pruned: int = await statement.fetchval(
        """WITH old AS (
               SELECT number FROM webhook_deliveries WHERE ended_at < clock_timestamp() - make_interval(days => $1)
               LIMIT $2 FOR UPDATE SKIP LOCKED
           ), pruned AS (
               DELETE FROM webhook_deliveries d USING old WHERE d.number = old.number RETURNING 1
           )
           SELECT count(*) FROM pruned""",
        days,
        PRUNED_AT_ONCE,
    )
    return pruned


async def prune_endpoints(statement: Statement, *, days: int) -> int:
    """Forget endpoints that were deleted so many days ago and have no log any more. Gives how many."""
    pruned: int = await statement.fetchval(
        """WITH pruned AS (
               DELETE FROM webhook_endpoints e WHERE e.deleted_at < clock_timestamp() - make_interval(days => $1)
                 AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.endpoint = e.id) RETURNING 1
           )
           SELECT count(*) FROM pruned""",
        days,
    )
    return pruned


def _delivery(row: Any) -> Logged:
    return Logged(**{**row, "attempts": from_json(row["attempts"])})
