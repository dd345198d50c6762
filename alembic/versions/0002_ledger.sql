-- Once: a request under an idempotency key takes effect once, and its answer is what the event of that effect became.

-- Claim an idempotency key, or give the event of its first effect. A twin waits here until the first has ended.
CREATE OR REPLACE FUNCTION claim_key(organisation text, wanted text, print text, OUT first_print text, OUT first_event bigint)
LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        INSERT INTO idempotency_keys (organisation_id, key, fingerprint) VALUES (organisation, wanted, print)
        ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        SELECT fingerprint, event_id INTO first_print, first_event
        FROM idempotency_keys WHERE organisation_id = organisation AND key = wanted;
        EXIT WHEN FOUND;  -- else it was pruned between the two statements
    END LOOP;
END
$$;

-- The guarded path: the only code that takes or gives back capacity.
--
-- lock_places     lock in order of id, refuse rules that have moved, raise the version
-- take_capacity   lock, reclaim what has lapsed, take all that is wanted or raise
-- give_back       release every claim of a booking (its places are locked by then)
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
BEGIN
    DELETE FROM berth_claims WHERE place_id = ANY (locked) AND expires_at < 'infinity' AND expires_at <= at;
    -- Nearly always there is none, and looking costs a twentieth of the statement below.
    IF NOT EXISTS (
        SELECT FROM storage_claims WHERE place_id = ANY (locked) AND expires_at < 'infinity' AND expires_at <= at
    ) THEN
        RETURN;
    END IF;
    WITH lapsed AS (
        DELETE FROM storage_claims WHERE place_id = ANY (locked) AND expires_at < 'infinity' AND expires_at <= at
        RETURNING place_id, days, quantity
    ), back AS (
        SELECT place_id, day::date AS day, sum(quantity) AS quantity
        FROM lapsed, generate_series(lower(days), upper(days) - 1, interval '1 day') AS day
        GROUP BY 1, 2
    )
    UPDATE floor_days SET taken = taken - back.quantity
    FROM back WHERE floor_days.place_id = back.place_id AND floor_days.day = back.day;
END
$$;

-- Take a quantity of a floor on each day of a range; the check `storage_full` refuses. A day without a row is empty.
-- `closed` is what the rules put out of use on each of the days, or null: it must be left over.
CREATE OR REPLACE FUNCTION take_floor(floor int, first date, last date, wanted int, closed int[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    updated int;
BEGIN
    UPDATE floor_days SET taken = taken + wanted WHERE place_id = floor AND day >= first AND day < last;
    GET DIAGNOSTICS updated = ROW_COUNT;
    IF updated < last - first THEN
        INSERT INTO floor_days (place_id, day, taken, capacity)
        SELECT floor, missing::date, wanted, w.capacity
        FROM warehouses w, generate_series(first, last - 1, interval '1 day') AS missing
        WHERE w.place_id = floor
          AND NOT EXISTS (SELECT FROM floor_days d WHERE d.place_id = floor AND d.day = missing::date);
    END IF;
    IF closed IS NOT NULL AND EXISTS (
        SELECT FROM unnest(closed) WITH ORDINALITY AS c (quantity, nth)
        JOIN floor_days d ON d.place_id = floor AND d.day = first + c.nth::int - 1
        WHERE d.taken + c.quantity > d.capacity
    ) THEN
        RAISE check_violation USING CONSTRAINT = 'storage_full', MESSAGE = 'what is not closed of this floor is taken';
    END IF;
END
$$;

-- The smallest gap that fits among the stretches where the rules let the ship lie, its low end; ties to the lowest.
-- Chosen under the lock it needs no retry. The engine's `best_fit` chooses the same: a test holds them together.
CREATE OR REPLACE FUNCTION best_fit(quay int, stretches int4multirange, blocked tstzrange, need int) RETURNS int LANGUAGE sql AS $$
    SELECT lower(gap) FROM unnest(stretches - coalesce(
        (SELECT range_agg(metres) FROM berth_claims WHERE place_id = quay AND during && blocked), '{}'::int4multirange
    )) AS gap
    WHERE upper(gap) - lower(gap) >= need
    ORDER BY upper(gap) - lower(gap), lower(gap)
    LIMIT 1
$$;

-- Take all that is wanted for one booking, or raise. `wanted` is an array of
--   {"leg", "place", "blocked": tstzrange, "need": metres, "from_m": metres or null, "stretches": int4multirange}   a berth
--   {"leg", "place", "first_on", "last_on", "quantity", "closed": quantities by day or null}                       a floor
-- Gives the metres of each berth leg. Legs that name their metres go first, so that a free choice never takes theirs.
CREATE OR REPLACE FUNCTION take_capacity(holder bigint, lapses timestamptz, locked int[], read_at bigint[], wanted json)
RETURNS TABLE (leg smallint, from_m int) LANGUAGE plpgsql AS $$
DECLARE
    want record;
BEGIN
    PERFORM lock_places(locked, read_at);
    PERFORM reclaim_lapsed(locked, clock_timestamp());
    FOR want IN
        SELECT * FROM json_to_recordset(wanted) AS w (
            leg smallint, place int, blocked tstzrange, need int, from_m int, stretches int4multirange,
            first_on date, last_on date, quantity int, closed int[])
        ORDER BY w.from_m IS NULL, w.leg
    LOOP
        IF want.quantity IS NOT NULL THEN
            PERFORM take_floor(want.place, want.first_on, want.last_on, want.quantity, want.closed);
            INSERT INTO storage_claims (booking, leg, place_id, days, quantity, expires_at)
            VALUES (holder, want.leg, want.place, daterange(want.first_on, want.last_on), want.quantity, lapses);
            CONTINUE;
        END IF;
        leg := want.leg;
        from_m := coalesce(want.from_m, best_fit(want.place, want.stretches, want.blocked, want.need));
        IF from_m IS NULL THEN
            RAISE exclusion_violation USING CONSTRAINT = 'berth_slot_taken', MESSAGE = 'no gap on this quay is long enough';
        END IF;
        INSERT INTO berth_claims (booking, leg, place_id, metres, during, expires_at)
        VALUES (holder, want.leg, want.place, int4range(from_m, from_m + want.need), want.blocked, lapses);
        RETURN NEXT;
    END LOOP;
END
$$;

-- Release every claim of a booking; the caller holds the locks of its places. Gives how many there were.
CREATE OR REPLACE FUNCTION give_back(holder bigint) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    berths int;
    floors int;
BEGIN
    DELETE FROM berth_claims WHERE booking = holder;
    GET DIAGNOSTICS berths = ROW_COUNT;
    WITH released AS (
        DELETE FROM storage_claims WHERE booking = holder RETURNING place_id, days, quantity
    ), back AS (
        SELECT place_id, day::date AS day, sum(quantity) AS quantity
        FROM released, generate_series(lower(days), upper(days) - 1, interval '1 day') AS day
        GROUP BY 1, 2
    ), returned AS (
        UPDATE floor_days SET taken = taken - back.quantity
        FROM back WHERE floor_days.place_id = back.place_id AND floor_days.day = back.day
    )
    SELECT count(*) INTO floors FROM released;
    RETURN berths + floors;
END
$$;

-- Move the time at which the claims of a booking lapse, those that have not lapsed yet by a clock read after the lock.
-- Gives how many were moved: fewer than its legs means that the hold has lapsed.
CREATE OR REPLACE FUNCTION firm_up(holder bigint, lapses timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := clock_timestamp();
    berths int;
    floors int;
BEGIN
    UPDATE berth_claims SET expires_at = lapses WHERE booking = holder AND expires_at > at;
    GET DIAGNOSTICS berths = ROW_COUNT;
    UPDATE storage_claims SET expires_at = lapses WHERE booking = holder AND expires_at > at;
    GET DIAGNOSTICS floors = ROW_COUNT;
    RETURN berths + floors;
END
$$;

-- A booking made in one round trip, and the one representation of a booking that answers, lists, events and replays show.

CREATE OR REPLACE FUNCTION rfc3339(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
        || CASE WHEN at = date_trunc('second', at) THEN '' ELSE to_char(at, '.US') END || 'Z'
$$;

CREATE OR REPLACE FUNCTION legs_json(wanted bigint) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_agg(CASE l.kind
        WHEN 'berth' THEN json_build_object(
            'id', l.id, 'kind', 'berth', 'state', l.state, 'port', p.port, 'quay', p.code,
            'berths', (SELECT json_agg(b.code ORDER BY b.from_m) FROM berths b
                       WHERE b.place_id = l.place_id AND b.from_m < l.to_m AND b.from_m + b.length_m > l.from_m),
            'from_m', l.from_m, 'to_m', l.to_m,
            'window', json_build_object('start', rfc3339(l.starts_at), 'end', rfc3339(l.ends_at)),
            'time_zone', o.time_zone)
        ELSE json_build_object(
            'id', l.id, 'kind', 'storage', 'state', l.state, 'port', p.port, 'warehouse', p.code,
            'quantity', l.quantity, 'unit', w.unit, 'bonded', w.bonded,
            'window', json_build_object('start', rfc3339(l.starts_at), 'end', rfc3339(l.ends_at)),
            'first_on', l.first_on, 'last_on', l.last_on,
            'time_zone', o.time_zone)
        END ORDER BY l.leg)
    FROM legs l
    JOIN places p ON p.id = l.place_id
    JOIN ports o ON o.unlocode = p.port
    LEFT JOIN warehouses w ON w.place_id = l.place_id
    WHERE l.booking = wanted
$$;

-- A booking whose hold has lapsed reads `expired` everywhere at once, whether or not anybody has swept it.
CREATE OR REPLACE FUNCTION booking_json(b bookings) RETURNS json LANGUAGE sql VOLATILE AS $$
    SELECT json_build_object(
        'id', b.id,
        'client_reference', b.client_reference,
        'state', CASE WHEN b.expires_at <= clock_timestamp() THEN 'expired' ELSE b.state END,
        'version', b.version,
        'port', b.port,
        'expires_at', rfc3339(b.expires_at),
        'created_at', rfc3339(b.created_at),
        'updated_at', rfc3339(b.updated_at),
        'vessel', b.facts -> 'vessel',
        'shipper', b.facts -> 'shipper',
        'cargo', b.facts -> 'cargo',
        'customs_references', b.facts -> 'customs_references',
        'contact', b.facts -> 'contact',
        'remark', b.facts -> 'remark',
        'legs', legs_json(b.number))
$$;

-- Record a change of a booking: one event, in the transaction of the change, drawn under its row lock.
CREATE OR REPLACE FUNCTION record_booking(b bookings, what text, who text, before json, why json) RETURNS events LANGUAGE sql AS $$
    INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, previous, current, cause)
    VALUES (what, b.id, who, b.organisation_id, b.facilities, b.confirmed_at IS NOT NULL,
            before, booking_json(b), why)
    RETURNING *
$$;

-- Make a booking: key, booking, places, claims, legs, event. Gives the answer and whether it is the answer of a first,
-- equal request (`fingerprint` null) or of another one under the same key (`fingerprint` that of the first).
CREATE OR REPLACE FUNCTION book(asked json, OUT answer text, OUT replayed boolean, OUT first_fingerprint text)
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    at timestamptz;
    made bookings;
    chosen json;
    first_event bigint;
    happened events;
BEGIN
    SELECT * INTO r FROM json_to_record(asked) AS x (
        organisation text, key text, fingerprint text, id text, client_reference text, port text, facilities text[], state text,
        lapses_after interval, hold_at_most interval, facts json, places int[], read_at bigint[], wanted json);
    IF r.key IS NOT NULL THEN
        SELECT k.first_print, k.first_event INTO first_fingerprint, first_event FROM claim_key(r.organisation, r.key, r.fingerprint) k;
    END IF;
    replayed := first_event IS NOT NULL;
    IF replayed THEN
        SELECT e.current::text INTO answer FROM events e WHERE e.id = first_event;
        RETURN;
    END IF;
    at := clock_timestamp();
    INSERT INTO bookings (id, organisation_id, client_reference, port, facilities, state, expires_at, hold_until, confirmed_at, facts,
                          created_at, updated_at)
    VALUES (r.id, r.organisation, r.client_reference, r.port, r.facilities, r.state, at + r.lapses_after, at + r.hold_at_most,
            CASE r.state WHEN 'confirmed' THEN at END, r.facts, at, at)
    RETURNING * INTO made;
    SELECT json_object_agg(t.leg, t.from_m) INTO chosen
    FROM take_capacity(made.number, coalesce(made.expires_at, 'infinity'), r.places, r.read_at, r.wanted) t;
    INSERT INTO legs (booking, leg, id, kind, place_id, state, starts_at, ends_at, from_m, to_m, quantity, first_on, last_on)
    SELECT made.number, w.leg, w.id, CASE WHEN w.quantity IS NULL THEN 'berth' ELSE 'storage' END, w.place, 'planned', w.starts_at, w.ends_at,
           (chosen ->> w.leg::text)::int, (chosen ->> w.leg::text)::int + w.need, w.quantity, w.first_on, w.last_on
    FROM json_to_recordset(r.wanted) AS w (leg smallint, id text, place int, starts_at timestamptz, ends_at timestamptz, need int,
                                           quantity int, first_on date, last_on date);
    happened := record_booking(made, 'booking.' || made.state, made.organisation_id, NULL, NULL);
    UPDATE idempotency_keys SET event_id = happened.id WHERE organisation_id = r.organisation AND idempotency_keys.key = r.key;
    answer := happened.current::text;
END
$$;
