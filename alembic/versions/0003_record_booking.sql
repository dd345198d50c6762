-- Recording a change of a booking as it was before bookings travelled under customs references.

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
    RETURN happened;
END
$$;
