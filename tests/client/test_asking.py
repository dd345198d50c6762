"""What people do with the client: a forwarder, an operator and customs, and what each is refused."""

import json
from datetime import datetime, timedelta

import pytest

from slotway_client import Changed, Refused, SlotTaken
from slotway_client.calls import Call
from tests.asking import SHIP, SMALL_SHIP, ahead, berth, booking, storage, window
from tests.docs.walking import ROOT

GOODS = {"kind": "storage", "warehouse": "PKGWD-FZS-W1", "quantity": 10}


async def test_a_forwarder_searches_books_amends_and_cancels(shells):
    client = await shells()
    ship = {name: SHIP[name] for name in ("loa_m", "beam_m", "draught_m")}
    when = {"duration": timedelta(hours=36), "from_": ahead(10), "to": ahead(20)}
    found = await client.berth_slots(port=["PKGWD", "PKKHI"], cargo="general", limit=1, **ship, **when)
    floor = await client.storage_slots(port="PKGWD", quantity=10, unit="m2", bonded=True, hazard_class=None, **when)
    trip = await client.itineraries({
        "ports": ["PKGWD"], "vessel": ship, "window": {"start": ahead(10), "end": ahead(40)}, "limit": 1,
        "berth": {"duration": timedelta(hours=36)}, "storage_within": "PT12H",
        "storage": {"quantity": 10, "unit": "m2", "duration": timedelta(days=10)},
    })  # fmt: skip
    assert found["slots"][0]["to_m"] == 209
    assert floor["slots"][0]["window"]["start"] == ahead(10).isoformat().replace("+00:00", "Z")
    body = booking(*trip["itineraries"][0]["legs"])
    assert (await client.book(body, validate_only=True))["state"] == "held"
    held = await client.book(body)
    later = (datetime.fromisoformat(held["expires_at"]) + timedelta(minutes=1)).isoformat()
    extended = await client.extend_hold(held["id"], later)
    assert extended["expires_at"] > held["expires_at"]
    confirmed = await client.confirm(held["id"], version=extended["version"])
    legs = [{**confirmed["legs"][0], "window": window(11)}]
    amended = await client.amend(confirmed, {"legs": legs})
    assert [leg["kind"] for leg in amended["legs"]] == ["berth"]
    with pytest.raises(Changed, match="booking-changed"):
        await client.amend(confirmed, {"legs": legs})
    assert await client.cancel(held["id"], "no cargo") == await client.booking(held["id"])


async def test_a_place_that_has_gone_brings_others_that_can_be_had(shells):
    client, rival = await shells(), await shells("rival")
    body = booking(berth(from_m=0))
    await rival.book(body)
    with pytest.raises(SlotTaken) as gone:
        await client.book(body)
    made = await client.book({**body, "legs": gone.value.alternatives[:1]})
    assert made["legs"][0]["window"] == gone.value.alternatives[0]["window"]
    assert (gone.value.status, gone.value.code) == (409, "slot-taken")
    assert gone.value.request_id


async def test_a_refusal_says_every_fault_and_a_stranger_sees_nothing(shells):
    client, rival = await shells(), await shells("rival")
    with pytest.raises(Refused) as refused:
        await client.book({"client_reference": "X", "hold": "perhaps", "legs": [GOODS]})
    assert {each["pointer"] for each in refused.value.errors} == {"/hold", "/legs/0/window"}
    assert "422 invalid-request" in str(refused.value)
    assert "/legs/0/window" in str(refused.value)
    made = await client.book(booking({**GOODS, "window": window(10)}, vessel=None))
    for strange in (made["id"], "../ports", "a/b?c#d", ""):
        with pytest.raises(Refused, match="404"):
            await rival.confirm(strange)
    with pytest.raises(Refused, match="401 key-unknown"):
        await (await shells("psk_test_" + "x" * 43)).booking(made["id"])


async def test_lists_go_on_from_page_to_page_with_the_filters_they_began_with(shells):
    client = await shells()
    made = [await client.book(booking(storage(10, quantity=1), vessel=None)) for _ in range(7)]
    await client.cancel(made[3]["id"])
    held = [each["id"] for each in reversed(made) if each is not made[3]]
    for size in (1, 3, 6, 100):
        assert [each["id"] for each in await client.items("bookings", state="held", limit=size)] == held
    assert await client.items("bookings", state="rejected") == []
    feed = await client.items("feed")
    assert [each["subject"] for each in feed[-8:]] == [*(each["id"] for each in made), made[3]["id"]]
    assert await client.items("feed", feed[-3]["sequence"]) == feed[-2:]
    assert await client.items("feed", limit=3) == feed
    assert len(await client.items("history", made[3]["id"])) == 2


async def test_an_operator_approves_shifts_and_reports(shells):
    client, karachi, gwadar = await shells(), await shells("operator_pkkhi"), await shells("operator_pkgwd")
    oil = booking(berth(10, quay="PKKHI-OP1"), vessel=SMALL_SHIP, cargo={"class": "liquid_bulk"}, hold=False)
    asked, refused = (
        await client.book(oil),
        await client.book({**oil, "legs": [berth(14, quay="PKKHI-OP1")], "client_reference": "B"}),
    )
    assert asked["state"] == "pending"
    assert (await karachi.approve(asked["id"], "welcome"))["state"] == "confirmed"
    assert (await karachi.decline(refused["id"], "no pilot"))["state"] == "rejected"
    booked = await client.book(booking(berth(10, from_m=0), hold=False))
    leg = booked["legs"][0]["id"]
    shifted = await gwadar.shift(booked, {"leg": leg, "from_m": 300, "reason": "a crane is down"})
    assert shifted["legs"][0]["from_m"] == 300
    for report in (gwadar.arrive, gwadar.complete, gwadar.no_show):
        with pytest.raises(Refused, match="409"):  # its day is to come
            await report(booked["id"], {"leg": leg})


async def test_a_closure_does_what_was_planned_or_nothing(shells):
    client, operator = await shells(), await shells("operator_pkgwd")
    booked = await client.book(booking(berth(10, from_m=0), hold=False))
    closure = {
        "quay": "PKGWD-MPT", "from_m": 0, "to_m": 209, "window": window(10), "reason": "a fender is torn",
        "on_conflict": "move", "tolerance": timedelta(hours=12),
    }  # fmt: skip
    ripple = await operator.plan_closure(closure)
    assert [each["booking"] for each in ripple["touched"]] == [booked["id"]]
    assert await client.booking(booked["id"]) == booked
    with pytest.raises(Changed):
        await operator.make_closure(closure, plan="0" * 64)
    with pytest.raises(Refused, match="428"):
        await operator.make_closure(closure)
    await operator.make_closure(closure, plan=ripple["plan"])
    moved = (await client.booking(booked["id"]))["legs"][0]
    assert {name: moved[name] for name in ("from_m", "to_m", "window")} == {
        name: ripple["touched"][0]["to"][name] for name in ("from_m", "to_m", "window")
    }


async def test_customs_holds_goods_and_sees_what_is_held(shells):
    customs = await shells("customs")
    reference = {"type": "GD", "country": "PK", "value": "KAPW-HC-1-18-08-2022"}
    event = {"event_id": "1", "event_type": "HOLD", "event_time": ahead(-3), "reference": reference, "hold_code": "X"}
    assert await customs.customs_event(event) == {"event_id": "1", "matched": False}
    assert await customs.customs_event(event) == {"event_id": "1", "matched": False}
    assert [each["reference"] for each in await customs.items("holds")] == [reference]


async def test_papers_are_handed_in_later_and_customs_asks_before_the_goods_move(shells):
    client, customs = await shells(), await shells("customs")
    igm = {"type": "IGM", "country": "PK", "value": "KAPW-1-2026"}
    booked = await client.book(booking(berth(10), hold=False))
    assert igm in (await client.add_customs_references(booked["id"], [igm]))["customs_references"]
    answer = await customs.validate_movement({"reference": igm, "gross_weight_t": 1})
    assert (answer["outcome"], answer["bookings"]) == ("unknown", [booked["id"]])


async def test_forwarder_and_operator_read_what_customs_says_of_a_booking_and_a_rival_does_not(shells):
    client, customs = await shells(), await shells("customs")
    reference = {"type": "GD", "country": "PK", "value": "KAPW-HC-2-18-08-2022"}
    booked = await client.book(booking(berth(10), hold=False, customs_references=[reference]))
    event = {"event_id": "2", "event_type": "HOLD", "event_time": ahead(-3), "reference": reference, "hold_code": "X"}
    assert (await customs.customs_event(event))["matched"]
    for who in (client, await shells("operator_pkgwd"), customs):
        (standing,) = (await who.customs_status(booked["id"]))["items"]
        assert (standing["reference"], standing["state"], standing["holds"]) == (reference, "HELD", ["X"])
    with pytest.raises(Refused, match="404 booking-not-found"):
        await (await shells("rival")).customs_status(booked["id"])


async def test_a_webhook_endpoint_is_made_and_shows_its_secret(shells):
    client = await shells()
    made = await client.make_webhook_endpoint({"url": "https://93.184.215.14/in", "event_types": ["booking.*"]})
    assert made["secret"].startswith("whsec_")
    found = (await client.request("GET", "/v1/webhook-endpoints")).json()["items"]
    assert [each["id"] for each in found] == [made["id"]]


async def test_anything_else_can_be_asked_for_with_its_headers_and_tags(shells):
    client = await shells()
    first = await client.request("GET", "/v1/ports/PKGWD")
    same = await client.request("GET", "/v1/ports/PKGWD", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, same.status_code, same.content) == (200, 304, b"")
    drawn = await client.request(
        "GET",
        "/v1/quays/PKGWD-MPT/timetable",
        query={"from": ahead(1), "to": ahead(3)},
        headers={"Accept": "image/svg+xml"},
    )
    assert drawn.text.startswith("<svg")
    assert len((await client.request("GET", "/v1/events?after=0&limit=1")).json()["items"]) == 1


def test_every_change_takes_the_idempotency_key_that_the_client_sends():
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    changes = {
        path: [each["name"] for each in operation.get("parameters", [])]
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method not in {"get", "head"}
    }
    assert len(changes) > 20
    without = [path for path, names in changes.items() if "Idempotency-Key" not in names]
    assert without == ["/v1/itineraries/search", "/oauth/token"]  # which change nothing


def test_a_moment_without_an_offset_is_not_sent():
    with pytest.raises(TypeError, match="have an offset"):
        Call.asked("POST", "/v1/bookings", {"start": datetime(2026, 12, 1)})  # noqa: DTZ001  that is the point
    with pytest.raises(TypeError, match="have an offset"):
        Call.reading("/v1/berth-slots", from_=datetime(2026, 12, 1)).sent()  # noqa: DTZ001
    assert json.loads(Call.asked("POST", "/", {"d": timedelta(days=1, hours=1)}).content or b"") == {"d": "PT90000S"}
