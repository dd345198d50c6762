"""SQL of the customs references that bookings travel under."""

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
