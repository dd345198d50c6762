"""The stream over real connections: the feed as it grows, each event once, to those who may see it."""

import asyncio

import asyncpg
import pytest

from service.events.operations.streams import MOST_WAITING, PAGE
from tests.asking import berth, booking, storage
from tests.contract.attacker import said
from tests.events.following import port_at
from tests.serving import served

INSERT = """INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, current)
            SELECT 'staged', n::text, 'test', $1, '{}', false, json_build_object('n', n, 'pad', repeat('x', $3))
            FROM generate_series(1, $2) n"""


@pytest.fixture
async def port(url, keys):
    with served(url) as address:
        async with port_at(address, keys) as opened:
            yield opened


@pytest.fixture
async def connection(url):
    opened = await asyncpg.connect(url)
    yield opened
    await opened.close()


async def book(port, day: int, role: str = "forwarder"):
    return await port.post("/v1/bookings", booking(storage(day, quantity=10), vessel=None), role)


async def test_a_stream_begins_now_and_tells_what_happens_in_the_shape_of_the_feed(port):
    await book(port, 10)
    async with port.follow() as follower:
        opening = follower.blocks[0]
        assert (opening.id, opening.event) == ((await port.feed())[-1]["sequence"], None)
        assert follower.answer.headers["content-type"].partition(";")[0] == "text/event-stream"
        assert follower.answer.headers["cache-control"] == "no-store"
        made = await book(port, 20)
        told = await follower.has(1)
        assert (told[0]["type"], told[0]["data"]["current"]) == ("booking.held", made)
        assert told == await port.feed(after=opening.id)
        assert [each.id for each in follower.blocks[1:]] == [told[0]["sequence"]]


async def test_what_was_missed_comes_first_by_either_name_of_the_place_and_then_what_happens(port):
    for day in (10, 12, 14):
        await book(port, day)
    known = await port.feed()
    last = known[0]["sequence"]
    async with (
        port.follow(last=last) as one,
        port.follow(after=last.lstrip("0")) as other,
        port.follow(after="0") as whole,
    ):
        assert one.blocks[0].id is None
        await book(port, 16)
        feed = await port.feed()
        for follower, expected in ((one, feed[1:]), (other, feed[1:]), (whole, feed)):
            assert await follower.has(len(expected)) == expected
    async with port.follow(last=last, after=last) as follower:
        assert await follower.has(len(feed) - 1) == feed[1:]


async def test_a_place_that_cannot_be_meant_is_refused_before_the_stream_begins(port):
    await book(port, 10)
    odd = [("Last-Event-ID", each) for each in ("", "x", "-1", "1.5", "0x1", "1" * 17, "evt_1", "1 2")]
    for name, value in odd:
        answer = await port.client.get("/v1/events/stream", headers=port.as_("forwarder", **{name: value}))
        assert said(answer) == (422, "invalid-request", ("Last-Event-ID:",)), value
    for query in ("after=", "after=x", "after=-1"):
        answer = await port.client.get(f"/v1/events/stream?{query}", headers=port.as_("forwarder"))
        assert said(answer) == (422, "invalid-request", ("?after",)), query
    headers = port.as_("forwarder", **{"Last-Event-ID": "1"})
    contradicted = await port.client.get("/v1/events/stream?after=2", headers=headers)
    assert said(contradicted) == (422, "invalid-request", ("Last-Event-ID:",))
    ahead = await port.client.get("/v1/events/stream?after=999999", headers=port.as_("forwarder"))
    assert said(ahead)[:2] == (422, "position-ahead")
    assert ahead.json()["last"] < 999999
    assert said(await port.client.get("/v1/events/stream"))[:2] == (401, "key-missing")


async def test_each_is_told_what_is_in_his_feed_and_nothing_else(port):
    roles = tuple(port.keys)
    held = await port.post("/v1/bookings", booking(berth(10), contact={"name": "Aigerim"}))
    async with (
        port.follow("forwarder", after="0") as forwarder,
        port.follow("rival", after="0") as rival,
        port.follow("operator_pkgwd", after="0") as operator,
        port.follow("operator_pkkhi", after="0") as other,
        port.follow("customs", after="0") as customs,
        port.follow("admin", after="0") as admin,
    ):
        followers = dict(zip(("forwarder", "rival", "operator_pkgwd", "operator_pkkhi", "customs", "admin"),
                             (forwarder, rival, operator, other, customs, admin), strict=True))  # fmt: skip
        await asyncio.sleep(0.5)  # all of them live, so that what comes now is judged in memory
        await port.post(f"/v1/bookings/{held['id']}/confirm")
        for role in ("rival", "operator_pkkhi", "customs"):
            await port.post("/v1/keys", {"name": "night shift"}, role)
        feeds = {role: await port.feed(role) for role in roles}
        assert len(feeds["admin"]) > len(feeds["forwarder"]) >= 2
        for role in roles:
            assert await followers[role].has(len(feeds[role])) == feeds[role], role
        await asyncio.sleep(0.6)
        assert {role: len(each.events) for role, each in followers.items()} == {
            role: len(feed) for role, feed in feeds.items()
        }
        assert "Aigerim" not in str(customs.events) + str(rival.events)


async def test_streams_that_begin_anywhere_beside_writers_miss_nothing_and_are_told_nothing_twice(port):
    done = asyncio.Event()

    async def write(number: int) -> None:
        for turn in range(8):
            held = await book(port, 10 + number)
            await port.post(f"/v1/bookings/{held['id']}/{'confirm' if turn % 2 else 'cancel'}")

    told: list[list[str]] = []

    async def follow() -> None:
        """Come back again and again, each time from the last id, as a client whose connection breaks."""
        last, ids = "0", []
        while not done.is_set() or ids[-1:] != [(await port.feed())[-1]["sequence"]]:
            async with port.follow(last=last) as follower:
                await asyncio.sleep(0.15)
                ids += [each["sequence"] for each in follower.events]
                last = ids[-1] if ids else "0"
        told.append(ids)

    followers = [asyncio.create_task(follow()) for _ in range(4)]
    async with port.follow(after="0") as steady:
        await asyncio.gather(*(write(number) for number in range(8)))
        done.set()
        expected = [item["sequence"] for item in await port.feed()]
        assert len(expected) >= 128
        assert [each["sequence"] for each in await steady.has(len(expected))] == expected
        await asyncio.gather(*followers)
    assert told == [expected] * 4


async def test_more_than_may_wait_at_once_is_told_whole_and_in_order(port, connection):
    """Beyond what waits in memory a stream reads the log again, in pages, and is live once more."""
    count = 3 * MOST_WAITING + PAGE // 2
    mine = await connection.fetchval("SELECT owner_id FROM events WHERE subject = $1", (await book(port, 10))["id"])
    async with port.follow() as follower:
        await connection.execute(INSERT, mine, count, 10)
        told = await follower.has(count, 20)
        assert [each["subject"] for each in told] == [str(n) for n in range(1, count + 1)]
        await book(port, 20)
        assert [each["type"] for each in (await follower.has(count + 1))[count:]] == ["booking.held"]
    assert told == (await port.feed())[-count - 1 : -1]


async def test_a_stream_outlives_the_connections_of_the_database(port, connection):
    async with port.follow() as follower:
        await asyncio.sleep(0.5)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'slotway'"
        )
        await asyncio.sleep(1)
        held = await book(port, 10)
        assert [each["subject"] for each in await follower.has(1)] == [held["id"]]


async def test_an_operator_is_told_of_a_facility_from_when_he_is_given_it(port, connection):
    operator = await connection.fetchval(
        "SELECT organisation_id FROM api_keys WHERE digest = sha256($1)", port.keys["operator_pkkhi"].encode()
    )
    async with port.follow("operator_pkkhi") as follower:
        await port.post(f"/v1/admin/organisations/{operator}/mandates", {"facilities": ["PKGWD-FZS"]}, "admin")
        await asyncio.sleep(2)
        held = await book(port, 10)
        await follower.until(lambda it: held["id"] in [each["subject"] for each in it.events])
