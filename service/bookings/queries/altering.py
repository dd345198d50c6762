"""SQL of a booking about to be altered: read with its legs in one look, and altered in one round trip."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from service import clock
from service.bookings.queries.making import Booked
from service.bookings.rules import LegState, State
from service.database import Read, Statement

STALE_BOOKING = "PS002"  # raised by alter.sql: the booking has changed since it was read


@dataclass(frozen=True, slots=True)
class BookedLeg:
    """A leg as it is booked; `start` and `end` in the engine's microseconds, `nth` its number in the booking.

    `held` is what it has of a floor: from which pool, from which day until before which, and how much. Of that,
    `gated_in` has come, and each part that has `gone` frees its floor from a day on.
    """

    nth: int
    id: str
    kind: str
    place: str
    place_id: int
    facility: str
    state: LegState
    start: int
    end: int
    from_m: int | None
    to_m: int | None
    quantity: int | None
    first_on: date | None
    last_on: date | None
    arrived_at: datetime | None
    ended_at: datetime | None
    held: tuple[tuple[int, date, date, int], ...] = ()
    gated_in: int = 0
    gone: tuple[tuple[date, int], ...] = ()

    def gone_by(self, day: date) -> int:
        """Give how much of its goods have left, and need no floor on a local day any more."""
        return sum(quantity for frees_on, quantity in self.gone if frees_on <= day)

    @property
    def is_over(self) -> bool:
        """Whether nothing can be done about it any more."""
        return self.state in {LegState.COMPLETED, LegState.NO_SHOW}


@dataclass(frozen=True, slots=True)
class Alterable:
    """A booking as it stood when it was read; nothing is locked.

    `change_places` are the ids of those where a change that waits has claims.
    """

    number: int
    id: str
    organisation_id: str
    port: str
    state: State
    version: int
    expires_at: datetime | None
    awaits: list[str]
    at: int
    change_places: list[int]
    facts: dict[str, Any]
    overrides: list[dict[str, Any]]
    legs: tuple[BookedLeg, ...]

    @property
    def next_nth(self) -> int:
        """The number that the next leg gets."""
        return 1 + max(leg.nth for leg in self.legs)


_ALTERABLE = """
    SELECT b.number, b.id, b.organisation_id, b.port,
           CASE WHEN b.expires_at <= clock_timestamp() THEN 'expired' ELSE b.state END,
           b.version, b.expires_at, b.awaits, clock_timestamp(),
           ARRAY(SELECT DISTINCT (w ->> 'place')::int FROM json_array_elements(b.change -> 'wanted') w),
           b.facts::text, b.overrides::text,
           (SELECT json_agg(json_build_array(
                       l.leg, l.id, l.kind, p.code, l.place_id, p.facility, l.state,
                       (extract(epoch FROM l.starts_at) * 1000000)::bigint,
                       (extract(epoch FROM l.ends_at) * 1000000)::bigint,
                       l.from_m, l.to_m, l.quantity, l.first_on, l.last_on, l.arrived_at, l.ended_at,
                       CASE l.kind WHEN 'storage' THEN (
                           SELECT json_agg(json_build_array(c.pool, lower(c.days), upper(c.days), c.quantity))
                           FROM storage_claims c
                           WHERE c.booking = l.booking AND c.leg = l.leg AND NOT c.change) END,
                       CASE WHEN l.arrived_at IS NOT NULL THEN (
                           SELECT json_agg(json_build_array(m.frees_on, m.quantity)) FROM gate_moves m
                           WHERE m.booking = l.booking AND m.leg = l.leg) END) ORDER BY l.leg)
            FROM legs l JOIN places p ON p.id = l.place_id WHERE l.booking = b.number)
    FROM bookings b
"""


async def of_owner(read: Read, booking_id: str, organisation_id: str) -> Alterable | None:
    """Give a booking of an organisation, or None."""
    row = await read.fetchrow(_ALTERABLE + "WHERE b.id = $1 AND b.organisation_id = $2", booking_id, organisation_id)
    return None if row is None else _alterable(*row)


async def at_facilities(read: Read, booking_id: str, facilities: Sequence[str]) -> Alterable | None:
    """Give a booking that has to do with some facilities, or None."""
    row = await read.fetchrow(_ALTERABLE + "WHERE b.id = $1 AND b.facilities && $2::text[]", booking_id, facilities)
    return None if row is None else _alterable(*row)


async def alter(statement: Statement, asked: str) -> Booked:
    """Alter a booking in one round trip: `asked` is the JSON of the function `alter_booking`."""
    return Booked(*await statement.fetchrow("SELECT answer, replayed, first_fingerprint FROM alter_booking($1)", asked))


def _alterable(*row: Any) -> Alterable:
    number, id_, owner, port, state, version, expires_at, awaits, at, change_places, facts, overrides, legs = row
    return Alterable(
        number, id_, owner, port, State(state), version, expires_at, awaits, clock.instant(at), change_places,
        # Metres are exact: a float of them, times a hundred, may fall a centimetre short.
        json.loads(facts, parse_float=Decimal),
        json.loads(overrides) if overrides else [],
        tuple(_leg(*leg) for leg in json.loads(legs)),
    )  # fmt: skip


def _leg(*each: Any) -> BookedLeg:
    (
        nth,
        id_,
        kind,
        place,
        place_id,
        facility,
        state,
        *measures,
        first_on,
        last_on,
        arrived_at,
        ended_at,
        held,
        moves,
    ) = each
    first, last = (on and date.fromisoformat(on) for on in (first_on, last_on))
    arrived, ended = (at and datetime.fromisoformat(at) for at in (arrived_at, ended_at))
    start, end, from_m, to_m, quantity = measures
    return BookedLeg(
        nth, id_, kind, place, place_id, facility, LegState(state), start, end, from_m, to_m, quantity, first, last,
        arrived, ended,
        tuple((pool, date.fromisoformat(low), date.fromisoformat(high), each) for pool, low, high, each in held or ()),
        sum(quantity for frees_on, quantity in moves or () if frees_on is None),
        tuple((date.fromisoformat(frees_on), quantity) for frees_on, quantity in moves or () if frees_on is not None),
    )  # fmt: skip
