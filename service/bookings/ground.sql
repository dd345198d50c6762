-- What happens on the ground takes less of a place than was booked, or more: whoever leaves early, whoever stays.
-- The caller holds the locks of the booking and of the places.

-- Let the claims of a leg end: on a quay at a moment, on a floor before a local day. What was to come goes back at once,
-- to the pools it was drawn from. Null: from their beginning, as nobody has come. A change that waits is left alone.
--
--   quay     ├────────────────┤░░░░░░░░░┤        days   │ ▓ │ ▓ │ ░ │ ░ │
--                          until                               day             ░ goes back
CREATE OR REPLACE FUNCTION end_claims(holder bigint, ended smallint, until timestamptz, day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    cut record;
BEGIN
    DELETE FROM berth_claims WHERE booking = holder AND leg = ended AND NOT change AND (until IS NULL OR until <= lower(during));
    UPDATE berth_claims SET during = tstzrange(lower(during), until)
    WHERE booking = holder AND leg = ended AND NOT change AND until < upper(during);
    FOR cut IN
        DELETE FROM storage_claims
        WHERE booking = holder AND leg = ended AND NOT change AND (end_claims.day IS NULL OR end_claims.day < upper(days))
        RETURNING pool, place_id, days, quantity, expires_at
    LOOP
        PERFORM uncount(cut.place_id, cut.pool, daterange(greatest(lower(cut.days), day), upper(cut.days)), cut.quantity);
        IF lower(cut.days) < day THEN
            INSERT INTO storage_claims (booking, leg, pool, place_id, days, quantity, expires_at)
            VALUES (holder, ended, cut.pool, cut.place_id, daterange(lower(cut.days), day), cut.quantity, cut.expires_at);
        END IF;
    END LOOP;
END
$$;

-- Give the bookings, by number, whose claims a ship meets if it stays where it is until `target`: not its own.
CREATE OR REPLACE FUNCTION met_by(holder bigint, stays smallint, target timestamptz) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(DISTINCT n.booking ORDER BY n.booking), '{}')
    FROM berth_claims c JOIN berth_claims n ON n.place_id = c.place_id AND n.metres && c.metres
                                           AND n.during && tstzrange(upper(c.during), greatest(upper(c.during), target))
    WHERE c.booking = holder AND c.leg = stays AND NOT c.change
      AND n.booking <> holder AND n.expires_at > clock_timestamp()
$$;

-- Give when the next claim on the metres of a ship begins, its booking's other legs included; null: none until `target`.
CREATE OR REPLACE FUNCTION next_on_metres(holder bigint, stays smallint, target timestamptz) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT min(lower(n.during))
    FROM berth_claims c JOIN berth_claims n ON n.place_id = c.place_id AND n.metres && c.metres
                                           AND n.during && tstzrange(upper(c.during), greatest(upper(c.during), target))
    WHERE c.booking = holder AND c.leg = stays AND NOT c.change
      AND (n.booking <> holder OR NOT n.change) AND n.expires_at > clock_timestamp()
$$;

-- Let the claim of a ship that stays reach `target`, or the next claim on its metres. Gives how far it reaches then.
--
--   metres   ├───── claim ─────┤▒▒▒▒▒▒▒▒├── next ──┤        ▒ what it grows by
--                                             target
CREATE OR REPLACE FUNCTION grow_claim(holder bigint, stays smallint, target timestamptz) RETURNS timestamptz LANGUAGE sql AS $$
    UPDATE berth_claims
    SET during = tstzrange(lower(during), greatest(upper(during), least(target, next_on_metres(holder, stays, target))))
    WHERE booking = holder AND leg = stays AND NOT change
    RETURNING upper(during)
$$;

-- Let a part of what a leg has of a floor go, from a local day on, when goods have left: of the general floor first, of pools
-- after it. A change that waits is left alone. What a day has less of than that (its goods stay past their end, unclaimed) is nothing.
--
--   pool 7   30 30 30 30          gone 40 from the third day    ->   30 30 10 10
--   pool 0   20 20 20 20                                             20 20  .  .
CREATE OR REPLACE FUNCTION give_part(holder bigint, of_leg smallint, gone int, from_day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH ended AS (
        DELETE FROM storage_claims WHERE booking = holder AND leg = of_leg AND NOT change AND upper(days) > from_day
        RETURNING pool, place_id, days, quantity, expires_at
    ), by_day AS (
        SELECT e.pool, e.place_id, e.expires_at, each.day::date AS day, e.quantity,
               greatest(0, least(e.quantity, gone - coalesce(sum(e.quantity) OVER before, 0)))::int AS less
        FROM ended e, generate_series(greatest(lower(e.days), from_day), upper(e.days) - 1, interval '1 day') AS each (day)
        WINDOW before AS (PARTITION BY each.day ORDER BY e.pool ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), kept AS (
        SELECT pool, place_id, expires_at, day, (quantity - less)::int AS quantity FROM by_day WHERE quantity > less
        UNION ALL
        SELECT e.pool, e.place_id, e.expires_at, each.day::date, e.quantity
        FROM ended e, generate_series(lower(e.days), from_day - 1, interval '1 day') AS each (day)
    ), runs AS (
        SELECT *, day - row_number() OVER (PARTITION BY pool, quantity ORDER BY day)::int AS run FROM kept
    ), claimed AS (
        INSERT INTO storage_claims (booking, leg, pool, place_id, days, quantity, expires_at)
        SELECT holder, of_leg, pool, place_id, daterange(min(day), max(day) + 1), quantity, expires_at
        FROM runs GROUP BY pool, place_id, quantity, run, expires_at
    )
    UPDATE floor_days f SET taken = f.taken - by_day.less
    FROM by_day WHERE f.place_id = by_day.place_id AND f.pool = by_day.pool AND f.day = by_day.day AND by_day.less > 0;
END
$$;

-- What a booking wants, with each leg that is under way in as many parts as goods have left it on different days: the floor
-- that they left is not taken again.
--
--   booked      50 50 50 50       40 left on the second day   ->   50 50 | 10 10
CREATE OR REPLACE FUNCTION still_wanted(holder bigint, wanted json) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT json_agg(part.leg) FROM json_array_elements(wanted) AS w (leg), LATERAL (
            SELECT w.leg WHERE w.leg ->> 'state' IS DISTINCT FROM 'arrived' OR w.leg ->> 'quantity' IS NULL
            UNION ALL
            SELECT (w.leg::jsonb || jsonb_build_object(
                'first_on', d.first_on, 'last_on', d.last_on, 'quantity', d.quantity,
                'closed', (SELECT jsonb_agg(c.value ORDER BY c.nth) FROM jsonb_array_elements(nullif(w.leg::jsonb -> 'closed', 'null'))
                                                                         WITH ORDINALITY AS c (value, nth)
                           WHERE c.nth > d.first_on - d.all_from AND c.nth <= d.last_on - d.all_from)))::json
            FROM days_wanted(holder, (w.leg ->> 'leg')::smallint, (w.leg ->> 'first_on')::date, (w.leg ->> 'last_on')::date,
                             (w.leg ->> 'quantity')::int) AS d
            WHERE w.leg ->> 'state' = 'arrived' AND w.leg ->> 'quantity' IS NOT NULL
        ) AS part);
END
$$;

-- The days `[first, last)` of a leg of this quantity in runs on which as much of it is still there or still to come.
CREATE OR REPLACE FUNCTION days_wanted(holder bigint, of_leg smallint, first date, last date, booked int)
RETURNS TABLE (all_from date, first_on date, last_on date, quantity int) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT first, run.day, run.next, run.needed FROM (
        SELECT each.day, lead(each.day, 1, last) OVER (ORDER BY each.day) AS next,
               booked - coalesce((SELECT sum(m.quantity) FROM gate_moves m
                                  WHERE m.booking = holder AND m.leg = of_leg AND m.frees_on <= each.day), 0)::int AS needed
        FROM (SELECT first UNION SELECT m.frees_on FROM gate_moves m
              WHERE m.booking = holder AND m.leg = of_leg AND m.frees_on > first AND m.frees_on < last) AS each (day)
    ) AS run WHERE run.needed > 0;
END
$$;
