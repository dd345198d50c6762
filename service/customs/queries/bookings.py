"""SQL of the bookings that customs asks for: by a reference, and by what has changed since a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.database import Read

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
            SELECT b.number, booking_json(b)::text,
                   (SELECT coalesce(json_agg(json_build_object(
                        'reference', json_build_object('type', c.type, 'country', c.country, 'value', c.value),
                        'state', c.state, 'holds', c.holds, 'changed_at', rfc3339(c.changed_at)) ORDER BY c.id), '[]')
                    FROM booking_references r JOIN customs_references c ON c.id = r.reference
                    WHERE r.booking = b.number)::text
            FROM found JOIN bookings b ON b.number = found.number ORDER BY b.number""",  # noqa: S608  constants
        after,
        limit,
        *values,
    )
    return [Matched(*row) for row in rows]


def _found(asked: Sought) -> tuple[str, list[object]]:
    """Give the query of the bookings' numbers, from the third parameter on, and its values."""
    since = None if asked.changed_since is None else asked.changed_since - LATE
    if asked.value is None:
        return (_ALL, []) if since is None else (_CHANGED, [since])
    under: list[object] = [asked.value, asked.type, asked.country]
    if since is None:
        return _UNDER, under
    return f"({_UNDER}) INTERSECT ({_CHANGED.replace('$3', '$6')})", [*under, since]
