"""A process that is told to end finishes what it has begun; keys that are revoked and schemas that are old are noticed by all."""

import asyncio
import time

import asyncpg
import httpx

from service.health import revisions
from tests.asking import SMALL_SHIP, berth, booking, new_key, storage
from tests.drills.installation import eventually

DRAIN_S = 5


async def test_a_request_in_flight_at_sigterm_is_finished_and_the_process_ends_at_once_after_it(installation):
    api = installation.api(SLOTWAY_DRAIN_S=str(DRAIN_S))
    await api.reads(200, within_s=20)
    idle = httpx.AsyncClient(base_url=api.url)
    assert (await idle.get("/livez")).status_code == 200  # a connection kept alive must not delay the end
    blocker = await asyncpg.connect(installation.url)
    async with blocker.transaction():
        await blocker.execute("SELECT 1 FROM places WHERE code = 'PKGWD-FZS-W1' FOR UPDATE")
        headers = installation.as_("forwarder", **{"Idempotency-Key": new_key()})
        body = booking(storage(10), vessel=None)
        in_flight = asyncio.create_task(api.client.post("/v1/bookings", json=body, headers=headers))
        await eventually(lambda: waiting(installation.url), 3)
        began = time.monotonic()
        api.popen.terminate()
        await asyncio.sleep(0.5)
        assert api.lives
        assert not in_flight.done()
    answer = await in_flight
    assert answer.status_code == 201, answer.text
    await asyncio.to_thread(api.popen.wait, DRAIN_S)
    assert time.monotonic() - began < 3
    await idle.aclose()
    await blocker.close()


async def waiting(url: str) -> bool:
    connection = await asyncpg.connect(url)
    found = await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    await connection.close()
    return bool(found)


async def test_a_request_that_hangs_does_not_keep_the_process_longer_than_its_drain_time(installation):
    api = installation.api(SLOTWAY_DRAIN_S="1")
    await api.reads(200, within_s=20)
    reader, writer = await asyncio.open_connection(*api.url.removeprefix("http://").split(":"))
    key = installation.keys["forwarder"]
    writer.write(
        f"POST /v1/bookings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 99\r\n\r\n{{".encode()
    )
    await writer.drain()
    await asyncio.sleep(0.3)
    began = time.monotonic()
    api.popen.terminate()
    await asyncio.to_thread(api.popen.wait, 5)
    assert time.monotonic() - began < 3
    await reader.read()
    writer.close()


async def test_under_load_nothing_that_was_done_at_sigterm_goes_without_its_answer(installation):
    """A new connection for each request: the end of one that idles is no answer lost."""
    api = installation.api(SLOTWAY_DRAIN_S=str(DRAIN_S))
    await api.reads(200, within_s=20)
    answered: dict[str, int] = {}
    unanswered: list[str] = []

    async def book_on() -> None:
        async with httpx.AsyncClient(base_url=api.url, headers={"Connection": "close"}, timeout=10) as client:
            while api.lives:
                key = new_key()
                body = booking(berth(10 + len(answered) % 400, hours=3), vessel=SMALL_SHIP)
                try:
                    answer = await client.post(
                        "/v1/bookings", json=body, headers=installation.as_("forwarder", **{"Idempotency-Key": key})
                    )
                    answered[key] = answer.status_code
                except httpx.ConnectError:
                    await asyncio.sleep(0.02)
                except httpx.TransportError:
                    unanswered.append(key)

    clients = [asyncio.create_task(book_on()) for _ in range(16)]

    async def enough() -> bool:
        return len(answered) > 150

    await eventually(enough, 60)
    took = await asyncio.to_thread(api.end, DRAIN_S)
    await asyncio.gather(*clients)
    assert took < DRAIN_S
    assert set(answered.values()) <= {201, 409}
    connection = await asyncpg.connect(installation.url)
    stored = await connection.fetch("SELECT key FROM idempotency_keys WHERE key = ANY ($1)", unanswered)
    await connection.close()
    assert stored == []  # one that was not accepted had no effect


async def test_a_revoked_key_is_refused_by_every_process_within_five_seconds(installation):
    apis = await installation.two_apis()
    made = await apis[0].client.post("/v1/keys", json={"name": "short-lived"}, headers=installation.as_("forwarder"))
    assert made.status_code == 201, made.text
    key = {"Authorization": f"Bearer {made.json()['key']}"}
    for api in apis:
        assert (await api.client.get("/v1/bookings", headers=key)).status_code == 200
    revoked = await apis[0].client.post(f"/v1/keys/{made.json()['id']}/revoke", headers=installation.as_("forwarder"))
    began = time.monotonic()
    assert revoked.status_code == 200

    async def dead_everywhere() -> bool:
        answers = [await api.client.get("/v1/bookings", headers=key) for api in apis]
        assert {answer.status_code for answer in answers} <= {200, 401}
        return all(answer.status_code == 401 and answer.json()["code"] == "key-revoked" for answer in answers)

    assert await eventually(dead_everywhere, 5)
    assert time.monotonic() - began < 5


async def test_a_schema_that_is_older_than_the_code_is_named_and_the_service_is_not_ready_until_it_is_migrated(
    installation,
):
    api, other = await installation.two_apis()
    connection = await asyncpg.connect(installation.url)
    head = await connection.fetchval("SELECT version_num FROM alembic_version")
    older = [each for each in revisions().older if each != "none"]
    brought_down = [
        ("ALTER TABLE alembic_version RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO alembic_version"),
        ("DELETE FROM alembic_version", f"INSERT INTO alembic_version VALUES ('{head}')"),
        *((f"UPDATE alembic_version SET version_num = '{each}'", f"UPDATE alembic_version SET version_num = '{head}'") for each in older),
    ]  # fmt: skip
    for down, up in brought_down:
        await connection.execute(down)
        for each in (api, other):
            refused = await each.client.get("/readyz")
            assert (refused.status_code, refused.json().get("code")) == (503, "not-ready"), down
            assert refused.json()["checks"] == {"database": "ok", "schema": "old"}
            assert refused.headers["retry-after"]
        await connection.execute(up)
        assert (await api.reads(200, 2))["schema_version"] == head
    await connection.close()
