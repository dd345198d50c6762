"""SQL that makes a booking in one round trip."""

from dataclasses import dataclass

from service.database import Read, Statement


@dataclass(frozen=True, slots=True)
class Booked:
    """What the guard answers: JSON text, and whether an earlier request had that answer, with its fingerprint."""

    answer: str | None
    replayed: bool
    first_fingerprint: str | None


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
