-- A booking made in one round trip, and the one representation of a booking that answers, lists, events and replays show.

CREATE OR REPLACE FUNCTION rfc3339(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
        || CASE WHEN at = date_trunc('second', at) THEN '' ELSE to_char(at, '.US') END || 'Z'
$$;

-- A leg as clients see it. In plpgsql, which keeps the plan: planned anew for each call, as SQL of a join was, it took
-- most of the time of making a booking.
CREATE OR REPLACE FUNCTION leg_json(l legs) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    at record;
    into_it int := 0;
    out_of_it int := 0;
BEGIN
    SELECT p.code, p.port, o.time_zone, w.unit, w.bonded INTO at
    FROM places p JOIN ports o ON o.unlocode = p.port LEFT JOIN warehouses w ON w.place_id = p.id WHERE p.id = l.place_id;
    IF l.kind = 'berth' THEN
        RETURN json_build_object(
            'id', l.id, 'kind', 'berth', 'state', l.state, 'port', at.port, 'quay', at.code,
            'berths', (SELECT json_agg(b.code ORDER BY b.from_m) FROM berths b
                       WHERE b.place_id = l.place_id AND b.from_m < l.to_m AND b.from_m + b.length_m > l.from_m),
            'from_m', l.from_m, 'to_m', l.to_m,
            'window', json_build_object('start', rfc3339(l.starts_at), 'end', rfc3339(l.ends_at)),
            'time_zone', at.time_zone, 'arrived_at', rfc3339(l.arrived_at), 'ended_at', rfc3339(l.ended_at));
    END IF;
    IF l.arrived_at IS NOT NULL THEN
        SELECT coalesce(sum(m.quantity) FILTER (WHERE m.frees_on IS NULL), 0),
               coalesce(sum(m.quantity) FILTER (WHERE m.frees_on IS NOT NULL), 0) INTO into_it, out_of_it
        FROM gate_moves m WHERE m.booking = l.booking AND m.leg = l.leg;
    END IF;
    RETURN json_build_object(
        'id', l.id, 'kind', 'storage', 'state', l.state, 'port', at.port, 'warehouse', at.code,
        'quantity', l.quantity, 'gated_in', into_it, 'gated_out', out_of_it, 'unit', at.unit, 'bonded', at.bonded,
        'window', json_build_object('start', rfc3339(l.starts_at), 'end', rfc3339(l.ends_at)),
        'first_on', l.first_on, 'last_on', l.last_on,
        'time_zone', at.time_zone, 'arrived_at', rfc3339(l.arrived_at), 'ended_at', rfc3339(l.ended_at));
END
$$;

-- Rows of legs as they are `wanted` (the form of `take`, with id, starts_at, ends_at, and state and arrived_at if there
-- are any); `chosen` has the metres that `take` gave to berth legs, by their numbers.
CREATE OR REPLACE FUNCTION granted_legs(holder bigint, wanted json, chosen json) RETURNS SETOF legs LANGUAGE sql STABLE AS $$
    SELECT holder, w.leg, w.id, CASE WHEN w.quantity IS NULL THEN 'berth' ELSE 'storage' END, w.place, coalesce(w.state, 'planned'),
           w.starts_at, w.ends_at, at.from_m, at.from_m + w.need, w.quantity, w.first_on, w.last_on, w.arrived_at,
           NULL::timestamptz, NULL::timestamptz
    FROM json_to_recordset(wanted) AS w (leg smallint, id text, place int, state text, starts_at timestamptz, ends_at timestamptz, from_m int,
                                         need int, quantity int, first_on date, last_on date, arrived_at timestamptz),
         LATERAL (SELECT coalesce((chosen ->> w.leg::text)::int, w.from_m)) AS at (from_m)
$$;

-- The change that waits for approval beside a booking, as clients see it: what the booking would be.
CREATE OR REPLACE FUNCTION change_json(b bookings) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'expires_at', rfc3339(b.change_expires_at),
        'vessel', f.facts -> 'vessel',
        'shipper', f.facts -> 'shipper',
        'cargo', f.facts -> 'cargo',
        'contact', f.facts -> 'contact',
        'remark', f.facts -> 'remark',
        'legs', (SELECT json_agg(leg_json(l) ORDER BY l.leg) FROM unnest(
            ARRAY(SELECT l FROM legs l WHERE l.booking = b.number
                  AND l.leg NOT IN (SELECT json_array_elements_text(b.change -> 'gives')::smallint))
            || ARRAY(SELECT g::legs FROM granted_legs(b.number, b.change -> 'wanted', NULL) g)) AS l))
    FROM (SELECT b.change -> 'facts' AS facts) AS f
$$;

-- A booking whose hold has lapsed reads `expired` everywhere at once, whether or not anybody has swept it, and a change
-- that has lapsed is gone.
CREATE OR REPLACE FUNCTION booking_json(b bookings) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN json_build_object(
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
        'awaits', CASE WHEN least(b.expires_at, b.change_expires_at) <= clock_timestamp() THEN '{}' ELSE b.awaits END,
        'overrides', b.overrides,
        'legs', (SELECT json_agg(leg_json(l) ORDER BY l.leg) FROM legs l WHERE l.booking = b.number),
        'change', CASE WHEN b.change_expires_at > clock_timestamp() THEN change_json(b) END);
END
$$;

-- Record a change of a booking: one event, in the transaction of the change, drawn under its row lock. What is provisional
-- is nothing to customs: bookings before their confirmation, and changes that have not been approved.
CREATE OR REPLACE FUNCTION record_booking(b bookings, what text, who text, before json, why json) RETURNS events LANGUAGE plpgsql AS $$
DECLARE
    happened events;
BEGIN
    INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, previous, current, cause)
    VALUES (what, b.id, who, b.organisation_id, b.facilities,
            b.confirmed_at IS NOT NULL
                AND what NOT IN ('booking.change-requested', 'booking.change-declined', 'booking.change-lapsed')
                AND NOT (what = 'booking.approved' AND b.change IS NOT NULL),
            before, booking_json(b), why)
    RETURNING * INTO happened;
    IF b.confirmed_at IS NOT NULL THEN
        PERFORM refer(b);
        -- Others under its references wait for its goods no more, once none is there or to come.
        IF b.state NOT IN ('confirmed', 'arrived') OR NOT EXISTS (
            SELECT FROM legs l WHERE l.booking = b.number AND l.kind = 'storage' AND l.state IN ('planned', 'arrived')) THEN
            PERFORM gate_out_references(b, coalesce((
                SELECT max(l.ended_at) FROM legs l WHERE l.booking = b.number AND l.kind = 'storage'), clock_timestamp()), who);
        END IF;
    END IF;
    RETURN happened;
END
$$;

-- When the first of the legs that are wanted ends: nothing that waits for an approval waits longer.
CREATE OR REPLACE FUNCTION first_end(wanted json) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT min(w.ends_at) FROM json_to_recordset(wanted) AS w (ends_at timestamptz)
$$;

-- Make a booking: key, booking, places, claims, legs, event. Gives the answer and whether it is the answer of a first,
-- equal request (`fingerprint` null) or of another one under the same key (`fingerprint` that of the first).
-- `asker` is who asks and whose key it is: the organisation whose booking it will be, or an operator on its behalf.
-- Plans made once: left to itself the planner makes those with arrays anew each time, which costs as much as the guard.
CREATE OR REPLACE FUNCTION book(asked json, OUT answer text, OUT replayed boolean, OUT first_fingerprint text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    r record;
    at timestamptz;
    made bookings;
    chosen json;
    first_event bigint;
    happened events;
BEGIN
    SELECT * INTO r FROM json_to_record(asked) AS x (
        organisation text, asker text, key text, fingerprint text, id text, client_reference text, port text, facilities text[],
        state text, lapses_after interval, hold_at_most interval, awaits text[], facts json, overrides json, cause json,
        places int[], read_at bigint[], wanted json);
    IF r.key IS NOT NULL THEN
        SELECT k.first_print, k.first_event INTO first_fingerprint, first_event FROM claim_key(r.asker, r.key, r.fingerprint) k;
    END IF;
    replayed := first_event IS NOT NULL;
    IF replayed THEN
        SELECT e.current::text INTO answer FROM events e WHERE e.id = first_event;
        RETURN;
    END IF;
    at := clock_timestamp();
    INSERT INTO bookings (id, organisation_id, client_reference, port, facilities, state, expires_at, hold_until, confirmed_at, awaits,
                          facts, overrides, starts_at, created_at, updated_at)
    VALUES (r.id, r.organisation, r.client_reference, r.port, r.facilities, r.state,
            CASE WHEN r.lapses_after IS NOT NULL THEN least(at + r.lapses_after, first_end(r.wanted)) END, at + r.hold_at_most,
            CASE r.state WHEN 'confirmed' THEN at END, r.awaits, r.facts, r.overrides,
            (SELECT min(w.starts_at) FROM json_to_recordset(r.wanted) AS w (starts_at timestamptz)), at, at)
    RETURNING * INTO made;
    SELECT json_object_agg(t.leg, t.from_m) INTO chosen
    FROM take_capacity(made.number, coalesce(made.expires_at, 'infinity'), r.places, r.read_at, NULL, r.wanted) t;
    INSERT INTO legs SELECT * FROM granted_legs(made.number, r.wanted, chosen);
    happened := record_booking(made, 'booking.' || made.state, r.asker, NULL, r.cause);
    UPDATE idempotency_keys SET event_id = happened.id WHERE organisation_id = r.asker AND idempotency_keys.key = r.key;
    answer := happened.current::text;
END
$$;
