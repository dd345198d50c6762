"""SQL of what must be true. Each looks at what counts for today and later, so that history does not make it slower."""

from collections.abc import Sequence

from service.database import Read, Tx
from service.invariants.rules import Drift


async def places(read: Read, kind: str) -> list[int]:
    """Give the ids of all quays or of all warehouses: they are looked at some at a time."""
    return [row["id"] for row in await read.fetch("SELECT id FROM places WHERE kind = $1 ORDER BY id", kind)]


async def overlaps(read: Read, place_ids: Sequence[int]) -> int:
    """Give how many pairs of claims on some quays block one metre at one time, now or later.

    A waiting change may lie over its own booking. Only claims of one quay that share a day are compared, and a pair
    counts on the day on which it begins to overlap: through the index of the constraint it took ten times as long.
    """
    found: int = await read.fetchval(
        """WITH claims AS MATERIALIZED (
               SELECT c.*, day FROM berth_claims c,
               generate_series(lower(during)::date - date '2000-01-01', upper(during)::date - date '2000-01-01') AS day
               WHERE place_id = ANY ($1) AND during && tstzrange(clock_timestamp(), NULL)
           )
           SELECT count(*) FROM claims a JOIN claims b USING (place_id, day)
           WHERE a.during && b.during AND a.metres && b.metres
             AND (a.booking, a.leg, a.change) < (b.booking, b.leg, b.change)
             AND NOT (a.booking = b.booking AND a.change <> b.change)
             AND day = greatest(lower(a.during), lower(b.during))::date - date '2000-01-01'""",
        place_ids,
    )
    return found


async def drifts(read: Read, place_ids: Sequence[int]) -> list[Drift]:
    """Give the counters of some floors that are not the sums of their claims, lapsed ones included.

    claims      ├── 500 ──┤               changes   +500 +200 -500 -200
                     ├── 200 ──┤          sums       500  700  200    0
    """
    rows = await read.fetch(
        """WITH changes AS (
               SELECT place_id, pool, lower(days) AS day, quantity FROM storage_claims WHERE place_id = ANY ($1)
               UNION ALL
               SELECT place_id, pool, upper(days), -quantity FROM storage_claims WHERE place_id = ANY ($1)
               UNION ALL
               SELECT place_id, pool, day, 0 FROM floor_days WHERE place_id = ANY ($1)
           ), by_day AS (
               SELECT place_id, pool, day, sum(quantity) AS quantity FROM changes GROUP BY 1, 2, 3
           ), sums AS (
               SELECT place_id, pool, day, sum(quantity) OVER days AS claimed, lead(day) OVER days AS next
               FROM by_day WINDOW days AS (PARTITION BY place_id, pool ORDER BY day)
           )
           SELECT s.place_id, p.code, s.pool, each::date, coalesce(f.taken, 0), s.claimed::int,
                  coalesce(f.capacity, CASE s.pool WHEN 0 THEN w.capacity - coalesce(
                      (SELECT sum(o.capacity) FROM floor_days o WHERE o.place_id = s.place_id AND o.day = each::date), 0
                  ) ELSE 0 END)::int
           FROM sums s JOIN places p ON p.id = s.place_id JOIN warehouses w ON w.place_id = s.place_id
           CROSS JOIN generate_series(
               s.day, CASE WHEN s.claimed > 0 THEN s.next - 1 ELSE s.day END, interval '1 day') AS each
           LEFT JOIN floor_days f ON f.place_id = s.place_id AND f.pool = s.pool AND f.day = each::date
           WHERE coalesce(f.taken, 0) <> s.claimed ORDER BY 1, 4, 3""",
        place_ids,
    )
    return [Drift(*row) for row in rows]


async def pools_off(read: Read) -> int:
    """Give on how many days to come the general floor and the pools together are not the floor.

    Today may be larger, if the floor has become smaller: what has left today has its claim until tomorrow.
    """
    found: int = await read.fetchval(
        """SELECT count(*) FROM (
               SELECT f.place_id, f.day, sum(f.capacity) AS capacity
               FROM floor_days f JOIN places p ON p.id = f.place_id JOIN ports o ON o.unlocode = p.port
               WHERE f.day > (clock_timestamp() AT TIME ZONE o.time_zone)::date GROUP BY 1, 2
           ) AS days JOIN warehouses w USING (place_id) WHERE days.capacity <> w.capacity"""
    )
    return found


async def taken_though_closed(read: Read) -> int:
    """Give on how many days to come less of a floor is left by its closures than is taken. Closures may overlap."""
    found: int = await read.fetchval(
        """SELECT count(*) FROM (
               SELECT f.place_id, f.day, o.time_zone, sum(f.taken) AS taken
               FROM floor_days f JOIN places p ON p.id = f.place_id JOIN ports o ON o.unlocode = p.port
               WHERE f.day > (clock_timestamp() AT TIME ZONE o.time_zone)::date GROUP BY 1, 2, 3
           ) AS days JOIN warehouses w USING (place_id)
           WHERE taken > 0 AND taken + least(w.capacity, (
               SELECT coalesce(sum(coalesce(c.quantity, w.capacity)), 0) FROM closures c WHERE c.place_id = w.place_id
                 AND c.during && tstzrange(day::timestamp AT TIME ZONE time_zone,
                                             (day + 1)::timestamp AT TIME ZONE time_zone)
           )) > w.capacity"""
    )
    return found


async def goods_with_other_floor(read: Read) -> int:
    """Give how many legs whose goods are there have other than what is still there, or to come, on a day to come."""
    found: int = await read.fetchval(
        """SELECT count(*) FROM legs l JOIN places p ON p.id = l.place_id JOIN ports o ON o.unlocode = p.port
           WHERE l.state = 'arrived' AND l.kind = 'storage' AND EXISTS (
               SELECT FROM storage_claims c, generate_series(
                   greatest(lower(c.days), (clock_timestamp() AT TIME ZONE o.time_zone)::date),
                   upper(c.days) - 1, interval '1 day') AS each (day)
               WHERE c.booking = l.booking AND c.leg = l.leg AND NOT c.change
               GROUP BY each.day HAVING sum(c.quantity) <> l.quantity - coalesce((
                   SELECT sum(m.quantity) FROM gate_moves m
                   WHERE m.booking = l.booking AND m.leg = l.leg AND m.frees_on <= each.day::date), 0))"""
    )
    return found


async def oversold(read: Read) -> int:
    """Give on how many days less than nothing or more than all of a floor, or of a pool, is taken."""
    found: int = await read.fetchval("SELECT count(*) FROM floor_days WHERE taken < 0 OR taken > capacity")
    return found


_BATCH = 50_000  # bookings looked at in one statement, which must end well before its time is up


async def bare_legs(read: Read, after: int) -> tuple[int, int | None]:
    """Look at some bookings that are firm: how many of their legs that have not ended have no claim.

    Gives that, and the number of the last booking looked at, None at the end.
    """
    row = await read.fetchrow(
        """WITH firm AS MATERIALIZED (
               SELECT number FROM bookings WHERE state IN ('confirmed', 'arrived') AND number > $1
               ORDER BY number LIMIT $2
           ), looked_at AS (SELECT max(number) AS last, count(*) AS many FROM firm),
           bare AS (
               SELECT l.booking, l.leg FROM firm JOIN legs l ON l.booking = firm.number
               WHERE l.state IN ('planned', 'arrived')
               EXCEPT (
                   SELECT c.booking, c.leg FROM berth_claims c, looked_at
                   WHERE c.booking > $1 AND c.booking <= last AND NOT change
                   UNION ALL
                   SELECT c.booking, c.leg FROM storage_claims c, looked_at
                   WHERE c.booking > $1 AND c.booking <= last AND NOT change
               )
           )
           SELECT (SELECT count(*) FROM bare), (SELECT CASE WHEN many = $2 THEN last END FROM looked_at)""",
        after,
        _BATCH,
    )
    return row[0], row[1]


async def lapses_out_of_step(read: Read) -> int:
    """Give how many claims do not lapse when their booking does, or lapse though it is firm."""
    found: int = await read.fetchval(
        """WITH claims AS (
               SELECT booking, expires_at FROM berth_claims WHERE expires_at < 'infinity' AND NOT change
               UNION ALL SELECT booking, expires_at FROM storage_claims WHERE expires_at < 'infinity' AND NOT change
           )
           SELECT (SELECT count(*) FROM claims JOIN bookings b ON b.number = claims.booking
                   WHERE claims.expires_at IS DISTINCT FROM b.expires_at
                     AND greatest(claims.expires_at, coalesce(b.expires_at, 'infinity')) > clock_timestamp())
                + (SELECT count(*) FROM bookings b
                   WHERE b.state IN ('held', 'pending') AND b.expires_at > clock_timestamp()
                     AND (EXISTS (SELECT FROM berth_claims c WHERE c.booking = b.number AND c.expires_at = 'infinity')
                       OR EXISTS (SELECT FROM storage_claims c WHERE c.booking = b.number AND c.expires_at = 'infinity')
                       OR (SELECT count(*) FROM legs l WHERE l.booking = b.number) > (SELECT count(DISTINCT leg) FROM (
                            SELECT leg FROM berth_claims c WHERE c.booking = b.number
                            UNION ALL SELECT leg FROM storage_claims c WHERE c.booking = b.number) AS c)))"""
    )
    return found


async def claims_of_ended(read: Read) -> int:
    """Give how many claims that are not over yet belong to bookings that have ended."""
    found: int = await read.fetchval(
        """SELECT count(*) FROM (
               SELECT booking FROM berth_claims WHERE during && tstzrange(clock_timestamp(), NULL)
               UNION ALL SELECT booking FROM storage_claims WHERE upper(days) > current_date
           ) AS claims JOIN bookings b ON b.number = claims.booking
           WHERE b.state IN ('cancelled', 'expired', 'rejected', 'declined', 'displaced', 'no_show')"""
    )
    return found


async def lapsed(read: Read) -> int:
    """Give how many lapsed claims wait for the next claim at their place, or the worker, to clear them away."""
    found: int = await read.fetchval(
        """SELECT (SELECT count(*) FROM berth_claims
                   WHERE expires_at < 'infinity' AND expires_at <= clock_timestamp())
                + (SELECT count(*) FROM storage_claims
                   WHERE expires_at < 'infinity' AND expires_at <= clock_timestamp())"""
    )
    return found


async def gaps(read: Read) -> int:
    """Give how many positions of the feed nobody has."""
    found: int = await read.fetchval(
        "SELECT coalesce(max(position), 0) - count(*) FROM events WHERE position IS NOT NULL"
    )
    return found


async def mend(tx: Tx, drifts: Sequence[Drift]) -> None:
    """Make counters the sums of their claims; their places are locked."""
    await tx.execute(
        """INSERT INTO floor_days (place_id, pool, day, taken, capacity)
           SELECT * FROM unnest($1::int[], $2::int[], $3::date[], $4::int[], $5::int[])
           ON CONFLICT (place_id, pool, day) DO UPDATE SET taken = excluded.taken""",
        *([getattr(each, column) for each in drifts] for column in ("place_id", "pool", "day", "claimed", "capacity")),
    )
