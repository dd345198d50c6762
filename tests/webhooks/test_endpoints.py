"""Webhook endpoints over HTTP: made, kept, tried out and deleted, each by its owner alone."""

import asyncio
import json

import pytest

from service.webhooks.rules import MOST_ENDPOINTS
from tests.webhooks.hooking import ENDPOINTS, URL, Keeper, come_to_the_end, sql

WHO = ["forwarder", "operator_pkgwd", "customs", "admin"]


@pytest.fixture
def mine(client, keys):
    return Keeper(client, keys["forwarder"])


@pytest.fixture
def rival(client, keys):
    return Keeper(client, keys["rival"])


@pytest.mark.parametrize("who", WHO)
async def test_every_role_keeps_endpoints_and_sees_a_secret_once(client, keys, who):
    keeper = Keeper(client, keys[who])
    made = await keeper.make("booking.*", "closure.made", description="berthing desk")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["id"].startswith("whe_")
    assert (made["enabled"], made["disabled_because"], made["version"]) == (True, None, 1)
    assert await keeper.ask("GET", f"/{made['id']}") == made
    assert await keeper.ask("GET") == {"items": [made], "next": None}
    assert await keeper.ask("DELETE", f"/{made['id']}") == made
    await keeper.ask("GET", f"/{made['id']}", status=404)
    assert await keeper.ask("GET") == {"items": [], "next": None}


@pytest.mark.parametrize("lacks", ["webhooks:write", "events:read"])
async def test_a_key_that_may_not_both_keep_endpoints_and_read_events_has_none_sent_anywhere(client, mine, lacks):
    made = await mine.make("booking.*")
    scopes = sorted({"webhooks:read", "webhooks:write", "events:read"} - {lacks})
    key = await client.post("/v1/keys", json={"name": "x", "scopes": scopes}, headers=mine.headers)
    narrow = Keeper(client, key.json()["key"])
    for method, path, body in (
        ("POST", "", {"url": URL, "event_types": ["*"]}),
        ("PATCH", f"/{made['id']}", {"url": URL + "/elsewhere"}),
        ("PATCH", f"/{made['id']}", {"event_types": ["*"]}),
        ("PATCH", f"/{made['id']}", {"enabled": True}),
        ("POST", f"/{made['id']}/replay", {"after": "0"}),
        ("POST", f"/{made['id']}/deliveries/whd_01kb3v7x9ef6wvq0m8y3k2n5ra/resend", None),
    ):
        assert (await narrow.ask(method, path, body, status=403))["scope"] == lacks, (method, path)
    made.pop("secret")
    assert await narrow.ask("GET") == {"items": [made], "next": None}
    assert await narrow.log(made) == []


async def test_whoever_may_not_read_events_still_ends_an_endpoint_tries_it_out_and_changes_its_secret(mine, client):
    made = await mine.make()
    key = await client.post("/v1/keys", json={"name": "x", "scopes": ["webhooks:write"]}, headers=mine.headers)
    narrow = Keeper(client, key.json()["key"])
    assert await narrow.ask("POST", f"/{made['id']}/ping", status=202) == {"endpoint": made["id"]}
    assert (await narrow.ask("POST", f"/{made['id']}/rotate-secret"))["secret"] != made["secret"]
    assert (await narrow.ask("DELETE", f"/{made['id']}"))["id"] == made["id"]


async def test_an_endpoint_begins_after_what_has_happened_before_it(mine, db):
    await mine.book()
    await mine.make()
    last = "SELECT max(position) FROM events WHERE type = 'booking.held'"
    assert await sql(db, f"SELECT cursor >= ({last}) FROM webhook_endpoints") == [(True,)]


async def test_what_can_change_has_an_etag_and_a_change_for_another_version_is_refused(mine, client):
    made = await mine.make()
    path = f"{ENDPOINTS}/{made['id']}"
    assert (await client.get(path, headers=mine.headers)).headers["etag"] == '"1"'
    again = await client.post(ENDPOINTS, json={"url": URL, "event_types": ["*"]}, headers=mine.headers)
    assert again.headers["etag"] == '"1"'
    assert (await client.get(path, headers=mine.headers | {"If-None-Match": '"1"'})).status_code == 304
    changed = await client.patch(path, json={"description": "x"}, headers=mine.headers | {"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["version"]) == (200, '"2"', 2)
    late = await client.patch(path, json={"description": "y"}, headers=mine.headers | {"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"], late.json()["version"]) == (412, "webhook-endpoint-changed", 2)
    assert (await mine.ask("PATCH", f"/{made['id']}", {"description": None}))["description"] is None


async def test_of_many_changes_for_one_version_exactly_one_is_made(mine, client):
    path = f"{ENDPOINTS}/{(await mine.make())['id']}"
    headers = mine.headers | {"If-Match": '"1"'}
    answers = await asyncio.gather(
        *(client.patch(path, json={"description": f"desk {number}"}, headers=headers) for number in range(8))
    )
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7


async def test_a_change_leaves_what_it_does_not_name(mine):
    made = await mine.make("booking.*", description="desk")
    changed = await mine.ask("PATCH", f"/{made['id']}", {"event_types": ["*", "*"]})
    assert (changed["event_types"], changed["description"], changed["url"]) == (["*"], "desk", URL)
    assert (await mine.ask("PATCH", f"/{made['id']}", {}, status=422))["code"] == "invalid-request"
    for body in ({"url": None}, {"event_types": None}, {"event_types": []}, {"enabled": None}, {"secret": "x"}):
        assert (await mine.ask("PATCH", f"/{made['id']}", body, status=422))["code"] == "invalid-request"


async def test_an_endpoint_is_switched_off_and_on_by_its_owner_and_what_waits_is_due_at_once(mine, db):
    await mine.book()
    made = await mine.make()
    await come_to_the_end(db, made)
    await mine.ask("POST", f"/{made['id']}/replay", {"after": "0"}, status=202)
    await sql(db, "UPDATE webhook_deliveries SET tries = 3, next_at = 'infinity'")
    off = await mine.ask("PATCH", f"/{made['id']}", {"enabled": False})
    assert (off["enabled"], off["disabled_because"]) == (False, "owner")
    assert (await mine.ask("POST", f"/{made['id']}/ping", status=409))["disabled_because"] == "owner"
    ((cursor,),) = await sql(db, "SELECT cursor FROM webhook_endpoints")
    await mine.book(days=30)
    on = await mine.ask("PATCH", f"/{made['id']}", {"enabled": True})
    assert (on["enabled"], on["disabled_because"]) == (True, None)
    assert await sql(db, "SELECT cursor, next_at <= clock_timestamp() FROM webhook_endpoints") == [(cursor, True)]
    waiting = await sql(db, "SELECT DISTINCT tries, state, next_at <= clock_timestamp() FROM webhook_deliveries")
    assert waiting == [(0, "waiting", True)]


@pytest.mark.parametrize("reason", ["gone", "failing"])
async def test_why_an_endpoint_was_disabled_stays_until_it_is_enabled(mine, db, reason):
    made = await mine.make()
    await sql(db, "UPDATE webhook_endpoints SET enabled = false, disabled_because = $1", reason)
    still = await mine.ask("PATCH", f"/{made['id']}", {"enabled": False, "description": "x"})
    assert still["disabled_because"] == reason
    assert (await mine.ask("PATCH", f"/{made['id']}", {"enabled": True}))["disabled_because"] is None


async def test_types_that_the_service_does_not_write_are_refused_with_those_that_it_does(mine):
    body = {"url": URL, "event_types": ["booking.*", "booking.hold", "book.*", "*", "b*", ""]}
    refused = await mine.ask("POST", body=body, status=422)
    assert (refused["code"], "booking.held" in refused["known"]) == ("event-type-unknown", True)
    assert [each["pointer"] for each in refused["errors"]] == [f"/event_types/{nth}" for nth in (1, 2, 4, 5)]
    made = await mine.make()
    await mine.ask("PATCH", f"/{made['id']}", {"event_types": ["nothing.*"]}, status=422)


@pytest.mark.parametrize(
    "address",
    ["http://1.1.1.1/x", "https://127.0.0.1/x", "https://[::1]:9/x", "https://10.0.0.1/", "https://u:p@1.1.1.1/",
     "https://2130706433/", "https://1.1.1.1/#part", "not an address", "https://" + "a" * 70 + ".example/", "https://x y/",
     "https://[/x", "https://1.1.1.1:99999/", "https://1.1.1.1:0/", "https://localhost/x", "https://010.8.8.8/"],
)  # fmt: skip
async def test_an_address_that_webhooks_are_not_sent_to_is_refused_when_made_and_when_changed(mine, address):
    refused = await mine.ask("POST", body={"url": address, "event_types": ["*"]}, status=422)
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("webhook-url-refused", "/url")
    made = await mine.make()
    assert (await mine.ask("PATCH", f"/{made['id']}", {"url": address}, status=422))["code"] == "webhook-url-refused"


async def test_an_installation_that_is_tried_out_may_send_to_its_own_machine(mine, app):
    app.state.settings = app.state.settings.model_copy(update={"webhooks_insecure": True})
    assert (await mine.make(url="http://127.0.0.1:9/x"))["url"] == "http://127.0.0.1:9/x"
    await mine.ask("POST", body={"url": "ftp://127.0.0.1/x", "event_types": ["*"]}, status=422)


async def test_an_organisation_has_a_bounded_number_of_endpoints_however_many_are_asked_for_at_once(mine, rival):
    answers = await asyncio.gather(
        *(
            mine.client.post(ENDPOINTS, json={"url": URL, "event_types": ["*"]}, headers=mine.headers)
            for _ in range(MOST_ENDPOINTS + 3)
        )
    )
    refused = [each.json() for each in answers if each.status_code != 201]
    assert {(each["code"], each.get("most")) for each in refused} == {
        ("webhook-endpoints-at-their-most", MOST_ENDPOINTS)
    }
    listed = (await mine.ask("GET", params={"limit": 200}))["items"]
    assert len(listed) == MOST_ENDPOINTS
    await rival.make()
    await mine.ask("DELETE", f"/{listed[0]['id']}")
    await mine.make()


async def test_the_list_comes_in_pages_that_miss_none(mine):
    made = [(await mine.make())["id"] for _ in range(3)]
    first = await mine.ask("GET", params={"limit": 2})
    second = await mine.ask("GET", params={"limit": 2, "cursor": first["next"]})
    assert [each["id"] for each in first["items"] + second["items"]] == made
    assert second["next"] is None


async def test_a_new_secret_under_an_idempotency_key_is_refused_because_it_could_not_be_shown_again(mine):
    made, key = await mine.make(), {"Idempotency-Key": "one"}
    body = {"url": URL, "event_types": ["*"]}
    assert (await mine.ask("POST", body=body, headers=key, status=400))["code"] == "secret-shown-once"
    path = f"/{made['id']}/rotate-secret"
    assert (await mine.ask("POST", path, headers=key, status=400))["code"] == "secret-shown-once"


async def test_a_rotated_secret_is_shown_once_and_the_one_before_it_signs_for_a_day(mine, db):
    made = await mine.make()
    now = await mine.ask("POST", f"/{made['id']}/rotate-secret")
    assert now["secret"] not in ("", made["secret"])
    assert (now["version"], now["former_secret_until"] > now["created_at"]) == (2, True)
    kept = """SELECT encode(secret, 'base64'), encode(former_secret, 'base64'),
                     former_until - clock_timestamp() BETWEEN interval '23 h 59 min' AND interval '24 h'
              FROM webhook_endpoints"""
    assert await sql(db, kept) == [(bare(now), bare(made), True)]
    third = await mine.ask("POST", f"/{made['id']}/rotate-secret", {})
    assert await sql(db, kept) == [(bare(third), bare(now), True)]
    assert "secret" not in await mine.ask("GET", f"/{made['id']}")


def bare(shown: dict[str, str]) -> str:
    return shown["secret"].removeprefix("whsec_")


async def test_a_ping_happens_for_its_endpoint_once_for_each_key(mine):
    made = await mine.make("closure.made")
    for _ in range(2):
        said = await mine.ask("POST", f"/{made['id']}/ping", headers={"Idempotency-Key": "one"}, status=202)
        assert said == {"endpoint": made["id"]}
    (pinged,) = [each for each in await mine.events() if each["type"] == "webhook.ping"]
    assert (pinged["subject"], pinged["data"]["current"]) == (made["id"], said)


async def test_every_change_is_an_event_for_the_owner_alone_without_any_secret(mine, rival, client, keys):
    made = await mine.make("booking.*")
    await mine.ask("PATCH", f"/{made['id']}", {"description": "x"})
    rotated = await mine.ask("POST", f"/{made['id']}/rotate-secret")
    await mine.ask("DELETE", f"/{made['id']}")
    told = [each for each in await mine.events() if each["subject"] == made["id"]]
    assert [each["type"].partition(".")[2] for each in told] == ["created", "changed", "secret-rotated", "deleted"]
    assert [each["data"]["current"]["version"] for each in told] == [1, 2, 3, 3]
    assert (told[1]["data"]["previous"]["description"], told[1]["data"]["current"]["description"]) == (None, "x")
    said = json.dumps(told)
    assert "whsec" not in said
    assert bare(made) not in said
    assert bare(rotated) not in said
    for other in (rival, Keeper(client, keys["operator_pkgwd"]), Keeper(client, keys["customs"])):
        assert [each for each in await other.events() if each["subject"] == made["id"]] == []


async def test_a_rehearsal_answers_like_the_deed_and_leaves_nothing(mine):
    body = {"url": URL, "event_types": ["*"]}
    rehearsed = await mine.ask("POST", body=body, params={"validate_only": "true"})
    assert rehearsed["secret"].startswith("whsec_")
    assert (await mine.ask("GET"))["items"] == []
    made = await mine.make()
    for method, path, sent in (
        ("PATCH", "", {"enabled": False}), ("DELETE", "", None), ("POST", "/ping", None), ("POST", "/rotate-secret", None),
        ("POST", "/replay", {"after": "0"}),
    ):  # fmt: skip
        await mine.ask(method, f"/{made['id']}{path}", sent, params={"validate_only": "true"})
    del made["secret"]
    assert (await mine.ask("GET"))["items"] == [made]
    assert [each["type"] for each in await mine.events() if each["subject"] == made["id"]] == [
        "webhook-endpoint.created"
    ]


async def test_a_deleted_endpoint_keeps_no_secret(mine, db):
    made = await mine.make()
    await mine.ask("POST", f"/{made['id']}/rotate-secret")
    await mine.ask("DELETE", f"/{made['id']}")
    assert await sql(db, "SELECT secret, former_secret FROM webhook_endpoints") == [(b"", None)]
    await mine.ask("DELETE", f"/{made['id']}", status=404)


async def test_a_stranger_s_endpoint_is_not_found_whatever_is_asked_of_it(mine, rival, client, keys):
    made = await mine.make()
    for stranger in (rival, Keeper(client, keys["admin"])):
        for method, path, body in (
            ("GET", "", None), ("PATCH", "", {"enabled": False}), ("DELETE", "", None), ("POST", "/ping", None),
            ("POST", "/rotate-secret", None), ("GET", "/deliveries", None), ("POST", "/replay", {"after": "0"}),
        ):  # fmt: skip
            refused = await stranger.ask(method, f"/{made['id']}{path}", body, status=404)
            assert refused["code"] == "webhook-endpoint-not-found"
        assert (await stranger.ask("GET"))["items"] == []
    assert (await mine.ask("GET", f"/{made['id']}"))["version"] == 1
