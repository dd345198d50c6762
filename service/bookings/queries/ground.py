"""SQL of what operators do: approving bookings at their facilities, and what happens to legs on the ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from service.availability import local_day
from service.bookings.queries.standing import Standing, standing
from service.bookings.rules import LegState
from service.clock import instant
from service.database import Tx


async def locked_at(tx: Tx, booking_id: str, facilities: Sequence[str]) -> Standing | None:
    """Lock a booking that has to do with some facilities and give it as it stands; None if there is none."""
    number = await tx.fetchval(
        "SELECT number FROM bookings WHERE id = $1 AND facilities && $2::text[] FOR NO KEY UPDATE",
        booking_id,
        facilities,
    )
    return None if number is None else await standing(tx, number)


async def ask_for_approval(tx: Tx, number: int) -> None:
    """Let a booking wait for those of its facilities that ask for approval; its places are locked."""
    await tx.execute(
        """UPDATE bookings SET awaits = (
               SELECT array_agg(DISTINCT p.facility ORDER BY p.facility)
               FROM legs l JOIN places p ON p.id = l.place_id
               LEFT JOIN quays q ON q.place_id = p.id LEFT JOIN warehouses w ON w.place_id = p.id
               WHERE l.booking = $1 AND coalesce(q.asks_approval, w.asks_approval))
           WHERE number = $1""",
        number,
    )


async def await_only(tx: Tx, number: int, facilities: Sequence[str]) -> None:
    """Let a booking, or the change that waits beside it, wait for these facilities alone."""
    await tx.execute("UPDATE bookings SET awaits = $2 WHERE number = $1", number, facilities)


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg as things on the ground look at it.

    `turnaround` is what its claim blocks after the stay; `others` are the states of the booking's other legs;
    `to_change` says that a change waits which would move it. Of a floor `quantity` is booked, `gated_in` has come and
    `gated_out` has left, in its unit, the last of it at `left_at`.
    """

    nth: int
    id: str
    kind: str
    state: LegState
    place_id: int
    starts_at: datetime
    ends_at: datetime
    arrived_at: datetime | None
    zone: ZoneInfo
    no_show_after: timedelta
    turnaround: timedelta | None
    others: tuple[LegState, ...]
    to_change: bool
    quantity: int | None
    gated_in: int
    gated_out: int
    left_at: datetime | None
    unit: str | None

    @property
    def no_show_from(self) -> datetime:
        """When one who has not come is taken not to come: after the place's grace, or when the window is over."""
        return min(self.starts_at + self.no_show_after, self.ends_at)

    @property
    def to_come(self) -> int:
        """How much of what was booked of a floor has not come yet."""
        return (self.quantity or 0) - self.gated_in

    @property
    def there(self) -> int:
        """How much is on the floor."""
        return self.gated_in - self.gated_out

    def last_left(self, at: datetime) -> datetime:
        """Give when its last goods have left, if some leave at this moment: some that left later may be known."""
        return max(at, self.left_at or at)

    def free_on(self, at: datetime) -> date:
        """Give the local day from which on the floor is free that goods leave at this moment."""
        return local_day(instant(at), self.zone) + timedelta(days=1)


# The claim of a ship that stays past its end has grown past it, and no longer tells the turnaround it was made with.
_LEG = """
    SELECT l.leg, l.id, l.kind, l.state, l.place_id, l.starts_at, l.ends_at, l.arrived_at, o.time_zone,
           coalesce(q.no_show_after, w.no_show_after),
           CASE WHEN l.overstayed_at IS NULL THEN upper(c.during) - l.ends_at ELSE q.turnaround END,
           ARRAY(SELECT other.state FROM legs other WHERE other.booking = l.booking AND other.leg <> l.leg),
           l.leg::text IN (SELECT json_array_elements_text(b.change -> 'gives')), l.quantity,
           (SELECT coalesce(sum(quantity), 0) FROM gate_moves m
            WHERE m.booking = l.booking AND m.leg = l.leg AND frees_on IS NULL),
           (SELECT coalesce(sum(quantity), 0) FROM gate_moves m
            WHERE m.booking = l.booking AND m.leg = l.leg AND frees_on IS NOT NULL),
           (SELECT max(at) FROM gate_moves m WHERE m.booking = l.booking AND m.leg = l.leg AND frees_on IS NOT NULL),
           w.unit
    FROM legs l JOIN bookings b ON b.number = l.booking
    JOIN places p ON p.id = l.place_id JOIN ports o ON o.unlocode = p.port
    LEFT JOIN quays q ON q.place_id = p.id
    LEFT JOIN warehouses w ON w.place_id = p.id
    LEFT JOIN berth_claims c ON c.booking = l.booking AND c.leg = l.leg AND NOT c.change
    WHERE l.booking = $1 AND l.id = $2
"""


async def leg(tx: Tx, number: int, leg_id: str, facilities: Sequence[str] | None) -> Leg | None:
    """Give a leg of a locked booking, if it is at one of these facilities; None: at any."""
    row = await tx.fetchrow(_LEG + "AND ($3::text[] IS NULL OR p.facility = ANY ($3))", number, leg_id, facilities)
    if row is None:
        return None
    nth, id_, kind, state, place_id, starts_at, ends_at, arrived_at, zone, grace, turnaround, others, *rest = row
    return Leg(
        nth, id_, kind, LegState(state), place_id, starts_at, ends_at, arrived_at, ZoneInfo(zone), grace, turnaround,
        tuple(map(LegState, others)), *rest,
    )  # fmt: skip


async def store_leg(tx: Tx, number: int, nth: int, state: LegState, at: datetime) -> None:
    """Store what has happened to a leg, and when."""
    await tx.execute(
        """UPDATE legs SET state = $3, arrived_at = CASE $3 WHEN 'arrived' THEN $4 ELSE arrived_at END,
                  ended_at = CASE $3 WHEN 'arrived' THEN ended_at ELSE $4 END
           WHERE booking = $1 AND leg = $2""",
        number,
        nth,
        state,
        at,
    )


async def end_claims(tx: Tx, number: int, nth: int, until: datetime | None, day: date | None) -> None:
    """Let the claims of a leg end at a moment, or before a local day; None: none is left. Its place is locked."""
    await tx.execute("SELECT end_claims($1, $2::smallint, $3, $4)", number, nth, until, day)


async def next_no_show(tx: Tx) -> tuple[int, str] | None:
    """Lock a booking with a leg that nobody has come to in time, and give both; None if there is none to be had."""
    # SKIP LOCKED: a booking that an operator is at just now must not hold up the others. No index can be asked for what
    # is before `clock_timestamp()`, only for what is before `now()`: else all bookings to come would be looked at.
    row = await tx.fetchrow(
        """SELECT b.number, l.id FROM bookings b JOIN legs l ON l.booking = b.number
           LEFT JOIN quays q ON q.place_id = l.place_id LEFT JOIN warehouses w ON w.place_id = l.place_id
           WHERE b.state IN ('confirmed', 'arrived') AND b.starts_at <= now() AND l.state = 'planned'
             AND least(l.starts_at + coalesce(q.no_show_after, w.no_show_after), l.ends_at) <= clock_timestamp()
           ORDER BY b.starts_at LIMIT 1 FOR NO KEY UPDATE OF b SKIP LOCKED"""
    )
    return None if row is None else (row[0], row[1])
