"""SQL of closures: what of which place is out of use, when, and why."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.database import Read, Tx


@dataclass(frozen=True, slots=True)
class Closable:
    """A place, or a berth of one, that somebody wants to close: its metres, or the quantity that its floor holds."""

    place_id: int
    code: str
    kind: str
    port: str
    facility: str
    from_m: int | None
    to_m: int | None
    capacity: int | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class ClosedPart:
    """What one closure closes of one place: metres of a quay, or a quantity of a floor, None: all of it."""

    code: str
    kind: str
    port: str
    facility: str
    berth: str | None
    from_m: int | None
    to_m: int | None
    quantity: int | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class StandingClosure:
    """A closure as it stands; `start` and `end` are None where it never came into force, `end` where it is open."""

    id: str
    reason: str
    kind: str
    start: datetime | None
    end: datetime | None
    made_at: datetime
    lifted_at: datetime | None
    state: str
    parts: tuple[ClosedPart, ...]


@dataclass(frozen=True, slots=True)
class ClosureFilters:
    """What a list of closures is narrowed to; None does not narrow."""

    place: str | None = None
    port: str | None = None
    state: str | None = None
    start: datetime | None = None
    end: datetime | None = None


# A berth closes every metre that it touches, as the engine has it.
_CLOSABLE = """
SELECT p.id, p.code, p.kind, p.port, p.facility,
       coalesce(floor(b.from_m)::int, CASE p.kind WHEN 'quay' THEN 0 END) AS from_m,
       least(ceil(b.from_m + b.length_m)::int, q.length_m) AS to_m, w.capacity, w.unit
FROM places p LEFT JOIN quays q ON q.place_id = p.id LEFT JOIN warehouses w ON w.place_id = p.id
LEFT JOIN berths b ON b.code = $2
"""


async def closable(read: Read, *, place: str | None, berth: str | None) -> Closable | None:
    """Give a place by its code, whole, or the metres of the berth that is named; None if there is none."""
    row = await read.fetchrow(
        _CLOSABLE + "WHERE CASE WHEN $2::text IS NULL THEN p.code = $1 ELSE p.id = b.place_id END", place, berth
    )
    return Closable(*row) if row else None


async def close(tx: Tx, closure: str, parts: Sequence[dict[str, Any]], common: dict[str, Any]) -> None:
    """Put the parts of a closure in force. Each has id, place_id, from_m and to_m or quantity, and berth.

    Without metres and quantity it is a whole floor.
    """
    await tx.execute(
        """INSERT INTO closures (id, closure, place_id, during, metres, quantity, berth, reason, kind, made_by)
           SELECT r.id, $1, r.place_id, tstzrange($3, $4),
                  CASE WHEN r.to_m IS NOT NULL THEN int4range(r.from_m, r.to_m) END, r.quantity, r.berth, $5, $6, $7
           FROM json_to_recordset($2) AS r (id text, place_id int, from_m int, to_m int, quantity int, berth text)""",
        closure,
        json.dumps(parts),
        common["start"],
        common["end"],
        common["reason"],
        common["kind"],
        common["made_by"],
    )


async def places_of(read: Read, closure: str) -> list[tuple[int, str]]:
    """Give the id and the facility of each place that a closure is about, by id."""
    return await read.fetch(
        """SELECT DISTINCT p.id, p.facility FROM closures c JOIN places p ON p.id = c.place_id
           WHERE c.closure = $1 ORDER BY p.id""",
        closure,
    )


async def lift(tx: Tx, closure: str, at: datetime | None) -> bool:
    """End a closure sooner, at a moment, None: now; one that has not begun by then is emptied.

    False: it is over by then anyway.
    """
    lifted = await tx.fetch(
        """UPDATE closures SET lifted_at = m.moment,
                  during = CASE WHEN lower(during) < m.moment THEN tstzrange(lower(during), m.moment) ELSE 'empty' END
           FROM (SELECT greatest($2, clock_timestamp()) AS moment) AS m
           WHERE closure = $1 AND (upper_inf(during) OR upper(during) > m.moment)
           RETURNING id""",
        closure,
        at,
    )
    return bool(lifted)


# The state is that of the moment of asking. All parts of a closure have the same window.
_CLOSURES = """
SELECT c.closure, min(c.reason) AS reason, min(c.kind) AS kind,
       min(lower(c.during)) AS start, min(upper(c.during)) AS end,
       min(c.made_at) AS made_at, min(c.lifted_at) AS lifted_at, min(s.state) AS state,
       json_agg(json_build_array(p.code, p.kind, p.port, p.facility, c.berth, lower(c.metres), upper(c.metres),
                                 c.quantity, w.unit) ORDER BY c.id) AS parts
FROM closures c JOIN places p ON p.id = c.place_id LEFT JOIN warehouses w ON w.place_id = p.id
CROSS JOIN LATERAL (SELECT CASE
    WHEN isempty(c.during) OR (c.lifted_at <= clock_timestamp()) THEN 'lifted'
    WHEN lower(c.during) > clock_timestamp() THEN 'planned'
    WHEN upper(c.during) <= clock_timestamp() THEN 'ended'
    ELSE 'in_force' END AS state) AS s
"""


async def one(read: Read, closure: str) -> StandingClosure | None:
    """Give a closure as it stands, None if there is none."""
    row = await read.fetchrow(_CLOSURES + "WHERE c.closure = $1 GROUP BY c.closure", closure)
    return _closure(row) if row else None


async def listed(read: Read, filters: ClosureFilters, *, before: str | None, limit: int) -> list[StandingClosure]:
    """Give closures, the newest first, from the one before `before` on; each whole, if one part of it fits."""
    rows = await read.fetch(
        _CLOSURES
        + """WHERE ($1::text IS NULL OR c.closure < $1) AND EXISTS (
                 SELECT FROM closures o JOIN places h ON h.id = o.place_id WHERE o.closure = c.closure
                 AND ($3::text IS NULL OR h.code = $3 OR o.berth = $3) AND ($4::text IS NULL OR h.port = $4)
                 AND (($6::timestamptz IS NULL AND $7::timestamptz IS NULL) OR o.during && tstzrange($6, $7)))
               AND ($5::text IS NULL OR s.state = $5)
             GROUP BY c.closure ORDER BY c.closure DESC LIMIT $2""",
        before,
        limit,
        filters.place,
        filters.port,
        filters.state,
        filters.start,
        filters.end,
    )
    return [_closure(row) for row in rows]


def _closure(row: Any) -> StandingClosure:
    return StandingClosure(
        id=row["closure"],
        reason=row["reason"],
        kind=row["kind"],
        start=row["start"],
        end=row["end"],
        made_at=row["made_at"],
        lifted_at=row["lifted_at"],
        state=row["state"],
        parts=tuple(ClosedPart(*part) for part in json.loads(row["parts"])),
    )
