"""The stream through the client: over restarts, broken connections and odd bytes, each event once and none missed."""

import asyncio
import socket
from contextlib import closing

import pytest

from slotway_client import Refused, Retries, Slotway, Unanswered
from tests.asking import booking, storage
from tests.client.proxy import Proxy
from tests.client.shells import shells_of
from tests.drills.installation import eventually
from tests.serving import process


def goods(**more):
    return booking(storage(10, quantity=10), vessel=None, **more)


class Told:
    """What a follower in the background has been told so far, by either client."""

    def __init__(self, shell, after="0"):
        self.events = []
        self._came = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        waits = isinstance(shell.client, Slotway)
        self._following = asyncio.create_task(
            asyncio.to_thread(self._wait, shell.client, after) if waits else self._follow(shell.client, after)
        )

    def _wait(self, client, after):
        for event in client.events(after):
            asyncio.run_coroutine_threadsafe(self._take(event), self._loop).result()

    async def _follow(self, client, after):
        async for event in client.events(after):
            await self._take(event)

    async def _take(self, event):
        async with self._came:
            self.events.append(event)
            self._came.notify_all()

    async def has(self, count, within_s=15):
        async with asyncio.timeout(within_s), self._came:
            await self._came.wait_for(lambda: len(self.events) >= count)
        return self.events

    async def ends(self, within_s=20):
        """Wait for its end, which is always a refusal or silence."""
        async with asyncio.timeout(within_s):
            await self._following


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_stream_goes_on_where_it_was_after_the_service_was_killed_and_started_again(kind, url, keys):
    with Proxy("http://127.0.0.1:9") as proxy:
        async with shells_of(kind, proxy.address, keys) as shells:
            follower, writer = await shells(), await shells()
            with process(url, SLOTWAY_PUBLIC_URL="http://slotway.test") as (service, proxy.target):
                first = [await writer.book(goods()) for _ in range(3)]
                told = Told(follower)
                known = await told.has(len(await writer.items("feed")))
                assert [each["subject"] for each in known[-3:]] == [each["id"] for each in first]
                service.kill()
            with process(url, SLOTWAY_PUBLIC_URL="http://slotway.test") as (service, proxy.target):
                second = [await writer.book(goods()) for _ in range(3)]
                feed = await writer.items("feed")
                assert await told.has(len(feed)) == feed
                assert [each["subject"] for each in feed[-3:]] == [each["id"] for each in second]
                proxy.cut()
                await writer.cancel(second[0]["id"])
                feed = await writer.items("feed")
                assert await told.has(len(feed)) == feed
                await revoke_all(writer)
                with pytest.raises(Refused, match="401 key-revoked"):
                    await told.ends()
                assert told.events[: len(feed)] == feed


async def revoke_all(writer):
    (own,) = (await writer.request("GET", "/v1/keys")).json()["items"]
    await writer.request("POST", f"/v1/keys/{own['id']}/revoke")


async def test_a_stream_that_begins_now_loses_nothing_at_a_break_before_its_first_event(shells, proxy):
    writer, follower = await shells(), await shells(at=proxy.address)
    await writer.book(goods())
    told = Told(follower, after=None)
    await eventually(lambda: begun(proxy), 10)
    proxy.cut()
    made = await writer.book(goods())
    assert [each["subject"] for each in await told.has(1)] == [made["id"]]
    await revoke_all(writer)
    with pytest.raises(Refused):
        await told.ends()
    assert len([each for each in told.events if each["type"] == "booking.held"]) == 1


async def begun(proxy):
    return b"\nid: " in proxy.answered


async def test_an_address_where_nobody_answers_is_told(shells):
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = await shells(at=nobody, retries=Retries(most=2, first_wait_s=0.01))
    with pytest.raises(Unanswered, match="tries: 3"):
        await client.items("events", most=1)


async def test_a_place_that_the_feed_has_not_reached_is_refused(shells):
    client = await shells()
    with pytest.raises(Refused, match="422 position-ahead"):
        await client.items("events", "999999", most=1)


async def test_an_event_comes_whole_whatever_letters_are_in_it(shells):
    client = await shells()
    odd = "one\u2028line \u2029 of many\nŞymkent, 口岸"  # JSON leaves them as they are, and splitlines() does not
    await client.book(goods(remark=odd))
    feed = await client.items("feed")
    assert await client.items("events", "0", most=len(feed)) == feed
    assert feed[-1]["data"]["current"]["remark"] == odd
