-- Make the days of a floor, from the local day of now on, as large as its warehouse says: what is not kept for partners is
-- the general pool. The check `storage_full` refuses what would leave less than is taken; but today may still hold what
-- has left, or should have, and nobody can move: it stays as large as that. Days that are over stay as they were. A day
-- without a row needs nothing: it gets the size that the warehouse has when it is first taken. The caller holds the lock
-- of the place, and has changed the warehouse.
CREATE OR REPLACE FUNCTION resize_floor(floor int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- What bookings have just given back of a pool that is released is nobody's: it goes to the general one.
    PERFORM release_due(ARRAY[floor], clock_timestamp());
    UPDATE floor_days d SET capacity = CASE s.day WHEN s.today THEN greatest(s.size, d.taken) ELSE s.size END
    FROM (
        SELECT g.day, t.today, w.capacity - coalesce(sum(kept.capacity), 0) AS size
        FROM warehouses w JOIN places p ON p.id = w.place_id JOIN ports o ON o.unlocode = p.port
        CROSS JOIN LATERAL (SELECT (clock_timestamp() AT TIME ZONE o.time_zone)::date AS today) AS t
        JOIN floor_days g ON g.place_id = w.place_id AND g.pool = 0 AND g.day >= t.today
        LEFT JOIN floor_days kept ON kept.place_id = w.place_id AND kept.pool <> 0 AND kept.day = g.day
        WHERE w.place_id = floor GROUP BY g.day, t.today, w.capacity
    ) AS s
    WHERE d.place_id = floor AND d.pool = 0 AND d.day = s.day;
END
$$;
