-- A booking's legs and facts changed in one round trip: the old places given back and the new ones taken, or nothing.

-- Settle what a booking has become: take what it wants, store it, record one event. The booking's row is locked, its places
-- are cleared, and what it lets go has been given back. A change that waited beside it is gone. `asked` has
--   by, type, cause       who changed it, the type of the event, and why
--   facts                 what is kept of it from now on; null: as before
--   overrides             soft limits overridden, with what was before; null: none
--   gives, wanted         legs whose rows go, and legs as `take` wants them, with id, state, starts_at, ends_at, arrived_at
--   awaits, state         facilities that have yet to approve a pending booking; `confirmed` where none has; null: as before
-- The event is for the facilities that it leaves as well as for those that it comes to.
CREATE OR REPLACE FUNCTION settle_booking(b bookings, asked json) RETURNS events LANGUAGE plpgsql AS $$
DECLARE
    r record;
    -- What the last event said of this version, which costs a fifth of saying it anew; a change that waited may have lapsed since.
    before json := coalesce((
        SELECT e.current FROM events e WHERE b.change IS NULL AND e.subject = b.id AND (e.current ->> 'version')::int = b.version
        ORDER BY e.id DESC LIMIT 1), booking_json(b));
    after bookings;
    chosen json;
    came record;
BEGIN
    SELECT * INTO r FROM json_to_record(asked) AS x (
        by text, type text, cause json, facts json, overrides json, gives smallint[], wanted json, awaits text[], state text);
    IF r.state = 'confirmed' AND b.expires_at IS NOT NULL THEN
        -- What has lapsed since the booking was looked at may go to whoever comes next: then it is no booking any more.
        IF firm_up(b.number, 'infinity') <> (SELECT count(*) FROM legs l WHERE l.booking = b.number AND l.leg <> ALL (r.gives)) THEN
            RAISE EXCEPTION 'the booking has lapsed since it was read' USING ERRCODE = 'PS002';
        END IF;
        b.expires_at := NULL;
    END IF;
    SELECT json_object_agg(t.leg, t.from_m) INTO chosen
    FROM take(b.number, coalesce(b.expires_at, 'infinity'), false, '{}',
              CASE b.state WHEN 'arrived' THEN still_wanted(b.number, r.wanted) ELSE r.wanted END) t;
    -- A leg that goes on keeps its row: to delete it and to insert it again costs all its indexes and foreign keys.
    MERGE INTO legs l USING granted_legs(b.number, r.wanted, chosen) AS g ON l.booking = b.number AND l.leg = g.leg
    WHEN MATCHED THEN UPDATE SET
        kind = g.kind, place_id = g.place_id, state = g.state, starts_at = g.starts_at, ends_at = g.ends_at,
        from_m = g.from_m, to_m = g.to_m, quantity = g.quantity, first_on = g.first_on, last_on = g.last_on,
        arrived_at = g.arrived_at, ended_at = NULL, overstayed_at = NULL
    WHEN NOT MATCHED THEN INSERT (booking, leg, id, kind, place_id, state, starts_at, ends_at, from_m, to_m, quantity,
                                  first_on, last_on, arrived_at)
        VALUES (b.number, g.leg, g.id, g.kind, g.place_id, g.state, g.starts_at, g.ends_at, g.from_m, g.to_m, g.quantity,
                g.first_on, g.last_on, g.arrived_at);
    DELETE FROM legs WHERE booking = b.number AND leg = ANY (r.gives)
        AND leg NOT IN (SELECT (w ->> 'leg')::smallint FROM json_array_elements(r.wanted) w);
    SELECT array_agg(DISTINCT p.facility ORDER BY p.facility) AS facilities, min(l.starts_at) AS starts_at INTO came
    FROM legs l JOIN places p ON p.id = l.place_id WHERE l.booking = b.number;
    UPDATE bookings SET facts = coalesce(r.facts, facts), facilities = came.facilities, overrides = r.overrides,
                        starts_at = came.starts_at,
                        change = NULL, change_expires_at = NULL, state = coalesce(r.state, state), expires_at = b.expires_at,
                        awaits = coalesce(r.awaits, CASE state WHEN 'pending' THEN awaits ELSE '{}' END),
                        confirmed_at = coalesce(confirmed_at, CASE r.state WHEN 'confirmed' THEN clock_timestamp() END),
                        version = version + 1, updated_at = clock_timestamp()
    WHERE number = b.number RETURNING * INTO after;
    after.facilities := ARRAY(SELECT unnest(b.facilities) UNION SELECT unnest(after.facilities) ORDER BY 1);
    RETURN record_booking(after, r.type, r."by", before, r.cause);
END
$$;

-- The facilities whose operators see a booking: those of its legs.
CREATE OR REPLACE FUNCTION facilities_of(wanted bigint) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT p.facility ORDER BY p.facility) FROM legs l JOIN places p ON p.id = l.place_id WHERE l.booking = wanted
$$;

-- Alter a booking that was read at `version`: key, booking, places, claims, legs, event. Gives the answer as `book` does.
-- `asked` has what `settle_booking` takes, and
--   asker, key, fingerprint    whose request it is
--   number, version            the booking, and what it was when the change was worked out
--   places, read_at            all places that it leaves or comes to, sorted, and the version of the rules it was judged by
--   waits, claims, comes_to    null, or how long the change waits for approval, what it takes meanwhile, and where
CREATE OR REPLACE FUNCTION alter_booking(asked json, OUT answer text, OUT replayed boolean, OUT first_fingerprint text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    r record;
    b bookings;
    first_event bigint;
    happened events;
BEGIN
    SELECT * INTO r FROM json_to_record(asked) AS x (
        asker text, key text, fingerprint text, number bigint, version int, places int[], read_at bigint[], gives smallint[], waits interval);
    IF r.key IS NOT NULL THEN
        SELECT k.first_print, k.first_event INTO first_fingerprint, first_event FROM claim_key(r.asker, r.key, r.fingerprint) k;
    END IF;
    replayed := first_event IS NOT NULL;
    IF replayed THEN
        SELECT e.current::text INTO answer FROM events e WHERE e.id = first_event;
        RETURN;
    END IF;
    SELECT * INTO b FROM bookings WHERE number = r.number FOR NO KEY UPDATE;
    IF b.version = r.version THEN
        PERFORM clear_places(r.places, r.read_at);
    END IF;
    -- Read after the last lock: what has lapsed while the locks were waited for may have gone to others.
    IF b.version <> r.version OR b.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'the booking has changed since it was read' USING ERRCODE = 'PS002';
    END IF;
    IF r.waits IS NULL THEN
        PERFORM give_back(b.number, r.gives);
        happened := settle_booking(b, asked);
    ELSE
        PERFORM give_back(b.number, '{}');
        happened := request_change(b, asked);
    END IF;
    UPDATE idempotency_keys SET event_id = happened.id WHERE organisation_id = r.asker AND idempotency_keys.key = r.key;
    answer := happened.current::text;
END
$$;

-- Let a change wait for approval beside the booking as it stands, both safe: it takes berths in full, and of floors what
-- it needs on each day beyond what the legs hold that it would give back. Kept is what `settle_booking` will be asked.
CREATE OR REPLACE FUNCTION request_change(b bookings, asked json) RETURNS events LANGUAGE plpgsql AS $$
DECLARE
    r record;
    before json := booking_json(b);
    lapses timestamptz;
    chosen json;
    after bookings;
BEGIN
    SELECT * INTO r FROM json_to_record(asked) AS x (
        by text, cause json, facts json, overrides json, gives smallint[], wanted json, awaits text[],
        waits interval, claims json, comes_to text[]);
    -- Approved after the end of what it asks for, it would cost the old slot and bring nothing.
    lapses := least(clock_timestamp() + r.waits, first_end(r.wanted));
    SELECT coalesce(json_object_agg(t.leg, t.from_m), '{}') INTO chosen FROM take(b.number, lapses, true, r.gives, r.claims) t;
    UPDATE bookings
    SET change = json_build_object(
            'facts', coalesce(r.facts, b.facts), 'overrides', r.overrides, 'gives', r.gives,
            -- What is closed was judged when the place was taken, and what is approved then has it.
            'wanted', (SELECT json_agg(w::jsonb || jsonb_build_object('from_m', (chosen ->> (w ->> 'leg'))::int, 'closed', NULL))
                       FROM json_array_elements(r.wanted) w)),
        change_expires_at = lapses, awaits = r.awaits, version = version + 1, updated_at = clock_timestamp(),
        facilities = ARRAY(SELECT unnest(facilities_of(number)) UNION SELECT unnest(r.comes_to) ORDER BY 1)
    WHERE number = b.number RETURNING * INTO after;
    after.facilities := ARRAY(SELECT unnest(b.facilities) UNION SELECT unnest(after.facilities) ORDER BY 1);
    RETURN record_booking(after, 'booking.change-requested', r."by", before, r.cause);
END
$$;

-- Do a change that was waiting, now that it is approved; its booking and all places of both are locked.
CREATE OR REPLACE FUNCTION settle_change(wanted bigint, who text, why json) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    b bookings;
BEGIN
    SELECT * INTO b FROM bookings WHERE number = wanted;
    PERFORM give_back(b.number, ARRAY(SELECT json_array_elements_text(b.change -> 'gives')::smallint));
    RETURN (settle_booking(b, json_build_object(
        'by', who, 'type', 'booking.change-approved', 'cause', why, 'facts', b.change -> 'facts', 'overrides', b.change -> 'overrides',
        'gives', b.change -> 'gives', 'wanted', b.change -> 'wanted'))).id;
END
$$;

-- Drop a change that was waiting; its booking and all places of both are locked.
CREATE OR REPLACE FUNCTION drop_change(wanted bigint, what text, who text, why json) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    b bookings;
    after bookings;
    before json;
BEGIN
    SELECT * INTO b FROM bookings WHERE number = wanted;
    -- Whoever tells of its lapse tells what has lapsed.
    before := booking_json(b)::jsonb || jsonb_build_object('change', change_json(b), 'awaits', b.awaits);
    PERFORM give_back(b.number, '{}');
    UPDATE bookings SET change = NULL, change_expires_at = NULL, awaits = '{}', facilities = facilities_of(number),
                        version = version + 1, updated_at = clock_timestamp()
    WHERE number = wanted RETURNING * INTO after;
    after.facilities := b.facilities;
    RETURN (record_booking(after, what, who, before, why)).id;
END
$$;
