"""Conditions and keys of requests: which version a change is for, which answer a client has, which request came before."""

import asyncio

import asyncpg
import pytest

from tests.asking import ahead, berth, booking, new_key, rfc, storage, window


@pytest.fixture
async def held(crowd):
    return (await crowd.post("/v1/bookings", booking(berth(), storage()))).json()


GARBAGE = (
    "",
    '""',
    '"0"',
    '"2"',
    '"-1"',
    "-1",
    '"01x"',
    '"1" "2"',
    '"' + "1" * 5000 + '"',
    "W/x",
    "null",
    '"01"',
    '"1',
    b'"\xb2"',
    b"\xff",
    b"\xd9\xa1",
)


async def test_a_change_for_a_version_that_is_not_the_booking_s_is_refused_and_changes_nothing(crowd, held, as_):
    for path in ("confirm", "cancel", "extend-hold"):
        for tag in GARBAGE:
            headers = as_("forwarder") | {"If-Match": tag}
            answer = await crowd.clients[0].post(f"/v1/bookings/{held['id']}/{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (412, "booking-changed"), (path, tag)
            assert answer.json()["version"] == 1
    now = await crowd.get(f"/v1/bookings/{held['id']}")
    assert (now.json(), now.headers["etag"]) == (held, '"1"')


@pytest.mark.parametrize("tag", ['"1"', "*", ' "1" '])
async def test_a_change_for_the_booking_s_version_is_made(crowd, held, tag):
    answer = await crowd.post(f"/v1/bookings/{held['id']}/confirm", **{"If-Match": tag})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')


async def test_of_many_changes_for_one_version_exactly_one_is_made(crowd, held):
    paths = ["confirm", "extend-hold"] * 6
    answers = await asyncio.gather(
        *(crowd.post(f"/v1/bookings/{held['id']}/{path}", **{"If-Match": '"1"'}) for path in paths)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11
    assert await crowd.broken() == {}


async def test_a_booking_that_a_client_has_is_answered_304_until_it_changes(crowd, held, as_):
    client, path = crowd.clients[1], f"/v1/bookings/{held['id']}"
    for tag in ('"1"', 'W/"1"', '"0", "1"', "*"):
        answer = await client.get(path, headers=as_("forwarder") | {"If-None-Match": tag})
        assert (answer.status_code, answer.content) == (304, b"")
    for tag in ('"2"', "1", "", b'"\xb9"', '"1-lapsed"'):
        assert (await client.get(path, headers=as_("forwarder") | {"If-None-Match": tag})).status_code == 200
    await crowd.post(f"{path}/confirm")
    assert (await client.get(path, headers=as_("forwarder") | {"If-None-Match": '"1"'})).status_code == 200


async def test_a_key_is_one_organisation_s_and_one_request_s(crowd, held):
    key, body = new_key(), booking(storage(40), vessel=None)
    first = await crowd.post("/v1/bookings", body, key=key)
    rival = await crowd.post("/v1/bookings", body, key=key, role="rival")
    assert (first.status_code, rival.status_code) == (201, 201)
    assert first.json()["id"] != rival.json()["id"]
    for path in (f"{first.json()['id']}/confirm", f"{held['id']}/confirm", f"{first.json()['id']}/cancel"):
        answer = await crowd.post(f"/v1/bookings/{path}", key=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    quoted = await crowd.post("/v1/bookings", body, key=f'"{key}"')
    assert (quoted.status_code, quoted.text, quoted.headers["idempotency-replayed"]) == (201, first.text, "true")
    assert (await crowd.get(f"/v1/bookings/{first.json()['id']}")).json()["state"] == "held"


async def test_a_key_sent_with_a_rehearsal_is_neither_read_nor_kept(crowd, as_):
    key, body = new_key(), booking(storage(40), vessel=None)
    client, headers = crowd.clients[0], as_("forwarder", **{"Idempotency-Key": key})
    for _ in range(2):
        answer = await client.post("/v1/bookings?validate_only=true", json=body, headers=headers)
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (200, False)
    made = await client.post("/v1/bookings", json=body, headers=headers)
    assert (made.status_code, "idempotency-replayed" in made.headers) == (201, False)
    other = body | {"client_reference": "another"}
    assert (await client.post("/v1/bookings?validate_only=true", json=other, headers=headers)).status_code == 200
    for path in ("confirm", "cancel", "extend-hold"):
        at = f"/v1/bookings/{made.json()['id']}/{path}?validate_only=true"
        answer = await client.post(at, headers=headers)
        assert (answer.status_code, answer.json()["version"]) == (200, 2), answer.text
    unkeyed = await client.post("/v1/bookings?validate_only=true", json=other, headers=as_("forwarder"))
    assert unkeyed.status_code == 200, unkeyed.text
    assert (await crowd.get(f"/v1/bookings/{made.json()['id']}")).text == made.text
    assert len(await crowd.sql("SELECT 1 FROM bookings")) == 1
    assert len(await crowd.sql("SELECT 1 FROM events WHERE subject LIKE 'bkg_%'")) == 1


async def test_a_reference_that_an_organisation_has_used_is_refused_and_another_s_is_not(crowd, held):
    again = booking(storage(60)) | {"client_reference": held["client_reference"]}
    refused = await crowd.post("/v1/bookings", again)
    assert (refused.status_code, refused.json()["code"]) == (409, "client-reference-taken")
    assert (await crowd.post("/v1/bookings", again, role="rival")).status_code == 201
    assert await crowd.broken() == {}


async def test_two_requests_that_race_for_one_key_have_one_effect_and_the_other_is_told(crowd):
    for day in range(70, 80, 2):
        key = new_key()
        bodies = [booking(storage(day, quantity=number + 1), vessel=None) for number in range(6)]
        answers = await asyncio.gather(*(crowd.post("/v1/bookings", body, key=key) for body in bodies))
        assert sorted(answer.status_code for answer in answers) == [201] + [422] * 5
        assert {answer.json().get("code") for answer in answers} == {None, "idempotency-key-reused"}
    assert len(await crowd.sql("SELECT 1 FROM bookings")) == 5
    assert await crowd.broken() == {}


async def test_a_place_that_somebody_holds_for_long_is_busy_for_every_change_and_free_for_every_search(crowd, held):
    blocker = await asyncpg.connect(crowd.url)
    async with blocker.transaction():
        await blocker.execute("SELECT 1 FROM places FOR UPDATE")
        notice = {"quay": "PKGWD-MPT", "window": window(60), "draught_m": 9, "reference": "NtM 1", "source": "test"}
        changes = asyncio.gather(
            crowd.post("/v1/bookings", booking(berth(30))),
            crowd.post("/v1/bookings?validate_only=true", booking(berth(30))),
            crowd.post(f"/v1/bookings/{held['id']}/confirm"),
            crowd.post(f"/v1/bookings/{held['id']}/cancel"),
            crowd.post("/v1/draught-notices", notice, role="operator_pkgwd"),
        )
        await asyncio.sleep(0.5)
        query = {"port": "PKGWD", "loa_m": 90, "duration": "PT20H", "from": rfc(ahead(5)), "to": rfc(ahead(9))}
        for found in (await crowd.get("/v1/berth-slots", **query), await crowd.get(f"/v1/bookings/{held['id']}")):
            assert found.status_code == 200
        for answer in await changes:
            assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
                409,
                "place-busy",
                "1",
            )
    await blocker.close()
    assert (await crowd.post(f"/v1/bookings/{held['id']}/confirm")).status_code == 200
    assert await crowd.broken() == {}


async def test_references_in_any_script_are_kept_as_they_were_sent(crowd):
    odd = [
        "Алматы-118",
        "کراچی ۱۱۸",
        "码头",
        "🚢⚓",
        "e\u0301",
        "\u00e9",
        "a\u2028b",
        "\U0010ffff",
        "x" * 100,
        "'; DROP TABLE bookings--",
        '"\\/',
    ]
    for reference in odd:
        body = booking(storage(20, quantity=1), vessel=None, remark=reference, shipper={"name": reference})
        made = await crowd.post("/v1/bookings", body | {"client_reference": reference})
        assert made.status_code == 201, made.text
        said = made.json()
        assert (said["client_reference"], said["remark"], said["shipper"]["name"]) == (reference,) * 3
        found = (await crowd.get("/v1/bookings", client_reference=reference)).json()["items"]
        assert [item["id"] for item in found] == [said["id"]]
