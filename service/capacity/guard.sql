-- The guarded path: the only code that takes or gives back capacity.
--
-- clear_places    lock in order of id, refuse rules that have moved, raise the version, reclaim what has lapsed, release
--                 what partners have not used in time
-- take            take all that is wanted for one booking or raise (its places are cleared by then)
-- take_capacity   clear_places, give back what the booking lets go, take
-- give_back       release claims of a booking (its places are locked by then)
-- firm_up         move the time at which a booking's claims lapse, unless they have lapsed
--
-- Nothing is caught in here: an error rolls everything back, so that it is all or none. VOLATILE functions at
-- READ COMMITTED: each inner statement sees what was committed before it, so this is right when read top to bottom.

-- Lock order by leg instead of by id gave 41 deadlocks of 400; NO KEY UPDATE leaves foreign keys to the place alone.
CREATE OR REPLACE FUNCTION lock_places(wanted int[], read_at bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found int;
    stale int;
BEGIN
    WITH locked AS (
        SELECT id, rules_version FROM places WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE
    )
    SELECT count(*), count(*) FILTER (WHERE r.version <> locked.rules_version) INTO found, stale
    FROM locked LEFT JOIN unnest(wanted, read_at) AS r (id, version) USING (id);
    -- An error, never a returned value: returning would commit what the caller did before.
    IF found <> cardinality(wanted) OR stale > 0 THEN
        RAISE EXCEPTION 'the rules of a place have moved since they were read' USING ERRCODE = 'PS001';
    END IF;
    UPDATE places SET version = version + 1 WHERE id = ANY (wanted);
END
$$;

-- Lapsed claims are in the way of the constraints, which know no time of day: the next claim clears them away.
-- Only claims on the locked places are touched, never the row of the booking that held them.
CREATE OR REPLACE FUNCTION reclaim_lapsed(locked int[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lapsed record;
BEGIN
    DELETE FROM berth_claims WHERE place_id = ANY (locked) AND expires_at < 'infinity' AND expires_at <= at;
    FOR lapsed IN
        DELETE FROM storage_claims WHERE place_id = ANY (locked) AND expires_at < 'infinity' AND expires_at <= at
        RETURNING place_id, pool, days, quantity
    LOOP
        PERFORM uncount(lapsed.place_id, lapsed.pool, lapsed.days, lapsed.quantity);
    END LOOP;
END
$$;

-- Take a claim that has gone off the counters of its days.
CREATE OR REPLACE FUNCTION uncount(floor int, of_pool int, days daterange, quantity int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE floor_days SET taken = taken - quantity
    WHERE place_id = floor AND pool = of_pool AND day >= lower(days) AND day < upper(days);
END
$$;

-- What is left of a pool's day goes to all a set time before that local day begins, or once the allotment has ended.
-- It is done by whoever locks the place next, as reclaiming is; what a member gives back later follows then.
CREATE OR REPLACE FUNCTION release_due(locked int[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM allotments WHERE place_id = ANY (locked)) THEN
        RETURN;
    END IF;
    WITH released AS (
        UPDATE floor_days d SET capacity = d.taken
        FROM allotments a JOIN places p ON p.id = a.place_id JOIN ports o ON o.unlocode = p.port
        WHERE a.place_id = ANY (locked) AND d.place_id = a.place_id AND d.pool = a.number AND d.capacity > d.taken
          AND (a.ended_at <= at OR d.day <= ((at + a.release_before) AT TIME ZONE o.time_zone)::date)
        RETURNING d.place_id, d.day, old.capacity - new.capacity AS quantity
    ), back AS (
        SELECT place_id, day, sum(quantity) AS quantity FROM released GROUP BY 1, 2
    )
    UPDATE floor_days SET capacity = capacity + back.quantity
    FROM back WHERE floor_days.place_id = back.place_id AND floor_days.pool = 0 AND floor_days.day = back.day;
END
$$;

-- Make places ready for whatever takes or gives back: nobody else changes them until the end of the transaction.
CREATE OR REPLACE FUNCTION clear_places(locked int[], read_at bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz;
BEGIN
    PERFORM lock_places(locked, read_at);
    at := clock_timestamp();
    PERFORM reclaim_lapsed(locked, at);
    PERFORM release_due(locked, at);
END
$$;

-- Take a quantity of a floor on each day of a range, and record it; the check `storage_full` refuses. A day without a
-- row is empty. `closed` is what the rules put out of use on each of the days, or null: it must be left over.
-- `pools` are those that the holder may draw on before the general one.
CREATE OR REPLACE FUNCTION take_floor(
    holder bigint, leg smallint, for_change boolean, lapses timestamptz,
    floor int, first date, last date, wanted int, closed int[], pools int[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    updated int;
BEGIN
    IF cardinality(pools) > 0 THEN
        PERFORM draw_on_pools(holder, leg, for_change, lapses, floor, first, last, wanted, pools);
    ELSE
        UPDATE floor_days SET taken = taken + wanted WHERE place_id = floor AND pool = 0 AND day >= first AND day < last;
        GET DIAGNOSTICS updated = ROW_COUNT;
        IF updated < last - first THEN
            INSERT INTO floor_days (place_id, day, taken, capacity)
            SELECT floor, missing::date, wanted, w.capacity
            FROM warehouses w, generate_series(first, last - 1, interval '1 day') AS missing
            WHERE w.place_id = floor
              AND NOT EXISTS (SELECT FROM floor_days d WHERE d.place_id = floor AND d.pool = 0 AND d.day = missing::date);
        END IF;
        INSERT INTO storage_claims (booking, leg, change, place_id, days, quantity, expires_at)
        VALUES (holder, leg, for_change, floor, daterange(first, last), wanted, lapses);
    END IF;
    -- What is closed, taken, and still kept for others must fit into the floor.
    IF closed IS NOT NULL AND EXISTS (
        SELECT FROM warehouses w, unnest(closed) WITH ORDINALITY AS c (quantity, nth)
        WHERE w.place_id = floor AND w.capacity < c.quantity + (
            SELECT sum(d.taken) + coalesce(sum(d.capacity - d.taken) FILTER (WHERE d.pool <> 0 AND d.pool <> ALL (pools)), 0)
            FROM floor_days d WHERE d.place_id = floor AND d.day = first + c.nth::int - 1)
    ) THEN
        RAISE check_violation USING CONSTRAINT = 'storage_full', MESSAGE = 'what is not closed of this floor is taken';
    END IF;
    -- Of a floor that has become smaller, today may be larger still (resize.sql): no more is taken of it for that.
    IF first <= current_date + 1 AND EXISTS (
        SELECT FROM warehouses w JOIN floor_days d USING (place_id)
        WHERE d.place_id = floor AND d.day >= first AND d.day < least(last, current_date + 2)
        GROUP BY d.day, w.capacity HAVING sum(d.taken) > w.capacity
    ) THEN
        RAISE check_violation USING CONSTRAINT = 'storage_full', MESSAGE = 'the floor has become smaller today';
    END IF;
END
$$;

-- A member draws on the pools of its groups first, day by day, and on the general one for the rest:
--
--   wanted   50 50 50 50
--   pool 7   50 30 30  .        -> claims: pool 7 50 x 1 day, 30 x 2 days; pool 0 20 x 2 days, 50 x 1 day
--   pool 0    . 20 20 50
CREATE OR REPLACE FUNCTION draw_on_pools(
    holder bigint, leg smallint, for_change boolean, lapses timestamptz, floor int, first date, last date, wanted int, pools int[]
) RETURNS void LANGUAGE sql AS $$
    WITH own AS (
        SELECT d.day, d.pool, d.capacity - d.taken AS room, coalesce(sum(d.capacity - d.taken) OVER (
                   PARTITION BY d.day ORDER BY d.pool ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM floor_days d WHERE d.place_id = floor AND d.pool = ANY (pools) AND d.day >= first AND d.day < last
    ), drawn AS (
        SELECT day, pool, least(room, wanted - before)::int AS quantity FROM own WHERE room > 0 AND before < wanted
    ), parts AS (
        SELECT * FROM drawn
        UNION ALL
        SELECT day::date, 0, wanted - coalesce((SELECT sum(quantity) FROM drawn WHERE drawn.day = each.day::date), 0)::int
        FROM generate_series(first, last - 1, interval '1 day') AS each (day)
    ), runs AS (
        SELECT day, pool, quantity, day - row_number() OVER (PARTITION BY pool, quantity ORDER BY day)::int AS run
        FROM parts WHERE quantity > 0
    ), claimed AS (
        INSERT INTO storage_claims (booking, leg, change, pool, place_id, days, quantity, expires_at)
        SELECT holder, leg, for_change, pool, floor, daterange(min(day), max(day) + 1), quantity, lapses
        FROM runs GROUP BY pool, quantity, run
    )
    INSERT INTO floor_days (place_id, pool, day, taken, capacity)
    SELECT floor, parts.pool, parts.day, parts.quantity, w.capacity
    FROM parts, warehouses w WHERE w.place_id = floor AND parts.quantity > 0
    ON CONFLICT (place_id, pool, day) DO UPDATE SET taken = floor_days.taken + excluded.taken
$$;

-- The smallest gap that fits among the stretches where the rules let the ship lie, its low end; ties to the lowest.
-- Chosen under the lock it needs no retry. The engine's `best_fit` chooses the same: a test holds them together.
-- The claims of `holder` for its legs `beside` are as good as free: they go when what is chosen here is approved.
CREATE OR REPLACE FUNCTION best_fit(
    quay int, stretches int4multirange, blocked tstzrange, need int, holder bigint, beside smallint[]
) RETURNS int LANGUAGE sql AS $$
    SELECT lower(gap) FROM unnest(stretches - coalesce(
        (SELECT range_agg(metres) FROM berth_claims WHERE place_id = quay AND during && blocked
           AND NOT (booking = holder AND leg = ANY (beside) AND NOT change)), '{}'::int4multirange
    )) AS gap
    WHERE upper(gap) - lower(gap) >= need
    ORDER BY upper(gap) - lower(gap), lower(gap)
    LIMIT 1
$$;

-- Take all that is wanted for one booking, or raise. `wanted` is an array of
--   {"leg", "place", "blocked": tstzrange, "need": metres, "from_m": metres or null, "stretches": int4multirange}   a berth
--   {"leg", "place", "first_on", "last_on", "quantity", "closed": quantities by day or null, "pools": or null}      a floor
-- Gives the metres of each berth leg. Legs that name their metres go first, so that a free choice never takes theirs.
-- `for_change`: the claims of a change that waits for approval beside those of the legs that it would replace.
CREATE OR REPLACE FUNCTION take(holder bigint, lapses timestamptz, for_change boolean, beside smallint[], wanted json)
RETURNS TABLE (leg smallint, from_m int) LANGUAGE plpgsql AS $$
DECLARE
    want record;
BEGIN
    FOR want IN
        SELECT * FROM json_to_recordset(wanted) AS w (
            leg smallint, place int, blocked tstzrange, need int, from_m int, stretches int4multirange,
            first_on date, last_on date, quantity int, closed int[], pools int[])
        ORDER BY w.from_m IS NULL, w.leg
    LOOP
        IF want.quantity IS NOT NULL THEN
            PERFORM take_floor(holder, want.leg, for_change, lapses, want.place, want.first_on, want.last_on,
                               want.quantity, want.closed, coalesce(want.pools, '{}'));
            CONTINUE;
        END IF;
        leg := want.leg;
        from_m := coalesce(want.from_m, best_fit(want.place, want.stretches, want.blocked, want.need, holder, beside));
        IF from_m IS NULL THEN
            RAISE exclusion_violation USING CONSTRAINT = 'berth_slot_taken', MESSAGE = 'no gap on this quay is long enough';
        END IF;
        INSERT INTO berth_claims (booking, leg, change, place_id, metres, during, expires_at)
        VALUES (holder, want.leg, for_change, want.place, int4range(from_m, from_m + want.need), want.blocked, lapses);
        RETURN NEXT;
    END LOOP;
END
$$;

-- Clear the places, give back the claims of the legs that the booking lets go (null: it has none yet), take what is wanted.
CREATE OR REPLACE FUNCTION take_capacity(
    holder bigint, lapses timestamptz, locked int[], read_at bigint[], gives smallint[], wanted json
) RETURNS TABLE (leg smallint, from_m int) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clear_places(locked, read_at);
    IF gives IS NOT NULL THEN
        PERFORM give_back(holder, gives);
    END IF;
    RETURN QUERY SELECT * FROM take(holder, lapses, false, '{}', wanted);
END
$$;

-- Release the claims of some legs of a booking, null: of all, and those of a change of it that waits; the caller holds the
-- locks of its places.
CREATE OR REPLACE FUNCTION give_back(holder bigint, which smallint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given record;
BEGIN
    -- By the primary key alone: `booking = holder` is looked up in the index of the constraint, which knows the booking
    -- too and reads a hundred pages to find it.
    DELETE FROM berth_claims
    WHERE (booking, leg) BETWEEN (holder, 0::smallint) AND (holder, 32767::smallint)
      AND (change OR which IS NULL OR leg = ANY (which));
    FOR given IN
        DELETE FROM storage_claims WHERE booking = holder AND (change OR which IS NULL OR leg = ANY (which))
        RETURNING place_id, pool, days, quantity
    LOOP
        PERFORM uncount(given.place_id, given.pool, given.days, given.quantity);
    END LOOP;
END
$$;

-- Move the time at which the claims of a booking lapse, those that have not lapsed yet by a clock read after the lock.
-- Gives of how many legs they were: fewer than it has means that the hold has lapsed.
CREATE OR REPLACE FUNCTION firm_up(holder bigint, lapses timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := clock_timestamp();
    berths int;
    floors int;
BEGIN
    UPDATE berth_claims SET expires_at = lapses  -- by the primary key, as in give_back
    WHERE (booking, leg) BETWEEN (holder, 0::smallint) AND (holder, 32767::smallint) AND NOT change AND expires_at > at;
    GET DIAGNOSTICS berths = ROW_COUNT;
    WITH firm AS (
        UPDATE storage_claims SET expires_at = lapses WHERE booking = holder AND NOT change AND expires_at > at RETURNING leg
    )
    SELECT count(DISTINCT leg) INTO floors FROM firm;
    RETURN berths + floors;
END
$$;
