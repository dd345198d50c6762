"""SQL of what has become of a booking, change by change: from the event log, to whom each event was meant for."""

from dataclasses import dataclass
from datetime import datetime

from service.auth import Principal
from service.database import Read
from service.events.queries import audience


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a booking; `previous`, `current` and `cause` are JSON text, `role` is None for the service."""

    id: int
    at: datetime
    type: str
    by: str
    role: str | None
    name: str | None
    version: int | None
    previous: str | None
    current: str | None
    cause: str | None


async def history(read: Read, by: Principal, booking_id: str, *, after: int, limit: int) -> list[Entry]:
    """Give the changes of a booking that a principal may see, after an event, the first one first, at most `limit`."""
    condition, values = audience(by, taken=3)
    rows = await read.fetch(
        f"""SELECT e.id, e.occurred_at, e.type, e.by, o.role, o.name, (e.current ->> 'version')::int,
                   e.previous::text, e.current::text, e.cause::text
            FROM events e LEFT JOIN organisations o ON o.id = e.by
            WHERE e.subject = $1 AND e.id > $2 AND {condition} ORDER BY e.id LIMIT $3""",  # noqa: S608  constants
        booking_id,
        after,
        limit,
        *values,
    )
    return [Entry(*row) for row in rows]
