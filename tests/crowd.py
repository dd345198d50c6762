"""Two processes' worth of the service on one database, and what must be true of it afterwards."""

import asyncpg
import httpx

from tests.asking import new_key

INVARIANTS = {
    "no two ships on one metre at one time": """
        SELECT count(*) FROM berth_claims a JOIN berth_claims b
        ON a.place_id = b.place_id AND a.metres && b.metres AND a.during && b.during AND (a.booking, a.leg) < (b.booking, b.leg)""",
    "no floor oversold": "SELECT count(*) FROM floor_days WHERE taken > capacity OR taken < 0",
    "counters equal the sum of claims": """
        SELECT count(*) FROM floor_days f FULL JOIN (
            SELECT place_id, day::date AS day, sum(quantity) AS quantity FROM storage_claims,
            generate_series(lower(days), upper(days) - 1, interval '1 day') AS day GROUP BY 1, 2
        ) c USING (place_id, day) WHERE coalesce(f.taken, 0) <> coalesce(c.quantity, 0)""",
    "every standing booking has a claim for each leg": """
        SELECT count(*) FROM bookings b JOIN legs l ON l.booking = b.number
        WHERE (b.state IN ('confirmed') OR b.expires_at > clock_timestamp())
          AND NOT EXISTS (SELECT FROM berth_claims c WHERE c.booking = l.booking AND c.leg = l.leg)
          AND NOT EXISTS (SELECT FROM storage_claims c WHERE c.booking = l.booking AND c.leg = l.leg)""",
    "no ended booking has a claim": """
        SELECT count(*) FROM bookings b WHERE b.state IN ('cancelled', 'expired')
          AND (EXISTS (SELECT FROM berth_claims c WHERE c.booking = b.number)
            OR EXISTS (SELECT FROM storage_claims c WHERE c.booking = b.number))""",
    "one first event for each booking": """
        SELECT count(*) FROM bookings b WHERE
          (SELECT count(*) FROM events e WHERE e.subject = b.id AND e.previous IS NULL) <> 1""",
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
        for table, column in (("bookings", "number"), ("berth_claims", "booking"), ("storage_claims", "booking")):
            await self.sql(
                f"UPDATE {table} SET expires_at = clock_timestamp() - interval '1 s' WHERE {column} = $1", number
            )
        await self.sql(
            "UPDATE places SET version = version + 1 WHERE id IN (SELECT place_id FROM legs WHERE booking = $1)", number
        )

    async def broken(self) -> dict[str, int]:
        """What does not hold that must; empty when all is well."""
        counted = {name: (await self.sql(query))[0]["count"] for name, query in INVARIANTS.items()}
        deadlocks = await self.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        counted["no deadlock"] = deadlocks[0]["deadlocks"]
        return {name: count for name, count in counted.items() if count}
