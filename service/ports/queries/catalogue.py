"""SQL that reads ports as they are shown to people: every figure with where it comes from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.database import Read

Row = dict[str, Any]

DURATIONS = (
    "shortest_stay", "longest_stay", "horizon", "least_notice", "hold_for", "hold_at_most", "pending_for",
    "amend_until", "no_show_after",
)  # fmt: skip
CLOCKS = ("free_for", "transit_for", "zone_stay_for")  # of warehouses alone


def _seconds(names: Sequence[str]) -> str:
    return ", ".join(f"extract(epoch FROM {name})::bigint AS {name}" for name in names)


_TERMS = _seconds(DURATIONS)

LIMIT = """
    l.berth, l.notice_id AS notice, l.draught_m, l.draught_with_tide_m, l.max_loa_m, l.max_beam_m,
    CASE WHEN isfinite(lower(l.valid)) THEN lower(l.valid) END AS since,
    CASE WHEN isfinite(upper(l.valid)) THEN upper(l.valid) END AS until,
    lower(l.loa_band_cm) AS low_cm, upper(l.loa_band_cm) AS high_cm"""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A port and all that is in it, table by table, as one snapshot. Durations are seconds."""

    port: Row
    facilities: list[Row]
    quays: list[Row]
    berths: list[Row]
    limits: list[Row]
    warehouses: list[Row]


async def facilities_of(read: Read, places: Sequence[str]) -> dict[str, str]:
    """Give the facility of each of some places, by code."""
    rows = await read.fetch("SELECT code, facility FROM places WHERE code = ANY ($1)", places)
    return {row["code"]: row["facility"] for row in rows}


async def ports(read: Read) -> list[Row]:
    """Give all ports, by code."""
    return [dict(row) for row in await read.fetch("SELECT * FROM ports ORDER BY unlocode")]


def _parts(chosen: str) -> str:
    """Give SQL for the tables of a catalogue, as far as they belong to the chosen places `p`."""
    return f"""
        (SELECT json_agg(q ORDER BY q.code) FROM (
            SELECT p.code, p.port, p.facility, p.rules_version, p.retired_at, length_m, clearance_least_m,
                   clearance_percent, extract(epoch FROM turnaround)::bigint AS turnaround, {_TERMS}, asks_approval,
                   terms_confidence
            FROM places p JOIN quays ON place_id = p.id WHERE {chosen}) q) AS quays,
        (SELECT json_agg(b ORDER BY b.from_m, b.code) FROM (
            SELECT p.code AS quay, p.rules_version, berths.*
            FROM places p JOIN berths ON place_id = p.id WHERE {chosen}) b) AS berths,
        (SELECT json_agg(n ORDER BY n.berth, n.since NULLS FIRST, n.low_cm) FROM (
            SELECT {LIMIT}, d.source, d.as_of, d.confidence, d.note
            FROM places p JOIN berths b ON b.place_id = p.id JOIN berth_limits l ON l.berth = b.code
            JOIN draught_notices d ON d.id = l.notice_id
            WHERE {chosen} AND (upper_inf(l.valid) OR upper(l.valid) > now())) n) AS limits,
        (SELECT json_agg(w ORDER BY w.code) FROM (
            SELECT p.code, p.port, p.facility, p.rules_version, p.retired_at, unit, capacity, bonded, hazard_classes,
                   temperature, bookable, {_TERMS}, {_seconds(CLOCKS)}, asks_approval, terms_confidence, source, as_of,
                   confidence, note
            FROM places p JOIN warehouses ON place_id = p.id WHERE {chosen}) w) AS warehouses"""  # noqa: S608  constants


_PORT = f"""
    SELECT to_json(o) AS port,
    (SELECT json_agg(f ORDER BY f.code) FROM facilities f WHERE f.port = o.unlocode) AS facilities,
    {_parts("p.port = o.unlocode")}
    FROM ports o WHERE o.unlocode = $1"""  # noqa: S608  put together from constants
_PLACE = f"""
    SELECT to_json(o) AS port,
    (SELECT json_agg(f) FROM facilities f WHERE f.code = x.facility) AS facilities,
    {_parts("p.id = x.id")}
    FROM places x JOIN ports o ON o.unlocode = x.port WHERE x.code = $1 AND x.kind = $2"""  # noqa: S608  constants


async def catalogue(read: Read, unlocode: str) -> Catalogue | None:
    """Give a port with all that is in it, limits in force and to come included."""
    return _catalogue(await read.fetchrow(_PORT, unlocode))


async def place(read: Read, code: str, kind: str) -> Catalogue | None:
    """Give one quay or warehouse, with no more of its port and facility than themselves."""
    return _catalogue(await read.fetchrow(_PLACE, code, kind))


async def berth(read: Read, code: str) -> Catalogue | None:
    """Give the quay that a berth is on."""
    quay = await read.fetchval("SELECT p.code FROM places p JOIN berths b ON b.place_id = p.id WHERE b.code = $1", code)
    return None if quay is None else await place(read, quay, "quay")


async def facility(read: Read, code: str, kind: str) -> Row | None:
    """Give a terminal or a free zone."""
    row = await read.fetchrow("SELECT * FROM facilities WHERE code = $1 AND kind = $2", code, kind)
    return None if row is None else dict(row)


def _catalogue(row: Any) -> Catalogue | None:
    if row is None:
        return None
    return Catalogue(json.loads(row["port"]), *(json.loads(part or "[]") for part in list(row)[1:]))
