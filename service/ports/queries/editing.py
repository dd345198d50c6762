"""SQL that changes ports: where a thing is, what it becomes, and when it is retired."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from service.database import Read, Tx

Wanted = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """The place that is locked when a thing is changed, whose it is, and how far the thing has come."""

    place_id: int
    place: str
    facility: str
    version: int
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facility:
    """A terminal or a free zone, and how far it has come."""

    code: str
    port: str
    version: int
    retired_at: datetime | None


async def site_of_place(read: Read, code: str, *, kind: str) -> Site | None:
    """Give where a quay or a warehouse is: it is a place itself."""
    row = await read.fetchrow(
        "SELECT id, code, facility, rules_version, retired_at FROM places WHERE code = $1 AND kind = $2", code, kind
    )
    return None if row is None else Site(*row)


async def site_of_berth(read: Read, code: str) -> Site | None:
    """Give where a berth is: its quay."""
    row = await read.fetchrow(
        """SELECT p.id, p.code, p.facility, p.rules_version, coalesce(b.retired_at, p.retired_at)
           FROM berths b JOIN places p ON p.id = b.place_id WHERE b.code = $1""",
        code,
    )
    return None if row is None else Site(*row)


async def lock_place(tx: Tx, place_id: int) -> None:
    """Keep others from booking or changing a place until the end of the transaction; what is read after is current."""
    await tx.fetchval("SELECT id FROM places WHERE id = $1 FOR NO KEY UPDATE", place_id)


async def port_exists(read: Read, unlocode: str) -> bool:
    """Say whether there is such a port."""
    found: bool = await read.fetchval("SELECT EXISTS (SELECT FROM ports WHERE unlocode = $1)", unlocode)
    return found


async def knows_zone(read: Read, name: str) -> bool:
    """Say whether the database has rules for a time zone: it counts local days too."""
    known: bool = await read.fetchval("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)", name)
    return known


async def kept_facility(tx: Tx, kind: str, code: str) -> Facility | None:
    """Give a facility that nobody retires before the end of the transaction."""
    row = await tx.fetchrow(
        "SELECT code, port, version, retired_at FROM facilities WHERE kind = $1 AND code = $2 FOR SHARE", kind, code
    )
    return None if row is None else Facility(*row)


async def locked_facility(tx: Tx, kind: str, code: str) -> Facility | None:
    """Give a facility that nobody else changes, and where nobody makes a place, until the end of the transaction."""
    row = await tx.fetchrow(
        "SELECT code, port, version, retired_at FROM facilities WHERE kind = $1 AND code = $2 FOR UPDATE", kind, code
    )
    return None if row is None else Facility(*row)


async def places_within(read: Read, facility: str) -> list[str]:
    """Give the codes of a facility's places that are not retired."""
    rows = await read.fetch("SELECT code FROM places WHERE facility = $1 AND retired_at IS NULL ORDER BY id", facility)
    return [row["code"] for row in rows]


_TERMS = """shortest_stay, longest_stay, horizon, least_notice, hold_for, hold_at_most, asks_approval, pending_for,
            amend_until, no_show_after, terms_confidence"""
_QUAY = f"clearance_least_m, clearance_percent, turnaround, {_TERMS}"
_CLOCKS = "free_for, transit_for, zone_stay_for"
_FIGURES = "source, as_of, confidence, note"
_BERTH = f"length_m, cargo, hazard_classes, hazard_confidence, max_dwt_t, bookable, {_FIGURES}"
_WAREHOUSE = f"unit, capacity, bonded, hazard_classes, temperature, bookable, {_FIGURES}, {_TERMS}, {_CLOCKS}"


# In each of these the row as it is stands in for what the JSON does not name.
async def alter_facility(tx: Tx, code: str, wanted: Wanted) -> None:
    """Change what is wanted of a facility."""
    await tx.execute(
        """UPDATE facilities SET (name, operator, smdg, version) = (
               SELECT name, operator, smdg, version + 1 FROM json_populate_record(facilities, $2))
           WHERE code = $1""",
        code,
        json.dumps(wanted),
    )


async def alter_quay(tx: Tx, place_id: int, wanted: Wanted) -> None:
    """Change what is wanted of a quay and its terms."""
    await tx.execute(
        f"""UPDATE quays SET ({_QUAY}) = (SELECT {_QUAY} FROM json_populate_record(quays, $2))
            WHERE place_id = $1""",  # noqa: S608  put together from constants
        place_id,
        json.dumps(wanted),
    )


async def alter_berth(tx: Tx, code: str, wanted: Wanted) -> None:
    """Change what is wanted of a berth."""
    await tx.execute(
        f"""UPDATE berths SET ({_BERTH}) = (SELECT {_BERTH} FROM json_populate_record(berths, $2))
            WHERE code = $1""",  # noqa: S608  put together from constants
        code,
        json.dumps(wanted),
    )


async def alter_warehouse(tx: Tx, place_id: int, wanted: Wanted) -> None:
    """Change what is wanted of a warehouse and its terms."""
    await tx.execute(
        f"""UPDATE warehouses SET ({_WAREHOUSE}) = (SELECT {_WAREHOUSE} FROM json_populate_record(warehouses, $2))
            WHERE place_id = $1""",  # noqa: S608  put together from constants
        place_id,
        json.dumps(wanted),
    )


async def end_of_berths(read: Read, place_id: int) -> Decimal:
    """Give where the last berth of a quay ends."""
    end: Decimal = await read.fetchval(
        "SELECT coalesce(max(from_m + length_m), 0) FROM berths WHERE place_id = $1", place_id
    )
    return end


async def overlapping_berths(read: Read, place_id: int) -> Sequence[str] | None:
    """Give two berths of a quay that share some of it, or None."""
    row = await read.fetchrow(
        """SELECT a.code, b.code FROM berths a JOIN berths b ON b.place_id = a.place_id AND a.code < b.code
           WHERE a.place_id = $1 AND a.from_m < b.from_m + b.length_m AND b.from_m < a.from_m + a.length_m
           ORDER BY a.from_m, b.from_m LIMIT 1""",
        place_id,
    )
    return None if row is None else tuple(row)


async def measure_quay(tx: Tx, place_id: int) -> int:
    """Make a quay as long as its berths reach, rounded down to whole metres, and give that."""
    length_m: int = await tx.fetchval(
        """UPDATE quays SET length_m = (SELECT coalesce(floor(max(from_m + length_m)), 0) FROM berths b
               WHERE b.place_id = quays.place_id)
           WHERE place_id = $1 RETURNING length_m""",
        place_id,
    )
    return length_m


async def changes_used_unit(read: Read, place_id: int, unit: str) -> bool:
    """Say whether a unit is another than that of a floor of which something has been taken or kept."""
    changes: bool = await read.fetchval(
        """SELECT w.unit <> $2 AND EXISTS (SELECT FROM floor_days d WHERE d.place_id = w.place_id)
           FROM warehouses w WHERE w.place_id = $1""",
        place_id,
        unit,
    )
    return changes


async def kept_at_most(read: Read, place_id: int) -> int:
    """Give the most that is kept for partners of a floor on any day from today on."""
    kept: int = await read.fetchval(
        """SELECT coalesce(max(kept), 0) FROM (
               SELECT sum(d.capacity) AS kept
               FROM floor_days d JOIN places p ON p.id = d.place_id JOIN ports o ON o.unlocode = p.port
               WHERE d.place_id = $1 AND d.pool <> 0 AND d.day >= (clock_timestamp() AT TIME ZONE o.time_zone)::date
               GROUP BY d.day) AS each""",
        place_id,
    )
    return kept


async def retire_berth(tx: Tx, code: str) -> None:
    """Retire a berth: it stays where it was, and nobody books it."""
    await tx.execute("UPDATE berths SET bookable = false, retired_at = clock_timestamp() WHERE code = $1", code)


async def retire_place(tx: Tx, code: str) -> None:
    """Retire a quay with its berths, or a warehouse."""
    await tx.execute(
        """WITH retired AS (
               UPDATE places SET retired_at = clock_timestamp() WHERE code = $1 RETURNING id, retired_at
           ), berths_retired AS (
               UPDATE berths b SET bookable = false, retired_at = coalesce(b.retired_at, r.retired_at)
               FROM retired r WHERE b.place_id = r.id
           )
           UPDATE warehouses w SET bookable = false FROM retired r WHERE w.place_id = r.id""",
        code,
    )


async def retire_facility(tx: Tx, code: str) -> None:
    """Retire a terminal or a free zone; its places have been retired before."""
    await tx.execute(
        "UPDATE facilities SET retired_at = clock_timestamp(), version = version + 1 WHERE code = $1", code
    )
