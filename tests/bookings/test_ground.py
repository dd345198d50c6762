"""What happens to legs on the ground: arrived, completed, nobody came; and what that frees."""

import asyncio
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from service.bookings.jobs import find_no_shows
from tests.asking import SMALL_SHIP, berth, booking, rfc, storage
from tests.bookings.on_the_ground import begun, events_of, made, operator_of, report

CLAIM = """SELECT lower(c.during) AS start, upper(c.during) AS end, lower(c.metres) AS from_m
           FROM berth_claims c JOIN bookings b ON b.number = c.booking WHERE b.id = $1"""
DAYS = """SELECT lower(c.days) AS first, upper(c.days) AS last, c.quantity
          FROM storage_claims c JOIN bookings b ON b.number = c.booking WHERE b.id = $1 ORDER BY 1"""


async def now(crowd) -> datetime:
    return (await crowd.sql("SELECT clock_timestamp() AS at"))[0]["at"]


async def today(crowd) -> date:
    return (await crowd.sql("SELECT (clock_timestamp() AT TIME ZONE 'Asia/Karachi')::date AS day"))[0]["day"]


async def test_a_ship_that_arrives_makes_its_booking_arrived_and_the_leg_says_since_when(crowd):
    ship = await begun(crowd)
    at = rfc(await now(crowd) - timedelta(minutes=20))
    answer = await report(crowd, "arrive", ship, at=at, reason="pilot on board")
    arrived = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, f'"{ship["version"] + 1}"')
    assert (arrived["state"], arrived["legs"][0]["state"], arrived["legs"][0]["arrived_at"]) == (
        "arrived",
        "arrived",
        at,
    )
    event = (await events_of(crowd, ship["id"], role="forwarder"))[-1]
    assert event["type"] == "booking.arrived"
    assert event["data"]["cause"] == {"leg": ship["legs"][0]["id"], "at": at, "reason": "pilot on board"}
    assert event["data"]["previous"]["state"] == "confirmed"
    assert await crowd.broken() == {}


async def test_a_ship_before_its_window_has_to_be_shifted_first(crowd):
    ship = await made(crowd)
    early = await report(crowd, "arrive", ship)
    assert (early.status_code, early.json()["code"]) == (409, "leg-not-begun")
    assert early.json()["starts_at"] == ship["legs"][0]["window"]["start"]
    ship = await begun(crowd, berth(30))
    early = await report(crowd, "arrive", ship, at=rfc(await now(crowd) - timedelta(hours=2)))
    assert early.json()["code"] == "leg-not-begun"


@pytest.mark.parametrize("action", ["arrive", "no-show"])
async def test_what_is_still_to_come_cannot_be_reported(crowd, action):
    ship = await begun(crowd, hours=30)
    answer = await report(crowd, action, ship, at=rfc(await now(crowd) + timedelta(minutes=5)))
    assert (answer.status_code, answer.json()["code"]) == (422, "not-yet-past")
    assert answer.json()["errors"][0]["pointer"] == "/at"


async def test_nobody_leaves_before_he_has_come(crowd):
    ship = await begun(crowd)
    assert (await report(crowd, "complete", ship)).json()["code"] == "state-forbids"
    await report(crowd, "arrive", ship)
    answer = await report(crowd, "complete", ship, at=rfc(await now(crowd) - timedelta(minutes=30)))
    assert (answer.status_code, answer.json()["code"]) == (422, "left-before-arrival")


async def test_a_ship_that_leaves_early_frees_the_quay_after_its_turnaround_at_once(crowd):
    ship = await begun(crowd, berth(10, from_m=0, hours=100), hours=20)
    await report(crowd, "arrive", ship)
    left = await now(crowd)
    gone = (await report(crowd, "complete", ship, at=rfc(left))).json()
    assert (gone["state"], gone["legs"][0]["state"], gone["legs"][0]["ended_at"]) == (
        "completed",
        "completed",
        rfc(left),
    )
    (claim,) = await crowd.sql(CLAIM, ship["id"])
    assert claim["end"] == left + timedelta(hours=2)
    window = {"start": rfc(claim["end"]), "end": rfc(claim["end"] + timedelta(hours=30))}
    again = await crowd.post("/v1/bookings", booking({**berth(from_m=0), "window": window}), role="rival")
    assert again.status_code == 201, again.text
    assert await crowd.broken() == {}


async def test_the_turnaround_is_that_with_which_the_leg_was_booked(crowd):
    ship = await begun(crowd, berth(10, hours=100), hours=20)
    await crowd.sql("UPDATE quays SET turnaround = '9 h'")
    await report(crowd, "arrive", ship)
    left = await now(crowd)
    await report(crowd, "complete", ship, at=rfc(left))
    assert (await crowd.sql(CLAIM, ship["id"]))[0]["end"] == left + timedelta(hours=2)


async def test_goods_that_leave_early_free_the_floor_from_the_next_local_day_on(crowd):
    goods = await begun(crowd, storage(12, quantity=12_000, length=10), vessel=None, hours=50)
    await report(crowd, "arrive", goods)
    assert (await report(crowd, "complete", goods)).json()["state"] == "completed"
    (days,) = await crowd.sql(DAYS, goods["id"])
    assert days["last"] == await today(crowd) + timedelta(days=1)
    assert await crowd.broken() == {}


async def test_of_a_booking_with_two_legs_each_has_a_life_of_its_own(crowd):
    both = await begun(crowd, berth(10, hours=30), storage(10, length=20), hours=24.5)
    assert (await report(crowd, "arrive", both, 0)).json()["state"] == "arrived"
    assert (await report(crowd, "arrive", both, 1)).json()["state"] == "arrived"
    sailed = (await report(crowd, "complete", both, 0)).json()
    assert (sailed["state"], [leg["state"] for leg in sailed["legs"]]) == ("arrived", ["completed", "arrived"])
    assert await crowd.broken() == {}
    assert (await report(crowd, "complete", both, 1)).json()["state"] == "completed"
    again = await report(crowd, "complete", both, 1)
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (409, "state-forbids", "completed")
    types = [event["type"] for event in await events_of(crowd, both["id"])]
    assert types == ["booking.confirmed", *["booking.arrived"] * 2, *["booking.completed"] * 2]
    assert await crowd.broken() == {}


async def test_a_leg_is_told_its_state_if_that_is_in_the_way(crowd):
    both = await begun(crowd, berth(10, hours=30), storage(10, length=20))
    await report(crowd, "arrive", both, 0)
    answer = await report(crowd, "arrive", both, 0)
    assert answer.status_code == 409
    assert {name: answer.json()[name] for name in ("code", "leg_state", "allowed_in")} == {
        "code": "leg-forbids", "leg_state": "arrived", "allowed_in": ["planned"],
    }  # fmt: skip


async def test_nobody_is_a_no_show_before_the_grace_of_the_place_or_the_end_of_the_window(crowd):
    long, short = await begun(crowd, berth(10, hours=100, from_m=0)), await begun(crowd, berth(30, hours=5, from_m=300))
    for ship, hours in ((long, 24), (short, 5)):
        answer = await report(crowd, "no-show", ship)
        assert (answer.status_code, answer.json()["code"]) == (409, "no-show-too-early")
        start = datetime.fromisoformat(ship["legs"][0]["window"]["start"])
        assert answer.json()["not_before"] == rfc(start + timedelta(hours=hours))


async def test_a_no_show_gives_its_place_back_at_once(crowd):
    ship = await begun(crowd, berth(10, hours=100, from_m=0), storage(10, length=20, quantity=12_000), hours=25)
    first = (await report(crowd, "no-show", ship, 0, reason="went to Karachi")).json()
    assert (first["state"], [leg["state"] for leg in first["legs"]]) == ("confirmed", ["no_show", "planned"])
    assert await crowd.sql(CLAIM, ship["id"]) == []
    assert await crowd.broken() == {}
    second = (await report(crowd, "no-show", ship, 1)).json()
    assert second["state"] == "no_show"
    assert await crowd.sql(DAYS, ship["id"]) == []
    event = (await events_of(crowd, ship["id"]))[-2]
    assert (event["type"], event["data"]["cause"]["reason"]) == ("booking.no-show", "went to Karachi")
    assert await crowd.broken() == {}


async def test_the_service_finds_those_who_have_not_come_each_once_however_many_workers_look(crowd, db):
    late = [await begun(crowd, berth(from_m=at, hours=100), vessel=SMALL_SHIP, hours=25) for at in (0, 150)]
    late.append(await begun(crowd, storage(12, length=30), vessel=None, hours=24.1))
    early = await begun(crowd, storage(12, length=30), vessel=None, hours=23.9)
    there = await begun(crowd, berth(from_m=300, hours=100), vessel=SMALL_SHIP, hours=25)
    await report(crowd, "arrive", there)
    assert sum(await asyncio.gather(*(find_no_shows(db) for _ in range(4)))) == 3
    for each, state in [*((ship, "no_show") for ship in late), (early, "confirmed"), (there, "arrived")]:
        assert (await crowd.get(f"/v1/bookings/{each['id']}")).json()["state"] == state
    (event,) = await crowd.sql(
        "SELECT by, cause FROM events WHERE subject = $1 AND type = 'booking.no-show'", late[0]["id"]
    )
    assert event["by"] == "service"
    assert await crowd.broken() == {}


async def test_a_booking_ends_completed_if_some_came_and_others_did_not(crowd):
    both = await begun(crowd, berth(10, hours=100), storage(10, length=20), hours=25)
    await report(crowd, "arrive", both, 0)
    assert (await report(crowd, "no-show", both, 1)).json()["state"] == "arrived"
    assert (await report(crowd, "complete", both, 0)).json()["state"] == "completed"


async def test_a_leg_is_for_the_operator_of_its_own_facility_to_report(crowd):
    zone = await operator_of(crowd, "free zone", "PKGWD-FZS")
    both = await begun(crowd, berth(10, hours=100), storage(10, length=20), hours=25)
    for action in ("arrive", "no-show"):
        answer = await report(crowd, action, both, 0, role=zone)
        assert (answer.status_code, answer.json()["code"]) == (404, "leg-not-found")
        nobodys = await crowd.post(f"/v1/bookings/{both['id']}/{action}", {"leg": "leg_1"}, role=zone)
        assert (nobodys.status_code, nobodys.json()["code"]) == (404, "leg-not-found")
        stranger = await report(crowd, action, both, 0, role="operator_pkkhi")
        assert (stranger.status_code, stranger.json()["code"]) == (404, "booking-not-found")
        owner = await report(crowd, action, both, 0, role="forwarder")
        assert (owner.status_code, owner.json()["code"]) == (403, "wrong-role")
    assert (await report(crowd, "arrive", both, 1, role=zone)).status_code == 200


async def test_a_report_is_rehearsed_replayed_and_held_to_its_version(crowd):
    ship = await begun(crowd)
    path, body = f"/v1/bookings/{ship['id']}/arrive", {"leg": ship["legs"][0]["id"]}
    rehearsed = await crowd.post(f"{path}?validate_only=true", body, role="operator_pkgwd")
    assert rehearsed.json()["state"] == "arrived"
    assert (await crowd.get(f"/v1/bookings/{ship['id']}")).json()["state"] == "confirmed"
    stale = await crowd.post(path, body, role="operator_pkgwd", **{"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "booking-changed")
    first = await crowd.post(path, body, role="operator_pkgwd", key="here", **{"If-Match": f'"{ship["version"]}"'})
    again = await crowd.post(path, body, role="operator_pkgwd", key="here", **{"If-Match": f'"{ship["version"]}"'})
    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")


async def test_a_report_asks_the_database_no_more_for_a_booking_of_many_legs(crowd, monkeypatch):
    few = await begun(crowd, storage(10, quantity=1), vessel=None)
    many = await begun(crowd, *(storage(20 + nth, quantity=1, length=40) for nth in range(12)), vessel=None)
    await report(crowd, "arrive", few), await report(crowd, "arrive", few)  # both instances learn the key
    asked: list[str] = []
    execute = asyncpg.Connection._execute

    async def counted(self, query, *rest, **more):
        asked.append(query)
        return await execute(self, query, *rest, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)
    counts = []
    for action, of in (("complete", few), ("arrive", many), ("complete", many)):
        asked.clear()
        assert (await report(crowd, action, of)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[2] <= 15
    assert counts[1] <= 12
