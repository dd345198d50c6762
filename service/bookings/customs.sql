-- The customs references that firm bookings travel under. One row for each reference carries what customs has said of it, and
-- is what a customs hold, a confirmation and a leaving lock: none of them misses another. It is locked after the booking and
-- its places, so whoever holds one waits for nothing else.

-- Tell those whom a booking concerns what customs says of a reference that it travels under. Officers' remarks are not in it.
CREATE OR REPLACE FUNCTION tell_customs(b bookings, referred bigint, who text, why json) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, current, cause)
    SELECT 'customs.' || replace(lower(c.state), '_', '-'), b.id, who, b.organisation_id, b.facilities, true,
           json_build_object('booking', b.id, 'reference', json_build_object('type', c.type, 'country', c.country, 'value', c.value),
                             'state', c.state, 'holds', c.holds, 'changed_at', rfc3339(c.changed_at)), why
    FROM customs_references c WHERE c.id = referred;
END
$$;

-- Let a booking travel under the references that it names. What customs has said already of one that is new to it, is told.
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
