"""Events on their way to a receiver: all of them, in order, signed, once each."""

import asyncio

import pytest

from service.webhooks.rules import secret_text
from tests.webhooks.conftest import SOURCE
from tests.webhooks.receiver import resets, says_yes_and_hangs_up, status, then_hangs

MANY = 250


async def test_what_happens_is_pushed_in_order_and_in_the_shape_of_the_feed(hub, receiver, client, as_):
    endpoint = await hub.endpoint(receiver.url + "/")
    async with hub.courier():
        await hub.happens_often(3)
        await receiver.has(3)
        await hub.happens_often(2)
        got = await receiver.has(5)
        await hub.settled(endpoint, 5)
    assert [each.nth for each in got] == list(range(5))
    feed = (await client.get("/v1/events", headers=as_("forwarder"))).json()["items"][-5:]
    assert [each.event | {"source": feed[0]["source"]} for each in got] == feed
    assert {each.event["source"] for each in got} == {SOURCE}
    assert [each.headers["webhook-id"] for each in got] == [each["id"] for each in feed]
    assert {each["state"] for each in await hub.deliveries(endpoint)} == {"delivered"}


async def test_the_library_for_receivers_believes_every_live_secret(hub, receiver):
    library = pytest.importorskip("standardwebhooks")
    endpoint = await hub.endpoint(receiver.url + "/")
    await hub.sql(
        "UPDATE webhook_endpoints SET former_secret = 'another', former_until = clock_timestamp() + interval '1 h'"
    )
    async with hub.courier():
        await hub.happens("booking.held")
        (got,) = await receiver.has(1)
    for secret in (hub.secret, b"another"):
        assert library.Webhook(secret_text(secret)).verify(got.body, got.headers) == got.event
    with pytest.raises(library.WebhookVerificationError):
        library.Webhook(secret_text(b"a third")).verify(got.body, got.headers)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == receiver.url.removeprefix("http://")
    assert (await hub.attempts(endpoint))[0]["error"] is None


async def test_a_backlog_of_many_pages_comes_whole_and_each_event_once(hub, receiver):
    endpoint = await hub.endpoint(receiver.url + "/")
    await hub.happens_often(MANY)
    async with hub.courier(), hub.courier():
        got = await receiver.has(MANY)
        await hub.settled(endpoint, MANY)
    assert [each.nth for each in got] == list(range(MANY))
    assert receiver.connections < 20  # a turn keeps its connection


async def test_a_receiver_that_hangs_up_after_each_answer_without_a_word_has_failed_none(hub, receiver):
    receiver.always["/"] = says_yes_and_hangs_up
    endpoint = await hub.endpoint(receiver.url + "/")
    await hub.happens_often(20)
    async with hub.courier():
        await receiver.has(20)
        attempts = await hub.settled(endpoint, 20)
    assert [each["error"] for each in attempts] == [None] * 20
    assert [each.nth for each in receiver.got] == list(range(20))


async def test_one_that_ends_the_new_connection_too_has_failed(hub, receiver):
    receiver.answers["/"].extend([status(204), resets, resets])
    endpoint = await hub.endpoint(receiver.url + "/")
    await hub.happens_often(2)
    async with hub.courier():
        attempts = await hub.settled(endpoint, 2)
    assert [each["error"] for each in attempts] == [None, "connection-failed"]
    assert ([each.nth for each in receiver.got], receiver.connections) == ([0, 1, 1], 2)


async def test_only_what_the_filter_names_and_the_owner_may_see_is_pushed(hub, receiver):
    await hub.endpoint(receiver.url + "/all")
    await hub.endpoint(receiver.url + "/held", "booking.held", "closure.*")
    await hub.endpoint(receiver.url + "/rival", who="rival")
    await hub.endpoint(receiver.url + "/gwadar", who="operator_pkgwd")
    async with hub.courier():
        await hub.happens("booking.held", "booking.confirmed", "closure.made", "booking.moved")
        await hub.happens("booking.amended", facilities=("PKGWD-GMT",))
        await hub.happens("booking.expired", who="rival")
        await receiver.has(5, "/all")
        await receiver.has(1, "/rival")
        await receiver.has(1, "/gwadar")
    seen = {path: [each.event["type"] for each in receiver.at(path)] for path in ("/held", "/rival", "/gwadar")}
    assert seen == {
        "/held": ["booking.held", "closure.made"],
        "/rival": ["booking.expired"],
        "/gwadar": ["booking.amended"],
    }


async def test_one_that_fails_keeps_its_place_and_is_sent_again_byte_for_byte(hub, receiver):
    endpoint = await hub.endpoint(receiver.url + "/")
    receiver.answers["/"] += [status(204), status(500, b"no\0 thanks"), resets]
    async with hub.courier():
        await hub.happens_often(3)
        assert len(await hub.settled(endpoint, 2)) == 2
        assert len(receiver.got) == 2
        await hub.time_passes(endpoint)
        await hub.settled(endpoint, 3)
        await hub.time_passes(endpoint)
        got = await receiver.has(5)
        attempts = await hub.settled(endpoint, 5)
    assert [each.nth for each in got] == [0, 1, 1, 1, 2]
    assert len({each.body for each in got}) == 3
    assert [each["error"] for each in attempts] == [None, "status", "connection-failed", None, None]
    assert [each["status_code"] for each in attempts] == [204, 500, None, 204, 204]
    assert attempts[1]["answer"] == "no\N{REPLACEMENT CHARACTER} thanks"
    assert [each["tries"] for each in await hub.deliveries(endpoint)] == [0, 2, 0]


async def test_who_is_slow_keeps_nobody_else_waiting(hub, receiver):
    for nth in range(40):
        await hub.endpoint(f"{receiver.url}/slow{nth}")
        receiver.always[f"/slow{nth}"] = then_hangs(b"")
    await hub.endpoint(receiver.url + "/quick", who="rival")
    async with hub.courier(receiver=receiver):
        await hub.happens_often(2)
        await receiver.until(lambda: len(receiver.got) == 40)
        for nth in range(5):
            began = asyncio.get_running_loop().time()
            await hub.happens_often(1, who="rival")
            await receiver.has(nth + 1, "/quick")
            assert asyncio.get_running_loop().time() - began < 1
