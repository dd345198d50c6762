-- What happens on the ground takes less of a place than was booked, or more: whoever leaves early, whoever stays.
-- The caller holds the locks of the booking and of the places.

-- Let the claims of a leg end: on a quay at a moment, on a floor before a local day. What was to come goes back at once,
-- to the pools it was drawn from. Null: from their beginning, as nobody has come. A change that waits is left alone.
--
--   quay     ├────────────────┤░░░░░░░░░┤        days   │ ▓ │ ▓ │ ░ │ ░ │
--                          until                               day             ░ goes back
CREATE OR REPLACE FUNCTION end_claims(holder bigint, ended smallint, until timestamptz, day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    cut record;
BEGIN
    DELETE FROM berth_claims WHERE booking = holder AND leg = ended AND NOT change AND (until IS NULL OR until <= lower(during));
    UPDATE berth_claims SET during = tstzrange(lower(during), until)
    WHERE booking = holder AND leg = ended AND NOT change AND until < upper(during);
    FOR cut IN
        DELETE FROM storage_claims
        WHERE booking = holder AND leg = ended AND NOT change AND (end_claims.day IS NULL OR end_claims.day < upper(days))
        RETURNING pool, place_id, days, quantity, expires_at
    LOOP
        PERFORM uncount(cut.place_id, cut.pool, daterange(greatest(lower(cut.days), day), upper(cut.days)), cut.quantity);
        IF lower(cut.days) < day THEN
            INSERT INTO storage_claims (booking, leg, pool, place_id, days, quantity, expires_at)
            VALUES (holder, ended, cut.pool, cut.place_id, daterange(lower(cut.days), day), cut.quantity, cut.expires_at);
        END IF;
    END LOOP;
END
$$;

-- Give the bookings, by number, whose claims a ship meets if it stays where it is until `target`: not its own.
CREATE OR REPLACE FUNCTION met_by(holder bigint, stays smallint, target timestamptz) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(DISTINCT n.booking ORDER BY n.booking), '{}')
    FROM berth_claims c JOIN berth_claims n ON n.place_id = c.place_id AND n.metres && c.metres
                                           AND n.during && tstzrange(upper(c.during), greatest(upper(c.during), target))
    WHERE c.booking = holder AND c.leg = stays AND NOT c.change
      AND n.booking <> holder AND n.expires_at > clock_timestamp()
$$;

-- Give when the next claim on the metres of a ship begins, its booking's other legs included; null: none until `target`.
CREATE OR REPLACE FUNCTION next_on_metres(holder bigint, stays smallint, target timestamptz) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT min(lower(n.during))
    FROM berth_claims c JOIN berth_claims n ON n.place_id = c.place_id AND n.metres && c.metres
                                           AND n.during && tstzrange(upper(c.during), greatest(upper(c.during), target))
    WHERE c.booking = holder AND c.leg = stays AND NOT c.change
      AND (n.booking <> holder OR NOT n.change) AND n.expires_at > clock_timestamp()
$$;

-- Let the claim of a ship that stays reach `target`, or the next claim on its metres. Gives how far it reaches then.
--
--   metres   ├───── claim ─────┤▒▒▒▒▒▒▒▒├── next ──┤        ▒ what it grows by
--                                             target
CREATE OR REPLACE FUNCTION grow_claim(holder bigint, stays smallint, target timestamptz) RETURNS timestamptz LANGUAGE sql AS $$
    UPDATE berth_claims
    SET during = tstzrange(lower(during), greatest(upper(during), least(target, next_on_metres(holder, stays, target))))
    WHERE booking = holder AND leg = stays AND NOT change
    RETURNING upper(during)
$$;
