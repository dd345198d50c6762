"""Readiness, and what clients are told, when the database is there and will not do."""

import asyncpg

from service.app import create_app
from tests.asking import berth, booking


async def test_a_database_that_takes_no_connections_is_away_and_no_fault_of_ours(server, crowd):
    name = crowd.url.split("?")[0].rsplit("/", 1)[1]
    control = await asyncpg.connect(server.dsn)
    await control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    for _ in range(2):  # the first may still meet a connection as it breaks
        await control.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        answers = [
            await crowd.get("/v1/bookings"), await crowd.get("/v1/events"), await crowd.get("/readyz"),
            await crowd.post("/v1/bookings", booking(berth())),
        ]  # fmt: skip
    metrics = await crowd.get("/metrics")
    await control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await control.close()
    assert {(answer.status_code, "retry-after" in answer.headers) for answer in answers} == {(503, True)}
    assert metrics.status_code == 200
    assert (await crowd.get("/readyz")).status_code == 200


async def test_a_database_that_takes_no_changes_is_not_ready(server, url, as_):
    import httpx  # noqa: PLC0415

    from tests.conftest import settings_for  # noqa: PLC0415

    name = url.split("?")[0].rsplit("/", 1)[1]
    server.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    app = create_app(settings_for(url))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://slotway.test") as client:
            ready = await client.get("/readyz")
            booked = await client.post(
                "/v1/bookings", json=booking(berth()), headers=as_("forwarder", **{"Idempotency-Key": "k"})
            )
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "read-only")
    assert booked.status_code == 503
