"""SQL of the change that waits for approval beside a booking."""

from service.bookings.queries.standing import Standing, standing
from service.database import Tx


async def next_lapsed_change(tx: Tx) -> Standing | None:
    """Lock a booking whose waiting change has lapsed, one that no other worker is at; None if there is none."""
    # SKIP LOCKED: several workers would otherwise queue for the same row and find it done when they get it.
    number = await tx.fetchval(
        """SELECT number FROM bookings WHERE change_expires_at <= clock_timestamp()
           ORDER BY change_expires_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"""
    )
    return None if number is None else await standing(tx, number)


async def settle_change(tx: Tx, number: int, *, by: str, cause: str | None) -> int:
    """Let a booking become what its waiting change says; its places are cleared. Gives the id of the event."""
    event_id: int = await tx.fetchval("SELECT settle_change($1, $2, $3::json)", number, by, cause)
    return event_id


async def drop_change(tx: Tx, number: int, type_: str, *, by: str, cause: str | None) -> int:
    """Give back what a waiting change holds, and forget it; its places are cleared. Gives the id of the event."""
    event_id: int = await tx.fetchval("SELECT drop_change($1, $2, $3, $4::json)", number, type_, by, cause)
    return event_id
