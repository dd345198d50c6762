"""Goods at the gates of warehouses: parts come in and go out, floors are freed day by day, and nothing goes that is not there."""

import asyncio
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from service import ids
from tests.asking import rfc, storage
from tests.bookings.on_the_ground import begun, change_waits, events_of, made, report
from tests.bookings.test_ground import DAYS, now, today
from tests.capacity.test_needs_over_http import closed
from tests.ports.partnering import ALLOTMENTS, grouped, kept, quantity

YARD = "PKGWD-FZN-Y1"


async def goods(crowd, quantity: int = 100, *, hours: float = 50, length: int = 10, **more):
    """A firm booking of floor whose window began so many hours ago."""
    return await begun(crowd, storage(12, quantity=quantity, length=length), vessel=None, hours=hours, **more)


async def gate(crowd, way: str, of: dict, quantity: int | None = None, **more):
    """Goods through the gate: as the operator reports them, and the leg then."""
    answer = await report(crowd, f"gate-{way}", of, **({} if quantity is None else {"quantity": quantity}), **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["legs"][0]


async def taken(crowd, of: dict) -> list[tuple[int, int, int]]:
    """What a booking has of a floor: from which day on, before which one (both from today), and how much."""
    day = await today(crowd)
    return [
        ((each["first"] - day).days, (each["last"] - day).days, each["quantity"])
        for each in await crowd.sql(DAYS, of["id"])
    ]


async def test_parts_come_in_and_go_out_and_the_leg_says_how_much(crowd):
    there = await goods(crowd)
    assert [there["legs"][0][each] for each in ("quantity", "gated_in", "gated_out")] == [100, 0, 0]
    leg = await gate(crowd, "in", there, 60)
    assert (leg["state"], leg["gated_in"], leg["gated_out"]) == ("arrived", 60, 0)
    leg = await gate(crowd, "out", there, 25)
    assert (leg["state"], leg["gated_in"], leg["gated_out"]) == ("arrived", 60, 25)
    leg = await gate(crowd, "in", there)
    assert (leg["state"], leg["gated_in"]) == ("arrived", 100)
    leg = await gate(crowd, "out", there)
    assert (leg["state"], leg["gated_out"], leg["ended_at"] is not None) == ("completed", 100, True)
    assert (await crowd.get(f"/v1/bookings/{there['id']}")).json()["state"] == "completed"
    told = [
        (each["type"], each["data"]["cause"]["quantity"])
        for each in (await events_of(crowd, there["id"], role="customs"))[1:]
    ]
    assert told == [
        ("booking.gated-in", 60),
        ("booking.gated-out", 25),
        ("booking.gated-in", 40),
        ("booking.gated-out", 75),
    ]
    assert await crowd.broken() == {}


async def test_what_leaves_on_a_local_day_frees_its_floor_from_the_next_one_on(crowd):
    there = await goods(crowd, hours=50)
    whole = await taken(crowd, there)
    await gate(crowd, "in", there, at=rfc(await now(crowd) - timedelta(hours=30)))
    assert await taken(crowd, there) == whole
    ((first, last, _),) = whole
    await gate(crowd, "out", there, 40, at=rfc(await now(crowd) - timedelta(days=1)))
    assert await taken(crowd, there) == [(first, 0, 100), (0, last, 60)]
    await gate(crowd, "out", there, 10)
    assert await taken(crowd, there) == [(first, 0, 100), (0, 1, 60), (1, last, 50)]
    await gate(crowd, "out", there, 50)
    assert await taken(crowd, there) == [(first, 0, 100), (0, 1, 60)]
    assert await crowd.broken() == {}


async def test_the_floor_that_a_part_has_left_is_anothers_from_tomorrow_on(crowd):
    there = await goods(crowd, 12_000)
    await gate(crowd, "in", there)
    noon = datetime.combine(await today(crowd) + timedelta(days=1), time(12), ZoneInfo("Asia/Karachi"))
    window = {"start": rfc(noon), "end": rfc(noon + timedelta(days=2))}
    other = {"kind": "storage", "warehouse": "PKGWD-FZS-W1", "quantity": 3_000, "window": window}
    full = await crowd.post("/v1/bookings", _asked(other), role="rival")
    assert (full.status_code, full.json()["code"]) == (409, "storage-full")
    await gate(crowd, "out", there, 3_000)
    assert (await crowd.post("/v1/bookings", _asked(other), role="rival")).status_code == 201
    assert await crowd.broken() == {}


def _asked(leg: dict) -> dict:
    return {"client_reference": fresh(), "hold": False, "legs": [leg]}


def fresh() -> str:
    return ids.new("ref")


async def test_more_than_was_booked_does_not_come_in(crowd):
    there = await goods(crowd)
    await gate(crowd, "in", there, 70)
    for more in (31, 100):
        answer = await report(crowd, "gate-in", there, quantity=more)
        assert (answer.status_code, answer.json()["code"]) == (409, "more-than-booked")
        assert (answer.json()["booked"], answer.json()["gated_in"]) == (100, 70)
    await gate(crowd, "in", there, 30)
    assert (await report(crowd, "gate-in", there)).json()["code"] == "more-than-booked"


async def test_more_than_is_there_does_not_leave(crowd):
    there = await goods(crowd)
    early = await report(crowd, "gate-out", there, quantity=1)
    assert (early.status_code, early.json()["code"]) == (409, "state-forbids")
    await gate(crowd, "in", there, 60)
    before = await taken(crowd, there)
    answer = await report(crowd, "gate-out", there, quantity=61)
    assert (answer.status_code, answer.json()["code"]) == (409, "more-out-than-in")
    await gate(crowd, "out", there, 60)
    assert (await report(crowd, "gate-out", there)).json()["code"] == "more-out-than-in"
    assert before != await taken(crowd, there)
    assert (await crowd.get(f"/v1/bookings/{there['id']}")).json()["legs"][0]["state"] == "arrived"  # 40 are to come


async def test_nothing_leaves_before_it_came_however_late_it_is_reported(crowd):
    there = await goods(crowd)
    at = await now(crowd)
    await gate(crowd, "in", there, 60, at=rfc(at - timedelta(hours=5)))
    await gate(crowd, "in", there, 40, at=rfc(at - timedelta(hours=1)))
    answer = await report(crowd, "gate-out", there, quantity=61, at=rfc(at - timedelta(hours=2)))
    assert (answer.status_code, answer.json()["code"]) == (422, "left-before-arrival")
    await gate(crowd, "out", there, 60, at=rfc(at - timedelta(hours=2)))
    assert (await crowd.get(f"/v1/bookings/{there['id']}")).json()["legs"][0]["arrived_at"] == rfc(
        at - timedelta(hours=5)
    )


async def test_a_part_that_came_earlier_than_the_first_that_was_reported_says_when_the_leg_arrived(crowd):
    there = await goods(crowd)
    at = await now(crowd)
    await gate(crowd, "in", there, 10, at=rfc(at - timedelta(hours=1)))
    leg = await gate(crowd, "in", there, 10, at=rfc(at - timedelta(hours=4)))
    assert leg["arrived_at"] == rfc(at - timedelta(hours=4))


async def test_goods_do_not_come_before_their_window_and_ships_not_at_all(crowd):
    later = await made(crowd, storage(20, quantity=10), vessel=None)
    assert (await report(crowd, "gate-in", later)).json()["code"] == "leg-not-begun"
    ship = await begun(crowd)
    for way in ("gate-in", "gate-out"):
        if way == "gate-out":
            await report(crowd, "arrive", ship)
        answer = await report(crowd, way, ship)
        assert (answer.status_code, answer.json()["code"]) == (422, "not-on-a-floor")
        assert answer.json()["errors"][0]["pointer"] == "/leg"


async def test_arrived_is_all_in_and_completed_is_all_out(crowd):
    there = await goods(crowd)
    arrived = (await report(crowd, "arrive", there)).json()["legs"][0]
    assert (arrived["gated_in"], arrived["gated_out"]) == (100, 0)
    await gate(crowd, "out", there, 30)
    done = (await report(crowd, "complete", there)).json()["legs"][0]
    assert (done["state"], done["gated_out"]) == ("completed", 100)
    assert (await events_of(crowd, there["id"]))[-1]["data"]["cause"]["quantity"] == 70
    part = await goods(crowd)
    await gate(crowd, "in", part, 60)
    done = (await report(crowd, "complete", part)).json()["legs"][0]
    assert (done["state"], done["gated_in"], done["gated_out"]) == ("completed", 60, 60)  # the rest never came
    assert await crowd.broken() == {}


async def test_a_hold_binds_all_that_is_still_there(crowd):
    of = {"type": "MRN", "country": "KZ", "value": fresh()[-18:].upper()}
    there = await goods(crowd, customs_references=[of])
    await gate(crowd, "in", there)
    await gate(crowd, "out", there, 30)
    event = {"event_id": fresh(), "event_time": rfc(await now(crowd)), "reference": of}
    held = await crowd.post("/v1/customs/events", event | {"event_type": "HOLD", "hold_code": "A"}, role="customs")
    assert held.status_code == 202
    before = await taken(crowd, there)
    refused = await report(crowd, "gate-out", there, quantity=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "customs-hold-open")
    assert await taken(crowd, there) == before
    released = event | {"event_id": fresh(), "event_type": "CUSR"}
    for each in (event | {"event_id": fresh(), "event_type": "RELS"}, released):
        assert (await crowd.post("/v1/customs/events", each, role="customs")).status_code == 202
    await gate(crowd, "out", there, 70)
    told = [each for each in await events_of(crowd, there["id"]) if each["type"].startswith("customs.")]
    assert [each["data"]["current"]["state"] for each in told][-2:] == ["RELEASED", "GATED_OUT"]
    recall = await crowd.post(
        "/v1/customs/events", event | {"event_id": fresh(), "event_type": "HOLD", "hold_code": "B"}, role="customs"
    )
    assert (recall.status_code, recall.json()["code"]) == (409, "goods-have-left")


async def test_goods_are_gated_out_when_the_last_of_all_bookings_has_left_and_discharged_after_the_border(crowd):
    of = {"type": "TIR", "country": "KZ", "value": fresh()[-18:].upper()}
    one, two = await goods(crowd, customs_references=[of]), await goods(crowd, customs_references=[of])
    for each in (one, two):
        await gate(crowd, "in", each)

    async def say(event_type: str, minutes: int) -> None:
        at = rfc(await now(crowd) + timedelta(minutes=minutes - 3))
        event = {"event_id": fresh(), "event_type": event_type, "event_time": at, "reference": of}
        assert (await crowd.post("/v1/customs/events", event, role="customs")).status_code == 202

    async def states() -> list[str]:
        told = [each for each in await events_of(crowd, one["id"]) if each["type"].startswith("customs.")]
        return [each["data"]["current"]["state"] for each in told]

    await say("CUSR", 0)
    await gate(crowd, "out", one)
    assert await states() == ["RELEASED"]
    await gate(crowd, "out", two)
    assert await states() == ["RELEASED", "GATED_OUT"]
    await say("CROS", 1)
    await say("CUSR", 2)
    assert await states() == ["RELEASED", "GATED_OUT", "EXITED", "DISCHARGED"]


async def test_a_stay_made_longer_takes_floor_for_what_is_still_there_alone(crowd):
    there = await goods(crowd, 12_000, length=10)
    await gate(crowd, "in", there)
    await gate(crowd, "out", there, 9_000)
    ((first, _, _), (_, last, _)) = await taken(crowd, there)
    end = there["legs"][0]["window"]["end"]
    after = {"start": end, "end": rfc(await now(crowd) + timedelta(days=30))}
    neighbour = {"kind": "storage", "warehouse": "PKGWD-FZS-W1", "quantity": 9_000, "window": after}
    assert (await crowd.post("/v1/bookings", _asked(neighbour), role="rival")).status_code == 201
    leg = (await crowd.get(f"/v1/bookings/{there['id']}")).json()["legs"][0]
    longer = {**leg, "window": {**leg["window"], "end": rfc(await now(crowd) + timedelta(days=20))}}
    for each in ("first_on", "last_on"):
        del longer[each]
    answer = await crowd.post(f"/v1/bookings/{there['id']}/amend", {"legs": [longer]}, **{"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    held = await taken(crowd, there)
    assert held[0] == (first, 1, 12_000)
    assert (held[1][0], held[1][2]) == (1, 3_000)
    assert held[1][1] > last
    assert answer.json()["legs"][0]["gated_out"] == 9_000
    assert await crowd.broken() == {}


async def longer(crowd, of: dict, days: int):
    """What the owner is answered who asks for the first leg until so many days from now."""
    leg = (await crowd.get(f"/v1/bookings/{of['id']}")).json()["legs"][0]
    asked = {key: leg[key] for key in ("id", "kind", "warehouse", "quantity")}
    window = {"start": leg["window"]["start"], "end": rfc(await now(crowd) + timedelta(days=days))}
    body = {"legs": [{**asked, "window": window}]}
    return await crowd.post(f"/v1/bookings/{of['id']}/amend", body, **{"If-Match": "*"})


async def test_a_stay_is_made_longer_if_what_is_not_closed_has_room_for_what_is_still_there(crowd):
    there = await goods(crowd, 12_000)
    await gate(crowd, "in", there)
    await gate(crowd, "out", there, 9_000)
    begins = await now(crowd) + timedelta(days=2)
    await closed(crowd, "PKGWD-FZS-W1", begins, begins + timedelta(days=60), quantity=9_000)
    assert (await longer(crowd, there, 20)).status_code == 200
    assert await crowd.broken() == {}
    await closed(crowd, "PKGWD-FZS-W1", begins + timedelta(days=25), begins + timedelta(days=60), quantity=1)
    answer = await longer(crowd, there, 40)
    assert (answer.status_code, answer.json()["code"]) == (409, "closed")
    assert answer.json()["reasons"][0]["needs"] == {"quantity": 11_999}
    assert await crowd.broken() == {}


async def test_a_stay_is_made_longer_if_what_is_not_kept_for_partners_has_room_for_what_is_still_there(crowd):
    there = await goods(crowd, 12_000)
    await gate(crowd, "in", there)
    await gate(crowd, "out", there, 9_000)
    group = await grouped(crowd, "rival")
    await kept(crowd, ALLOTMENTS, quantity(group, 12, 20, 9_000))
    assert (await longer(crowd, there, 20)).status_code == 200
    more = await grouped(crowd, "rival", name="more")
    await kept(crowd, ALLOTMENTS, quantity(more, 25, 30, 1))
    answer = await longer(crowd, there, 35)
    assert (answer.status_code, answer.json()["code"]) == (409, "kept-for-partners")
    assert await crowd.broken() == {}


async def test_a_change_that_waits_needs_floor_for_what_is_still_there_alone(crowd):
    there = await begun(crowd, storage(12, quantity=10, length=10, warehouse=YARD), vessel=None, hours=50)
    await gate(crowd, "in", there)
    await gate(crowd, "out", there, 6)
    leg = (await crowd.get(f"/v1/bookings/{there['id']}")).json()["legs"][0]
    end = rfc(await now(crowd) + timedelta(days=20))
    shown = {key: value for key, value in leg.items() if key not in ("first_on", "last_on")}
    waiting = await change_waits(
        crowd, {**there, "legs": [shown]}, YARD, 0, window={"start": leg["window"]["start"], "end": end}
    )
    assert waiting["change"]["legs"][0]["gated_out"] == 6
    claims = await crowd.sql("SELECT quantity FROM storage_claims WHERE change")
    assert [each["quantity"] for each in claims] == [4]
    await gate(crowd, "out", there, 1)
    answer = await crowd.post(f"/v1/bookings/{there['id']}/approve", {}, role="operator_pkgwd", **{"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    assert [each[2] for each in await taken(crowd, there)][-1] == 3
    assert await crowd.broken() == {}


async def test_a_part_that_goes_gives_back_the_general_floor_first_and_then_what_was_drawn_for_partners(crowd):
    group = await grouped(crowd, "forwarder")
    await kept(crowd, ALLOTMENTS, quantity(group, 10, 20, 30))
    there = await made(crowd, storage(12, quantity=50, length=4), vessel=None)
    number = (await crowd.sql("SELECT number FROM bookings WHERE id = $1", there["id"]))[0][0]
    claims = "SELECT pool <> 0 AS kept, quantity FROM storage_claims WHERE booking = $1 ORDER BY 1, lower(days)"
    assert [tuple(each) for each in await crowd.sql(claims, number)] == [(False, 20), (True, 30)]
    day = (await crowd.sql("SELECT min(lower(days)) + 2 AS day FROM storage_claims WHERE booking = $1", number))[0][0]
    for table, state in (("legs", "booking"), ("bookings", "number")):  # what is planned claims all that it says
        await crowd.sql(f"UPDATE {table} SET state = 'completed' WHERE {state} = $1", number)
    await crowd.sql("SELECT give_part($1, 0::smallint, 35, $2)", number, day)
    assert [tuple(each) for each in await crowd.sql(claims, number)] == [(False, 20), (True, 30), (True, 15)]
    assert await crowd.broken() == {}


async def test_two_reports_of_the_last_part_at_one_moment_let_it_go_once(crowd):
    there = await goods(crowd)
    await gate(crowd, "in", there)
    answers = await asyncio.gather(*(report(crowd, "gate-out", there, quantity=60) for _ in range(2)))
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert (await crowd.get(f"/v1/bookings/{there['id']}")).json()["legs"][0]["gated_out"] == 60
    assert await crowd.broken() == {}


@pytest.mark.parametrize(
    ("counted", "found"),
    [
        ({"packages": 1200, "gross_weight_t": 25.2}, []),
        ({"packages": 1199, "gross_weight_t": 22.8}, ["packages-differ"]),
        ({"gross_weight_t": 25.201}, ["weight-differs"]),
        ({"found": ["seal-broken"]}, ["seal-broken"]),
        ({}, []),
    ],
)
async def test_what_is_not_as_it_was_declared_is_told_once_all_is_in(crowd, counted, found):
    cargo = {"class": "general", "weight_t": 24, "packages": 1200}
    there = await goods(crowd, cargo=cargo)
    await gate(crowd, "in", there, **counted)
    for role in ("customs", "operator_pkgwd", "forwarder"):
        told = [
            each for each in await events_of(crowd, there["id"], role=role) if each["type"] == "booking.discrepancy"
        ]
        assert [each["code"] for event in told for each in event["data"]["cause"]["found"]] == found
    again = (await events_of(crowd, there["id"], role="rival")) + []
    assert again == []


async def test_what_is_missing_is_told_too_when_the_rest_never_comes(crowd):
    there = await goods(crowd)
    await gate(crowd, "in", there, 60, packages=6)
    await gate(crowd, "out", there, 60, packages=5)
    assert (await report(crowd, "complete", there)).status_code == 200
    told = [each for each in await events_of(crowd, there["id"]) if each["type"] == "booking.discrepancy"]
    assert [each["data"]["cause"]["found"] for each in told] == [
        [{"code": "packages-differ", "declared": 6, "found": 5}]
    ]


async def test_parts_are_added_up_before_they_are_held_to_what_came_in(crowd):
    there = await goods(crowd, cargo={"class": "general", "weight_t": 24})
    await gate(crowd, "in", there, 50, gross_weight_t=12)
    await gate(crowd, "in", there, 50, gross_weight_t=11)
    await gate(crowd, "out", there, 30, gross_weight_t=9)
    await gate(crowd, "out", there, 70, gross_weight_t=9)
    told = [each for each in await events_of(crowd, there["id"]) if each["type"] == "booking.discrepancy"]
    assert [each["data"]["cause"]["found"] for each in told] == [
        [{"code": "weight-differs", "declared_t": 23, "found_t": 18}]
    ]
