"""Two processes' worth of the service on one database, and what must be true of it afterwards."""

from datetime import timedelta

import asyncpg
import httpx

from service import clock
from tests.asking import new_key

INVARIANTS = {
    "no two ships on one metre at one time": """
        SELECT count(*) FROM berth_claims a JOIN berth_claims b
        ON a.place_id = b.place_id AND a.metres && b.metres AND a.during && b.during AND (a.booking, a.leg) < (b.booking, b.leg)
        AND NOT (a.booking = b.booking AND a.change <> b.change)""",
    "no floor oversold": "SELECT count(*) FROM floor_days WHERE taken > capacity OR taken < 0",
    "counters equal the sum of claims": """
        SELECT count(*) FROM floor_days f FULL JOIN (
            SELECT place_id, pool, day::date AS day, sum(quantity) AS quantity FROM storage_claims,
            generate_series(lower(days), upper(days) - 1, interval '1 day') AS day GROUP BY 1, 2, 3
        ) c USING (place_id, pool, day) WHERE coalesce(f.taken, 0) <> coalesce(c.quantity, 0)""",
    "on days to come, pools and the general floor together are the floor": """
        SELECT count(*) FROM (
            SELECT f.place_id, f.day, sum(f.capacity) AS capacity
            FROM floor_days f JOIN places p ON p.id = f.place_id JOIN ports o ON o.unlocode = p.port
            WHERE f.day > (clock_timestamp() AT TIME ZONE o.time_zone)::date GROUP BY 1, 2
        ) d JOIN warehouses w USING (place_id) WHERE d.capacity <> w.capacity""",
    "on days to come, what is taken of a floor fits beside what is closed of it": """
        SELECT count(*) FROM (
            SELECT f.place_id, f.day, o.time_zone, sum(f.taken) AS taken
            FROM floor_days f JOIN places p ON p.id = f.place_id JOIN ports o ON o.unlocode = p.port
            WHERE f.day > (clock_timestamp() AT TIME ZONE o.time_zone)::date GROUP BY 1, 2, 3
        ) d JOIN warehouses w USING (place_id)
        WHERE taken > 0 AND taken + least(w.capacity, (
            SELECT coalesce(sum(coalesce(c.quantity, w.capacity)), 0) FROM closures c WHERE c.place_id = w.place_id
              AND c.during && tstzrange(day::timestamp AT TIME ZONE time_zone,
                                          (day + 1)::timestamp AT TIME ZONE time_zone)
        )) > w.capacity""",
    "every standing booking has a claim for each leg": """
        SELECT count(*) FROM bookings b JOIN legs l ON l.booking = b.number
        WHERE (b.state IN ('confirmed', 'arrived') OR b.expires_at > clock_timestamp()) AND l.state <> 'no_show'
          AND NOT EXISTS (SELECT FROM berth_claims c WHERE c.booking = l.booking AND c.leg = l.leg AND NOT c.change)
          AND NOT EXISTS (SELECT FROM storage_claims c WHERE c.booking = l.booking AND c.leg = l.leg AND NOT c.change)""",
    "what is claimed for a leg that is to come, or there, is firm or lapses with its booking": """
        SELECT count(*) FROM bookings b JOIN (
            SELECT booking, expires_at FROM berth_claims WHERE NOT change
            UNION ALL SELECT booking, expires_at FROM storage_claims WHERE NOT change
        ) c ON c.booking = b.number WHERE c.expires_at <> coalesce(b.expires_at, 'infinity')""",
    "a booking is what its legs are": """
        SELECT count(*) FROM bookings b, LATERAL (SELECT array_agg(DISTINCT state) AS states FROM legs WHERE booking = b.number) l
        WHERE (b.state = 'arrived') <> (l.states && '{arrived,completed}' AND l.states && '{arrived,planned}')
           OR (b.state = 'completed') <> ('completed' = ANY (l.states) AND NOT l.states && '{arrived,planned}')
           OR (b.state = 'no_show') <> (l.states = '{no_show}')""",
    "no ended booking has a claim": """
        SELECT count(*) FROM bookings b WHERE b.state IN ('cancelled', 'expired', 'rejected', 'declined', 'displaced', 'no_show')
          AND (EXISTS (SELECT FROM berth_claims c WHERE c.booking = b.number)
            OR EXISTS (SELECT FROM storage_claims c WHERE c.booking = b.number))""",
    "a booking starts with its first leg": """
        SELECT count(*) FROM bookings b WHERE b.starts_at <> (SELECT min(l.starts_at) FROM legs l WHERE l.booking = b.number)""",
    "what a planned leg claims is what it says": """
        SELECT count(*) FROM legs l JOIN bookings b ON b.number = l.booking
        WHERE l.state = 'planned' AND (b.state IN ('confirmed', 'arrived') OR b.expires_at > clock_timestamp())
          AND CASE l.kind
              WHEN 'berth' THEN NOT EXISTS (
                  SELECT FROM berth_claims c WHERE c.booking = l.booking AND c.leg = l.leg AND NOT c.change AND c.place_id = l.place_id
                  AND c.metres = int4range(l.from_m, l.to_m) AND c.during @> tstzrange(l.starts_at, l.ends_at))
              ELSE l.quantity * (l.last_on - l.first_on) IS DISTINCT FROM (
                  SELECT sum(c.quantity * (upper(c.days) - lower(c.days))) FROM storage_claims c
                  WHERE c.booking = l.booking AND c.leg = l.leg AND NOT c.change AND c.place_id = l.place_id
                  AND c.days <@ daterange(l.first_on, l.last_on)) END""",
    "what is claimed for a change belongs to one that waits, and lapses with it": """
        SELECT count(*) FROM bookings b JOIN (
            SELECT booking, expires_at FROM berth_claims WHERE change
            UNION ALL SELECT booking, expires_at FROM storage_claims WHERE change
        ) c ON c.booking = b.number WHERE c.expires_at IS DISTINCT FROM b.change_expires_at""",
    "one first event for each booking": """
        SELECT count(*) FROM bookings b WHERE
          (SELECT count(*) FROM events e WHERE e.subject = b.id AND e.type LIKE 'booking.%' AND e.previous IS NULL) <> 1""",
}


class Crowd:
    """Many clients over two instances of the service, each with a pool of its own."""

    def __init__(self, clients: list[httpx.AsyncClient], url: str, keys: dict[str, str]) -> None:
        self.clients = clients
        self.url = url
        self.keys = keys
        self._turn = 0

    async def post(
        self, path: str, body: object = None, *, key: str | None = None, role: str = "forwarder", **headers: str
    ) -> httpx.Response:
        self._turn += 1
        client = self.clients[self._turn % len(self.clients)]
        sent = {"Authorization": f"Bearer {self.keys[role]}", "Idempotency-Key": key or new_key(), **headers}
        return await client.post(path, json=body, headers=sent)

    async def get(self, path: str, *, role: str = "forwarder", **params: object) -> httpx.Response:
        self._turn += 1
        client = self.clients[self._turn % len(self.clients)]
        return await client.get(path, params=params, headers={"Authorization": f"Bearer {self.keys[role]}"})

    async def sql(self, query: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def lapse(self, booking_id: str) -> None:
        """Let time pass for one reservation hold: as if its life had ended a second ago."""
        number = (await self.sql("SELECT number FROM bookings WHERE id = $1", booking_id))[0]["number"]
        lapsed_at = clock.now() - timedelta(seconds=1)
        for table, column in (("bookings", "number"), ("berth_claims", "booking"), ("storage_claims", "booking")):
            await self.sql(f"UPDATE {table} SET expires_at = $2 WHERE {column} = $1", number, lapsed_at)
        await self.sql(
            "UPDATE places SET version = version + 1 WHERE id IN (SELECT place_id FROM legs WHERE booking = $1)", number
        )

    async def broken(self) -> dict[str, int]:
        """What does not hold that must; empty when all is well."""
        counted = {name: (await self.sql(query))[0]["count"] for name, query in INVARIANTS.items()}
        deadlocks = await self.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        counted["no deadlock"] = deadlocks[0]["deadlocks"]
        return {name: count for name, count in counted.items() if count}
