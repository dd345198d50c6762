"""SQL of the ripple: the bookings that stand at places, what is taken there, and what becomes of both."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from service.availability import FloorClaim, QuayClaim, Ship
from service.closures.crowding import FloorTaken
from service.closures.rules import StandingLeg, ignored
from service.database import Read, Tx

_AT_ONCE = 100  # bookings settled by one statement: hundreds would come near to its time limit

Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim with what it is: of which leg of which booking, at which place, or of a change that waits."""

    place: str
    booking: int
    leg: int
    change: bool
    claim: QuayClaim | FloorClaim


async def now(read: Read) -> datetime:
    """Give the database's time."""
    at: datetime = await read.fetchval("SELECT clock_timestamp()")
    return at


async def place_ids(read: Read, codes: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Give id and port of places by code."""
    rows = await read.fetch("SELECT code, id, port FROM places WHERE code = ANY ($1)", codes)
    return {code: (place_id, port) for code, place_id, port in rows}


async def places_of(read: Read, facilities: Sequence[str], ports: Sequence[str]) -> dict[str, int]:
    """Give the places of facilities at ports by code: where an operator may send bookings. Without retired ones."""
    rows = await read.fetch(
        "SELECT code, id FROM places WHERE facility = ANY ($1) AND port = ANY ($2) AND retired_at IS NULL",
        facilities,
        ports,
    )
    return {row["code"]: row["id"] for row in rows}


async def places_of_bookings(read: Read, numbers: Sequence[int]) -> dict[str, int]:
    """Give the places of bookings, and of changes that wait beside them, by code."""
    rows = await read.fetch(
        """SELECT code, id FROM places WHERE id IN (
               SELECT place_id FROM legs WHERE booking = ANY ($1)
               UNION SELECT (w ->> 'place')::int FROM bookings b, json_array_elements(b.change -> 'wanted') w
               WHERE b.number = ANY ($1))""",
        numbers,
    )
    return {row["code"]: row["id"] for row in rows}


async def save(tx: Tx) -> None:
    """Mark where to return to: what is locked from here on is let go by `undo`."""
    await tx.execute("SAVEPOINT ripple")


async def undo(tx: Tx) -> None:
    """Undo all that was done since `save`, and let go of the rows that were locked since."""
    await tx.execute("ROLLBACK TO SAVEPOINT ripple")


async def lock_bookings(tx: Tx, numbers: Sequence[int]) -> None:
    """Lock bookings, in the order that everybody keeps."""
    await tx.execute("SELECT FROM bookings WHERE number = ANY ($1) ORDER BY number FOR NO KEY UPDATE", numbers)


# Whole microseconds, computed exactly. What a change that waits would be is kept as it was wanted.
_LEGS = """
SELECT b.number, b.id, b.state, b.organisation_id,
       s.leg, coalesce(w.id, l.id), coalesce(l.state, 'planned'), s.change, p.id, p.code, p.kind,
       (extract(epoch FROM coalesce(w.starts_at, l.starts_at)) * 1000000)::bigint,
       (extract(epoch FROM coalesce(w.ends_at, l.ends_at)) * 1000000)::bigint,
       (extract(epoch FROM coalesce(s.blocked_until, w.ends_at, l.ends_at)) * 1000000)::bigint,
       s.from_m, s.to_m, coalesce(w.quantity, l.quantity),
       CASE WHEN s.change AND json_typeof(b.change -> 'facts') = 'object' THEN b.change -> 'facts' ELSE b.facts END,
       CASE WHEN s.change THEN b.change -> 'overrides' ELSE b.overrides END
FROM ({0}) AS s
JOIN bookings b ON b.number = s.booking JOIN places p ON p.id = s.place_id
LEFT JOIN legs l ON l.booking = s.booking AND l.leg = s.leg AND NOT s.change
LEFT JOIN LATERAL (
    SELECT * FROM json_to_recordset(b.change -> 'wanted')
        AS w (leg smallint, id text, starts_at timestamptz, ends_at timestamptz, quantity int)
    WHERE w.leg = s.leg) AS w ON s.change
WHERE b.state IN ('held', 'pending', 'confirmed', 'arrived')
  AND (b.expires_at IS NULL OR b.expires_at > clock_timestamp())
  AND (l.state IN ('planned', 'arrived') OR (s.change AND b.change_expires_at > clock_timestamp()))
ORDER BY b.number, s.change, s.leg
"""
_AT_QUAYS = _LEGS.format("""
    SELECT c.booking, c.leg, c.change, c.place_id, upper(c.during) AS blocked_until,
           lower(c.metres) AS from_m, upper(c.metres) AS to_m
    FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS moved (place_id, since, until)
    JOIN berth_claims c ON c.place_id = moved.place_id AND c.during && tstzrange(since, until)""")
# A change that needs no more floor than its booking has (another hazard class, less goods) has no claims of its own.
_ON_FLOORS = _LEGS.format("""
    SELECT DISTINCT c.booking, c.leg, c.change, c.place_id, NULL::timestamptz AS blocked_until,
           NULL::int AS from_m, NULL::int AS to_m
    FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS moved (place_id, since, until)
    JOIN storage_claims c ON c.place_id = moved.place_id
        AND c.days && daterange((since - interval '2 days')::date, (until + interval '2 days')::date)
    UNION
    SELECT b.number, w.leg, true, w.place, NULL, NULL, NULL
    FROM bookings b CROSS JOIN LATERAL json_to_recordset(b.change -> 'wanted')
        AS w (leg smallint, place int, first_on date, last_on date, quantity int)
    JOIN unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS moved (place_id, since, until)
        ON moved.place_id = w.place
    WHERE b.change_expires_at > clock_timestamp() AND w.quantity IS NOT NULL AND daterange(w.first_on, w.last_on)
        && daterange((since - interval '2 days')::date, (until + interval '2 days')::date)""")
_OF_BOOKINGS = _LEGS.format("""
    SELECT l.booking, l.leg, false AS change, l.place_id, upper(c.during) AS blocked_until,
           lower(c.metres) AS from_m, upper(c.metres) AS to_m
    FROM legs l LEFT JOIN berth_claims c ON c.booking = l.booking AND c.leg = l.leg AND NOT c.change
    WHERE l.booking = ANY ($1)""")
_OF_CHANGES = _LEGS.format("""
    SELECT b.number AS booking, w.leg, true AS change, w.place AS place_id, upper(c.during) AS blocked_until,
           lower(c.metres) AS from_m, upper(c.metres) AS to_m
    FROM bookings b CROSS JOIN LATERAL json_to_recordset(b.change -> 'wanted') AS w (leg smallint, place int)
    LEFT JOIN berth_claims c ON c.booking = b.number AND c.leg = w.leg AND c.change
    WHERE b.number = ANY ($1)""")


async def standing_at_quays(read: Read, moved: Mapping[int, Span]) -> list[StandingLeg]:
    """Give the legs that stand at quays, and the changes that wait for them, each in the span of its place."""
    return [_leg(row) for row in await read.fetch(_AT_QUAYS, *_spans(moved))]


async def standing_on_floors(read: Read, moved: Mapping[int, Span]) -> list[StandingLeg]:
    """Give the same of floors; a day or two beside the span may be included."""
    return [_leg(row) for row in await read.fetch(_ON_FLOORS, *_spans(moved))]


async def legs_of(read: Read, numbers: Sequence[int]) -> list[StandingLeg]:
    """Give the legs of bookings that stand, those that have ended left out."""
    return [_leg(row) for row in await read.fetch(_OF_BOOKINGS, numbers)]


async def legs_of_changes(read: Read, numbers: Sequence[int]) -> list[StandingLeg]:
    """Give the legs as the changes that wait beside bookings would have them; those that stay as they are left out."""
    return [_leg(row) for row in await read.fetch(_OF_CHANGES, numbers)]


async def quay_claims(read: Read, place_ids: Sequence[int], since: datetime, until: datetime) -> list[Claimed]:
    """Give what is taken of quays in a window."""
    rows = await read.fetch(
        """SELECT p.code, c.booking, c.leg, c.change, lower(c.metres), upper(c.metres),
                  (extract(epoch FROM lower(c.during)) * 1000000)::bigint,
                  (extract(epoch FROM upper(c.during)) * 1000000)::bigint
           FROM berth_claims c JOIN places p ON p.id = c.place_id
           WHERE c.place_id = ANY ($1) AND c.during && tstzrange($2, $3) ORDER BY c.booking, c.leg, c.change""",
        place_ids,
        since,
        until,
    )
    return [
        Claimed(code, booking, leg, change, QuayClaim(f"{booking}/{leg}/{change}", *rectangle))
        for code, booking, leg, change, *rectangle in rows
    ]


async def floor_claims(read: Read, place_ids: Sequence[int], since: datetime, until: datetime) -> list[Claimed]:
    """Give what is taken of floors on the days of a window, and a day or two beside it."""
    rows = await read.fetch(
        """SELECT p.code, c.booking, c.leg, c.change, c.pool, lower(c.days), upper(c.days), c.quantity
           FROM storage_claims c JOIN places p ON p.id = c.place_id
           WHERE c.place_id = ANY ($1)
             AND c.days &&
                 daterange(($2::timestamptz - interval '2 days')::date, ($3::timestamptz + interval '2 days')::date)
           ORDER BY c.booking, c.leg, c.change, c.pool, c.days""",
        place_ids,
        since,
        until,
    )
    return [
        Claimed(
            code, booking, leg, change, FloorClaim(f"{booking}/{leg}/{change}/{nth}", first, last, quantity, pool=pool)
        )
        for nth, (code, booking, leg, change, pool, first, last, quantity) in enumerate(rows)
    ]


async def taken_of_floor(read: Read, place_id: int, moved: Span) -> list[FloorTaken]:
    """Give all that is taken of a floor from today on in a span, and a day or two beside it.

    Left out is what nobody can move any more: goods that have left, or whose time is over, have their claim until
    tomorrow.
    """
    rows = await read.fetch(
        """SELECT c.booking, c.leg, c.change, coalesce(l.state = 'arrived', false), c.pool,
                  greatest(lower(c.days), t.today), upper(c.days), c.quantity
           FROM storage_claims c JOIN places p ON p.id = c.place_id JOIN ports o ON o.unlocode = p.port
           CROSS JOIN LATERAL (SELECT (clock_timestamp() AT TIME ZONE o.time_zone)::date AS today) AS t
           LEFT JOIN legs l ON l.booking = c.booking AND l.leg = c.leg AND NOT c.change
           WHERE c.place_id = $1 AND upper(c.days) > t.today
             AND c.days &&
                 daterange(($2::timestamptz - interval '2 days')::date, ($3::timestamptz + interval '2 days')::date)
             AND (c.change OR l.state = 'arrived' OR (l.state = 'planned' AND l.ends_at > clock_timestamp()))""",
        place_id,
        *moved,
    )
    return [FloorTaken(*row) for row in rows]


async def give_back(tx: Tx, gives: Mapping[int, Sequence[int]]) -> None:
    """Release the claims of legs of bookings, and those of changes that wait beside them; the places are cleared."""
    await tx.execute(
        """SELECT give_back(number, gives) FROM json_to_recordset($1) AS g (number bigint, gives smallint[])""",
        json.dumps([{"number": number, "gives": list(legs)} for number, legs in gives.items()]),
    )


async def fit_floors(tx: Tx, place_ids: Sequence[int]) -> None:
    """Let the days of floors be as large as their warehouses have become."""
    await tx.execute("SELECT resize_floor(place_id) FROM warehouses WHERE place_id = ANY ($1)", place_ids)


async def settle(tx: Tx, asked: Mapping[int, dict[str, Any]]) -> None:
    """Let bookings become what is asked, each as `settle_booking` wants it; what they let go has been given back."""
    rows = [{"number": number, "asked": each} for number, each in asked.items()]
    for low in range(0, len(rows), _AT_ONCE):
        await tx.execute(
            """SELECT settle_booking(b, (a.asked::jsonb || jsonb_build_object('overrides', b.overrides))::json)
               FROM json_to_recordset($1) AS a (number bigint, asked json) JOIN bookings b ON b.number = a.number
               ORDER BY b.number""",
            json.dumps(rows[low : low + _AT_ONCE]),
        )


def _spans(moved: Mapping[int, Span]) -> tuple[list[int], list[datetime | None], list[datetime | None]]:
    return list(moved), [since for since, _ in moved.values()], [until for _, until in moved.values()]


def _leg(row: Any) -> StandingLeg:
    *facts_before, facts, overrides = row
    number, booking_id, state, owner, leg, leg_id, *rest, quantity = facts_before
    leg_state, change, place_id, place, kind, start, end, blocked_until, from_m, to_m = rest
    said = json.loads(facts, parse_float=Decimal)
    return StandingLeg(
        booking=number,
        booking_id=booking_id,
        state=state,
        owner=owner,
        leg=leg,
        leg_id=leg_id,
        leg_state=leg_state,
        change=change,
        place_id=place_id,
        place=place,
        kind=kind,
        start=start,
        end=end,
        blocked_until=blocked_until,
        from_m=from_m,
        to_m=to_m,
        quantity=quantity,
        ship=_ship(said) if kind == "quay" else None,
        hazard_class=(said.get("cargo") or {}).get("hazard_class"),
        overridden=ignored(json.loads(overrides) or [] if overrides else [], leg_id),
    )


def _ship(facts: Mapping[str, Any]) -> Ship:
    """Give the vessel and its cargo as the engine judges them."""
    vessel, cargo = facts["vessel"], facts.get("cargo") or {}
    return Ship.in_metres(
        vessel["loa_m"],
        vessel["beam_m"],
        vessel["draught_m"],
        dwt_t=vessel.get("dwt_t"),
        cargo=cargo.get("class"),
        hazard_class=cargo.get("hazard_class"),
    )
