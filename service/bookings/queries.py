"""SQL of bookings. What a principal may see is a condition of each query, never a check afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.auth import Admin, Customs, Forwarder, Operator, Principal
from service.bookings.rules import State
from service.bookings.tables import MOMENT, bookings, legs
from service.database import Read, Statement, Tx, compiled
from service.ports.tables import places


@dataclass(frozen=True, slots=True)
class Booked:
    """What the guard answers: JSON text, and whether an earlier request had that answer, with its fingerprint."""

    answer: str | None
    replayed: bool
    first_fingerprint: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A booking whose row is locked: where it stands by the database's clock, and how clients see it.

    `stored` is the state last written: that of a hold which has lapsed since is still `held`.
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


async def book(statement: Statement, asked: str) -> Booked:
    """Make a booking in one round trip: `asked` is the JSON of the function `book`."""
    return Booked(*await statement.fetchrow("SELECT answer, replayed, first_fingerprint FROM book($1)", asked))


async def first_answer(read: Read, organisation_id: str, key: str) -> Booked:
    """Give the answer that an idempotency key had, if any."""
    row = await read.fetchrow(
        """SELECT e.current::text, true, k.fingerprint FROM idempotency_keys k JOIN events e ON e.id = k.event_id
           WHERE k.organisation_id = $1 AND k.key = $2""",
        organisation_id,
        key,
    )
    return Booked(*row) if row else Booked(None, replayed=False, first_fingerprint=None)


# The state is judged by a clock read in this statement, which comes after the one that waited for the lock.
_STANDING = """
    SELECT b.number, CASE WHEN b.expires_at <= clock_timestamp() THEN 'expired' ELSE b.state END, b.state,
           b.version, b.expires_at, b.hold_until, booking_json(b)::text,
           (SELECT array_agg(DISTINCT l.place_id ORDER BY l.place_id) FROM legs l WHERE l.booking = b.number),
           (SELECT count(*) FROM legs l WHERE l.booking = b.number), clock_timestamp()
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
    await tx.execute("SELECT give_back($1)", number)


async def store(tx: Tx, number: int, state: State, expires_at: datetime | None) -> None:
    """Store a booking's new state and raise its version."""
    await tx.execute(
        """UPDATE bookings SET state = $2, expires_at = $3, version = version + 1, updated_at = clock_timestamp(),
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


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of bookings is narrowed to; None does not narrow."""

    states: tuple[str, ...] | None = None
    port: str | None = None
    place: str | None = None
    client_reference: str | None = None
    window: tuple[datetime | None, datetime | None] = (None, None)


async def listed(
    read: Read, by: Principal, filters: Filters, *, before: int | None, limit: int
) -> list[tuple[int, str]]:
    """Give the number and JSON text of bookings that a principal may see, the newest first, before a number."""
    query = (
        sa.select(bookings.c.number, sa.cast(_json, sa.Text))
        .where(visible_to(by), *_narrowed(filters))
        .order_by(bookings.c.number.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(bookings.c.number < before)
    text, values = compiled(query)
    return await read.fetch(text, *values)


async def one(read: Read, by: Principal, booking_id: str) -> tuple[str, str] | None:
    """Give the ETag and the JSON text of a booking that a principal may see, or None.

    A hold that lapses reads differently from then on, though nobody has written a new version yet.
    """
    tag = sa.case(
        (bookings.c.expires_at <= _now, sa.func.concat('"', bookings.c.version, '-lapsed"')),
        else_=sa.func.concat('"', bookings.c.version, '"'),
    )
    query = sa.select(tag, sa.cast(_json, sa.Text)).where(bookings.c.id == booking_id, visible_to(by))
    text, values = compiled(query)
    row = await read.fetchrow(text, *values)
    return (row[0], row[1]) if row else None


def visible_to(by: Principal) -> sa.ColumnElement[bool]:
    """Give the condition under which a booking exists for a principal."""
    return _VISIBLE[type(by)](by)


_now = sa.func.clock_timestamp(type_=MOMENT)
_json = sa.func.booking_json(sa.literal_column("bookings"))
_state = sa.case((bookings.c.expires_at <= _now, State.EXPIRED.value), else_=bookings.c.state)

_VISIBLE: dict[type[Principal], Callable[[Principal], sa.ColumnElement[bool]]] = {
    Forwarder: lambda by: bookings.c.organisation_id == by.organisation_id,
    Operator: lambda by: bookings.c.facilities.overlap(sorted(by.facilities)),
    # Provisional bookings are nothing to customs: they see one from its confirmation on.
    Customs: lambda _: bookings.c.confirmed_at.is_not(None),
    Admin: lambda _: sa.true(),
}


def _narrowed(filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.states is not None:
        conditions.append(_state.in_(filters.states))
    if filters.port is not None:
        conditions.append(bookings.c.port == filters.port)
    if filters.client_reference is not None:
        conditions.append(bookings.c.client_reference == filters.client_reference)
    start, end = filters.window
    if filters.place is not None or start is not None or end is not None:
        conditions.append(sa.exists(_leg(filters.place, start, end)))
    return conditions


def _leg(place: str | None, start: datetime | None, end: datetime | None) -> sa.Select[Any]:
    """Give the legs of the booking in hand at a place and with time in common with a window."""
    leg = sa.select(legs.c.leg).where(legs.c.booking == bookings.c.number)
    if place is not None:
        leg = leg.join(places, places.c.id == legs.c.place_id).where(places.c.code == place)
    during = sa.func.tstzrange(sa.cast(start, MOMENT), sa.cast(end, MOMENT))
    return leg.where(sa.func.tstzrange(legs.c.starts_at, legs.c.ends_at).op("&&")(during))
