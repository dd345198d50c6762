"""What a reader sees of a place: his own bookings by name, others' only as taken."""

import json
from datetime import timedelta

import pytest

from service.clock import now
from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage
from tests.bookings.on_the_ground import change_waits

QUAY = "/v1/quays/PKGWD-MPT/timetable"
FLOOR = "/v1/warehouses/PKGWD-FZS-W1/timetable"
WINDOW = {"from": rfc(ahead(8)), "to": rfc(ahead(24))}


async def seen(crowd, path: str, role: str, **params: str) -> dict:
    answer = await crowd.get(path, role=role, **WINDOW | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def made(crowd, *legs, role: str = "forwarder", hold: bool = False, **more) -> dict:
    answer = await crowd.post("/v1/bookings", booking(*legs, hold=hold, **more), role=role)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_quay_shows_berths_and_what_is_taken_by_name_to_whoever_may_see_the_booking(crowd):
    made_ = await made(crowd, berth(from_m=100))
    sheet = await seen(crowd, QUAY, "forwarder")
    assert (sheet["quay"], sheet["port"], sheet["time_zone"], sheet["length_m"]) == (
        "PKGWD-MPT", "PKGWD", "Asia/Karachi", 602,
    )  # fmt: skip
    assert sheet["window"] == {"start": WINDOW["from"], "end": WINDOW["to"]}
    assert [each["code"] for each in sheet["berths"]] == ["PKGWD-MPT-1", "PKGWD-MPT-2", "PKGWD-MPT-3"]
    stay = made_["legs"][0]["window"]
    assert sheet["taken"] == [
        {
            "from_m": 100,
            "to_m": 309,
            "window": {"start": stay["start"], "end": rfc(ahead(10, 38))},
            "expires_at": None,
            "booking": {
                "id": made_["id"],
                "client_reference": made_["client_reference"],
                "vessel_name": "CASPIAN TRADER",
                "state": "confirmed",
                "leg": made_["legs"][0]["id"],
                "change": False,
            },
        }
    ]


async def test_a_rival_sees_a_rectangle_and_nothing_that_tells_whose_it_is(crowd):
    held = await made(crowd, berth(from_m=0), hold=True)
    firm = await made(crowd, berth(from_m=300), vessel=SMALL_SHIP)
    sheet = await seen(crowd, QUAY, "rival")
    assert [(each["from_m"], each["expires_at"], each["booking"]) for each in sheet["taken"]] == [
        (0, None, None),
        (300, None, None),
    ]
    for booked in (held, firm):
        for fact in (booked["id"], booked["client_reference"], booked["legs"][0]["id"], booked["vessel"]["name"]):
            assert fact not in json.dumps(sheet)
    picture = await crowd.clients[0].get(
        QUAY, params=WINDOW, headers={"Authorization": f"Bearer {crowd.keys['rival']}", "Accept": "image/svg+xml"}
    )
    assert "CASPIAN" not in picture.text
    assert held["client_reference"] not in picture.text
    assert picture.text.count('class="other"') == 2 + 1  # and one in the legend


@pytest.mark.parametrize(
    ("who", "sees_held", "sees_firm"),
    [
        ("forwarder", True, True), ("rival", False, False), ("operator_pkgwd", True, True),
        ("operator_pkkhi", False, False), ("customs", False, True), ("admin", True, True),
    ],
)  # fmt: skip
async def test_operators_see_all_bookings_of_their_facilities_and_customs_those_confirmed(
    crowd, who, sees_held, sees_firm
):
    held = await made(crowd, berth(from_m=0), storage(quantity=100), hold=True)
    firm = await made(crowd, berth(from_m=300), storage(quantity=200))
    quay, floor = await seen(crowd, QUAY, who), await seen(crowd, FLOOR, who)
    named = {each["booking"]["id"] for each in quay["taken"] if each["booking"]}
    assert named == ({held["id"]} if sees_held else set()) | ({firm["id"]} if sees_firm else set())
    assert {each["booking"]["id"] for each in floor["claims"]} == named
    assert {each["taken"] for each in floor["days"]} == {0, 300}
    assert all(each["expires_at"] is None for each in quay["taken"] if each["booking"] is None)


async def test_a_key_that_may_not_read_bookings_is_told_no_names(crowd):
    await made(crowd, berth(from_m=0), storage())
    headers = {"Authorization": f"Bearer {crowd.keys['forwarder']}"}
    narrow = await crowd.clients[0].post("/v1/keys", json={"name": "x", "scopes": ["slots:read"]}, headers=headers)
    headers = {"Authorization": f"Bearer {narrow.json()['key']}"}
    quay = (await crowd.clients[0].get(QUAY, params=WINDOW, headers=headers)).json()
    floor = (await crowd.clients[0].get(FLOOR, params=WINDOW, headers=headers)).json()
    assert [each["booking"] for each in quay["taken"]] == [None]
    assert floor["claims"] == []


async def test_a_hold_is_shown_with_its_lapse_and_is_gone_when_it_has_lapsed(crowd):
    held = await made(crowd, berth(from_m=0), storage(), hold=True)
    quay, floor = await seen(crowd, QUAY, "forwarder"), await seen(crowd, FLOOR, "forwarder")
    assert quay["taken"][0]["expires_at"] == floor["claims"][0]["expires_at"] == held["expires_at"]
    await crowd.lapse(held["id"])
    quay, floor = await seen(crowd, QUAY, "forwarder"), await seen(crowd, FLOOR, "forwarder")
    assert quay["taken"] == floor["claims"] == []
    assert {each["taken"] for each in floor["days"]} == {0}


async def test_a_change_that_waits_is_shown_beside_the_booking_that_it_would_alter(crowd):
    standing = await made(crowd, berth(from_m=0))
    await crowd.sql(
        """INSERT INTO berth_claims (booking, leg, change, place_id, metres, during, expires_at)
           SELECT booking, leg, true, place_id, '[50,259)', during, now() + interval '1 day' FROM berth_claims"""
    )
    mine = (await seen(crowd, QUAY, "forwarder"))["taken"]
    assert [(each["from_m"], each["booking"]["change"], each["expires_at"] is None) for each in mine] == [
        (0, False, True),
        (50, True, False),
    ]
    assert {each["booking"]["id"] for each in mine} == {standing["id"]}
    assert [each["booking"] for each in (await seen(crowd, QUAY, "rival"))["taken"]] == [None, None]


async def test_to_customs_a_change_that_waits_is_taken_and_nothing_more(crowd):
    ship = await made(crowd, berth(from_m=0, hours=24), vessel=SMALL_SHIP)
    goods = await made(crowd, storage(quantity=100), vessel=None)
    await change_waits(crowd, ship, "PKGWD-MPT", 0, from_m=300, to_m=None, berths=None)
    await change_waits(crowd, goods, "PKGWD-FZS-W1", 0, quantity=250)
    quay, floor = await seen(crowd, QUAY, "customs"), await seen(crowd, FLOOR, "customs")
    assert [(each["from_m"], each["booking"] and each["booking"]["id"]) for each in quay["taken"]] == [
        (0, ship["id"]),
        (300, None),
    ]
    assert [(each["quantity"], each["booking"]["change"]) for each in floor["claims"]] == [(100, False)]
    assert max(each["taken"] for each in floor["days"]) == 250
    assert {each["booking"]["change"] for each in (await seen(crowd, FLOOR, "forwarder"))["claims"]} == {False, True}


async def test_a_floor_adds_up_on_every_local_day_that_the_window_touches(crowd):
    await made(crowd, storage(days=12, quantity=2500, length=3))
    await made(crowd, storage(days=13, quantity=700, length=1), role="rival")
    sheet = await seen(crowd, FLOOR, "forwarder")
    first = ahead(8).astimezone().date()
    assert [each["on"] for each in sheet["days"]][:2] == [str(first), str(first + timedelta(days=1))]
    assert len(sheet["days"]) == 17  # 16 days in UTC touch 17 in Karachi
    capacity = sheet["days"][0]["capacity"]
    for each in sheet["days"]:
        assert each["free"] == capacity - each["taken"] - each["closed"] - each["kept"]
    by_day = {each["on"]: each["taken"] for each in sheet["days"]}
    second = ahead(13).date()
    assert by_day[str(second)] == 3200
    assert [(each["quantity"], each["booking"]["vessel_name"]) for each in sheet["claims"]] == [
        (2500, "CASPIAN TRADER")
    ]


async def test_without_a_window_it_begins_with_the_hour_that_is_running_and_lasts_14_days(crowd):
    answer = (await crowd.get(QUAY)).json()
    start = now().replace(minute=0, second=0, microsecond=0)
    assert answer["window"] in (
        {"start": rfc(start), "end": rfc(start + timedelta(days=14))},
        {"start": rfc(start - timedelta(hours=1)), "end": rfc(start + timedelta(days=14, hours=-1))},
    )


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ({"from": rfc(ahead(8)), "to": rfc(ahead(8))}, "window-backwards"),
        ({"to": "2020-01-01T00:00:00Z"}, "window-backwards"),
        ({"from": rfc(ahead(8)), "to": rfc(ahead(8 + 92, 1))}, "window-too-long"),
    ],
)
async def test_a_window_that_is_none_is_refused_and_said_why(crowd, window, code):
    answer = await crowd.get(QUAY, **window)
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("?to", code)]


@pytest.mark.parametrize(
    "path", ["/v1/quays/PKGWD-FZS-W1", "/v1/warehouses/PKGWD-MPT", "/v1/quays/nil", "/v1/quays/%C3%A4"]
)
async def test_a_place_that_is_not_there_has_no_timetable(crowd, path):
    for headers in ({}, {"If-None-Match": '"x"'}):
        answer = await crowd.clients[0].get(
            f"{path}/timetable", headers={"Authorization": f"Bearer {crowd.keys['forwarder']}", **headers}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "timetable-not-found")


async def test_closures_are_shown_to_everybody_also_those_that_are_over(crowd):
    organisation = (await crowd.sql("SELECT id FROM organisations WHERE role = 'operator' LIMIT 1"))[0]["id"]
    for code, metres, quantity in (("PKGWD-MPT", "[0,200)", None), ("PKGWD-FZS-W1", None, 900)):
        await crowd.sql(
            """INSERT INTO closures (id, closure, place_id, during, metres, quantity, reason, kind, made_by)
               SELECT 'row_' || code, 'cls_1', id, tstzrange($2::timestamptz, $3::timestamptz), $4::text::int4range, $5, 'dredging', 'planned', $6
               FROM places WHERE code = $1""",
            code, ahead(-30), ahead(-29), metres, quantity, organisation,
        )  # fmt: skip
    past = {"from": rfc(ahead(-31)), "to": rfc(ahead(-28))}
    quay, floor = await seen(crowd, QUAY, "rival", **past), await seen(crowd, FLOOR, "rival", **past)
    assert quay["closed"] == [
        {
            "closure": "cls_1", "from_m": 0, "to_m": 200, "reason": "dredging",
            "window": {"start": rfc(ahead(-30)), "end": rfc(ahead(-29))},
        }
    ]  # fmt: skip
    assert [each["closed"] for each in floor["days"]] == [0, 900, 900, 0]
