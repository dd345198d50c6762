"""SQL that reads the rules of places as the engine wants them, and the versions that tell whether they have moved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from service import clock
from service.availability import (
    ALWAYS,
    FOREVER,
    Allotment,
    Berth,
    Closure,
    FloorClosure,
    KeptStretch,
    Limit,
    Quay,
    Terms,
    Warehouse,
    local_days,
)
from service.database import Read
from service.ports.rules import BookingTerms, Place


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a place has come: `version` moves with its claims, `rules_version` with its rules."""

    id: int
    code: str
    version: int
    rules_version: int


def _microseconds(moment: str) -> str:
    """Give SQL for a moment as the engine counts it; null where a range has no end on that side."""
    return f"CASE WHEN isfinite({moment}) THEN (extract(epoch FROM {moment}) * 1000000)::bigint END"


def _length(span: str) -> str:
    """Give SQL for an interval as the engine counts it."""
    return f"(extract(epoch FROM {span}) * 1000000)::bigint"


_MEMBERS = "(SELECT coalesce(json_agg(m.organisation_id), '[]') FROM partners m WHERE m.group_id = {0})"

# One statement is one snapshot: rules and `rules_version` belong together. A limit that ended before the longest stay
# that can still be under way began judges nothing any more.
_RULES = f"""
SELECT p.id, p.code, p.kind, p.port, p.facility, p.rules_version, o.time_zone,
       q.length_m, q.clearance_least_m, q.clearance_percent, q.turnaround,
       w.unit, w.capacity, w.bonded, w.hazard_classes,
       w.bookable AND p.retired_at IS NULL AND f.retired_at IS NULL AS bookable,
       coalesce(q.shortest_stay, w.shortest_stay) AS shortest_stay,
       coalesce(q.longest_stay, w.longest_stay) AS longest_stay,
       coalesce(q.horizon, w.horizon) AS horizon,
       coalesce(q.least_notice, w.least_notice) AS least_notice,
       coalesce(q.hold_for, w.hold_for) AS hold_for,
       coalesce(q.hold_at_most, w.hold_at_most) AS hold_at_most,
       coalesce(q.asks_approval, w.asks_approval) AS asks_approval,
       coalesce(q.pending_for, w.pending_for) AS pending_for,
       coalesce(q.amend_until, w.amend_until) AS amend_until,
       coalesce(q.no_show_after, w.no_show_after) AS no_show_after,
       (SELECT json_agg(json_build_array(b.code, (b.from_m * 100)::int, ((b.from_m + b.length_m) * 100)::int,
                                         b.cargo, b.hazard_classes, b.max_dwt_t,
                                         b.bookable AND num_nulls(b.retired_at, p.retired_at, f.retired_at) = 3)
                        ORDER BY b.from_m, b.code)
        FROM berths b WHERE b.place_id = p.id) AS berths,
       (SELECT json_agg(json_build_array(
                   l.berth, {_microseconds("lower(l.valid)")}, {_microseconds("upper(l.valid)")},
                   lower(l.loa_band_cm), upper(l.loa_band_cm), (l.draught_m * 100)::int,
                   (l.draught_with_tide_m * 100)::int, (l.max_loa_m * 100)::int, (l.max_beam_m * 100)::int)
               ORDER BY b.from_m, l.berth, l.valid, l.loa_band_cm)
        FROM berth_limits l JOIN berths b ON b.code = l.berth
        WHERE b.place_id = p.id AND (upper_inf(l.valid) OR upper(l.valid) > now() - q.longest_stay)) AS limits,
       (SELECT json_agg(json_build_array({_microseconds("lower(c.during)")}, {_microseconds("upper(c.during)")},
                                         lower(c.metres), upper(c.metres), c.quantity) ORDER BY c.during, c.id)
        FROM closures c
        WHERE c.place_id = p.id AND (upper_inf(c.during) OR upper(c.during) > now())
          AND isempty(c.metres) IS NOT TRUE) AS closures,  -- a quay whose length nobody knows has no metres to bar
       (SELECT json_agg(json_build_array({_microseconds("lower(t.during)")}, {_microseconds("upper(t.during)")})
                        ORDER BY t.during)
        FROM tidal_windows t
        WHERE t.port = p.port AND upper(t.during) > now() - q.longest_stay AND EXISTS (
            SELECT FROM berth_limits l JOIN berths b ON b.code = l.berth
            WHERE b.place_id = p.id AND l.draught_with_tide_m IS NOT NULL)) AS tides,
       (SELECT json_agg(json_build_array(lower(k.metres), upper(k.metres), {_microseconds("lower(k.first)")},
                                         {_microseconds("upper(k.first)")}, k.every_days, {_microseconds("k.until")},
                                         {_length("k.release_before")}, {_MEMBERS.format("k.group_id")})
                        ORDER BY k.first, k.id)
        FROM berth_windows k
        WHERE k.place_id = p.id AND k.ended_at IS NULL AND (k.every_days > 0 OR upper(k.first) > now())
          AND (k.until IS NULL OR k.until + (upper(k.first) - lower(k.first)) > now())) AS kept,
       (SELECT json_agg(json_build_array(a.number, lower(a.days), upper(a.days), a.quantity,
                                         {_length("a.release_before")}, {_MEMBERS.format("a.group_id")})
                        ORDER BY a.number)
        FROM allotments a
        WHERE a.place_id = p.id AND a.ended_at IS NULL AND upper(a.days) >= current_date) AS allotments
FROM places p
JOIN ports o ON o.unlocode = p.port
JOIN facilities f ON f.code = p.facility
LEFT JOIN quays q ON q.place_id = p.id
LEFT JOIN warehouses w ON w.place_id = p.id
"""  # noqa: S608  put together from constants


async def rules_of(read: Read, codes: Sequence[str]) -> list[Place]:
    """Give these places with their rules, by code; a code that no place has is left out."""
    return [_place(row) for row in await read.fetch(_RULES + "WHERE p.code = ANY ($1) ORDER BY p.code", codes)]


_VERSIONS = """
SELECT at.now, p.id, p.code, p.version, p.rules_version
FROM (SELECT clock_timestamp() AS now) AS at
"""


async def versions(read: Read, codes: Sequence[str]) -> tuple[datetime, list[Standing]]:
    """Give the database's time, and how far each of these places has come; unknown ones are left out."""
    return _standings(await read.fetch(_VERSIONS + "LEFT JOIN places p ON p.code = ANY ($1) ORDER BY p.id", codes))


async def versions_of_ports(read: Read, ports: Sequence[str]) -> tuple[datetime, list[Standing]]:
    """Give the database's time, and how far each place of these ports has come; what is retired has left them."""
    return _standings(
        await read.fetch(
            _VERSIONS + "LEFT JOIN places p ON p.port = ANY ($1) AND p.retired_at IS NULL ORDER BY p.id", ports
        )
    )


def _standings(rows: list[Any]) -> tuple[datetime, list[Standing]]:
    """Split the rows; where there is no place, one row brings the time alone."""
    places = [Standing(row["id"], row["code"], row["version"], row["rules_version"]) for row in rows if row["id"]]
    return rows[0]["now"], places


def _place(row: Any) -> Place:
    zone = ZoneInfo(row["time_zone"])
    return Place(
        id=row["id"],
        code=row["code"],
        kind=row["kind"],
        port=row["port"],
        facility=row["facility"],
        zone=zone,
        rules_version=row["rules_version"],
        rules=_quay(row, zone) if row["kind"] == "quay" else _warehouse(row, zone),
        terms=BookingTerms(
            row["hold_for"],
            row["hold_at_most"],
            row["asks_approval"],
            row["pending_for"],
            row["amend_until"],
            row["no_show_after"],
        ),
    )


def _quay(row: Any, zone: ZoneInfo) -> Quay:
    return Quay(
        code=row["code"],
        port=row["port"],
        zone=zone,
        length_m=row["length_m"],
        berths=tuple(_berth(each) for each in _items(row["berths"])),
        limits=tuple(_limit(each) for each in _items(row["limits"])),
        closures=tuple(
            Closure(start, _until(end), from_m, to_m) for start, end, from_m, to_m, _ in _items(row["closures"])
        ),
        terms=Terms(
            **_bounds(row),
            clearance_least_cm=row["clearance_least_m"] * 100,
            clearance_percent=row["clearance_percent"],
            turnaround=clock.duration(row["turnaround"]),
        ),
        tides=tuple((start, end) for start, end in _items(row["tides"])),
        kept=tuple(_kept_stretch(each) for each in _items(row["kept"])),
    )


def _warehouse(row: Any, zone: ZoneInfo) -> Warehouse:
    return Warehouse(
        code=row["code"],
        port=row["port"],
        zone=zone,
        unit=row["unit"],
        capacity=row["capacity"],
        bonded=row["bonded"],
        hazard_classes=frozenset(row["hazard_classes"]),
        bookable=row["bookable"],
        closures=tuple(
            _floor_closure(start, end, row["capacity"] if quantity is None else quantity, zone)
            for start, end, _, _, quantity in _items(row["closures"])
        ),
        terms=Terms(**_bounds(row)),
        allotments=tuple(_allotment(each) for each in _items(row["allotments"])),
    )


def _bounds(row: Any) -> dict[str, int]:
    names = ("shortest_stay", "longest_stay", "horizon", "least_notice")
    return {name: clock.duration(row[name]) for name in names}


def _berth(each: list[Any]) -> Berth:
    code, from_cm, to_cm, cargo, hazard_classes, max_dwt_t, bookable = each
    return Berth(code, from_cm, to_cm, frozenset(cargo), frozenset(hazard_classes), max_dwt_t, bookable)


def _limit(each: list[Any]) -> Limit:
    berth, since, until, low_cm, high_cm, *measures = each
    return Limit(berth, ALWAYS if since is None else since, _until(until), low_cm or 0, _until(high_cm), *measures)


def _kept_stretch(each: list[Any]) -> KeptStretch:
    from_m, to_m, start, end, every_days, until, release_before, members = each
    return KeptStretch(from_m, to_m, start, end, every_days, _until(until), release_before, frozenset(members))


def _allotment(each: list[Any]) -> Allotment:
    pool, first_on, last_on, quantity, release_before, members = each
    days = date.fromisoformat(first_on), date.fromisoformat(last_on)
    return Allotment(pool, *days, quantity, release_before, frozenset(members))


def _floor_closure(start: int, end: int | None, quantity: int, zone: ZoneInfo) -> FloorClosure:
    """Give the local days that a closure of a floor takes: all that it touches, as a stay would."""
    if end is None:
        return FloorClosure(local_days(start, start + 1, zone)[0], date.max, quantity)
    return FloorClosure(*local_days(start, end, zone), quantity)


def _until(end: int | None) -> int:
    return FOREVER if end is None else end


def _items(array: str | None) -> list[list[Any]]:
    """Give what a json aggregate holds; over no rows it is null."""
    return json.loads(array) if array else []
