"""SQL of bookings and where their references stand: those that customs asks for, and one for whoever may see it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from service.auth import Principal
from service.bookings.queries.lists import visible_to
from service.bookings.tables import bookings
from service.customs.queries.events import FIRM
from service.database import Read, compiled

# A change is stamped before it commits. No transaction of the service lives longer than this.
LATE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sought:
    """What is asked for; None does not narrow."""

    value: str | None = None
    type: str | None = None
    country: str | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """A booking and the references that it travels under; both are JSON text."""

    number: int
    booking: str
    references: str


# Of the booking `b`: what customs has said, as `tell_customs` tells it, so no remarks of officers.
_REFERENCES = """(SELECT coalesce(json_agg(json_build_object(
        'reference', json_build_object('type', c.type, 'country', c.country, 'value', c.value),
        'state', c.state, 'holds', c.holds, 'changed_at', rfc3339(c.changed_at)) ORDER BY c.id), '[]')
    FROM booking_references r JOIN customs_references c ON c.id = r.reference WHERE r.booking = b.number)"""
_OF_A_FIRM_ONE = f"""(SELECT CASE WHEN {FIRM} THEN {_REFERENCES} ELSE '[]' END::text
    FROM bookings b WHERE b.number = bookings.number)"""  # noqa: S608  constants
_ALL = "SELECT number FROM bookings WHERE confirmed_at IS NOT NULL AND number > $1"
_UNDER = """SELECT r.booking AS number FROM customs_references c JOIN booking_references r ON r.reference = c.id
            WHERE c.value = $3 AND c.type = coalesce($4, c.type) AND c.country = coalesce($5, c.country)"""
_CHANGED = """SELECT number FROM bookings WHERE updated_at >= $3 AND confirmed_at IS NOT NULL
              UNION SELECT r.booking FROM customs_references c JOIN booking_references r ON r.reference = c.id
                    WHERE c.heard_at >= $3"""


async def sought(read: Read, asked: Sought, *, after: int, limit: int) -> list[Matched]:
    """Give bookings after a number that have been confirmed, in the order in which they were made."""
    found, values = _found(asked)
    rows = await read.fetch(
        f"""WITH found AS MATERIALIZED (
                SELECT DISTINCT number FROM ({found}) AS every WHERE number > $1 ORDER BY number LIMIT $2)
            SELECT b.number, booking_json(b)::text, {_REFERENCES}::text
            FROM found JOIN bookings b ON b.number = found.number ORDER BY b.number""",  # noqa: S608  constants
        after,
        limit,
        *values,
    )
    return [Matched(*row) for row in rows]


async def references_of(read: Read, by: Principal, booking_id: str) -> str | None:
    """Give where the references of a booking stand, as JSON text, or None if a principal may not see the booking.

    Of one that is not firm there are none: events tell of none before its confirmation or once it was given up.
    """
    query = sa.select(sa.literal_column(_OF_A_FIRM_ONE, sa.Text)).where(bookings.c.id == booking_id, visible_to(by))
    text, values = compiled(query)
    found: str | None = await read.fetchval(text, *values)
    return found


def _found(asked: Sought) -> tuple[str, list[object]]:
    """Give the query of the bookings' numbers, from the third parameter on, and its values."""
    since = None if asked.changed_since is None else asked.changed_since - LATE
    if asked.value is None:
        return (_ALL, []) if since is None else (_CHANGED, [since])
    under: list[object] = [asked.value, asked.type, asked.country]
    if since is None:
        return _UNDER, under
    return f"({_UNDER}) INTERSECT ({_CHANGED.replace('$3', '$6')})", [*under, since]
