"""What has become of a booking: each change with who, why, before and after, for those whom it was meant for."""

from typing import Any

import pytest

from tests.asking import berth, booking, storage


async def history(crowd, booking_id: str, role: str = "forwarder", **params: Any) -> list[dict[str, Any]]:
    answer = await crowd.get(f"/v1/bookings/{booking_id}/history", role=role, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.fixture
async def lived(crowd) -> dict[str, Any]:
    """A booking that was held, confirmed and cancelled, with somebody to call."""
    body = booking(berth(), storage(), contact={"name": "Aigerim"}, remark="call first")
    held = (await crowd.post("/v1/bookings", body)).json()
    for step, said in (("confirm", None), ("cancel", {"reason": "sold afloat"})):
        answer = await crowd.post(f"/v1/bookings/{held['id']}/{step}", said)
        assert answer.status_code == 200, answer.text
    return held


async def test_a_history_tells_the_whole_life_with_reasons(lived, crowd):
    told = await history(crowd, lived["id"])
    assert [(each["type"], each["version"]) for each in told] == [
        ("booking.held", 1), ("booking.confirmed", 2), ("booking.cancelled", 3),
    ]  # fmt: skip
    assert [each["current"]["state"] for each in told] == ["held", "confirmed", "cancelled"]
    assert [each["previous"] and each["previous"]["state"] for each in told] == [None, "held", "confirmed"]
    assert [each["cause"] for each in told] == [None, None, {"reason": "sold afloat"}]
    assert told[0]["current"] == lived
    feed = (await crowd.get("/v1/events")).json()["items"]
    assert [each["id"] for each in told] == [each["id"] for each in feed if each["subject"] == lived["id"]]
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)


async def test_the_name_of_who_did_it_is_told_to_its_own_organisation_and_to_admin_only(lived, crowd):
    roles = {who: await history(crowd, lived["id"], who) for who in ("forwarder", "operator_pkgwd", "customs", "admin")}
    name = (await crowd.sql("SELECT o.name FROM organisations o JOIN bookings b ON b.organisation_id = o.id"))[0][
        "name"
    ]
    for who, told in roles.items():
        expected = name if who in ("forwarder", "admin") else None
        assert {(each["by"]["role"], each["by"]["name"]) for each in told} == {("forwarder", expected)}, who


async def test_what_the_service_did_by_itself_is_said_to_be_its_doing(crowd, db):
    from service.bookings.jobs import expire  # noqa: PLC0415  beside what it shows

    held = (await crowd.post("/v1/bookings", booking(berth()))).json()
    await crowd.lapse(held["id"])
    assert await expire(db) == 1
    told = await history(crowd, held["id"])
    assert (told[-1]["type"], told[-1]["by"]) == ("booking.expired", {"role": "service", "name": None})


async def test_customs_is_told_from_the_confirmation_on_and_not_whom_to_call(lived, crowd):
    told = await history(crowd, lived["id"], "customs")
    assert [each["type"] for each in told] == ["booking.confirmed", "booking.cancelled"]
    for each in told:
        for shown in (each["previous"], each["current"]):
            assert not {"contact", "remark"} & shown.keys()
    assert "Aigerim" not in str(told)
    assert "Aigerim" in str(await history(crowd, lived["id"], "operator_pkgwd"))


async def test_a_history_is_there_for_whom_the_booking_is(lived, crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(20)))).json()
    for booking_id, blind in ((lived["id"], ("rival", "operator_pkkhi")), (held["id"], ("rival", "customs"))):
        for who in blind:
            answer = await crowd.get(f"/v1/bookings/{booking_id}/history", role=who)
            assert (answer.status_code, answer.json()["code"]) == (404, "booking-not-found")


async def test_operators_are_told_what_concerned_their_facilities(lived, crowd):
    """An event is for those it was meant for when it was written, also where the booking has since come to others."""
    await crowd.sql(
        "UPDATE events SET facilities = '{PKGWD-FZS}' WHERE type = 'booking.held' AND subject = $1", lived["id"]
    )
    await crowd.sql("UPDATE bookings SET facilities = '{PKKHI-KICT}' WHERE id = $1", lived["id"])
    await crowd.sql(
        "UPDATE events SET facilities = '{PKKHI-KICT}' WHERE type = 'booking.cancelled' AND subject = $1", lived["id"]
    )
    assert [each["type"] for each in await history(crowd, lived["id"], "operator_pkkhi")] == ["booking.cancelled"]
    assert len(await history(crowd, lived["id"])) == 3


async def test_pages_of_a_history_make_up_the_whole_of_it(lived, crowd):
    expected = await history(crowd, lived["id"])
    path, found, cursor = f"/v1/bookings/{lived['id']}/history", [], {}
    while True:
        page = (await crowd.get(path, limit=1, **cursor)).json()
        found += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == expected
    other = (await crowd.post("/v1/bookings", booking(berth(20)))).json()
    answer = await crowd.get(f"/v1/bookings/{other['id']}/history", **cursor)
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor-does-not-fit")
