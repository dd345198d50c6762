"""Berth windows and allotments over HTTP: what an operator may keep, who sees it, and giving it to all."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service import clock, ids
from service.availability.keeping import kept_times
from service.ports.operations import keeping as operations
from tests.asking import ahead, berth, booking, new_key, rfc, storage
from tests.capacity.test_needs_over_http import closed
from tests.ports.partnering import (
    ALLOTMENTS,
    CAPACITY,
    FLOOR,
    OPERATOR,
    QUAY,
    TERMINAL,
    WINDOWS,
    ZONE,
    grouped,
    kept,
    local,
    quantity,
    rules_versions,
    stretch,
)


@pytest.fixture
async def ships(crowd) -> dict[str, Any]:
    return await grouped(crowd, "forwarder", facility=TERMINAL)


@pytest.fixture
async def goods(crowd) -> dict[str, Any]:
    return await grouped(crowd, "forwarder")


async def refused(crowd, path: str, body: dict[str, Any], status: int, code: str) -> dict[str, Any]:
    answer = await crowd.post(path, body, role=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_a_berth_window_is_kept_and_moves_the_rules_of_its_quay(crowd, ships):
    before = await rules_versions(crowd)
    made = await kept(crowd, WINDOWS, stretch(ships, until=rfc(ahead(100))))
    assert made == {
        "id": made["id"], "quay": QUAY, "from_m": 0, "to_m": 300, "group": ships["id"], "every_days": 7,
        "first": {"start": rfc(ahead(20)), "end": rfc(ahead(20, 36))}, "until": rfc(ahead(100)), "release_before": "P3D",
        "made_at": made["made_at"], "released_at": None,
    }  # fmt: skip
    after = await rules_versions(crowd)
    assert {code for code in after if after[code] != before[code]} == {QUAY}
    events = await crowd.sql("SELECT type, facilities FROM events WHERE subject = $1", made["id"])
    assert [tuple(each) for each in events] == [("berth-window.made", [TERMINAL])]


async def test_an_allotment_is_kept_and_moves_the_rules_of_its_warehouse(crowd, goods):
    before = await rules_versions(crowd)
    made = await kept(crowd, ALLOTMENTS, quantity(goods))
    assert made == {
        "id": made["id"], "warehouse": FLOOR, "group": goods["id"], "quantity": 4_000, "unit": "m2",
        "first_on": str(local(20)), "last_on": str(local(30)), "release_before": "P3D", "made_at": made["made_at"],
        "released_at": None,
    }  # fmt: skip
    after = await rules_versions(crowd)
    assert {code for code in after if after[code] != before[code]} == {FLOOR}
    events = await crowd.sql("SELECT type, facilities FROM events WHERE subject = $1", made["id"])
    assert [tuple(each) for each in events] == [("allotment.made", [ZONE])]
    assert await crowd.broken() == {}


async def test_what_is_kept_is_seen_by_its_operator_and_the_members_and_by_no_rival(crowd, ships, goods):
    for path, body in ((WINDOWS, stretch(ships)), (ALLOTMENTS, quantity(goods))):
        made = await kept(crowd, path, body)
        for who in (OPERATOR, "forwarder", "admin"):
            assert (await crowd.get(path, role=who)).json()["items"] == [made], who
            assert (await crowd.get(f"{path}/{made['id']}", role=who)).json() == made
        for who in ("rival", "operator_pkkhi", "customs"):
            assert (await crowd.get(path, role=who)).json()["items"] == [], who
            for kept_id in (made["id"], ids.new(made["id"][:3]), "nil", "%00"):
                assert (await crowd.get(f"{path}/{kept_id}", role=who)).status_code == 404
        feed = (await crowd.get("/v1/events", role="rival", limit=200)).text
        assert made["id"] not in feed


async def test_lists_of_what_is_kept_go_from_page_to_page_and_can_be_of_one_place(crowd, ships, goods):
    for path, name, code, bodies in (
        (WINDOWS, "quay", QUAY, [stretch(ships, 20 + number, 12, every_days=0) for number in range(4)]),
        (ALLOTMENTS, "warehouse", FLOOR, [quantity(goods, 20 + number, wanted=100) for number in range(4)]),
    ):
        made = [await kept(crowd, path, body) for body in bodies]
        first = (await crowd.get(path, role=OPERATOR, limit=3)).json()
        rest = (await crowd.get(path, role=OPERATOR, limit=3, cursor=first["next"])).json()
        assert first["items"] + rest["items"] == made[::-1]
        assert (await crowd.get(path, role=OPERATOR, **{name: code})).json()["items"] == made[::-1]
        assert (await crowd.get(path, role=OPERATOR, **{name: "PKGWD-NONE"})).json()["items"] == []
        crossed = await crowd.get(path, role=OPERATOR, cursor=first["next"], **{name: code})
        assert crossed.json()["code"] == "cursor-does-not-fit"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"quay": "PKKHI-SAPT"}, 404, "place-not-found"),
        ({"quay": FLOOR}, 404, "place-not-found"),
        ({"quay": "PKGWD-NONE"}, 404, "place-not-found"),
        ({"group": "pgr_nil"}, 404, "partner-group-not-found"),
        ({"group": "a\u0007"}, 422, "invalid-request"),
        ({"to_m": 603}, 422, "stretch-off-the-quay"),
        ({"to_m": 0}, 422, "invalid-request"),
        ({"from_m": -1}, 422, "invalid-request"),
        ({"from_m": 0.5}, 422, "invalid-request"),
        ({"every_days": 1}, 422, "invalid-request"),
        ({"every_days": -7}, 422, "invalid-request"),
        ({"every_days": 367}, 422, "invalid-request"),
        ({"until": rfc(ahead(20))}, 422, "invalid-request"),
        ({"release_before": "P367D"}, 422, "invalid-request"),
        ({"release_before": "-P1D"}, 422, "invalid-request"),
        ({"release_before": "P60D", "every_days": 0}, 422, "keeps-nothing"),
        ({"release_before": "P60D", "until": rfc(ahead(50))}, 422, "keeps-nothing"),
        ({"colour": "red"}, 422, "invalid-request"),
    ],
)
async def test_a_berth_window_that_cannot_be_is_refused(crowd, ships, change, status, code):
    await refused(crowd, WINDOWS, stretch(ships) | change, status, code)
    assert await crowd.sql("SELECT 1 FROM berth_windows") == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"warehouse": QUAY}, 404, "place-not-found"),
        ({"warehouse": "PKGWD-NONE"}, 404, "place-not-found"),
        ({"warehouse": "PKGWD-FZN-Y1"}, 422, "partners-of-another-facility"),
        ({"group": "pgr_nil"}, 404, "partner-group-not-found"),
        ({"quantity": 0}, 422, "invalid-request"),
        ({"quantity": 0.5}, 422, "invalid-request"),
        ({"quantity": "4000"}, 422, "invalid-request"),
        ({"quantity": CAPACITY + 1}, 409, "allotment-does-not-fit"),
        ({"last_on": str(local(20))}, 422, "invalid-request"),
        ({"last_on": str(local(20 + 731))}, 422, "invalid-request"),
        ({"first_on": "2027-02-30"}, 422, "invalid-request"),
        ({"first_on": rfc(ahead(20))}, 422, "invalid-request"),
        ({"release_before": "P60D"}, 422, "keeps-nothing"),
        ({"unit": "teu"}, 422, "invalid-request"),
    ],
)
async def test_an_allotment_that_cannot_be_is_refused(crowd, goods, change, status, code):
    await refused(crowd, ALLOTMENTS, quantity(goods) | change, status, code)
    assert await crowd.sql("SELECT 1 FROM allotments") == []
    assert await crowd.sql("SELECT 1 FROM floor_days") == []


async def test_only_the_operator_of_the_place_keeps_and_releases(crowd, ships, goods):
    for path, body in ((WINDOWS, stretch(ships)), (ALLOTMENTS, quantity(goods))):
        made = await kept(crowd, path, body)
        for role, status in (("operator_pkkhi", 404), ("forwarder", 403), ("customs", 403), ("admin", 403)):
            assert (await crowd.post(path, body, role=role)).status_code == status, role
            assert (await crowd.post(f"{path}/{made['id']}/release", role=role)).status_code == status, role


async def test_windows_of_two_groups_may_not_keep_the_same_metres_at_the_same_time(crowd, ships):
    others = await grouped(crowd, "rival", facility=TERMINAL, name="others")
    first = await kept(crowd, WINDOWS, stretch(ships))
    said = await refused(crowd, WINDOWS, stretch(others, 27, 6, every_days=0), 409, "berth-window-taken")
    assert (said["berth_window"], said["at"]) == (first["id"], rfc(ahead(27)))
    # Every five days from the 22nd: on the 37th it meets the third week.
    said = await refused(crowd, WINDOWS, stretch(others, 22, 12, every_days=5), 409, "berth-window-taken")
    assert said["at"] == rfc(ahead(27))
    await kept(crowd, WINDOWS, stretch(others, 22, 12, every_days=7))
    await kept(crowd, WINDOWS, stretch(others, 20, every_days=7, from_m=300, to_m=400))
    await kept(crowd, WINDOWS, stretch(ships, 20, 12, every_days=7, from_m=100, to_m=200))
    await kept(crowd, f"{WINDOWS}/{first['id']}/release", {}, status=200)
    said = await refused(crowd, WINDOWS, stretch(others, 27, 6, every_days=0), 409, "berth-window-taken")
    assert said["berth_window"] != first["id"]


async def test_two_windows_are_compared_from_when_the_later_begins(crowd, ships, monkeypatch):
    others = await grouped(crowd, "rival", facility=TERMINAL, name="others")
    daily = {"every_days": 1, "release_before": "PT1H"}
    await kept(crowd, WINDOWS, stretch(ships, 20, 2, **daily))
    looked_at = 0

    def counted(*asked: Any) -> Iterator[tuple[int, int]]:
        nonlocal looked_at
        for each in kept_times(*asked):
            looked_at += 1
            yield each

    monkeypatch.setattr(operations, "kept_times", counted)
    far = {"start": "2199-01-01T12:00:00Z", "end": "2199-01-01T13:00:00Z"}
    await kept(crowd, WINDOWS, stretch(others, **daily) | {"first": far})
    assert 2 * 700 < looked_at < 2 * 740


async def test_an_allotment_takes_what_is_neither_taken_closed_nor_kept_and_says_where_it_does_not_fit(crowd, goods):
    others = await grouped(crowd, "rival", name="others")
    await kept(crowd, ALLOTMENTS, quantity(goods, 20, 10, 3_000))
    assert (
        await crowd.post("/v1/bookings", booking(storage(22, quantity=2_000, length=2), vessel=None), role="rival")
    ).status_code == 201
    await closed(crowd, FLOOR, ahead(24), ahead(26), quantity=6_000)
    said = await refused(crowd, ALLOTMENTS, quantity(others, 20, 10, 9_001), 409, "allotment-does-not-fit")
    assert (said["day"], said["free"]) == (str(local(20)), 9_000)
    said = await refused(crowd, ALLOTMENTS, quantity(others, 19, 10, 7_001), 409, "allotment-does-not-fit")
    assert (said["day"], said["free"]) == (str(local(22)), 7_000)
    free = {24: 12_000 - 3_000 - 2_000 - 6_000, 25: 12_000 - 3_000 - 6_000}
    for days, most in free.items():
        said = await refused(crowd, ALLOTMENTS, quantity(others, days, 1, most + 1), 409, "allotment-does-not-fit")
        assert (said["day"], said["free"]) == (str(local(days)), most)
        await kept(crowd, ALLOTMENTS, quantity(others, days, 1, most))
    assert await crowd.broken() == {}


async def test_closures_that_overlap_close_no_more_than_the_whole_floor(crowd, goods):
    whole = 100_000_000  # twenty-two times as much is more than a counter of the database holds
    path, said = f"/v1/warehouses/{FLOOR}", {"capacity": whole}
    headers = {"Authorization": f"Bearer {crowd.keys[OPERATOR]}", "If-Match": "*"}
    assert (await crowd.clients[0].patch(path, json=said, headers=headers)).status_code == 200
    for _ in range(22):
        await closed(crowd, FLOOR, ahead(20), ahead(24), quantity=whole)
    said = await refused(crowd, ALLOTMENTS, quantity(goods, 20, 10), 409, "allotment-does-not-fit")
    assert (said["day"], said["free"]) == (str(local(20)), 0)


async def test_days_that_would_be_released_by_now_are_not_set_apart(crowd, goods):
    await kept(crowd, ALLOTMENTS, quantity(goods, 20, 10, release_before="P25D"))
    released = (clock.now() + timedelta(days=25)).astimezone(ZoneInfo("Asia/Karachi")).date()
    rows = await crowd.sql("SELECT min(day) AS first, max(day) AS last FROM floor_days WHERE pool <> 0")
    assert tuple(rows[0]) == (released + timedelta(days=1), local(29))
    assert await crowd.broken() == {}


async def test_what_is_released_is_released_once_for_good_and_the_answer_is_repeated(crowd, ships, goods):
    for path, body in ((WINDOWS, stretch(ships)), (ALLOTMENTS, quantity(goods))):
        made, key = await kept(crowd, path, body), new_key()
        before = await rules_versions(crowd)
        tried = await crowd.post(f"{path}/{made['id']}/release?validate_only=true", role=OPERATOR)
        assert (tried.status_code, tried.json()["released_at"] is not None) == (200, True)
        assert (await crowd.get(f"{path}/{made['id']}", role=OPERATOR)).json() == made
        done = await crowd.post(f"{path}/{made['id']}/release", role=OPERATOR, key=key)
        again = await crowd.post(f"{path}/{made['id']}/release", role=OPERATOR, key=key)
        assert (done.status_code, again.text, again.headers["idempotency-replayed"]) == (200, done.text, "true")
        await refused(crowd, f"{path}/{made['id']}/release", {}, 409, "released-already")
        after = await rules_versions(crowd)
        assert after[body.get("quay") or FLOOR] == before[body.get("quay") or FLOOR] + 1
    assert await crowd.sql("SELECT sum(capacity) AS kept FROM floor_days WHERE pool <> 0") == [(0,)]
    assert await crowd.broken() == {}


async def test_of_many_who_release_at_once_one_does(crowd, goods):
    made = await kept(crowd, ALLOTMENTS, quantity(goods))
    answers = await asyncio.gather(*(crowd.post(f"{ALLOTMENTS}/{made['id']}/release", role=OPERATOR) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert await crowd.broken() == {}


async def test_a_rehearsal_keeps_nothing_and_a_repetition_keeps_once(crowd, ships, goods):
    for path, body, table in ((WINDOWS, stretch(ships), "berth_windows"), (ALLOTMENTS, quantity(goods), "allotments")):
        before, key = await rules_versions(crowd), new_key()
        tried = await crowd.post(f"{path}?validate_only=true", body, role=OPERATOR)
        assert (tried.status_code, await crowd.sql(f"SELECT 1 FROM {table}")) == (200, [])
        assert await rules_versions(crowd) == before
        first = await crowd.post(path, body, role=OPERATOR, key=key)
        again = await crowd.post(path, body, role=OPERATOR, key=key)
        assert (first.status_code, again.text) == (201, first.text)
        assert len(await crowd.sql(f"SELECT 1 FROM {table}")) == 1
    assert await crowd.sql("SELECT 1 FROM floor_days WHERE pool = 0 AND capacity <> 8000") == []


async def test_what_is_booked_where_something_is_kept_later_stands(crowd, ships):
    made = await crowd.post("/v1/bookings", booking(berth(20, from_m=0)), role="rival")
    await kept(crowd, WINDOWS, stretch(ships))
    still = await crowd.post(f"/v1/bookings/{made.json()['id']}/confirm", role="rival")
    assert still.status_code == 200
    assert await crowd.broken() == {}
