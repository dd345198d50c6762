"""SQL of a booking that stands: locked, changed, and what became of it recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.bookings.rules import State
from service.database import Tx


@dataclass(frozen=True, slots=True)
class Standing:
    """A booking whose row is locked: where it stands by the database's clock, and how clients see it.

    `stored` is the state last written: that of a hold which has lapsed since is still `held`. `places` are those of its
    legs and of the change that waits beside it, which lapses at `change_expires_at`. The first leg ends at `first_end`.
    """

    number: int
    state: State
    stored: State
    version: int
    expires_at: datetime | None
    hold_until: datetime | None
    shown: str
    places: list[int]
    legs: int
    at: datetime
    change_expires_at: datetime | None
    awaits: list[str]
    first_end: datetime


# The state is judged by a clock read in this statement, which comes after the one that waited for the lock.
_STANDING = """
    SELECT b.number, CASE WHEN b.expires_at <= clock_timestamp() THEN 'expired' ELSE b.state END, b.state,
           b.version, b.expires_at, b.hold_until, booking_json(b)::text,
           ARRAY(SELECT l.place_id FROM legs l WHERE l.booking = b.number
                 UNION SELECT (w ->> 'place')::int FROM json_array_elements(b.change -> 'wanted') w ORDER BY 1),
           (SELECT count(*) FROM legs l WHERE l.booking = b.number), clock_timestamp(), b.change_expires_at, b.awaits,
           (SELECT min(l.ends_at) FROM legs l WHERE l.booking = b.number)
    FROM bookings b
"""


async def locked(tx: Tx, booking_id: str, organisation_id: str) -> Standing | None:
    """Lock a booking of an organisation and give it as it stands; None if it has no such booking."""
    number = await tx.fetchval(
        "SELECT number FROM bookings WHERE id = $1 AND organisation_id = $2 FOR NO KEY UPDATE",
        booking_id,
        organisation_id,
    )
    return None if number is None else await standing(tx, number)


async def standing(tx: Tx, number: int) -> Standing:
    """Give a booking as it stands now; its row is locked."""
    number, state, stored, *rest = await tx.fetchrow(_STANDING + "WHERE b.number = $1", number)
    return Standing(number, State(state), State(stored), *rest)


async def shown(tx: Tx, number: int) -> str:
    """Give a booking as clients see it."""
    json_text: str = await tx.fetchval("SELECT booking_json(b)::text FROM bookings b WHERE number = $1", number)
    return json_text


async def next_lapsed(tx: Tx) -> Standing | None:
    """Lock a booking whose hold or request has lapsed, one that no other worker is at; None if there is none."""
    # SKIP LOCKED: several workers would otherwise queue for the same row and find it done when they get it.
    number = await tx.fetchval(
        """SELECT number FROM bookings WHERE state IN ('held', 'pending') AND expires_at <= clock_timestamp()
           ORDER BY expires_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"""
    )
    return None if number is None else await standing(tx, number)


async def lock_places(tx: Tx, place_ids: Sequence[int]) -> None:
    """Lock places in the order that everybody keeps, and raise their versions."""
    await tx.execute("SELECT lock_places($1, NULL)", place_ids)


@dataclass(frozen=True, slots=True)
class Terms:
    """The strictest terms of a booking's places; `pending_for` is None where none of them asks for approval."""

    hold_for: timedelta
    pending_for: timedelta | None


async def terms(tx: Tx, place_ids: Sequence[int]) -> Terms:
    """Give the terms of places whose locks are held."""
    row = await tx.fetchrow(
        """SELECT min(hold_for), min(pending_for) FILTER (WHERE asks_approval)
           FROM (SELECT place_id, hold_for, pending_for, asks_approval FROM quays
                 UNION ALL SELECT place_id, hold_for, pending_for, asks_approval FROM warehouses) AS places
           WHERE place_id = ANY ($1)""",
        place_ids,
    )
    return Terms(*row)


async def firm_up(tx: Tx, number: int, lapses: datetime | None) -> int:
    """Move the lapse of a booking's claims that have not lapsed; None: they are firm. Gives how many there were."""
    moved: int = await tx.fetchval("SELECT firm_up($1, coalesce($2, 'infinity'::timestamptz))", number, lapses)
    return moved


async def give_back(tx: Tx, number: int) -> None:
    """Release every claim of a booking; its places are locked."""
    await tx.execute("SELECT give_back($1, NULL)", number)


async def store(tx: Tx, number: int, state: State, expires_at: datetime | None) -> None:
    """Store a booking's new state and raise its version. Once it has ended, no change waits beside it."""
    await tx.execute(
        """UPDATE bookings SET state = $2, expires_at = $3, version = version + 1, updated_at = clock_timestamp(),
                  change = CASE WHEN $2 IN ('confirmed', 'arrived') THEN change END,
                  change_expires_at = CASE WHEN $2 IN ('confirmed', 'arrived') THEN change_expires_at END,
                  awaits = CASE WHEN $2 IN ('pending', 'confirmed', 'arrived') THEN awaits ELSE '{}' END,
                  confirmed_at = coalesce(confirmed_at, CASE $2 WHEN 'confirmed' THEN clock_timestamp() END)
           WHERE number = $1""",
        number,
        state,
        expires_at,
    )


async def record(tx: Tx, number: int, type_: str, *, by: str, previous: str, cause: str | None) -> int:
    """Record what has become of a booking as one event; gives its id."""
    event_id: int = await tx.fetchval(
        """SELECT e.id FROM bookings b, LATERAL record_booking(b, $2, $3, $4::json, $5::json) e WHERE b.number = $1""",
        number,
        type_,
        by,
        previous,
        cause,
    )
    return event_id
