"""SQL of what is kept for partners: berth windows of quays, allotments of floors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.auth import Principal
from service.database import Read, Tx
from service.ports.queries.partners import VISIBLE, eyes


@dataclass(frozen=True, slots=True)
class BerthWindow:
    """A stretch of quay `[from_m, to_m)` kept for a group at recurring times; `ended_at`: given to all for good."""

    id: str
    place_id: int
    quay: str
    facility: str
    group: str
    from_m: int
    to_m: int
    start: datetime
    end: datetime
    every_days: int
    until: datetime | None
    release_before: timedelta
    made_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptFloor:
    """An allotment: a quantity of a floor kept for a group on `[first_on, last_on)`."""

    id: str
    place_id: int
    warehouse: str
    facility: str
    group: str
    unit: str
    quantity: int
    first_on: date
    last_on: date
    release_before: timedelta
    made_at: datetime
    ended_at: datetime | None


_BERTH_WINDOWS = """
SELECT b.id, b.place_id, p.code, p.facility, b.group_id, lower(b.metres), upper(b.metres),
       lower(b.first), upper(b.first), b.every_days, b.until, b.release_before, b.made_at, b.ended_at
FROM berth_windows b JOIN places p ON p.id = b.place_id JOIN partner_groups g ON g.id = b.group_id
"""
_ALLOTMENTS = """
SELECT a.id, a.place_id, p.code, p.facility, a.group_id, w.unit, a.quantity, lower(a.days), upper(a.days),
       a.release_before, a.made_at, a.ended_at
FROM allotments a JOIN places p ON p.id = a.place_id JOIN warehouses w ON w.place_id = a.place_id
JOIN partner_groups g ON g.id = a.group_id
"""


async def berth_window(read: Read, window_id: str, by: Principal) -> BerthWindow | None:
    """Give a berth window that somebody may see: those of its facilities, or as a member of the group."""
    row = await read.fetchrow(_BERTH_WINDOWS + f"WHERE {VISIBLE} AND b.id = $4", *eyes(by), window_id)
    return None if row is None else BerthWindow(*row)


async def berth_windows(
    read: Read, by: Principal, *, quay: str | None, before: str | None, limit: int
) -> list[BerthWindow]:
    """Give the berth windows that somebody may see, the newest first, of one quay or of all, before `before`."""
    rows = await read.fetch(
        _BERTH_WINDOWS
        + f"""WHERE {VISIBLE} AND ($4::text IS NULL OR p.code = $4) AND ($5::text IS NULL OR b.id < $5)
              ORDER BY b.id DESC LIMIT $6""",
        *eyes(by),
        quay,
        before,
        limit,
    )
    return [BerthWindow(*row) for row in rows]


async def others_windows(read: Read, place_id: int, group_id: str, from_m: int, to_m: int) -> list[BerthWindow]:
    """Give the berth windows of other groups that keep some of these metres of a quay, the oldest first."""
    rows = await read.fetch(
        _BERTH_WINDOWS
        + """WHERE b.place_id = $1 AND b.group_id <> $2 AND b.metres && int4range($3, $4) AND b.ended_at IS NULL
             ORDER BY b.id""",
        place_id,
        group_id,
        from_m,
        to_m,
    )
    return [BerthWindow(*row) for row in rows]


async def add_berth_window(
    tx: Tx,
    window_id: str,
    place_id: int,
    group_id: str,
    *,
    metres: tuple[int, int],
    first: tuple[datetime, datetime],
    every_days: int,
    until: datetime | None,
    release_before: timedelta,
) -> None:
    """Add a berth window, made now."""
    await tx.execute(
        """INSERT INTO berth_windows (id, place_id, group_id, metres, first, every_days, until, release_before)
           VALUES ($1, $2, $3, int4range($4, $5), tstzrange($6, $7), $8, $9, $10)""",
        window_id,
        place_id,
        group_id,
        *metres,
        *first,
        every_days,
        until,
        release_before,
    )


async def end_berth_window(tx: Tx, window_id: str) -> bool:
    """Give a berth window to all from now on; False if it has been already."""
    ended = await tx.fetchval(
        "UPDATE berth_windows SET ended_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL RETURNING id",
        window_id,
    )
    return ended is not None


async def allotment(read: Read, allotment_id: str, by: Principal) -> KeptFloor | None:
    """Give an allotment that somebody may see: those of its facilities, or as a member of the group."""
    row = await read.fetchrow(_ALLOTMENTS + f"WHERE {VISIBLE} AND a.id = $4", *eyes(by), allotment_id)
    return None if row is None else KeptFloor(*row)


async def allotments(
    read: Read, by: Principal, *, warehouse: str | None, before: str | None, limit: int
) -> list[KeptFloor]:
    """Give the allotments that somebody may see, the newest first, of one warehouse or of all, before `before`."""
    rows = await read.fetch(
        _ALLOTMENTS
        + f"""WHERE {VISIBLE} AND ($4::text IS NULL OR p.code = $4) AND ($5::text IS NULL OR a.id < $5)
              ORDER BY a.id DESC LIMIT $6""",
        *eyes(by),
        warehouse,
        before,
        limit,
    )
    return [KeptFloor(*row) for row in rows]


async def add_allotment(
    tx: Tx,
    allotment_id: str,
    place_id: int,
    group_id: str,
    *,
    days: tuple[date, date],
    quantity: int,
    release_before: timedelta,
) -> int:
    """Add an allotment, made now; gives its number, which is that of its pool."""
    number: int = await tx.fetchval(
        """INSERT INTO allotments (id, place_id, group_id, days, quantity, release_before)
           VALUES ($1, $2, $3, daterange($4, $5), $6, $7) RETURNING number""",
        allotment_id,
        place_id,
        group_id,
        *days,
        quantity,
        release_before,
    )
    return number


async def set_apart(
    tx: Tx, place_id: int, pool: int, days: tuple[date, date], *, quantity: int, closed: Sequence[int]
) -> tuple[date, int] | None:
    """Set a quantity of a floor apart as a pool on each of the days; its place is cleared.

    `closed` is what is closed of the floor on each of them. Gives the first day on which there is not so much, and how
    much there is; then nothing is set apart.
    """
    row = await tx.fetchrow(
        "SELECT short_on, free FROM set_apart($1, $2, $3, $4, $5, $6)", place_id, pool, *days, quantity, closed
    )
    return None if row["short_on"] is None else (row["short_on"], row["free"])


async def end_allotment(tx: Tx, allotment_id: str, place_id: int) -> bool:
    """Give what is left of an allotment to all, and later what is given back of it; False if it has been already."""
    ended = await tx.fetchval(
        "UPDATE allotments SET ended_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL RETURNING id",
        allotment_id,
    )
    await tx.execute("SELECT release_due(ARRAY[$1::int], clock_timestamp())", place_id)
    return ended is not None


async def time_of_day(read: Read) -> datetime:
    """Give the moment by the clock that the guard judges releases by."""
    at: datetime = await read.fetchval("SELECT clock_timestamp()")
    return at
