-- What is set apart of a floor for partners: from the general pool into a pool of its own, day by day (guard.sql has how
-- it is drawn on, and how what is left of it comes back).

-- Set a quantity apart on each day of a range, or say on which day there is not so much, and how much there is. `closed` is
-- what the rules put out of use on each of the days: a promise of it could not be kept. The place is cleared by then.
--
--   general   12000 12000  9000      wanted 4000      8000  8000  5000
--   pool 7                                            4000  4000  4000
CREATE OR REPLACE FUNCTION set_apart(
    floor int, into_pool int, first date, last date, wanted int, closed int[], OUT short_on date, OUT free int
) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO floor_days (place_id, pool, day, taken, capacity)
    SELECT floor, 0, each::date, 0, w.capacity
    FROM warehouses w, generate_series(first, last - 1, interval '1 day') AS each WHERE w.place_id = floor
    ON CONFLICT DO NOTHING;
    SELECT d.day, greatest(0, d.capacity - d.taken - closed[d.day - first + 1]) INTO short_on, free
    FROM floor_days d
    WHERE d.place_id = floor AND d.pool = 0 AND d.day >= first AND d.day < last
      AND d.capacity - d.taken - closed[d.day - first + 1] < wanted
    ORDER BY d.day LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    UPDATE floor_days SET capacity = capacity - wanted WHERE place_id = floor AND pool = 0 AND day >= first AND day < last;
    INSERT INTO floor_days (place_id, pool, day, taken, capacity)
    SELECT floor, into_pool, each::date, 0, wanted FROM generate_series(first, last - 1, interval '1 day') AS each;
END
$$;
