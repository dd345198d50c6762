"""Customs references that come after the booking, and what customs has said of them by then."""

import asyncio

from service import clock, ids
from tests.asking import rfc, storage
from tests.bookings.on_the_ground import begun, change_waits, events_of, made, report

YARD = "PKGWD-FZN-Y1"


def reference(type_: str = "MRN") -> dict[str, str]:
    return {"type": type_, "country": "KZ", "value": ids.new("mrn")[-18:].upper()}


async def added(crowd, to: dict, *of: dict[str, str], **headers):
    return await crowd.post(f"/v1/bookings/{to['id']}/customs-references", {"customs_references": list(of)}, **headers)


async def hold(crowd, of: dict[str, str]):
    event = {
        "event_id": ids.new("x"),
        "event_type": "HOLD",
        "hold_code": "A",
        "event_time": rfc(clock.now()),
        "reference": of,
    }
    return await crowd.post("/v1/customs/events", event, role="customs")


async def test_a_reference_that_comes_later_is_one_of_the_bookings_and_found_by(crowd):
    first, later, manifest = reference(), reference("TIR"), reference("IGM")
    there = await made(crowd, storage(20, quantity=1), vessel=None, customs_references=[first])
    answer = await added(crowd, there, later, manifest)
    assert (answer.status_code, answer.headers["etag"]) == (200, f'"{there["version"] + 1}"')
    assert answer.json()["customs_references"] == [first, later, manifest]
    event = (await events_of(crowd, there["id"], role="customs"))[-1]
    assert (event["type"], event["data"]["cause"]) == ("booking.customs-references-added", {"added": [later, manifest]})
    found = await crowd.get("/v1/bookings", role="customs", customs_reference=later["value"])
    assert [each["id"] for each in found.json()["items"]] == [there["id"]]
    assert (await hold(crowd, later)).json()["matched"] is True
    without = await made(crowd, storage(20, quantity=1), vessel=None)
    assert (await added(crowd, without, manifest)).json()["customs_references"] == [manifest]
    assert await crowd.broken() == {}


async def test_a_hold_that_was_there_before_the_reference_holds_the_goods_and_is_told(crowd):
    of = reference()
    assert (await hold(crowd, of)).json()["matched"] is False
    there = await begun(crowd, storage(12, quantity=1), vessel=None, hours=30)
    assert (await report(crowd, "arrive", there)).status_code == 200
    assert (await added(crowd, there, of)).status_code == 200
    assert [each["type"] for each in await events_of(crowd, there["id"])][-2:] == [
        "booking.customs-references-added",
        "customs.held",
    ]
    refused = await report(crowd, "complete", there)
    assert (refused.status_code, refused.json()["code"]) == (409, "customs-hold-open")


async def test_a_hold_and_a_reference_at_one_moment_never_miss_each_other(crowd):
    for _ in range(6):
        of = reference()
        there = await made(crowd, storage(20, quantity=1), vessel=None)
        await asyncio.gather(added(crowd, there, of), hold(crowd, of))
        told = [each for each in await events_of(crowd, there["id"]) if each["type"] == "customs.held"]
        assert len(told) == 1


async def test_a_reference_that_is_there_is_refused_and_nothing_is_added(crowd):
    first, other = reference(), reference()
    there = await made(crowd, storage(20, quantity=1), vessel=None, customs_references=[first])
    for named in ([first], [other, first], [other, other]):
        answer = await added(crowd, there, *named)
        assert (answer.status_code, answer.json()["code"]) == (409, "customs-reference-there")
        assert answer.json()["references"] == [first]
    assert (await crowd.get(f"/v1/bookings/{there['id']}")).json() == there


async def test_a_booking_made_with_a_reference_twice_can_have_others_added(crowd):
    first, other = reference(), reference()
    there = await made(crowd, storage(20, quantity=1), vessel=None, customs_references=[first, first])
    assert (await added(crowd, there, other)).json()["customs_references"] == [first, first, other]
    assert (await added(crowd, there, first)).json()["code"] == "customs-reference-there"


async def test_there_are_never_more_than_twenty(crowd):
    there = await made(crowd, storage(20, quantity=1), vessel=None, customs_references=[reference() for _ in range(15)])
    answer = await added(crowd, there, *(reference() for _ in range(6)))
    assert (answer.status_code, answer.json()["code"], answer.json()["most"]) == (
        422,
        "too-many-customs-references",
        20,
    )
    assert (await added(crowd, there, *(reference() for _ in range(5)))).status_code == 200


async def test_what_is_added_while_a_change_waits_is_there_when_it_is_approved(crowd):
    of = reference()
    there = await made(crowd, storage(20, quantity=2, warehouse=YARD), vessel=None)
    there = await change_waits(crowd, there, YARD, 0, quantity=3)
    assert (await added(crowd, there, of)).json()["change"] is not None
    answer = await crowd.post(f"/v1/bookings/{there['id']}/approve", {}, role="operator_pkgwd", **{"If-Match": "*"})
    assert (answer.json()["customs_references"], answer.json()["legs"][0]["quantity"]) == ([of], 3)


async def test_a_provisional_booking_travels_under_what_was_added_from_its_confirmation_on(crowd):
    of = reference()
    there = await made(crowd, storage(20, quantity=1), vessel=None, hold=True)
    assert (await added(crowd, there, of)).json()["state"] == "held"
    assert (await hold(crowd, of)).json()["matched"] is False
    assert (await crowd.post(f"/v1/bookings/{there['id']}/confirm")).status_code == 200
    assert [each["type"] for each in await events_of(crowd, there["id"], role="customs")] == [
        "booking.confirmed",
        "customs.held",
    ]


async def test_only_whose_booking_it_is_adds_to_it(crowd):
    there = await made(crowd, storage(20, quantity=1), vessel=None)
    assert (await added(crowd, there, reference(), role="rival")).status_code == 404
    for role in ("operator_pkgwd", "customs", "admin"):
        assert (await added(crowd, there, reference(), role=role)).status_code == 403
