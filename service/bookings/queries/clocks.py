"""SQL of the clocks of goods on floors: which have run out while goods are still there, and which were told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.bookings.queries.gates import THERE
from service.bookings.rules import TRANSIT_REGIMES
from service.database import Read, Tx

# The clocks `c` of legs `l` that have run out and were not told, with how much of the goods is `there` still. `$1` are
# the regimes of transit.
_RAN_OUT = f"""
    FROM legs l JOIN warehouses w ON w.place_id = l.place_id JOIN bookings b ON b.number = l.booking,
         LATERAL (VALUES ('free', w.free_for), ('zone_stay', w.zone_stay_for), ('transit',
                      CASE WHEN b.facts -> 'cargo' ->> 'transit_regime' = ANY ($1::text[]) THEN w.transit_for END)
                 ) AS c (clock, runs),
         LATERAL (SELECT {THERE} AS quantity) AS there
    WHERE l.kind = 'storage' AND l.state = 'arrived' AND there.quantity > 0
      AND l.arrived_at + c.runs <= clock_timestamp()
      AND NOT EXISTS (SELECT FROM clocks_told t WHERE t.booking = l.booking AND t.leg = l.leg AND t.clock = c.clock)
"""  # noqa: S608  put together from constants


async def legs(read: Read, most: int) -> list[tuple[int, int]]:
    """Give the legs, by booking and number, of which a clock has run out and was not told; the longest there first."""
    # No index can be asked for what is before `clock_timestamp()`, only for what is before `now()`; the shortest clock
    # of all warehouses spares a look at all that came in since.
    return await read.fetch(
        f"""SELECT booking, leg FROM (
                SELECT DISTINCT l.booking, l.leg, l.arrived_at {_RAN_OUT}
                  AND l.arrived_at <= now() - (SELECT min(least(free_for, transit_for, zone_stay_for)) FROM warehouses)
            ) AS late ORDER BY arrived_at, booking, leg LIMIT $2""",  # noqa: S608  put together from constants
        TRANSIT_REGIMES,
        most,
    )


@dataclass(frozen=True, slots=True)
class RanOut:
    """A clock that has run out: since when it ran, for how long, until when, and how much is there still."""

    leg_id: str
    clock: str
    since: datetime
    limit: timedelta
    at: datetime
    quantity: int
    unit: str


async def ran_out(tx: Tx, number: int, nth: int) -> Sequence[RanOut]:
    """Give the clocks of a leg that have run out and were not told, the first to run out first."""
    rows = await tx.fetch(
        f"""SELECT l.id, c.clock, l.arrived_at, c.runs, l.arrived_at + c.runs, there.quantity, w.unit {_RAN_OUT}
              AND l.booking = $2 AND l.leg = $3 ORDER BY l.arrived_at + c.runs, c.clock""",
        TRANSIT_REGIMES,
        number,
        nth,
    )
    return [RanOut(*row) for row in rows]


async def note_told(tx: Tx, number: int, nth: int, clock: str) -> bool:
    """Note that a clock of a leg is told. False: it has been told already."""
    told: str | None = await tx.fetchval(
        "INSERT INTO clocks_told (booking, leg, clock) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING clock",
        number,
        nth,
        clock,
    )
    return told is not None
