"""SQL that adds ports and what is in them. What is there stays: an operator may have changed it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from service.database import Tx

Rows = Iterable[Mapping[str, Any]]


async def add_ports(tx: Tx, rows: Rows) -> list[str]:
    """Add the ports that are missing, and give their codes."""
    added = await tx.fetch(
        """INSERT INTO ports (unlocode, name, country, time_zone, latitude, longitude, authority,
                              source, as_of, confidence, note)
           SELECT * FROM json_to_recordset($1) AS r (
               unlocode text, name text, country text, time_zone text, latitude numeric, longitude numeric,
               authority text, source text, as_of text, confidence text, note text)
           ON CONFLICT DO NOTHING RETURNING unlocode""",
        _json(rows),
    )
    return [row["unlocode"] for row in added]


async def add_facilities(tx: Tx, rows: Rows) -> list[str]:
    """Add the terminals and free zones that are missing, and give their codes."""
    added = await tx.fetch(
        """INSERT INTO facilities (code, port, kind, name, operator, smdg)
           SELECT * FROM json_to_recordset($1) AS r (
               code text, port text, kind text, name text, operator text, smdg text)
           ON CONFLICT DO NOTHING RETURNING code""",
        _json(rows),
    )
    return [row["code"] for row in added]


async def add_places(tx: Tx, rows: Rows) -> dict[str, int]:
    """Add the places that are missing, and give their ids by code. A second seeding waits here for the first."""
    added = await tx.fetch(
        """INSERT INTO places (code, kind, port, facility)
           SELECT r.code, r.kind, f.port, f.code
           FROM json_to_recordset($1) AS r (code text, kind text, facility text)
           JOIN facilities f ON f.code = r.facility
           ORDER BY r.code
           ON CONFLICT DO NOTHING
           RETURNING code, id""",
        _json(rows),
    )
    return {row["code"]: row["id"] for row in added}


_TERMS = """shortest_stay, longest_stay, horizon, least_notice, hold_for, hold_at_most, asks_approval, pending_for,
            amend_until, no_show_after, terms_confidence"""
_TERMS_TYPES = """shortest_stay interval, longest_stay interval, horizon interval, least_notice interval,
                  hold_for interval, hold_at_most interval, asks_approval boolean, pending_for interval,
                  amend_until interval, no_show_after interval, terms_confidence text"""


async def add_quays(tx: Tx, rows: Rows) -> None:
    """Add the quays of new places."""
    await tx.execute(
        f"""INSERT INTO quays (place_id, length_m, clearance_least_m, clearance_percent, turnaround, {_TERMS})
            SELECT * FROM json_to_recordset($1) AS r (
                place_id int, length_m int, clearance_least_m int, clearance_percent int, turnaround interval,
                {_TERMS_TYPES})""",  # noqa: S608  put together from constants
        _json(rows),
    )


async def add_berths(tx: Tx, rows: Rows) -> list[str]:
    """Add the berths that are missing, and give their codes."""
    added = await tx.fetch(
        """INSERT INTO berths (code, place_id, from_m, length_m, cargo, hazard_classes, hazard_confidence, max_dwt_t,
                               bookable, source, as_of, confidence, note)
           SELECT * FROM json_to_recordset($1) AS r (
               code text, place_id int, from_m numeric, length_m numeric, cargo text[], hazard_classes text[],
               hazard_confidence text, max_dwt_t int, bookable boolean, source text, as_of text, confidence text,
               note text)
           ON CONFLICT DO NOTHING RETURNING code""",
        _json(rows),
    )
    return [row["code"] for row in added]


async def add_warehouses(tx: Tx, rows: Rows) -> None:
    """Add the warehouses of new places."""
    await tx.execute(
        f"""INSERT INTO warehouses (place_id, unit, capacity, bonded, hazard_classes, temperature, bookable,
                                    source, as_of, confidence, note, {_TERMS},
                                    free_for, transit_for, zone_stay_for)
            SELECT * FROM json_to_recordset($1) AS r (
                place_id int, unit text, capacity int, bonded boolean, hazard_classes text[], temperature text,
                bookable boolean, source text, as_of text, confidence text, note text, {_TERMS_TYPES},
                free_for interval, transit_for interval, zone_stay_for interval)""",  # noqa: S608
        _json(rows),
    )


async def add_notices(tx: Tx, rows: Rows) -> None:
    """Add the notices that the first limits of new quays hang on; nobody published them here."""
    await tx.execute(
        """INSERT INTO draught_notices (id, place_id, reference, source, as_of, confidence, note)
           SELECT * FROM json_to_recordset($1) AS r (
               id text, place_id int, reference text, source text, as_of text, confidence text, note text)""",
        _json(rows),
    )


async def add_limits(tx: Tx, rows: Rows) -> None:
    """Add the first limits of new berths: since ever, until further notice, for ships of any length."""
    await tx.execute(
        """INSERT INTO berth_limits (notice_id, berth, draught_m, max_loa_m, max_beam_m, valid)
           SELECT r.*, tstzrange(NULL, NULL) FROM json_to_recordset($1) AS r (
               notice_id text, berth text, draught_m numeric, max_loa_m numeric, max_beam_m numeric)""",
        _json(rows),
    )


def _json(rows: Rows) -> str:
    return json.dumps([dict(row) for row in rows])
