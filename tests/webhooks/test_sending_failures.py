"""Receivers that fail in every way: what is noted, what is tried again and when, and when it ends."""

import gzip
import json
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from service import clock
from service.webhooks import rules
from service.webhooks.queries import endpoints
from tests.webhooks.receiver import never_ends, raw, receiving, resets, status, then_hangs

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
BOMB = gzip.compress(b"0" * 50_000_000)
WAYS_TO_FAIL = {
    "an error of its own": (status(500), 500, "status"),
    "a refusal": (status(404), 404, "status"),
    "another protocol": (raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), None, "connection-failed"),
    "a redirection": (status(302, location="/elsewhere"), 302, "redirected"),
    "a permanent redirection": (status(308, location="http://127.0.0.1:1/"), 308, "redirected"),
    "nothing at all": (then_hangs(b""), None, "timed-out"),
    "headers that never end": (then_hangs(b"HTTP/1.1 200 OK\r\nX-One: 1\r\n"), None, "timed-out"),
    "headers that are too many": (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000), None, "connection-failed"),
    "a reset": (resets, None, "connection-failed"),
    "an end without an answer": (raw(b""), None, "connection-failed"),
    "garbage": (raw(b"\0\xff\x16\x03\x01 garbage\r\n\r\n"), None, "connection-failed"),
    "a status that is none": (raw(b"HTTP/1.1 9999999 X\r\n\r\n"), None, "connection-failed"),
}
WAYS_TO_TAKE_IT = {
    "a body that stops": (then_hangs(OK + b"thanks"), "thanks"),
    "a body that is cut off": (raw(OK + b"thanks"), "thanks"),
    "a body that never ends": (never_ends, "x" * 1024),
    "a bomb": (status(200, BOMB, content_encoding="gzip"), BOMB[:1024].decode(errors="replace").replace("\0", "\ufffd")),
    "an early hint": (raw(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 X\r\n\r\n"), None),
    "cookies": (status(200, b"ok", set_cookie="a=b"), "ok"),
}  # fmt: skip


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("way", WAYS_TO_FAIL)
async def test_a_receiver_that_fails_is_noted_and_waited_for(hub, receiver, way):
    answer, code, error = WAYS_TO_FAIL[way]
    receiver.answers["/"].append(answer)
    endpoint = await hub.endpoint(receiver.url + "/")
    async with hub.courier():
        await hub.happens_often(2)
        (attempt,) = await hub.settled(endpoint, 1)
        first, second = await hub.deliveries(endpoint)
        assert (attempt["status_code"], attempt["error"]) == (code, error)
        assert (first["state"], first["tries"], second["tries"]) == ("waiting", 1, 0)
        assert timedelta(seconds=4) < first["next_at"] - attempt["at"] < timedelta(seconds=7)
        assert (await hub.row(endpoint))["next_at"] == first["next_at"]
        await hub.time_passes(endpoint)
        await receiver.has(3)
        await hub.settled(endpoint, 3)
    assert [each.nth for each in receiver.got] == [0, 0, 1]  # nothing came to where it was redirected to


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("way", WAYS_TO_TAKE_IT)
async def test_a_receiver_that_has_said_yes_is_believed_whatever_its_body_does(hub, receiver, way):
    answer, text = WAYS_TO_TAKE_IT[way]
    receiver.answers["/"].append(answer)
    endpoint = await hub.endpoint(receiver.url + "/")
    async with hub.courier():
        await hub.happens_often(2)
        first, _ = await hub.settled(endpoint, 2)
    assert (first["error"], first["answer"]) == (None, text)
    assert [each.nth for each in receiver.got] == [0, 1]
    assert all("cookie" not in each.headers for each in receiver.got)


async def test_a_receiver_that_is_away_is_tried_again_where_it_comes_back(hub):
    async with receiving() as gone:
        pass
    endpoint = await hub.endpoint(gone.url + "/")
    async with hub.courier():
        await hub.happens_often(1)
        (attempt,) = await hub.settled(endpoint, 1)
        assert attempt["error"] == "connection-failed"
        async with receiving(port=int(gone.url.rpartition(":")[2])) as back:
            await hub.time_passes(endpoint)
            await back.has(1)
            await hub.settled(endpoint, 2)


@pytest.mark.parametrize("code", [429, 503])
async def test_who_asks_for_time_gets_it_be_it_in_seconds_or_until_a_date(hub, receiver, code):
    until = clock.now() + timedelta(hours=1)
    receiver.answers["/s"].append(status(code, retry_after="3600"))
    receiver.answers["/d"].append(status(code, retry_after=format_datetime(until, usegmt=True)))
    asking = [await hub.endpoint(receiver.url + path) for path in ("/s", "/d")]
    async with hub.courier():
        await hub.happens_often(1)
        for endpoint in asking:
            (attempt,) = await hub.settled(endpoint, 1)
            (delivery,) = await hub.deliveries(endpoint)
            assert timedelta(minutes=59) < delivery["next_at"] - attempt["at"] < timedelta(minutes=61)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), (" 7 ", 7), ("", None), ("-5", None), ("soon", None), ("Fri, 31 Dec 9999 23:59:59 GMT", 251638300799),
     ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Tue, 01 Jan 4027 00:00:60 GMT", None), ("1" * 400, None), ("\x00", None)],
)  # fmt: skip
def test_retry_after_is_a_number_a_date_or_ignored(header, seconds):
    found = rules.asked_s(header, clock.moment(1_764_000_000 * 1_000_000))
    assert (found is None) == (seconds is None)
    assert found is None or found == seconds


async def told(hub, endpoint, which="%") -> list[tuple[str, dict, dict, dict]]:
    rows = await hub.sql(
        """SELECT type, previous::text, current::text, cause::text FROM events
           WHERE subject = $1 AND type LIKE $2 AND owner_id = $3 ORDER BY id""",
        endpoint.id, f"webhook-endpoint.{which}", endpoint.organisation_id,
    )  # fmt: skip
    return [(row["type"], *(json.loads(row[each]) for each in ("previous", "current", "cause"))) for row in rows]


async def test_one_that_is_gone_is_disabled_at_once_its_owner_told_and_what_waits_is_kept(hub, receiver):
    receiver.answers["/"] += [status(204), status(410)]
    endpoint = await hub.endpoint(receiver.url + "/")
    await hub.endpoint(receiver.url + "/other", "webhook-endpoint.*")
    async with hub.courier():
        await hub.happens_often(4)
        await hub.settled(endpoint, 2)
        (notice,) = await receiver.has(1, "/other")
        assert notice.event["type"] == "webhook-endpoint.disabled"
        await hub.happens_often(2)
        row = await hub.row(endpoint)
        assert (row["enabled"], row["disabled_because"]) == (False, "gone")
        ((_, before, after, cause),) = await told(hub, endpoint)
        assert (before["enabled"], after["enabled"], after["disabled_because"]) == (True, False, "gone")
        assert cause == {"reason": "gone", "error": "gone", "status_code": 410}
        assert after["version"] == before["version"] + 1
        assert "secret" not in after
        await enabled_anew(hub, endpoint)
        await hub.settled(endpoint, 8)
    nths = [each.nth for each in receiver.at("/") if "nth" in each.event["data"]["current"]]
    assert nths == [0, 1, 1, 2, 3, 4, 5]


async def enabled_anew(hub, endpoint) -> None:
    await hub.sql("UPDATE webhook_endpoints SET enabled = true, disabled_because = NULL WHERE id = $1", endpoint.id)
    await hub.db.write(endpoints.wake, endpoint.id)


async def test_the_owner_is_told_a_day_before_the_schedule_ends_and_then_that_it_has(hub, receiver):
    receiver.always["/"] = status(500)
    endpoint = await hub.endpoint(receiver.url + "/")
    async with hub.courier():
        await hub.happens_often(3)
        for tries in range(1, 11):
            await hub.settled(endpoint, tries)
            (first, *_) = await hub.deliveries(endpoint)
            kinds = [each[0] for each in await told(hub, endpoint)]
            assert first["tries"] == tries
            assert kinds == ["webhook-endpoint.failing", "webhook-endpoint.disabled"][: max(0, tries - 8)]
            if tries == 9:
                ((_, before, after, cause),) = await told(hub, endpoint, "failing")
                assert (before, cause["status_code"]) == (after, 500)
                ends_at = datetime.fromisoformat(cause["disabled_at"])
                assert timedelta(hours=23.9) < ends_at - clock.now() < timedelta(hours=26.5)
            await hub.time_passes(endpoint)
        row = await hub.row(endpoint)
        assert (row["enabled"], row["disabled_because"]) == (False, "failing")
        assert {each["state"] for each in await hub.deliveries(endpoint)} == {"waiting"}
        receiver.always.clear()
        await enabled_anew(hub, endpoint)
        await hub.settled(endpoint, 15)
    assert [each.event["type"] for each in receiver.at("/")[10:]] == ["booking.held"] * 3 + [
        "webhook-endpoint.failing", "webhook-endpoint.disabled",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "asked", ["Mon, 01 Jan 2024 00:00:00 +99999999999999999", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"]
)
async def test_a_time_that_no_calendar_has_is_no_time_asked_for(hub, receiver, asked):
    receiver.answers["/"].append(status(200, retry_after=asked))
    endpoint = await hub.endpoint(receiver.url + "/")
    async with hub.courier():
        await hub.happens_often(1)
        (attempt,) = await hub.settled(endpoint, 1)
    assert attempt["error"] is None


async def test_what_an_address_answers_that_is_the_endpoints_no_more_is_not_held_against_the_new_one(hub, receiver):
    receiver.answers["/old"].append(then_hangs(b"HTTP/1.1 410 Gone\r\nContent-Length: 9\r\n\r\n"))
    endpoint = await hub.endpoint(receiver.url + "/old")
    async with hub.courier():
        await hub.happens_often(1)
        await receiver.has(1, "/old")
        await hub.sql("UPDATE webhook_endpoints SET url = $1", receiver.url + "/new")
        receiver.freed.set()
        await receiver.has(1, "/new")
        gone, taken = await hub.settled(endpoint, 2)
    assert (gone["error"], taken["error"]) == ("gone", None)
    assert (await hub.row(endpoint))["enabled"]
    assert await told(hub, endpoint) == []


async def test_an_endpoint_that_its_owner_disables_during_a_try_stays_disabled_by_its_owner(hub, receiver):
    receiver.answers["/"].append(then_hangs(b"HTTP/1.1 410 Gone\r\nContent-Length: 9\r\n\r\n"))
    endpoint = await hub.endpoint(receiver.url + "/")
    async with hub.courier():
        await hub.happens_often(1)
        await receiver.has(1)
        await hub.sql("UPDATE webhook_endpoints SET enabled = false, disabled_because = 'owner'")
        receiver.freed.set()
        (attempt,) = await hub.settled(endpoint, 1)
    assert attempt["error"] == "gone"
    assert (await hub.row(endpoint))["disabled_because"] == "owner"
    assert await told(hub, endpoint) == []
