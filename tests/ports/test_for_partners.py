"""What is kept for partners, as strangers and members meet it: in searches, bookings, and when it is released."""

from typing import Any

import pytest

from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage
from tests.ports.partnering import (
    ALLOTMENTS,
    CAPACITY,
    FLOOR,
    QUAY,
    TERMINAL,
    WINDOWS,
    changed,
    grouped,
    kept,
    organisation_of,
    quantity,
    released_as_of,
    stretch,
)

MEMBER, STRANGER = "forwarder", "rival"


@pytest.fixture
async def ships(crowd) -> dict[str, Any]:
    return await grouped(crowd, MEMBER, facility=TERMINAL)


@pytest.fixture
async def goods(crowd) -> dict[str, Any]:
    return await grouped(crowd, MEMBER)


async def booked(crowd, leg: dict[str, Any], role: str, *, dry: bool = True, **more: Any):
    vessel = SMALL_SHIP if leg["kind"] == "berth" else None
    path = "/v1/bookings?validate_only=true" if dry else "/v1/bookings"
    return await crowd.post(path, booking(leg, vessel=vessel, hold=False, **more), role=role)


async def berths(crowd, start: float, end: float, role: str, duration: str = "PT36H") -> dict[str, Any]:
    query = {"port": "PKGWD", "loa_m": 90, "duration": duration, "from": rfc(ahead(start)), "to": rfc(ahead(end))}
    answer = await crowd.get("/v1/berth-slots", role=role, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def floors(crowd, wanted: int, start: float, end: float, role: str) -> dict[str, Any]:
    query = {"port": "PKGWD", "quantity": wanted, "unit": "m2", "duration": "P2D", "from": rfc(ahead(start)),
             "to": rfc(ahead(end))}  # fmt: skip
    answer = await crowd.get("/v1/storage-slots", role=role, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def why(found: dict[str, Any], name: str, code: str) -> list[dict[str, Any]]:
    """Why a place yields nothing; no reasons: it does yield something."""
    return next((each["reasons"] for each in found["unavailable"] if each[name] == code), [])


async def pools(crowd) -> dict[bool, int]:
    """What is taken on the fullest day, of pools that are kept, and of the general one."""
    rows = await crowd.sql("SELECT pool <> 0 AS kept, max(taken) AS taken FROM floor_days GROUP BY 1")
    return {row["kept"]: row["taken"] for row in rows}


async def test_a_stranger_is_told_that_the_quay_is_kept_until_when_and_how_far_to_look(crowd, ships):
    await kept(crowd, WINDOWS, stretch(ships, to_m=602))
    reasons = why(await berths(crowd, 20, 21.5, STRANGER), "quay", QUAY)
    assert [each["code"] for each in reasons] == ["kept-for-partners"]
    assert reasons[0]["needs"] == {"to": rfc(ahead(20, 72))}
    assert reasons[0]["released_at"] == rfc(ahead(17))
    further = await berths(crowd, 20, 23, STRANGER)
    assert {slot["window"]["start"] for slot in further["slots"]} == {rfc(ahead(21.5))}
    assert "Kazakh" not in str(reasons)
    refused = await booked(crowd, berth(20, from_m=0), STRANGER)
    assert (refused.status_code, refused.json()["code"]) == (409, "kept-for-partners")
    assert refused.json()["reasons"][0]["released_at"] == rfc(ahead(17))


async def test_a_stranger_finds_a_place_beside_the_kept_stretch_and_clear_of_its_times(crowd, ships):
    await kept(crowd, WINDOWS, stretch(ships))
    assert {slot["from_m"] for slot in (await berths(crowd, 20, 21.5, STRANGER))["slots"]} == {300, 502}
    for days, hours, from_m, status in (
        (20, 36, 201, 409), (20, 36, 300, 201), (19, 22, 0, 200), (19, 23, 0, 409), (21.5, 24, 0, 200),
        (26, 24, 0, 409), (27, 6, 0, 409), (28.5, 24, 0, 200),
    ):  # fmt: skip
        answer = await booked(crowd, berth(days, hours=hours, from_m=from_m), STRANGER, dry=status != 201)
        assert answer.status_code == status, (days, hours, from_m, answer.text)


async def test_a_member_books_what_is_kept_and_a_stranger_gets_it_once_it_is_released(crowd, ships):
    made = await kept(crowd, WINDOWS, stretch(ships))
    assert (await booked(crowd, berth(20, from_m=0), MEMBER)).status_code == 200
    assert {slot["from_m"] for slot in (await berths(crowd, 20, 21.5, MEMBER))["slots"]} == {0, 502}
    await released_as_of(crowd, "berth_windows", made["id"], 22)
    assert (await booked(crowd, berth(20, from_m=0), STRANGER)).status_code == 200
    assert (await booked(crowd, berth(27, from_m=0), STRANGER)).json()["code"] == "kept-for-partners"
    assert (await booked(crowd, berth(20, from_m=0), MEMBER)).status_code == 200


async def test_a_berth_window_given_to_all_is_open_at_every_time_at_once(crowd, ships):
    made = await kept(crowd, WINDOWS, stretch(ships))
    assert (await booked(crowd, berth(27, from_m=0), STRANGER)).status_code == 409
    await kept(crowd, f"{WINDOWS}/{made['id']}/release", {}, status=200)
    for days in (20, 27, 34):
        assert (await booked(crowd, berth(days, from_m=0), STRANGER)).status_code == 200


async def test_who_joins_a_group_may_book_at_once_and_who_leaves_may_not(crowd, ships):
    await kept(crowd, WINDOWS, stretch(ships))
    assert (await booked(crowd, berth(20, from_m=0), MEMBER)).status_code == 200
    assert (await booked(crowd, berth(20, from_m=0), STRANGER)).status_code == 409
    await changed(crowd, ships, organisations=[await organisation_of(crowd, STRANGER)])
    assert (await booked(crowd, berth(20, from_m=0), MEMBER)).status_code == 409
    assert (await booked(crowd, berth(20, from_m=0), STRANGER)).status_code == 200


async def test_of_a_floor_a_stranger_gets_what_is_not_kept_and_is_told_of_the_rest(crowd, goods):
    await kept(crowd, ALLOTMENTS, quantity(goods))
    slot = next(each for each in (await floors(crowd, 1, 22, 25, STRANGER))["slots"] if each["warehouse"] == FLOOR)
    assert slot["free"] == CAPACITY - 4_000
    reasons = why(await floors(crowd, CAPACITY - 3_999, 22, 25, STRANGER), "warehouse", FLOOR)
    assert [each["code"] for each in reasons] == ["kept-for-partners"]
    assert reasons[0]["released_at"]
    until = reasons[0]["needs"]["to"]
    query = {"port": "PKGWD", "quantity": CAPACITY - 3_999, "duration": "P2D", "from": rfc(ahead(22)), "to": until}
    found = (await crowd.get("/v1/storage-slots", role=STRANGER, **query)).json()
    assert FLOOR in {each["warehouse"] for each in found["slots"]}
    assert (await booked(crowd, storage(22, quantity=8_001, length=2), STRANGER)).status_code == 409
    assert (await booked(crowd, storage(22, quantity=8_000, length=2), STRANGER)).status_code == 200


async def test_a_member_draws_on_what_is_kept_first_and_on_the_rest_for_what_is_missing(crowd, goods):
    await kept(crowd, ALLOTMENTS, quantity(goods))
    first = await booked(crowd, storage(22, quantity=3_000, length=2), MEMBER, dry=False)
    assert (first.status_code, await pools(crowd)) == (201, {True: 3_000, False: 0})
    slot = next(each for each in (await floors(crowd, 1, 22, 25, MEMBER))["slots"] if each["warehouse"] == FLOOR)
    assert slot["free"] == CAPACITY - 3_000
    second = await booked(crowd, storage(22, quantity=9_000, length=2), MEMBER, dry=False)
    assert (second.status_code, await pools(crowd)) == (201, {True: 4_000, False: 8_000})
    full = await booked(crowd, storage(22, quantity=1, length=2), MEMBER)
    assert (full.status_code, full.json()["code"]) == (409, "storage-full")
    assert await crowd.broken() == {}


async def test_what_a_member_cancels_goes_back_to_what_is_kept_and_no_stranger_gets_it(crowd, goods):
    await kept(crowd, ALLOTMENTS, quantity(goods))
    made = (await booked(crowd, storage(22, quantity=5_000, length=2), MEMBER, dry=False)).json()
    assert (await booked(crowd, storage(22, quantity=7_001, length=2), STRANGER)).status_code == 409
    assert (await crowd.post(f"/v1/bookings/{made['id']}/cancel")).status_code == 200
    assert await pools(crowd) == {True: 0, False: 0}
    assert (await booked(crowd, storage(22, quantity=8_001, length=2), STRANGER)).status_code == 409
    assert (await booked(crowd, storage(22, quantity=8_000, length=2), STRANGER)).status_code == 200


async def test_what_a_lapsed_hold_of_a_member_had_goes_back_to_what_is_kept(crowd, goods):
    await kept(crowd, ALLOTMENTS, quantity(goods))
    held = await crowd.post("/v1/bookings", booking(storage(22, quantity=5_000, length=2), vessel=None))
    await crowd.lapse(held.json()["id"])
    assert (await booked(crowd, storage(22, quantity=8_001, length=2), STRANGER)).status_code == 409
    assert (await booked(crowd, storage(22, quantity=8_000, length=2), STRANGER, dry=False)).status_code == 201
    assert (await booked(crowd, storage(22, quantity=4_000, length=2), MEMBER, dry=False)).status_code == 201
    assert await pools(crowd) == {True: 4_000, False: 8_000}


async def test_a_member_that_amends_gives_back_to_each_pool_what_it_had_and_draws_anew(crowd, goods):
    await kept(crowd, ALLOTMENTS, quantity(goods))
    made = (await booked(crowd, storage(22, quantity=5_000, length=2), MEMBER, dry=False)).json()
    for tag, wanted, expected in (('"1"', 3_000, {True: 3_000, False: 0}), ('"2"', 6_000, {True: 4_000, False: 2_000})):
        legs = [storage(22, quantity=wanted, length=2)]
        answer = await crowd.post(f"/v1/bookings/{made['id']}/amend", {"legs": legs}, **{"If-Match": tag})
        assert (answer.status_code, await pools(crowd)) == (200, expected), answer.text
    assert await crowd.broken() == {}


async def test_days_are_released_to_all_one_by_one_and_what_is_given_back_later_follows(crowd, goods):
    made = await kept(crowd, ALLOTMENTS, quantity(goods, 20, 10))
    mine = (await booked(crowd, storage(21, quantity=3_000, length=1), MEMBER, dry=False)).json()
    await released_as_of(crowd, "allotments", made["id"], 24)
    # A stay of a day from 05:00 at Gwadar touches two local days.
    assert (await booked(crowd, storage(21, quantity=9_001, length=1), STRANGER)).status_code == 409
    assert (await booked(crowd, storage(21, quantity=9_000, length=1), STRANGER)).status_code == 200
    assert (await booked(crowd, storage(26, quantity=8_001, length=1), STRANGER)).status_code == 409
    assert (await crowd.post(f"/v1/bookings/{mine['id']}/cancel")).status_code == 200
    assert (await booked(crowd, storage(21, quantity=CAPACITY, length=1), STRANGER, dry=False)).status_code == 201
    assert await crowd.broken() == {}


async def test_an_allotment_given_to_all_leaves_members_what_they_have_and_strangers_the_rest(crowd, goods):
    made = await kept(crowd, ALLOTMENTS, quantity(goods))
    mine = (await booked(crowd, storage(22, quantity=3_000, length=2), MEMBER, dry=False)).json()
    await kept(crowd, f"{ALLOTMENTS}/{made['id']}/release", {}, status=200)
    assert (await booked(crowd, storage(22, quantity=9_001, length=2), STRANGER)).json()["code"] == "storage-full"
    assert (await booked(crowd, storage(22, quantity=9_000, length=2), STRANGER, dry=False)).status_code == 201
    assert (await crowd.post(f"/v1/bookings/{mine['id']}/cancel")).status_code == 200
    assert (await booked(crowd, storage(22, quantity=3_000, length=2), STRANGER, dry=False)).status_code == 201
    assert await crowd.broken() == {}


async def test_a_search_that_is_asked_again_is_answered_for_whom_asks(crowd, ships, goods):
    """Answers are kept between searches: never a member's for a stranger."""
    await kept(crowd, WINDOWS, stretch(ships, to_m=602))
    await kept(crowd, ALLOTMENTS, quantity(goods))
    for role in (MEMBER, STRANGER) * 3:
        found = await berths(crowd, 20, 21.5, role)
        assert bool(found["slots"]) is (role == MEMBER)
        found = await floors(crowd, CAPACITY, 22, 25, role)
        assert (FLOOR in {each["warehouse"] for each in found["slots"]}) is (role == MEMBER)
