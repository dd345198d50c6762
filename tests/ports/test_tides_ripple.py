"""A tide taken away over HTTP: which bookings lose theirs, what becomes of them, and who may do it at a shared port."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from service import clock
from tests.asking import ahead, berth, booking, rfc
from tests.bookings.on_the_ground import begun, operator_of, report, time_passes
from tests.ports.test_tides import DEEP, TIDES, table, tide

PORT, ALL, SOME = "PKKHI", "operator_pkkhi", "sapt"
OURS, THEIRS = "PKKHI-SAPT", "PKKHI-EWN"  # quays of two terminals, each of the terminal's own code
SPAN = {"start": rfc(ahead(20)), "end": rfc(ahead(30))}


async def published(crowd, *windows: dict[str, str], role: str = ALL, plan: str | None = None, **more: Any):
    headers = {} if plan is None else {"If-Match": plan}
    return await crowd.post(TIDES, table(*windows, port=PORT, **more), role=role, **headers)


async def previewed(crowd, *windows: dict[str, str], **more: Any) -> dict[str, Any]:
    answer = await crowd.post(f"{TIDES}?validate_only=true", table(*windows, port=PORT, **more), role=ALL)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def deep(crowd, quay: str = OURS, days: float = 20, **more: Any) -> dict[str, Any]:
    """A ship that comes on the tide of one day, and leaves on that of the next."""
    asked = booking(berth(days, quay=quay, hours=24, **more), vessel=DEEP, hold=False)
    answer = await crowd.post("/v1/bookings", asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def standing(crowd, booked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await crowd.get(f"/v1/bookings/{booked['id']}")).json()
    return found


async def tides(crowd) -> list[dict[str, str]]:
    return [each["window"] for each in (await crowd.get(TIDES, port=PORT)).json()["items"]]


@pytest.fixture
async def port(crowd):
    """Quays at which a deep ship needs the tide, wherever it finds its draught; it comes once a day, on two days."""
    for quay in (OURS, THEIRS, "PKKHI-KGTL"):
        notice = {
            "quay": quay, "window": {"start": rfc(clock.now() - timedelta(days=1)), "end": None}, "draught_m": 11,
            "draught_with_tide_m": 13, "reference": "KPT/1", "source": "harbour master",
        }  # fmt: skip
        assert (await crowd.post("/v1/draught-notices", notice, role=ALL)).status_code == 201
    await operator_of(crowd, SOME, "PKKHI-SAPT")
    assert (await published(crowd, tide(20), tide(21))).status_code == 201
    return crowd


async def test_a_table_anew_names_every_booking_at_any_quay_that_loses_its_tide_and_leaves_it_standing(port):
    gone = [await deep(port), await deep(port, THEIRS)]
    fine = await port.post("/v1/bookings", booking(berth(20, quay=OURS, hours=24, from_m=200), hold=False))
    assert fine.status_code == 201, fine.text
    answer = await published(port, tide(20.5), tide(21.5), replace=SPAN)
    assert (answer.status_code, answer.json()["replaced"]) == (201, 2)
    touched = answer.json()["touched"]
    assert {(each["booking"], each["outcome"]) for each in touched} == {(each["id"], "kept") for each in gone}
    assert [(await standing(port, each))["state"] for each in gone] == ["confirmed", "confirmed"]


async def test_a_table_anew_with_the_same_tides_touches_nobody(port):
    await deep(port)
    assert (await published(port, tide(20, 4), tide(20.9, 9), replace=SPAN)).json()["touched"] == []


async def test_a_booking_that_would_lose_its_tide_can_stand_in_the_way(port):
    booked = await deep(port)
    answer = await published(port, tide(20.5), replace=SPAN, on_conflict="refuse")
    assert (answer.status_code, answer.json()["code"]) == (409, "bookings-touched")
    assert [each["booking"] for each in answer.json()["touched"]] == [booked["id"]]
    assert await tides(port) == [tide(20), tide(21)]


async def test_a_booking_moves_to_the_new_tide_by_the_plan_that_was_seen(port):
    booked = await deep(port)
    change: dict[str, Any] = {"replace": SPAN, "on_conflict": "move", "tolerance": "PT24H"}
    windows = tide(20.5), tide(21.5)
    unseen = await published(port, *windows, **change)
    assert (unseen.status_code, unseen.json()["code"]) == (428, "plan-missing")
    plan = await previewed(port, *windows, **change)
    assert (await standing(port, booked))["version"] == booked["version"]
    done = await published(port, *windows, plan=plan["plan"], **change)
    assert (done.status_code, done.json()["touched"]) == (201, plan["touched"])
    window = (await standing(port, booked))["legs"][0]["window"]
    assert window == {"start": rfc(ahead(20.5)), "end": rfc(ahead(21.5))}
    cause = await port.sql("SELECT cause FROM events WHERE type = 'booking.moved'")
    assert json.loads(cause[0]["cause"])["tidal_windows"] == PORT
    assert await port.broken() == {}


async def test_a_table_can_be_withdrawn_and_what_stood_by_it_displaced(port):
    booked = await deep(port)
    change: dict[str, Any] = {"replace": SPAN, "on_conflict": "displace"}
    plan = await previewed(port, **change)
    answer = await published(port, plan=plan["plan"], **change)
    assert answer.status_code == 201, answer.text
    assert [answer.json()[name] for name in ("published", "replaced", "window")] == [0, 2, None]
    assert (await standing(port, booked))["state"] == "displaced"
    assert await tides(port) == []
    assert await port.broken() == {}


async def test_a_table_without_windows_that_replaces_none_is_refused(port):
    answer = await published(port)
    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["errors"]] == ["nothing-to-publish"]


async def test_the_tide_is_not_taken_from_a_ship_alongside_that_waits_for_it(port):
    there = await begun(port, berth(20, quay=OURS, hours=24), vessel=DEEP)
    now, end = clock.now(), there["legs"][0]["window"]["end"]
    low = {"start": rfc(now - timedelta(hours=2)), "end": rfc(now)}
    high = {"start": end, "end": rfc(now + timedelta(hours=30))}
    assert (await published(port, low, high)).status_code == 201
    assert (await report(port, "arrive", there, role=ALL)).status_code == 200
    span = {"start": high["start"], "end": SPAN["start"]}
    answer = await published(port, replace=span, on_conflict="displace", plan="*")
    assert (answer.status_code, answer.json()["code"]) == (409, "ship-alongside")
    assert (await published(port, replace=span)).json()["touched"][0]["booking"] == there["id"]


async def test_who_runs_some_of_the_terminals_adds_windows_and_replaces_his_own(port):
    added = await published(port, tide(40), tide(41), role=SOME)
    assert added.status_code == 201, added.text
    booked = await deep(port, days=40)
    span = {"start": rfc(ahead(40)), "end": rfc(ahead(50))}
    answer = await published(port, tide(42), role=SOME, replace=span)
    assert (answer.status_code, answer.json()["replaced"]) == (201, 2)
    assert [each["booking"] for each in answer.json()["touched"]] == [booked["id"]]


@pytest.mark.parametrize(
    "change",
    [
        {"replace": SPAN},
        {"replace": {"start": rfc(ahead(20.9)), "end": rfc(ahead(50))}},
        {"replace": {"start": rfc(ahead(39)), "end": rfc(ahead(50))}},
        {"replace": {"start": rfc(ahead(60)), "end": rfc(ahead(61))}, "on_conflict": "displace"},
        {"replace": {"start": rfc(ahead(60)), "end": rfc(ahead(61))}, "on_conflict": "refuse"},
    ],
    ids=["another's", "another's and his own", "that others stand by", "displacing", "refusing"],
)
async def test_what_other_terminals_go_by_is_not_his_to_take_away(port, change):
    assert (await published(port, tide(40), tide(41), role=SOME)).status_code == 201
    booked = await deep(port, THEIRS, days=40)
    before = await tides(port)
    answer = await published(port, tide(70), role=SOME, **change)
    assert (answer.status_code, answer.json()["code"]) == (409, "tides-shared")
    assert THEIRS in answer.json()["terminals"]
    assert OURS not in answer.json()["terminals"]
    assert booked["id"] not in answer.text
    assert await tides(port) == before


async def test_each_terminal_is_told_of_the_new_table_and_of_its_own_bookings_alone(port):
    mine, theirs = await deep(port), await deep(port, THEIRS)
    oil = await operator_of(port, "oil", "PKKHI-OIL")
    whole = await published(port, tide(20.5), replace=SPAN)
    told = {}
    for role in (SOME, oil, ALL):
        items = (await port.get("/v1/events", role=role, limit=500)).json()["items"]
        tables = [each["data"]["current"] for each in items if each["type"] == "tidal-windows.published"]
        told[role] = [each for each in tables if each["replaced"]]
    for role, touched in ((SOME, [mine["id"]]), (oil, [])):
        assert [[each["booking"] for each in said["touched"]] for said in told[role]] == [touched]
    assert whole.json() in told[ALL]
    assert theirs["id"] not in json.dumps(told[SOME] + told[oil])


async def alone(crowd, *windows: dict[str, str], **more: Any):
    """A table for the port of which one operator runs the only terminal."""
    plan = more.pop("plan", None)
    headers = {} if plan is None else {"If-Match": plan}
    return await crowd.post(TIDES, table(*windows, **more), role="operator_pkgwd", **headers)


async def deep_at_gwadar(crowd) -> dict[str, Any]:
    notice = {
        "quay": "PKGWD-MPT", "window": {"start": rfc(clock.now() - timedelta(days=1)), "end": None}, "draught_m": 11.6,
        "draught_with_tide_m": 13, "reference": "GPA/1", "source": "harbour master",
    }  # fmt: skip
    assert (await crowd.post("/v1/draught-notices", notice, role="operator_pkgwd")).status_code == 201
    assert (await alone(crowd, tide(20), tide(21))).status_code == 201
    return await deep(crowd, "PKGWD-MPT")


async def test_a_ship_that_leaves_just_as_its_tide_begins_is_named_though_nothing_is_blocked_after_it(crowd):
    body, headers = {"turnaround": "PT0S"}, {"If-Match": "*", "Authorization": f"Bearer {crowd.keys['operator_pkgwd']}"}
    changed = await crowd.clients[0].patch("/v1/quays/PKGWD-MPT", json=body, headers=headers)
    assert changed.status_code == 200, changed.text
    booked = await deep_at_gwadar(crowd)
    gone = await alone(crowd, replace={"start": rfc(ahead(21)), "end": rfc(ahead(22))})
    assert [each["booking"] for each in gone.json()["touched"]] == [booked["id"]]


async def test_a_ship_alongside_needs_the_tide_to_leave_on_and_no_more_the_one_it_came_on(crowd):
    booked = await deep_at_gwadar(crowd)
    await time_passes(crowd, booked["id"], ahead(20) - clock.now() + timedelta(hours=5))
    booked = await standing(crowd, booked)
    start, end = (datetime.fromisoformat(booked["legs"][0]["window"][name]) for name in ("start", "end"))
    came = {"start": rfc(start), "end": rfc(start + timedelta(hours=2))}
    leaves, longer = ({"start": rfc(end), "end": rfc(end + timedelta(hours=hours))} for hours in (3, 4))
    assert (await alone(crowd, came, leaves)).status_code == 201
    assert (await report(crowd, "arrive", booked)).status_code == 200
    span = {"start": rfc(start - timedelta(hours=2)), "end": rfc(ahead(15))}
    again = await alone(crowd, longer, replace=span, on_conflict="displace", plan="*")
    assert (again.status_code, again.json()["touched"]) == (201, [])


async def test_a_plan_that_is_named_has_to_be_the_plan_also_if_bookings_are_kept(crowd):
    await deep_at_gwadar(crowd)
    answer = await alone(crowd, tide(40), plan=f'"{"0" * 32}"')
    assert (answer.status_code, answer.json()["code"]) == (412, "plan-outdated")


async def test_a_quay_made_while_tides_are_published_has_them_too(crowd):
    await deep_at_gwadar(crowd)
    connection = await asyncpg.connect(crowd.url)
    try:
        async with connection.transaction():  # as a publication that has just locked the port
            await connection.execute("SELECT FROM ports WHERE unlocode = 'PKGWD' FOR UPDATE")
            body = {"code": "PKGWD-NEW", "terminal": "PKGWD-GMT"}
            making = asyncio.create_task(crowd.post("/v1/quays", body, role="operator_pkgwd"))
            await asyncio.sleep(0.3)
            assert not making.done()
    finally:
        await connection.close()
    assert (await making).status_code == 201
