"""What customs says of a booking, read by those who may see the booking: what its events tell, and nothing more."""

from typing import Any

import pytest

from tests.asking import storage
from tests.bookings.on_the_ground import events_of, made, report
from tests.customs.saying import goods, reference, said, sent

NOT_YET = {"state": "NOT_DECLARED", "holds": [], "changed_at": None}


async def standing(crowd, of: dict[str, Any], role: str = "forwarder") -> list[dict[str, Any]]:
    answer = await crowd.get(f"/v1/bookings/{of['id']}/customs", role=role)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"items"}
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def last_told(crowd, of: dict[str, Any]) -> dict[str, Any]:
    told = [each for each in await events_of(crowd, of["id"]) if each["type"].startswith("customs.")]
    current: dict[str, Any] = told[-1]["data"]["current"]
    assert current.pop("booking") == of["id"]
    return current


async def test_whoever_may_see_a_booking_reads_the_state_and_the_holds_of_each_reference_and_no_remark(crowd):
    of, other = reference(), reference()
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of, other])
    hold = said(of, "HOLD", 20, hold_code="X-RAY", remark="informant says so")
    await sent(crowd, said(of, "DECL", 50), hold, said(of, "HOLD", 10, hold_code="DOC"))
    for role in ("forwarder", "operator_pkgwd", "customs", "admin"):
        items = sorted(await standing(crowd, there, role), key=lambda each: each["state"])
        assert items == [await last_told(crowd, there), {"reference": other, **NOT_YET}]
        assert (items[0]["reference"], items[0]["state"], sorted(items[0]["holds"])) == (of, "HELD", ["DOC", "X-RAY"])
        assert "informant" not in str(items)


async def test_what_is_read_is_what_the_last_event_told_until_the_goods_are_out(crowd):
    of = reference()
    there = await goods(crowd, of)
    for event in (
        said(of, "DECL", 50), said(of, "CUSS", 40), said(of, "HOLD", 30, hold_code="A"), said(of, "RELS", 20),
        said(of, "CUSR", 10),
    ):  # fmt: skip
        await sent(crowd, event)
        assert await standing(crowd, there) == [await last_told(crowd, there)], event["event_type"]
    assert (await report(crowd, "complete", there)).status_code == 200
    assert await standing(crowd, there) == [await last_told(crowd, there)]
    assert (await standing(crowd, there))[0]["state"] == "GATED_OUT"


async def test_of_a_booking_that_is_not_confirmed_yet_nothing_is_said_and_then_all_that_customs_has_said(crowd):
    of = reference()
    await sent(crowd, said(of, "HOLD", hold_code="DOC"))
    held = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of], hold=True)
    for role in ("forwarder", "operator_pkgwd", "admin"):
        assert await standing(crowd, held, role) == []
    assert (await crowd.get(f"/v1/bookings/{held['id']}/customs", role="customs")).status_code == 404
    assert (await crowd.post(f"/v1/bookings/{held['id']}/confirm")).status_code == 200
    (now,) = await standing(crowd, held, "operator_pkgwd")
    assert (now["reference"], now["state"], now["holds"]) == (of, "HELD", ["DOC"])


async def test_of_a_booking_that_was_given_up_nothing_is_said_any_more_though_others_travel_under_its_reference(crowd):
    of = reference()
    gone, stays = [await made(crowd, storage(quantity=1), vessel=None, customs_references=[of]) for _ in range(2)]
    assert (await crowd.post(f"/v1/bookings/{gone['id']}/cancel")).status_code == 200
    await sent(crowd, said(of, "HOLD", hold_code="A"))
    for role in ("forwarder", "operator_pkgwd", "customs"):
        assert await standing(crowd, gone, role) == []
        assert [each["holds"] for each in await standing(crowd, stays, role)] == [["A"]]


async def test_a_reference_that_is_added_later_is_read_with_what_customs_has_said_of_it(crowd):
    first, added = reference(), reference()
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[first])
    await sent(crowd, said(added, "DECL"))
    answer = await crowd.post(f"/v1/bookings/{there['id']}/customs-references", {"customs_references": [added]})
    assert answer.status_code == 200, answer.text
    assert {each["reference"]["value"]: each["state"] for each in await standing(crowd, there)} == {
        first["value"]: "NOT_DECLARED", added["value"]: "DECLARED",
    }  # fmt: skip


@pytest.mark.parametrize("role", ["rival", "operator_pkkhi"])
async def test_a_stranger_is_told_that_there_is_no_such_booking(crowd, role):
    of = reference()
    theirs = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of])
    answer = await crowd.get(f"/v1/bookings/{theirs['id']}/customs", role=role)
    assert (answer.status_code, answer.json()["code"]) == (404, "booking-not-found")
    assert of["value"] not in answer.text
