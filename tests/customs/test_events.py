"""What customs says, over HTTP: once for each event, in any order, before the booking or after; and what a hold stops."""

import asyncio
from itertools import permutations
from typing import Any

import pytest

from tests.asking import SMALL_SHIP, berth, new_key, storage
from tests.bookings.on_the_ground import begun, events_of, made, report
from tests.customs.saying import EVENTS, HOLDS, goods, reference, said, sent


async def holds(crowd) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await crowd.get(HOLDS, role="customs", limit=200)).json()["items"]
    return items


async def test_a_hold_keeps_goods_from_leaving_until_it_is_released_and_never_the_ship(crowd):
    of = reference()
    there = await goods(crowd, of)
    answer = await sent(crowd, said(of, "DECL", 50), said(of, "HOLD", hold_code="X-RAY", remark="line 3, seal odd"))
    assert [each["matched"] for each in answer] == [True, True]
    refused = await report(crowd, "complete", there)
    assert (refused.status_code, refused.json()["code"]) == (409, "customs-hold-open")
    assert refused.json()["holds"] == [{"reference": of, "hold_codes": ["X-RAY"]}]
    await sent(crowd, said(of, "RELS", 5, hold_code="X-RAY"))
    assert (await report(crowd, "complete", there)).status_code == 200


async def test_a_ship_sails_though_its_goods_are_held(crowd):
    of = reference()
    ship = await begun(crowd, berth(), vessel=SMALL_SHIP, customs_references=[of])
    assert (await report(crowd, "arrive", ship)).status_code == 200
    await sent(crowd, said(of, "HOLD", hold_code="X-RAY"))
    assert (await report(crowd, "complete", ship)).status_code == 200


async def test_several_holds_are_open_at_once_and_the_goods_go_when_none_is(crowd):
    of = reference()
    there = await goods(crowd, of)
    await sent(crowd, said(of, "HOLD", 30, hold_code="A"), said(of, "HOLD", 20, hold_code="B"), said(of, "CUSR", 10))
    await sent(crowd, said(of, "RELS", 8, hold_code="A"))
    refused = await report(crowd, "complete", there)
    assert refused.json()["holds"] == [{"reference": of, "hold_codes": ["B"]}]
    await sent(crowd, said(of, "RELS", 5))
    assert (await report(crowd, "complete", there)).status_code == 200
    states = [each["data"]["current"]["state"] for each in await told(crowd, there)]
    assert states == ["HELD", "HELD", "HELD", "RELEASED", "GATED_OUT"]


async def told(crowd, of: dict[str, Any], role: str = "forwarder") -> list[dict[str, Any]]:
    return [each for each in await events_of(crowd, of["id"], role=role) if each["type"].startswith("customs.")]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_whatever_the_order_in_which_events_come_the_last_by_their_own_time_has_the_last_word(crowd, order):
    of = reference()
    events = [said(of, "DECL", 30), said(of, "HOLD", 20, hold_code="A"), said(of, "RELS", 10, hold_code="A")]
    await sent(crowd, *(events[nth] for nth in order))
    assert [each for each in await holds(crowd) if each["reference"] == of] == []
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of])
    assert [each["data"]["current"]["state"] for each in await told(crowd, there)] == ["DECLARED"]


async def test_a_hold_that_came_before_the_booking_holds_it_from_its_confirmation_on(crowd):
    of = reference()
    assert await sent(crowd, early := said(of, "HOLD", hold_code="DOC")) == [
        {"event_id": early["event_id"], "matched": False}
    ]
    held = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of], hold=True)
    assert await told(crowd, held, role="customs") == []
    unmatched = (await crowd.get(EVENTS, role="customs", matched="false", limit=200)).json()["items"]
    assert early["event_id"] in {each["event_id"] for each in unmatched}
    assert (await crowd.post(f"/v1/bookings/{held['id']}/confirm")).status_code == 200
    for role in ("forwarder", "operator_pkgwd", "customs"):
        now = (await told(crowd, held, role=role))[-1]
        assert (now["type"], now["data"]["current"]["holds"]) == ("customs.held", ["DOC"])
    assert [each["bookings"] for each in await holds(crowd) if each["reference"] == of] == [[held["id"]]]


async def test_officers_remarks_are_for_customs_alone(crowd):
    of = reference()
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of])
    await sent(crowd, said(of, "HOLD", hold_code="DOC", remark="informant says so"))
    for role in ("forwarder", "operator_pkgwd"):
        assert "informant" not in (await crowd.get("/v1/events", role=role, limit=500)).text
        assert len(await told(crowd, there, role=role)) == 1
        history = await crowd.get(f"/v1/bookings/{there['id']}/history", role=role)
        assert "informant" not in history.text
        assert (await crowd.get(HOLDS, role=role)).status_code == 403
    assert await told(crowd, there, role="rival") == []
    mine = next(each for each in await holds(crowd) if each["reference"] == of)
    assert [each["remark"] for each in mine["holds"]] == ["informant says so"]


async def test_an_event_sent_again_takes_effect_once_and_has_its_first_answer(crowd):
    of = reference()
    event = said(of, "HOLD", hold_code="A")
    first = await sent(crowd, event)
    await sent(crowd, said(of, "RELS", 1, hold_code="A"))
    await made(crowd, storage(quantity=1), vessel=None, customs_references=[of])
    assert await sent(crowd, event) == first
    assert [each for each in await holds(crowd) if each["reference"] == of] == []
    other = await crowd.post(EVENTS, event | {"hold_code": "B"}, role="customs")
    assert (other.status_code, other.json()["code"]) == (409, "customs-event-reused")


async def test_goods_that_have_left_are_not_held_any_more_and_what_happened_before_may_still_be_told(crowd):
    of = reference()
    there = await goods(crowd, of)
    assert (await report(crowd, "complete", there)).status_code == 200
    given_up = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of])
    assert (await crowd.post(f"/v1/bookings/{given_up['id']}/cancel")).status_code == 200
    late = await crowd.post(EVENTS, said(of, "HOLD", hold_code="A"), role="customs")
    assert (late.status_code, late.json()["code"]) == (409, "goods-have-left")
    await sent(crowd, said(of, "CROS", 1))


async def test_a_rehearsal_of_an_event_changes_nothing(crowd):
    of = reference()
    event = said(of, "HOLD", hold_code="A")
    answer = await crowd.post(f"{EVENTS}?validate_only=true", event, role="customs")
    assert (answer.status_code, answer.json()["matched"]) == (200, False)
    assert [each for each in await holds(crowd) if each["reference"] == of] == []
    await sent(crowd, event)


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_type": "HOLD"},
        {"event_type": "HOLD", "hold_code": None},
        {"event_type": "CUSR", "hold_code": "A"},
        {"event_type": "SEIZED"},
        {"event_time": "2026-11-24T10:00:00"},
        {"event_time": "2199-01-01T00:00:00Z"},
        {"reference": {"type": "GD", "country": "PK", "value": "not a GD"}},
        {"reference": {"type": "GD", "country": "KZ", "value": "not a GD"}},
        {"reference": {"type": "VISA", "country": "PK", "value": "1"}},
        {"event_id": ""},
        {"event_id": "x" * 101},
        {"officer": "Khan"},
    ],
    ids=str,
)
async def test_what_is_wrong_is_refused_with_a_pointer(crowd, wrong):
    answer = await crowd.post(EVENTS, said(reference(), "DECL") | wrong, role="customs")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"]
    assert ("server_time" in answer.json()) == (wrong.get("event_time") == "2199-01-01T00:00:00Z")


async def test_holds_and_confirmations_at_one_moment_never_miss_each_other(crowd):
    for _ in range(12):
        of = reference()
        held = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of], hold=True)
        confirm = crowd.post(f"/v1/bookings/{held['id']}/confirm")
        await asyncio.gather(confirm, sent(crowd, said(of, "HOLD", hold_code="A")))
        now = await told(crowd, held)
        assert [each["data"]["current"]["holds"] for each in now] == [["A"]], now


async def test_holds_and_leavings_at_one_moment_leave_either_held_goods_or_none(crowd):
    for _ in range(8):
        of = reference()
        there = await goods(crowd, of)
        event = said(of, "HOLD", hold_code="A")
        left, held = await asyncio.gather(report(crowd, "complete", there), crowd.post(EVENTS, event, role="customs"))
        assert (left.status_code, held.status_code) in {(200, 409), (409, 202)}, (left.text, held.text)


async def test_one_event_sent_by_many_at_once_is_one(crowd):
    of = reference()
    event = said(of, "HOLD", hold_code="A")
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of])
    answers = await asyncio.gather(*(crowd.post(EVENTS, event, role="customs", key=new_key()) for _ in range(10)))
    assert {each.status_code for each in answers} == {202}
    assert len(await told(crowd, there)) == 1


async def test_a_booking_lists_what_customs_says_in_its_history(crowd):
    of = reference()
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of])
    await sent(crowd, said(of, "DECL"))
    types = [each["type"] for each in (await crowd.get(f"/v1/bookings/{there['id']}/history")).json()["items"]]
    assert types == ["booking.confirmed", "customs.declared"]
