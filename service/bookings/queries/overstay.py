"""SQL of who stays past the end of a leg: who does, whom it hits, and what is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from service.bookings.queries.gates import THERE
from service.database import Read, Tx

# Of a leg from which all that came has left, the rest may never come: an empty floor stays past no end.
_SOME_IS_THERE = f"{THERE} > 0"


async def ships(read: Read) -> list[tuple[int, int]]:
    """Give the legs, by booking and number, of ships past their end whose claim ends in less than it always should."""
    return await read.fetch(
        """SELECT l.booking, l.leg FROM legs l JOIN quays q ON q.place_id = l.place_id
           JOIN berth_claims c ON c.booking = l.booking AND c.leg = l.leg AND NOT c.change
           WHERE l.state = 'arrived' AND l.ends_at <= clock_timestamp()
             AND upper(c.during) < clock_timestamp() + interval '1 h' + q.turnaround"""
    )


async def goods(read: Read) -> list[tuple[int, int]]:
    """Give the legs, by booking and number, of goods that lie on a floor after their last local day."""
    return await read.fetch(
        f"""SELECT l.booking, l.leg FROM legs l JOIN places p ON p.id = l.place_id JOIN ports o ON o.unlocode = p.port
           WHERE l.state = 'arrived' AND l.kind = 'storage' AND l.ends_at <= clock_timestamp() AND {_SOME_IS_THERE}
             AND (clock_timestamp() AT TIME ZONE o.time_zone)::date >= (
                 SELECT max(upper(days)) FROM storage_claims c
                 WHERE c.booking = l.booking AND c.leg = l.leg AND NOT c.change)"""  # noqa: S608  constants
    )


async def lock(tx: Tx, numbers: Sequence[int]) -> bool:
    """Lock bookings in the order that everybody keeps. False: somebody is at one of them just now."""
    # SKIP LOCKED: the job comes back soon, and must not hold up an operator who reports that the ship has sailed.
    rows = await tx.fetch(
        "SELECT FROM bookings WHERE number = ANY ($1::bigint[]) ORDER BY number FOR NO KEY UPDATE SKIP LOCKED", numbers
    )
    return len(rows) == len(set(numbers))


@dataclass(frozen=True, slots=True)
class Ship:
    """A ship past its end: when its claim shall reach, whether it can grow, whom that hits, and what was told before.

    `hit` has the ids of bookings by their numbers; `told` the ids in the last event, None before the first.
    """

    leg_id: str
    place_id: int
    target: datetime
    can_grow: bool
    hit: dict[int, str]
    told: list[str] | None


# The target is fifteen minutes more than has to be: a claim that grew at every look would have its timetable read anew
# each time.
_SHIP = """
    SELECT l.id, l.place_id, t.target,
           coalesce(next_on_metres(l.booking, l.leg, t.target), t.target) > upper(c.during),
           met_by(l.booking, l.leg, t.target) AS numbers
    FROM legs l JOIN quays q ON q.place_id = l.place_id
    JOIN berth_claims c ON c.booking = l.booking AND c.leg = l.leg AND NOT c.change,
         LATERAL (SELECT clock_timestamp() + interval '75 min' + q.turnaround) AS t (target)
    WHERE l.booking = $1 AND l.leg = $2 AND l.state = 'arrived' AND l.ends_at <= clock_timestamp()
      AND upper(c.during) < t.target - interval '15 min'
"""


async def ship(tx: Tx, number: int, nth: int) -> Ship | None:
    """Give a ship past its end whose claim should reach further; None if that is so no more."""
    row = await tx.fetchrow(_SHIP, number, nth)
    if row is None:
        return None
    leg_id, place_id, target, can_grow, numbers = row
    return Ship(leg_id, place_id, target, can_grow, await _ids(tx, numbers), await told(tx, number, leg_id))


async def grow_claim(tx: Tx, number: int, nth: int, target: datetime) -> datetime:
    """Let the claim of a ship reach so far, or the next claim; gives how far it reaches. Its place is cleared."""
    reached: datetime = await tx.fetchval("SELECT grow_claim($1, $2::smallint, $3)", number, nth, target)
    return reached


@dataclass(frozen=True, slots=True)
class Goods:
    """Goods on a floor after their last day: the days `[first_on, last_on)` up to today that nobody has taken for them.

    `hit` are bookings that are to come on these days, as in `Ship`.
    """

    leg_id: str
    place_id: int
    place: str
    owner: str
    quantity: int
    first_on: date
    last_on: date
    hit: dict[int, str]
    told: list[str] | None


_GOODS = f"""
    SELECT l.id, l.place_id, p.code, b.organisation_id,
           l.quantity - coalesce((SELECT sum(g.quantity) FROM gate_moves g WHERE g.booking = l.booking AND g.leg = l.leg
                                  AND g.frees_on <= m.first_on), 0)::int,
           m.first_on, m.last_on,
           ARRAY(SELECT DISTINCT n.booking FROM storage_claims n JOIN legs other USING (booking, leg)
                 WHERE n.place_id = l.place_id AND n.days && daterange(m.first_on, m.last_on) AND NOT n.change
                   AND n.booking <> l.booking AND other.state = 'planned' AND n.expires_at > clock_timestamp()
                 ORDER BY n.booking)
    FROM legs l JOIN bookings b ON b.number = l.booking
    JOIN places p ON p.id = l.place_id JOIN ports o ON o.unlocode = p.port,
         LATERAL (SELECT max(upper(days)), (clock_timestamp() AT TIME ZONE o.time_zone)::date + 1 FROM storage_claims c
                  WHERE c.booking = l.booking AND c.leg = l.leg AND NOT c.change) AS m (first_on, last_on)
    WHERE l.booking = $1 AND l.leg = $2 AND l.state = 'arrived' AND l.ends_at <= clock_timestamp()
      AND m.first_on < m.last_on AND {_SOME_IS_THERE}
"""  # noqa: S608  constants


async def goods_of(tx: Tx, number: int, nth: int) -> Goods | None:
    """Give goods that lie on a floor after their last day; None if that is so no more."""
    row = await tx.fetchrow(_GOODS, number, nth)
    if row is None:
        return None
    leg_id, place_id, place, owner, quantity, first_on, last_on, numbers = row
    hit, before = await _ids(tx, numbers), await told(tx, number, leg_id)
    return Goods(leg_id, place_id, place, owner, quantity, first_on, last_on, hit, before)


async def take_days(
    tx: Tx, number: int, nth: int, goods: Goods, *, closed: Sequence[int] | None, pools: Sequence[int]
) -> None:
    """Take floor for goods on the days that they have not; `storage_full` refuses. The place is cleared."""
    await tx.execute(
        "SELECT take_floor($1, $2::smallint, false, 'infinity', $3, $4, $5, $6, $7, $8)",
        number,
        nth,
        goods.place_id,
        goods.first_on,
        goods.last_on,
        goods.quantity,
        closed,
        pools,
    )


async def note(tx: Tx, number: int, nth: int) -> None:
    """Note when a leg was first seen to stay past its end."""
    await tx.execute(
        """UPDATE legs SET overstayed_at = clock_timestamp()
           WHERE booking = $1 AND leg = $2 AND overstayed_at IS NULL""",
        number,
        nth,
    )


async def legs_hit(tx: Tx, number: int, place_id: int) -> list[str]:
    """Give the ids of the legs that a booking still has to come at a place, the next first."""
    rows = await tx.fetch(
        "SELECT id FROM legs WHERE booking = $1 AND place_id = $2 AND state = 'planned' ORDER BY starts_at",
        number,
        place_id,
    )
    return [row[0] for row in rows]


async def told(tx: Tx, number: int, leg_id: str) -> list[str] | None:
    """Give whom the last event of a leg's overstay named, None if there was none since it was last moved."""
    found: list[str] | None = await tx.fetchval(
        """SELECT ARRAY(SELECT json_array_elements_text(e.cause -> 'hits'))
           FROM bookings b JOIN legs l ON l.booking = b.number JOIN events e ON e.subject = b.id
           WHERE b.number = $1 AND l.id = $2 AND e.type = 'booking.overstay' AND e.cause ->> 'leg' = l.id
             AND l.overstayed_at IS NOT NULL AND coalesce(e.cause ->> 'clock', 'window') = 'window'
           ORDER BY e.id DESC LIMIT 1""",
        number,
        leg_id,
    )
    return found


async def _ids(tx: Tx, numbers: Sequence[int]) -> dict[int, str]:
    rows = await tx.fetch("SELECT number, id FROM bookings WHERE number = ANY ($1::bigint[]) ORDER BY number", numbers)
    return dict(rows)
