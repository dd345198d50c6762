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
        -- More goods may come under it: then not all have left any more.
        IF NOT goods_have_left(fresh) AND EXISTS (SELECT FROM customs_references WHERE id = fresh AND state = 'GATED_OUT') THEN
            UPDATE customs_references SET state = 'RELEASED', heard_at = clock_timestamp() WHERE id = fresh;
        END IF;
        IF EXISTS (SELECT FROM customs_references WHERE id = fresh AND state <> 'NOT_DECLARED') THEN
            PERFORM tell_customs(b, fresh, 'service', NULL);
        END IF;
    END LOOP;
END
$$;

-- Whether goods have left under a reference, and none is left that firm bookings have there or still to come.
CREATE OR REPLACE FUNCTION goods_have_left(referred bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((
        SELECT bool_and(l.state IN ('completed', 'no_show')) AND bool_or(l.state = 'completed')
        FROM booking_references r JOIN bookings b ON b.number = r.booking
        JOIN legs l ON l.booking = b.number AND l.kind = 'storage'
        WHERE r.reference = referred AND b.state IN ('confirmed', 'arrived', 'completed')), false);
END
$$;

-- Let the references of a booking know that none of its goods is there or to come any more, because they have left or because
-- it is given up: what customs has released, and is all gone now, is gated out. Told to every firm booking under it.
CREATE OR REPLACE FUNCTION gate_out_references(b bookings, at timestamptz, who text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
BEGIN
    FOR gone IN
        SELECT c.id FROM customs_references c JOIN booking_references r ON r.reference = c.id
        WHERE r.booking = b.number ORDER BY c.id FOR NO KEY UPDATE OF c
    LOOP
        CONTINUE WHEN NOT goods_have_left(gone);
        UPDATE customs_references SET state = 'GATED_OUT', changed_at = greatest(changed_at, at), heard_at = clock_timestamp()
        WHERE id = gone AND state = 'RELEASED';
        CONTINUE WHEN NOT FOUND;
        PERFORM tell_customs(other, gone, who, NULL) FROM booking_references r JOIN bookings other ON other.number = r.booking
        WHERE r.reference = gone AND other.state IN ('confirmed', 'arrived', 'completed');
    END LOOP;
END
$$;
