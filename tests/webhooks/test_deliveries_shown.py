"""What was delivered to a webhook endpoint as its owner sees it, and what is delivered again."""

import json
from itertools import pairwise
from typing import Any

import pytest

from service import clock
from service.webhooks.operations import again
from service.webhooks.queries import deliveries
from service.webhooks.queries.deliveries import Filters
from service.webhooks.rules import MOST_AGAIN
from tests.asking import rfc
from tests.webhooks.hooking import Keeper, come_to_the_end, end_of_log, sql


@pytest.fixture
def mine(client, keys):
    return Keeper(client, keys["forwarder"])


@pytest.fixture
def rival(client, keys):
    return Keeper(client, keys["rival"])


@pytest.fixture
async def endpoint(mine, db) -> dict[str, Any]:
    """An endpoint that has seen three bookings made, with a log that says that they were delivered."""
    made: dict[str, Any] = await mine.make("booking.*")
    for _ in range(3):
        await mine.book()
    await come_to_the_end(db, made)
    await replay(mine, made)
    await end_of_log(db, made)
    return made


async def replay(keeper: Keeper, endpoint: dict[str, Any], status: int = 202, **range_: str) -> dict[str, Any]:
    done: dict[str, Any] = await keeper.ask("POST", f"/{endpoint['id']}/replay", {"after": "0"} | range_, status=status)
    return done


async def test_a_delivery_shows_each_attempt_with_what_the_receiver_answered(mine, endpoint, db):
    (number,) = (await sql(db, "SELECT min(number) FROM webhook_deliveries"))[0]
    for status_code, error, answer in ((None, "timed-out", None), (500, "status", "oops\n☃"), (200, None, "ok")):
        await sql(
            db,
            """INSERT INTO webhook_attempts (delivery, at, status_code, duration_ms, error, answer)
               VALUES ($1, '2026-11-24T10:00:00Z', $2, 12, $3, $4)""",
            number, status_code, error, answer,
        )  # fmt: skip
    first, second, _ = await mine.log(endpoint)
    assert first["attempts"] == [
        {"at": "2026-11-24T10:00:00Z", "status_code": code, "duration_ms": 12, "error": error, "answer": answer}
        for code, error, answer in ((None, "timed-out", None), (500, "status", "oops\n☃"), (200, None, "ok"))
    ]
    assert second["attempts"] == []
    assert (first["why"], first["state"], first["next_at"]) == ("replay", "delivered", None)


async def test_of_very_many_attempts_the_last_are_shown(mine, endpoint, db):
    await sql(
        db,
        """INSERT INTO webhook_attempts (delivery, at, duration_ms)
           SELECT (SELECT min(number) FROM webhook_deliveries), now(), nth FROM generate_series(1, 50) nth""",
    )
    first, *_ = await mine.log(endpoint)
    assert [each["duration_ms"] for each in first["attempts"]] == list(range(31, 51))


async def test_deliveries_come_in_the_order_in_which_they_go_out_in_pages_that_miss_none(mine, endpoint):
    whole = await mine.log(endpoint)
    assert [each["type"] for each in whole] == ["booking.held"] * 3
    assert all(one["sequence"] < other["sequence"] for one, other in pairwise(whole))
    path = f"/{endpoint['id']}/deliveries"
    first = await mine.ask("GET", path, params={"limit": 2})
    second = await mine.ask("GET", path, params={"limit": 2, "cursor": first["next"]})
    assert first["items"] + second["items"] == whole
    other = await mine.ask("GET", path, params={"cursor": first["next"], "state": "waiting"}, status=422)
    assert other["code"] == "cursor-does-not-fit"


async def test_a_list_of_deliveries_is_narrowed_by_state_event_type_and_time(mine, endpoint, db):
    whole = await mine.log(endpoint)
    await sql(db, "UPDATE webhook_deliveries SET state = 'dropped' WHERE id = $1", whole[0]["id"])
    now = rfc(clock.now())
    for query, found in (
        ({"state": "dropped"}, whole[:1]), ({"state": "delivered"}, whole[1:]), ({"state": "waiting"}, []),
        ({"event": whole[1]["event"]}, whole[1:2]), ({"type": "booking.held"}, whole), ({"type": "booking.h"}, []),
        ({"from": now}, []), ({"to": now}, whole), ({"from": whole[2]["created_at"]}, whole[2:]),
    ):  # fmt: skip
        assert [each["id"] for each in await mine.log(endpoint, **query)] == [each["id"] for each in found], query
    for query in ({"state": "sent"}, {"from": now, "to": now}, {"event_type": "x"}, {"from": "yesterday"}):
        await mine.ask("GET", f"/{endpoint['id']}/deliveries", params=query, status=422)


async def test_what_waits_in_a_long_log_is_found_without_reading_the_log(mine, endpoint, db):
    await sql(
        db,
        """INSERT INTO webhook_deliveries (id, endpoint, event, type, position, why, body, state, ended_at)
           SELECT 'whd_' || nth, $1, 'evt_' || nth, 'booking.held', 1, 'event', '{}', 'delivered', now()
           FROM generate_series(1, 20000) nth""",
        endpoint["id"],
    )
    await sql(db, "ANALYZE webhook_deliveries")
    await replay(mine, endpoint)
    assert len(await mine.log(endpoint, state="waiting")) == 3
    for filters, index in (
        (Filters(state="waiting"), "webhook_deliveries_waiting"),
        (Filters(event="evt_7"), "webhook_deliveries_by_event"),
    ):
        planned = Planned()
        await deliveries.logged(planned, endpoint["id"], filters, after=0, limit=51)
        plan = await sql(db, f"EXPLAIN {planned.text}", *planned.values)
        assert index in "".join(line for (line,) in plan)


class Planned:
    """A connection that only notes what it is asked."""

    async def fetch(self, text: str, *values: object) -> list[Any]:
        self.text, self.values = text, values
        return []


async def test_a_resend_puts_up_the_same_bytes_behind_what_waits_once_for_each_key(mine, endpoint, db):
    first, *_ = await mine.log(endpoint)
    path, key = f"/{endpoint['id']}/deliveries/{first['id']}/resend", {"Idempotency-Key": "one"}
    made = await mine.ask("POST", path, headers=key, status=202)
    assert await mine.ask("POST", path, headers=key, status=202) == made
    assert (made["why"], made["state"], made["event"], made["attempts"]) == ("resend", "waiting", first["event"], [])
    log = await mine.log(endpoint)
    assert [each["id"] for each in log[3:]] == [made["id"]]
    same = "SELECT count(DISTINCT body), count(*) FROM webhook_deliveries WHERE event = $1"
    assert await sql(db, same, first["event"]) == [(1, 2)]
    assert await sql(db, "SELECT next_at <= clock_timestamp() FROM webhook_endpoints") == [(True,)]


async def test_what_waits_is_not_sent_again_since_it_is_to_be_sent_anyhow(mine, endpoint):
    first, *_ = await mine.log(endpoint)
    made = await mine.ask("POST", f"/{endpoint['id']}/deliveries/{first['id']}/resend", status=202)
    refused = await mine.ask("POST", f"/{endpoint['id']}/deliveries/{made['id']}/resend", status=409)
    assert refused["code"] == "webhook-delivery-waits"


async def test_a_delivery_is_found_under_its_own_endpoint_alone(mine, rival, endpoint):
    first, *_ = await mine.log(endpoint)
    for keeper, other in ((mine, await mine.make()), (rival, await rival.make())):
        refused = await keeper.ask("POST", f"/{other['id']}/deliveries/{first['id']}/resend", status=404)
        assert refused["code"] == "webhook-delivery-not-found"
    refused = await rival.ask("POST", f"/{endpoint['id']}/deliveries/{first['id']}/resend", status=404)
    assert refused["code"] == "webhook-endpoint-not-found"
    await rival.ask("GET", f"/{endpoint['id']}/deliveries", status=404)


async def test_a_replay_puts_up_in_order_what_the_filter_lets_through_of_a_range_as_the_feed_shows_it(
    mine, endpoint, db
):
    feed = {each["id"]: each for each in await mine.events()}
    held = [each["sequence"] for each in feed.values() if each["type"] == "booking.held"]
    done = await replay(mine, endpoint, after=held[0], until=held[2])
    assert done == {"endpoint": endpoint["id"], "after": held[0], "until": held[2], "deliveries": 2, "next": None}
    waiting = await mine.log(endpoint, state="waiting")
    assert [each["sequence"] for each in waiting] == held[1:]
    for event, body in await sql(db, "SELECT event, body FROM webhook_deliveries ORDER BY number"):
        assert json.loads(body) == feed[event]


async def test_a_replay_ends_where_the_endpoint_has_come_to_and_what_is_later_comes_by_itself(mine, endpoint):
    await mine.book()
    feed = await mine.events()
    assert (await replay(mine, endpoint, until="9" * 16))["deliveries"] == 3
    assert (await replay(mine, endpoint, after=feed[-1]["sequence"]))["deliveries"] == 0
    assert (await replay(mine, endpoint, after="9" * 16))["next"] is None


async def test_a_long_replay_is_done_in_parts_that_together_are_the_whole(mine, endpoint, monkeypatch):
    monkeypatch.setattr(again, "MOST_REPLAYED", 2)
    after, parts = "0", []
    while after:
        done = await replay(mine, endpoint, after=after)
        parts.append(done["deliveries"])
        after = done["next"]
    assert sum(parts) == 3
    assert max(parts) <= 2
    assert len(parts) > 2  # the key and the endpoint itself were looked through, too
    waiting = await mine.log(endpoint, state="waiting")
    assert [each["event"] for each in waiting] == [each["event"] for each in (await mine.log(endpoint))[:3]]


async def test_a_replay_shows_an_endpoint_nothing_of_another_organisation(mine, rival, endpoint, db):
    other = await rival.make()
    await come_to_the_end(db, other)
    await replay(rival, other)
    own = {each["id"] for each in await rival.events()}
    assert {each["event"] for each in await rival.log(other)} <= own
    assert own.isdisjoint(each["event"] for each in await mine.log(endpoint))


async def test_a_ping_is_replayed_to_its_own_endpoint_alone(mine, db):
    one, other = await mine.make("closure.made"), await mine.make("*")
    await mine.ask("POST", f"/{one['id']}/ping", status=202)
    for each in (one, other):
        await come_to_the_end(db, each)
        await replay(mine, each)
    assert [each["type"] for each in await mine.log(one)] == ["webhook.ping"]
    assert "webhook.ping" not in {each["type"] for each in await mine.log(other)}


async def test_so_much_can_be_asked_for_again_and_no_more(mine, endpoint, db):
    await sql(
        db,
        """INSERT INTO webhook_deliveries (id, endpoint, event, type, position, why, body)
           SELECT 'whd_' || nth, $1, 'evt', 'booking.held', 1, 'replay', '{}' FROM generate_series(1, $2::int) nth""",
        endpoint["id"],
        MOST_AGAIN,
    )
    first, *_ = await mine.log(endpoint)
    for path, body in ((f"deliveries/{first['id']}/resend", None), ("replay", {"after": "0"})):
        refused = await mine.ask("POST", f"/{endpoint['id']}/{path}", body, status=409)
        assert (refused["code"], refused["most"]) == ("webhook-backlog-full", MOST_AGAIN)


async def test_nothing_is_put_up_again_for_a_disabled_endpoint(mine, endpoint):
    first, *_ = await mine.log(endpoint)
    await mine.ask("PATCH", f"/{endpoint['id']}", {"enabled": False})
    for path, body in ((f"deliveries/{first['id']}/resend", None), ("replay", {"after": "0"}), ("ping", None)):
        refused = await mine.ask("POST", f"/{endpoint['id']}/{path}", body, status=409)
        assert (refused["code"], refused["disabled_because"]) == ("webhook-endpoint-disabled", "owner")


@pytest.mark.parametrize(
    "range_",
    [{}, {"after": "x"}, {"after": 1}, {"after": "1" * 17}, {"after": "0", "to": "1"}, {"after": "9", "until": "08"}],
)
async def test_a_range_that_is_none_is_refused(mine, endpoint, range_):
    await mine.ask("POST", f"/{endpoint['id']}/replay", range_, status=422)


async def test_the_log_of_a_deleted_endpoint_stays_and_what_waited_is_dropped(mine, rival, endpoint):
    await replay(mine, endpoint)
    await mine.ask("DELETE", f"/{endpoint['id']}")
    log = await mine.log(endpoint)
    assert [each["state"] for each in log] == ["delivered"] * 3 + ["dropped"] * 3
    await mine.ask("POST", f"/{endpoint['id']}/deliveries/{log[0]['id']}/resend", status=404)
    await rival.ask("GET", f"/{endpoint['id']}/deliveries", status=404)
