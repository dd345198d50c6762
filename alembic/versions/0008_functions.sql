-- The functions that 0008 changes, as they were before it.

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
        -- More goods come under it: not all have left any more.
        IF EXISTS (SELECT FROM customs_references WHERE id = fresh AND state = 'GATED_OUT') THEN
            UPDATE customs_references SET state = 'RELEASED', heard_at = clock_timestamp() WHERE id = fresh;
        END IF;
        IF EXISTS (SELECT FROM customs_references WHERE id = fresh AND state <> 'NOT_DECLARED') THEN
            PERFORM tell_customs(b, fresh, 'service', NULL);
        END IF;
    END LOOP;
END
$$;

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
    END IF;
    RETURN happened;
END
$$;
