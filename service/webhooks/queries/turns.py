"""SQL of taking endpoints in turn, and of what came of it.

At most one worker has an endpoint in hand, so that its events stay in order: a turn is a lease, and whoever takes the
next one counts `lease` up. What a turn brings is stored only if the count is still its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.auth import KINDS, Principal
from service.database import Read, Tx
from service.webhooks.rules import Outcome, Turn


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint that may have something to send, and as whom it sees the feed. `idle`: nothing waits for it."""

    id: str
    by: Principal
    event_types: tuple[str, ...]
    cursor: int
    idle: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose turn has come."""

    number: int
    event: str
    body: str


async def candidates(tx: Tx, *, last: int, at_most: int) -> list[Candidate]:
    """Give the endpoints that wait, or have not looked at the feed up to `last`, longest without a turn first; locked.

    What another worker looks at just now is skipped, and so is what is in hand.
    """
    rows = await tx.fetch(
        """SELECT e.id, e.event_types, e.cursor, e.next_at IS NULL AS idle, o.id AS organisation_id, o.role, o.name,
                  ARRAY(SELECT facility FROM mandates m WHERE m.organisation_id = o.id) AS facilities
           FROM webhook_endpoints e JOIN organisations o ON o.id = e.organisation_id
           WHERE e.enabled AND e.deleted_at IS NULL AND e.leased_until <= clock_timestamp()
             AND CASE WHEN e.next_at IS NULL THEN e.cursor < $1 ELSE e.next_at <= clock_timestamp() END
           ORDER BY e.leased_until, e.id LIMIT $2 FOR NO KEY UPDATE OF e SKIP LOCKED""",
        last,
        at_most,
    )
    return [
        Candidate(row["id"], _principal(row), tuple(row["event_types"]), row["cursor"], row["idle"]) for row in rows
    ]


async def move_cursors(tx: Tx, cursors: Mapping[str, int]) -> None:
    """Note up to where the feed has been looked through for each of some endpoints.

    That was a turn: else those that want nothing would come first at each look, and keep others from theirs.
    """
    await tx.execute(
        """UPDATE webhook_endpoints e SET cursor = moved.cursor, leased_until = clock_timestamp()
           FROM unnest($1::text[], $2::bigint[]) AS moved (id, cursor) WHERE e.id = moved.id""",
        list(cursors),
        list(cursors.values()),
    )


async def take(tx: Tx, endpoint_ids: Sequence[str], *, lease_s: float) -> list[Turn]:
    """Take endpoints in hand for so many seconds; they are due from now on, should the turn come to nothing."""
    rows = await tx.fetch(
        """UPDATE webhook_endpoints
           SET lease = lease + 1, leased_until = clock_timestamp() + make_interval(secs => $2),
               next_at = coalesce(next_at, clock_timestamp())
           WHERE id = ANY ($1::text[])
           RETURNING id, url, lease, secret,
                     CASE WHEN former_until > clock_timestamp() THEN former_secret END AS former_secret""",
        list(endpoint_ids),
        lease_s,
    )
    return [_turn(row) for row in rows]


async def waiting(read: Read, endpoint_id: str, *, limit: int) -> list[Due]:
    """Give the first deliveries that wait for an endpoint, in the order in which they go out."""
    rows = await read.fetch(
        """SELECT number, event, body FROM webhook_deliveries
           WHERE endpoint = $1 AND state = 'waiting' ORDER BY number LIMIT $2""",
        endpoint_id,
        limit,
    )
    return [Due(*row) for row in rows]


async def whose(tx: Tx, turn: Turn) -> str | None:
    """Give the organisation of a turn's endpoint, which is locked; None: it is deleted, or another turn has begun."""
    organisation_id: str | None = await tx.fetchval(
        """SELECT organisation_id FROM webhook_endpoints WHERE id = $1 AND lease = $2 AND deleted_at IS NULL
           FOR NO KEY UPDATE""",
        turn.id,
        turn.lease,
    )
    return organisation_id


async def note_attempts(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    """Note attempts; those that were taken end their delivery."""
    await tx.execute(
        """WITH attempted AS (
               SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::int[], $5::text[], $6::text[])
               WITH ORDINALITY AS a (delivery, at, status_code, duration_ms, error, answer, nth)
           ), noted AS (
               INSERT INTO webhook_attempts (delivery, at, status_code, duration_ms, error, answer)
               SELECT delivery, at, status_code, duration_ms, error, answer FROM attempted ORDER BY nth
           )
           UPDATE webhook_deliveries d SET state = 'delivered', ended_at = clock_timestamp()
           FROM attempted a WHERE d.number = a.delivery AND a.error IS NULL AND d.state = 'waiting'""",
        [each.delivery for each in outcomes],
        [each.at for each in outcomes],
        [each.status_code for each in outcomes],
        [each.duration_ms for each in outcomes],
        [each.error for each in outcomes],
        [each.answer for each in outcomes],
    )


async def count_try(tx: Tx, delivery: int) -> int:
    """Count a failed try. Gives how many have failed."""
    tries: int = await tx.fetchval(
        "UPDATE webhook_deliveries SET tries = tries + 1 WHERE number = $1 RETURNING tries", delivery
    )
    return tries


async def postpone(tx: Tx, delivery: int, *, wait_s: float) -> None:
    """Let the next try wait so many seconds."""
    await tx.execute(
        "UPDATE webhook_deliveries SET next_at = clock_timestamp() + make_interval(secs => $2) WHERE number = $1",
        delivery,
        wait_s,
    )


async def let_go(tx: Tx, endpoint_id: str) -> None:
    """End a turn. The endpoint is due again when the first delivery that waits is: what comes later waits behind it."""
    await tx.execute(
        """UPDATE webhook_endpoints SET leased_until = clock_timestamp(), next_at = (
               SELECT next_at FROM webhook_deliveries WHERE endpoint = $1 AND state = 'waiting' ORDER BY number LIMIT 1
           ) WHERE id = $1""",
        endpoint_id,
    )


def _principal(row: Any) -> Principal:
    return KINDS[row["role"]](
        organisation_id=row["organisation_id"],
        role=row["role"],
        name=row["name"],
        rate_per_s=None,
        scopes=frozenset(),
        key_id="",
        facilities=frozenset(row["facilities"]),
    )


def _turn(row: Any) -> Turn:
    live = (row["secret"], row["former_secret"])
    return Turn(row["id"], row["url"], row["lease"], tuple(each for each in live if each))
