"""SQL of goods at the gates of warehouses: what has come in and gone out of a leg, and what of that is remarkable."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from service.database import Tx

# Of a leg `l`: how much of its goods is on its floor; null before any came.
THERE = """(SELECT sum(CASE WHEN g.frees_on IS NULL THEN g.quantity ELSE -g.quantity END)::int FROM gate_moves g
            WHERE g.booking = l.booking AND g.leg = l.leg)"""


@dataclass(frozen=True, slots=True)
class Move:
    """Goods through the gate: how much, when, and what was counted and weighed; None: it was not.

    `frees_on` is the first local day on which the floor that they have left is free; None: they came in.
    """

    at: datetime
    quantity: int
    frees_on: date | None = None
    packages: int | None = None
    gross_weight_t: Decimal | None = None


async def add(tx: Tx, number: int, nth: int, move: Move) -> int:
    """Store that goods went through the gate; the booking is locked.

    Gives the least that was there of the leg at any time as reported; below zero: more had left than had come.
    """
    least: int = await tx.fetchval(
        """WITH moved AS (
               INSERT INTO gate_moves (booking, leg, at, quantity, frees_on, packages, gross_weight_t)
               VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING number, at, quantity, frees_on
           ), moves AS (
               SELECT number, at, quantity, frees_on FROM gate_moves WHERE booking = $1 AND leg = $2
               UNION ALL SELECT * FROM moved
           )
           SELECT min(there) FROM (
               SELECT sum(CASE WHEN frees_on IS NULL THEN quantity ELSE -quantity END)
                          OVER (ORDER BY at, number) AS there FROM moves) AS moments""",
        number,
        nth,
        move.at,
        move.quantity,
        move.frees_on,
        move.packages,
        move.gross_weight_t,
    )
    return least


async def give_part(tx: Tx, number: int, nth: int, quantity: int, day: date) -> None:
    """Let a part of a leg's floor go from a local day on. Its place is locked."""
    await tx.execute("SELECT give_part($1, $2::smallint, $3, $4)", number, nth, quantity, day)


async def seen_since(tx: Tx, number: int, nth: int, at: datetime) -> None:
    """Let a leg have arrived no later than this."""
    await tx.execute(
        "UPDATE legs SET arrived_at = least(arrived_at, $3) WHERE booking = $1 AND leg = $2", number, nth, at
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """What was declared of a booking's goods, and counted and weighed as they came and as they left; None: not known.

    `all_in`: all that was booked on floors has come; `all_over`: nothing is there or still to come.
    """

    packages: int | None
    weight_t: Decimal | None
    all_in: bool
    all_over: bool
    packages_in: int | None
    weight_in_t: Decimal | None
    packages_out: int | None
    weight_out_t: Decimal | None


async def measured(tx: Tx, number: int) -> Measured:
    """Give what is known of the measures of a booking's goods.

    If one part was not measured, the sum is not known. Nor is it where one floor is booked after another: the same
    goods may go from one to the next, and would be counted at both gates.
    """
    row = await tx.fetchrow(
        """SELECT (b.facts -> 'cargo' ->> 'packages')::int, (b.facts -> 'cargo' ->> 'weight_t')::numeric,
                  s.booked = m.came, s.over,
                  m.packages_in, m.weight_in, m.packages_out, m.weight_out
           FROM bookings b,
                LATERAL (SELECT sum(quantity) AS booked, bool_and(state IN ('completed', 'no_show')) AS over,
                                max(starts_at) >= min(ends_at) AS one_after_another
                         FROM legs WHERE booking = b.number AND kind = 'storage') AS s,
                LATERAL (
                    SELECT coalesce(sum(quantity) FILTER (WHERE frees_on IS NULL), 0) AS came,
                           CASE WHEN bool_and(packages IS NOT NULL) FILTER (WHERE frees_on IS NULL)
                                THEN sum(packages) FILTER (WHERE frees_on IS NULL) END AS packages_in,
                           CASE WHEN bool_and(gross_weight_t IS NOT NULL) FILTER (WHERE frees_on IS NULL)
                                THEN sum(gross_weight_t) FILTER (WHERE frees_on IS NULL) END AS weight_in,
                           CASE WHEN bool_and(packages IS NOT NULL) FILTER (WHERE frees_on IS NOT NULL)
                                THEN sum(packages) FILTER (WHERE frees_on IS NOT NULL) END AS packages_out,
                           CASE WHEN bool_and(gross_weight_t IS NOT NULL) FILTER (WHERE frees_on IS NOT NULL)
                                THEN sum(gross_weight_t) FILTER (WHERE frees_on IS NOT NULL) END AS weight_out
                    FROM gate_moves WHERE booking = b.number AND NOT s.one_after_another) AS m
           WHERE b.number = $1""",
        number,
    )
    return Measured(*row)
