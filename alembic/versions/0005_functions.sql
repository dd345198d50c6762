-- The functions that 0006 changes, as they were before it.

CREATE OR REPLACE FUNCTION leg_json(l legs) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    at record;
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
    RETURN json_build_object(
        'id', l.id, 'kind', 'storage', 'state', l.state, 'port', at.port, 'warehouse', at.code,
        'quantity', l.quantity, 'unit', at.unit, 'bonded', at.bonded,
        'window', json_build_object('start', rfc3339(l.starts_at), 'end', rfc3339(l.ends_at)),
        'first_on', l.first_on, 'last_on', l.last_on,
        'time_zone', at.time_zone, 'arrived_at', rfc3339(l.arrived_at), 'ended_at', rfc3339(l.ended_at));
END
$$;

CREATE OR REPLACE FUNCTION refer(b bookings) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    fresh bigint;
BEGIN
    IF json_typeof(b.facts -> 'customs_references') IS DISTINCT FROM 'array' THEN
        RETURN;
    END IF;
    INSERT INTO customs_references (type, country, value)
    SELECT DISTINCT r.type, r.country, r.value
    FROM json_to_recordset(b.facts -> 'customs_references') AS r (type text, country text, value text)
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING;
    FOR fresh IN
        SELECT c.id FROM customs_references c
        WHERE (c.type, c.country, c.value) IN (
                SELECT r.type, r.country, r.value
                FROM json_to_recordset(b.facts -> 'customs_references') AS r (type text, country text, value text))
          AND NOT EXISTS (SELECT FROM booking_references r WHERE r.booking = b.number AND r.reference = c.id)
        ORDER BY c.id FOR NO KEY UPDATE
    LOOP
        INSERT INTO booking_references (booking, reference) VALUES (b.number, fresh);
        IF EXISTS (SELECT FROM customs_references WHERE id = fresh AND state <> 'NOT_DECLARED') THEN
            PERFORM tell_customs(b, fresh, 'service', NULL);
        END IF;
    END LOOP;
END
$$;

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
    FROM take(b.number, coalesce(b.expires_at, 'infinity'), false, '{}', r.wanted) t;
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
