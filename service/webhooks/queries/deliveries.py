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
    rows = await read.fetch(
        _LOGGED
        + """WHERE d.endpoint = $1 AND d.number > $2 AND ($3::text IS NULL OR d.state = $3)
               AND ($4::text IS NULL OR d.event = $4) AND ($5::text IS NULL OR d.type = $5)
               AND ($6::timestamptz IS NULL OR d.created_at >= $6) AND ($7::timestamptz IS NULL OR d.created_at < $7)
             ORDER BY d.number LIMIT $8""",
        endpoint_id,
        after,
        filters.state,
        filters.event,
        filters.type,
        filters.since,
        filters.until,
        limit,
    )
    return [_delivery(row) for row in rows]


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
