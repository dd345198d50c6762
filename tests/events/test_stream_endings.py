"""How a stream ends: the key is revoked, the server stops, the client leaves or takes nothing; and how many there may be."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.asking import booking, storage
from tests.events.following import port_at
from tests.serving import process

IDLE = 200
BULK = """INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, current)
          SELECT 'staged', n::text, 'test', $1, '{}', false, json_build_object('n', n, 'pad', repeat('x', 4000))
          FROM generate_series(1, $2) n"""


@pytest.fixture
async def served(url, keys):
    """A process of the service, and a way to ask it."""
    with process(url, SLOTWAY_STREAMS_PER_ORGANISATION=str(IDLE)) as (service, address):
        async with port_at(address, keys) as port:
            yield service, port


async def metrics(port) -> str:
    return (await port.client.get("/metrics")).text


async def streams_open(port) -> int:
    found = re.search(r"^slotway_event_streams (\d+)", await metrics(port), re.MULTILINE)
    assert found
    return int(found[1])


async def until_open(port, count: int, within_s: float = 5) -> None:
    until = time.monotonic() + within_s
    while (found := await streams_open(port)) != count:
        assert time.monotonic() < until, f"{found} streams are open, not {count}"
        await asyncio.sleep(0.05)


async def test_a_revoked_key_ends_its_streams_within_five_seconds_and_no_others(served):
    _, port = served
    made = await port.post("/v1/keys", {"name": "night shift"})
    async with port.follow(made["key"]) as doomed, port.follow("forwarder") as other:
        await asyncio.sleep(0.5)
        began = time.monotonic()
        await port.post(f"/v1/keys/{made['id']}/revoke")
        await doomed.has_ended(within_s=5)
        assert time.monotonic() - began < 5
        assert not other.ended
        await port.post("/v1/bookings", booking(storage(10, quantity=10), vessel=None))
        assert [each["type"] for each in await other.has(2)] == ["key.revoked", "booking.held"]
        assert "booking.held" not in str(doomed.events)
    last = {"Authorization": f"Bearer {made['key']}"}
    await asyncio.sleep(max(0, 5 - (time.monotonic() - began)))
    refused = await port.client.get("/v1/events/stream", headers=last)
    assert (refused.status_code, refused.json()["code"]) == (401, "key-revoked")


async def test_a_key_that_expires_ends_its_streams(served, url):
    _, port = served
    made = await port.post("/v1/keys", {"name": "night shift"})
    async with port.follow(made["key"]) as doomed:
        await sql(url, "UPDATE api_keys SET expires_at = clock_timestamp() + interval '1 s' WHERE id = $1", made["id"])
        await doomed.has_ended(within_s=5)


async def sql(url: str, query: str, *values: object):
    connection = await asyncpg.connect(url)
    found = await connection.fetch(query, *values)
    await connection.close()
    return found


async def test_a_server_that_stops_ends_its_streams_and_they_go_on_elsewhere_where_they_were(served, url):
    service, port = served
    async with port.follow() as follower, port.follow("rival"), port.follow("admin"):
        held = await port.post("/v1/bookings", booking(storage(10, quantity=10), vessel=None))
        told = await follower.has(1)
        began = time.monotonic()
        service.send_signal(signal.SIGTERM)
        await follower.has_ended(within_s=3)
        assert await asyncio.to_thread(service.wait, 5) in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 3
    with process(url) as (_, address):
        async with port_at(address, port.keys) as again:
            await again.post(f"/v1/bookings/{held['id']}/confirm")
            async with again.follow(last=told[-1]["sequence"]) as resumed:
                assert [each["type"] for each in await resumed.has(1)] == ["booking.confirmed"]


async def stalled(port, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream and take nothing of the much that is sent to it."""
    host, _, at = port.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(at), limit=1024)
    head = (
        f"GET /v1/events/stream?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {port.keys['forwarder']}\r\n\r\n"
    )
    writer.write(head.encode())
    await reader.readuntil(b"retry: ")
    owner = await sql(
        url, "SELECT organisation_id FROM api_keys WHERE digest = sha256($1)", port.keys["forwarder"].encode()
    )
    await sql(url, BULK, owner[0][0], 4000)
    return reader, writer


async def test_a_client_that_takes_nothing_is_cut_off_and_the_others_are_told_in_time(served, url):
    service, port = served
    before = resident_mib(service.pid)
    async with port.follow("rival") as rival:
        _, writer = await stalled(port, url)
        await until_open(port, 2)
        await port.post("/v1/bookings", booking(storage(10, quantity=10), vessel=None), role="rival")
        await rival.has(1, within_s=3)
        await until_open(port, 1, within_s=20)
        assert not rival.ended
        assert resident_mib(service.pid) - before < 40  # what was sent in all is 16 MiB and more
        writer.close()


async def test_a_client_that_takes_nothing_does_not_hold_up_a_server_that_stops(served, url):
    service, port = served
    _, writer = await stalled(port, url)
    await asyncio.sleep(1)
    began = time.monotonic()
    service.send_signal(signal.SIGTERM)
    await asyncio.to_thread(service.wait, 10)
    assert time.monotonic() - began < 3
    writer.close()


def resident_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def busy_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_many_idle_streams_cost_next_to_nothing_and_one_more_is_refused(served):
    service, port = served
    opened = [port.follow() for _ in range(IDLE)]
    followers = [await each.__aenter__() for each in opened]
    try:
        refused = await port.client.get("/v1/events/stream", headers=port.as_("forwarder"))
        assert (refused.status_code, refused.json()["code"], refused.json()["most"]) == (429, "too-many-streams", IDLE)
        assert refused.headers["retry-after"]
        async with port.follow("rival"):
            await until_open(port, IDLE + 1)
        busy = busy_s(service.pid)
        await asyncio.sleep(3)
        assert busy_s(service.pid) - busy < 0.75
        await port.post("/v1/bookings", booking(storage(10, quantity=10), vessel=None))
        await asyncio.gather(*(each.has(1, within_s=5) for each in followers))
    finally:
        for each in opened:
            await each.__aexit__(None, None, None)
    await until_open(port, 0)


async def test_a_stream_is_no_slow_request_and_not_in_flight(served):
    _, port = served
    async with port.follow():
        await asyncio.sleep(1.2)
        assert "slotway_requests_in_flight 1.0" in await metrics(port)  # the one that asks
    await until_open(port, 0)
    quick = r'slotway_request_seconds_bucket\{le="1.0",method="GET",route="/v1/events/stream"\} 1.0'
    assert re.search(quick, await metrics(port))


async def test_head_is_answered_and_leaves_no_stream_behind(served):
    _, port = served
    answer = await port.client.head("/v1/events/stream", headers=port.as_("forwarder"))
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    await until_open(port, 0)


async def test_a_client_that_leaves_is_noticed_though_nothing_happens(served):
    _, port = served
    async with httpx.AsyncClient(base_url=port.address, trust_env=False) as client:
        async with client.stream("GET", "/v1/events/stream", headers=port.as_("forwarder")) as answer:
            assert answer.status_code == 200
            await until_open(port, 1)
        await until_open(port, 0, within_s=2)
