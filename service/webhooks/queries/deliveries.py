"""SQL of what is to be delivered to endpoints, and of the attempts at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from service import ids
from service.database import Read, Statement, Tx
from service.webhooks.rules import Outcome


@dataclass(frozen=True, slots=True)
class Parcel:
    """An event ready to be put up for an endpoint: its id, type and position, and the JSON that is sent."""

    event: str
    type: str
    position: int
    body: str


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose turn has come."""

    number: int
    id: str
    event: str
    body: str
    tries: int


@dataclass(frozen=True, slots=True)
class Logged:
    """A delivery with every attempt at it, as its owner sees it."""

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


async def waiting(read: Read, endpoint_id: str, *, limit: int) -> list[Due]:
    """Give the first deliveries that wait for an endpoint, in the order in which they go out."""
    rows = await read.fetch(
        """SELECT number, id, event, body, tries FROM webhook_deliveries
           WHERE endpoint = $1 AND state = 'waiting' ORDER BY number LIMIT $2""",
        endpoint_id,
        limit,
    )
    return [Due(*row) for row in rows]


async def note_attempts(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    """Note attempts; those that were taken end their delivery."""
    await tx.execute(
        """INSERT INTO webhook_attempts (delivery, at, status_code, duration_ms, error)
           SELECT a.delivery, a.at, a.status_code, a.duration_ms, a.error
           FROM unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::int[], $5::text[]) WITH ORDINALITY
                AS a (delivery, at, status_code, duration_ms, error, nth)
           ORDER BY a.nth""",
        [each.delivery for each in outcomes],
        [each.at for each in outcomes],
        [each.status_code for each in outcomes],
        [each.duration_ms for each in outcomes],
        [each.error for each in outcomes],
    )
    await tx.execute(
        """UPDATE webhook_deliveries SET state = 'delivered', ended_at = clock_timestamp()
           WHERE number = ANY ($1::bigint[]) AND state = 'waiting'""",
        [each.delivery for each in outcomes if each.error is None],
    )


async def postpone(tx: Tx, number: int, *, wait_s: float | None) -> int:
    """Count a failed try, and let the next one wait so many seconds, if one is to come. Gives how many have failed."""
    tries: int = await tx.fetchval(
        """UPDATE webhook_deliveries SET tries = tries + 1,
               next_at = clock_timestamp() + make_interval(secs => coalesce($2::float8, 0))
           WHERE number = $1 RETURNING tries""",
        number,
        wait_s,
    )
    return tries


_LOGGED = """SELECT d.number, d.id, d.event, d.type, d.position, d.why, d.state,
        CASE WHEN d.state = 'waiting' THEN d.next_at END AS next_at, d.created_at, d.ended_at,
        (SELECT coalesce(json_agg(json_build_object('at', a.at, 'status_code', a.status_code,
             'duration_ms', a.duration_ms, 'error', a.error) ORDER BY a.number), '[]')::text
         FROM webhook_attempts a WHERE a.delivery = d.number) AS attempts
    FROM webhook_deliveries d """


async def logged(
    read: Read, endpoint_id: str, *, event: str | None, state: str | None, before: int | None, limit: int
) -> list[Logged]:
    """Give the deliveries to an endpoint, the newest first; only those of one event or state, if it is named."""
    rows = await read.fetch(
        _LOGGED
        + """WHERE d.endpoint = $1 AND ($2::text IS NULL OR d.event = $2) AND ($3::text IS NULL OR d.state = $3)
             AND ($4::bigint IS NULL OR d.number < $4) ORDER BY d.number DESC LIMIT $5""",
        endpoint_id,
        event,
        state,
        before,
        limit,
    )
    return [_delivery(row) for row in rows]


async def one(read: Read, endpoint_id: str, delivery_id: str) -> Logged | None:
    """Give a delivery to an endpoint."""
    row = await read.fetchrow(_LOGGED + "WHERE d.endpoint = $1 AND d.id = $2", endpoint_id, delivery_id)
    return None if row is None else _delivery(row)


async def again(tx: Tx, number: int) -> str:
    """Put up once more what a delivery sent, byte for byte. Gives the new delivery's id."""
    delivery_id: str = await tx.fetchval(
        """INSERT INTO webhook_deliveries (id, endpoint, event, type, position, why, body)
           SELECT $2, endpoint, event, type, position, 'resend', body FROM webhook_deliveries WHERE number = $1
           RETURNING id""",
        number,
        ids.new("whd"),
    )
    return delivery_id


async def prune(statement: Statement, *, days: int) -> int:
    """Forget deliveries, with their attempts, that ended so many days ago, at most 10,000. Gives how many."""
    pruned: int = await statement.fetchval(
        """WITH old AS (
               SELECT number FROM webhook_deliveries WHERE ended_at < clock_timestamp() - make_interval(days => $1)
               LIMIT 10000 FOR UPDATE SKIP LOCKED
           ), pruned AS (
               DELETE FROM webhook_deliveries d USING old WHERE d.number = old.number RETURNING 1
           )
           SELECT count(*) FROM pruned""",
        days,
    )
    return pruned


def _delivery(row: Any) -> Logged:
    return Logged(**{**row, "attempts": from_json(row["attempts"])})
