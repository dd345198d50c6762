"""SQL of the customs references that bookings travel under."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from service.database import Tx


@dataclass(frozen=True, slots=True)
class Referred:
    """A customs reference that a booking travels under, and the codes of the customs holds that are open on it."""

    type: str
    country: str
    value: str
    holds: list[str]

    @property
    def named(self) -> dict[str, str]:
        """The reference as clients name it."""
        return {"type": self.type, "country": self.country, "value": self.value}


async def locked_references(tx: Tx, number: int) -> list[Referred]:
    """Lock and give the references of a booking, after its places: until then no hold is placed on them."""
    rows = await tx.fetch(
        """SELECT c.type, c.country, c.value, c.holds
           FROM booking_references r JOIN customs_references c ON c.id = r.reference
           WHERE r.booking = $1 ORDER BY c.id FOR NO KEY UPDATE OF c""",
        number,
    )
    return [Referred(*row) for row in rows]


async def references(tx: Tx, number: int) -> list[dict[str, str]]:
    """Give the customs references that a booking names."""
    named: list[dict[str, str]] | None = json.loads(
        await tx.fetchval("SELECT facts ->> 'customs_references' FROM bookings WHERE number = $1", number) or "null"
    )
    return named or []


async def store_references(tx: Tx, number: int, named: Sequence[dict[str, str]]) -> None:
    """Let a booking name these references, and the change that waits beside it, which would take them away again."""
    row = await tx.fetchrow("SELECT facts::text, change::text FROM bookings WHERE number = $1", number)
    facts, change = (json.loads(each) if each else None for each in row)
    for kept in (facts, change and change["facts"]):
        if kept is not None:
            kept["customs_references"] = named
    await tx.execute(
        "UPDATE bookings SET facts = $2, change = $3 WHERE number = $1",
        number,
        json.dumps(facts),
        change and json.dumps(change),
    )
