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
