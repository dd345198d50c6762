-- Make the days of a floor, from the local day of now on, as large as its warehouse says: what is not kept for partners is
-- the general pool. The check `storage_full` refuses what would leave less than is taken. Days that are over stay as
-- they were. A day without a row needs nothing: it gets the size that the warehouse has when it is first taken. The caller
-- holds the lock of the place, and has changed the warehouse.
CREATE OR REPLACE FUNCTION resize_floor(floor int) RETURNS void LANGUAGE sql AS $$
    UPDATE floor_days d SET capacity = w.capacity - coalesce((
        SELECT sum(kept.capacity) FROM floor_days kept WHERE kept.place_id = floor AND kept.day = d.day AND kept.pool <> 0), 0)
    FROM warehouses w JOIN places p ON p.id = w.place_id JOIN ports o ON o.unlocode = p.port
    WHERE w.place_id = floor AND d.place_id = floor AND d.pool = 0
      AND d.day >= (clock_timestamp() AT TIME ZONE o.time_zone)::date
$$;
