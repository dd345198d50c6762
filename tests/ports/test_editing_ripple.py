"""Less than there was, while bookings stand: the change says which, and does to them what it is told."""

import asyncio

import pytest

from tests.asking import SHIP, SMALL_SHIP, ahead, berth, booking, rfc, storage
from tests.ports.opening import Opening

QUAY = "/v1/quays/PKGWD-MPT"
BERTH = "/v1/berths/PKGWD-MPT-{}"
W1 = "/v1/warehouses/PKGWD-FZS-W1"


@pytest.fixture
async def gwadar(client, keys) -> Opening:
    return Opening(client, keys["operator_pkgwd"])


async def booked(crowd, *legs, vessel=SMALL_SHIP, **more):
    answer = await crowd.post("/v1/bookings", booking(*legs, hold=False, vessel=vessel, **more))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def now_is(crowd, made):
    return (await crowd.get(f"/v1/bookings/{made['id']}")).json()


def touched(said):
    return [(each["booking"], each["outcome"]) for each in said["touched"]]


async def test_a_berth_that_is_taken_out_of_use_says_which_bookings_stand_there_and_stays_as_it_was(gwadar, crowd):
    there, beside = await booked(crowd, berth(from_m=0)), await booked(crowd, berth(from_m=450))
    before = await gwadar.get(BERTH.format(1))
    said = await gwadar.patch(BERTH.format(1), {"bookable": False}, 409)
    assert (said["code"], touched(said)) == ("bookings-touched", [(there["id"], "touched")])
    assert await gwadar.get(BERTH.format(1)) == before
    assert await now_is(crowd, there) == there
    assert await now_is(crowd, beside) == beside


async def test_a_plan_is_seen_first_and_then_done_as_it_was_seen(gwadar, crowd):
    there, beside = await booked(crowd, berth(from_m=0)), await booked(crowd, berth(from_m=450))
    body = {"bookable": False, "on_conflict": "displace", "reason": "fenders torn off"}
    seen = await gwadar.patch(f"{BERTH.format(1)}?validate_only=true", body)
    assert touched(seen) == [(there["id"], "displaced")]
    assert (await now_is(crowd, there))["state"] == "confirmed"
    assert (await gwadar.get(BERTH.format(1)))["bookable"] is True
    assert (await gwadar.patch(BERTH.format(1), body, 428))["code"] == "plan-missing"
    assert (await gwadar.patch(BERTH.format(1), body | {"plan": "0" * 32}, 412))["code"] == "plan-outdated"
    done = await gwadar.patch(BERTH.format(1), body | {"plan": seen["plan"]})
    assert done == seen
    assert ((await now_is(crowd, there))["state"], await now_is(crowd, beside)) == ("displaced", beside)
    assert await crowd.broken() == {}


async def test_a_retired_berth_s_ships_are_moved_along_the_quay_as_the_plan_said(gwadar, crowd):
    there = await booked(crowd, berth(from_m=0))
    body = {"on_conflict": "move"}
    await gwadar.retire(BERTH.format(1), body, 428)
    answer = await gwadar.post(
        f"{BERTH.format(1)}/retire?validate_only=true", body | {"reason": "x"}, 200, **{"If-Match": "*"}
    )
    (move,) = answer["touched"]
    retired = await gwadar.retire(BERTH.format(1), body | {"plan": answer["plan"]})
    assert (retired["bookable"], bool(retired["retired_at"])) == (False, True)
    leg = (await now_is(crowd, there))["legs"][0]
    assert (leg["from_m"], leg["window"]) == (move["to"]["from_m"], there["legs"][0]["window"])
    assert leg["from_m"] >= 200
    assert await crowd.broken() == {}


@pytest.mark.parametrize(
    ("change", "cargo", "vessel"),
    [
        ({"cargo": ["container"]}, {"class": "general"}, {}),
        ({"hazard_classes": ["8"]}, {"class": "general", "hazard_class": "3"}, {}),
        ({"max_dwt_t": 20_000}, {"class": "general"}, {"dwt_t": 20_001}),
    ],
)
async def test_a_narrower_berth_touches_those_whom_it_would_refuse_and_no_others(gwadar, crowd, change, cargo, vessel):
    there = await booked(crowd, berth(from_m=0), cargo=cargo, vessel=SMALL_SHIP | vessel)
    await booked(
        crowd,
        berth(15, from_m=0),
        cargo={"class": "container", "hazard_class": "8"},
        vessel=SMALL_SHIP | {"dwt_t": 20_000},
    )
    await booked(crowd, berth(from_m=450), cargo=cargo, vessel=SMALL_SHIP | vessel)
    await gwadar.patch(BERTH.format(1), {"cargo": ["general", "container"]})
    said = await gwadar.patch(BERTH.format(1), change, 409)
    assert touched(said) == [(there["id"], "touched")]


async def test_more_than_there_was_touches_nobody(gwadar, crowd):
    ship, goods = await booked(crowd, berth(from_m=0)), await booked(crowd, storage(), vessel=None)
    wider = {
        "cargo": ["general", "dry_bulk", "container"],
        "hazard_classes": ["3", "4.1", "8", "9", "2.1"],
        "max_dwt_t": None,
    }
    changed = await gwadar.patch(BERTH.format(1), wider)
    assert (changed["touched"], changed["max_dwt_t"]) == ([], None)
    assert (await gwadar.patch(W1, {"capacity": 20_000}))["touched"] == []
    assert (await now_is(crowd, ship), await now_is(crowd, goods)) == (ship, goods)


async def test_a_shorter_berth_touches_who_lies_on_what_is_gone(gwadar, crowd):
    before, end = await booked(crowd, berth(from_m=300)), await booked(crowd, berth(from_m=502))
    said = await gwadar.patch(BERTH.format(3), {"length_m": 150.7}, 409)
    assert touched(said) == [(end["id"], "touched")]
    body = {"length_m": 150.7, "on_conflict": "move"}
    plan = (await gwadar.patch(f"{BERTH.format(3)}?validate_only=true", body))["plan"]
    await gwadar.patch(BERTH.format(3), body | {"plan": plan})
    assert (await gwadar.get(QUAY))["length_m"] == 552
    leg = (await now_is(crowd, end))["legs"][0]
    assert leg["to_m"] <= 552
    assert await now_is(crowd, before) == before
    assert await crowd.broken() == {}


async def test_less_floor_than_is_taken_gives_way_by_the_plan_and_the_counters_follow(gwadar, crowd):
    first = await booked(crowd, storage(quantity=5_000), vessel=None)
    second = await booked(crowd, storage(quantity=6_000), vessel=None)
    said = await gwadar.patch(W1, {"capacity": 8_000}, 409)
    assert touched(said) == [(second["id"], "touched")]
    body = {"capacity": 8_000, "on_conflict": "displace"}
    seen = await gwadar.patch(f"{W1}?validate_only=true", body)
    assert await crowd.broken() == {}
    assert await gwadar.patch(W1, body | {"plan": seen["plan"]}) == seen
    assert [(await now_is(crowd, each))["state"] for each in (first, second)] == ["confirmed", "displaced"]
    assert await crowd.broken() == {}
    full = await crowd.post("/v1/bookings", booking(storage(quantity=3_001), vessel=None))
    assert (full.status_code, full.json()["code"]) == (409, "storage-full")
    await booked(crowd, storage(quantity=3_000), vessel=None)


async def test_more_floor_is_there_at_once_on_days_that_were_full(gwadar, crowd):
    await booked(crowd, storage(quantity=12_000), vessel=None)
    assert (await crowd.post("/v1/bookings", booking(storage(quantity=500), vessel=None))).status_code == 409
    await gwadar.patch(W1, {"capacity": 12_500})
    await booked(crowd, storage(quantity=500), vessel=None)
    assert await crowd.broken() == {}


async def test_days_that_are_over_do_not_stand_in_the_way_of_less_floor(gwadar, crowd):
    await crowd.sql(
        """INSERT INTO floor_days (place_id, day, taken, capacity)
           SELECT id, current_date - 3, 11000, 12000 FROM places WHERE code = 'PKGWD-FZS-W1'"""
    )
    await gwadar.patch(W1, {"capacity": 8_000})
    rows = await crowd.sql("SELECT taken, capacity FROM floor_days")
    assert [tuple(row) for row in rows] == [(11_000, 12_000)]


async def test_less_floor_than_is_kept_for_partners_is_refused(gwadar, crowd):
    await crowd.sql(
        """INSERT INTO floor_days (place_id, pool, day, taken, capacity)
           SELECT id, pool, current_date + 9, 0, capacity
           FROM places, (VALUES (0, 7000), (1, 2000), (2, 3000)) AS kept (pool, capacity) WHERE code = 'PKGWD-FZS-W1'"""
    )
    said = await gwadar.patch(W1, {"capacity": 4_999}, 409)
    assert (said["code"], said["kept"]) == ("floor-kept-for-partners", 5_000)
    await gwadar.patch(W1, {"capacity": 5_000})
    assert await crowd.broken() == {}


async def test_a_floor_that_is_not_bonded_any_more_touches_what_lies_there(gwadar, crowd):
    there = await booked(crowd, storage(), vessel=None)
    said = await gwadar.patch(W1, {"bonded": False}, 409)
    assert touched(said) == [(there["id"], "touched")]


async def test_a_ship_alongside_is_named_and_nothing_is_done(gwadar, crowd):
    there = await booked(crowd, berth(from_m=0))
    leg = there["legs"][0]["id"]
    await crowd.sql("UPDATE legs SET state = 'arrived', arrived_at = clock_timestamp() WHERE id = $1", leg)
    await crowd.sql("UPDATE bookings SET state = 'arrived' WHERE id = $1", there["id"])
    said = await gwadar.retire(QUAY, {"on_conflict": "displace"}, 409)
    assert (said["code"], said["booking"], said["leg"]) == ("ship-alongside", there["id"], leg)
    assert (await gwadar.get(QUAY))["retired_at"] is None


@pytest.mark.parametrize("path", ["/v1/quays/PKGWD-MPT", "/v1/terminals/PKGWD-GMT"])
async def test_a_retired_quay_is_gone_from_every_search_and_stays_in_the_history(gwadar, crowd, path):
    query = {"port": "PKGWD", "loa_m": 90, "beam_m": 15, "draught_m": 5, "duration": "PT20H"} | {
        "from": rfc(ahead(10)), "to": rfc(ahead(12))
    }  # fmt: skip
    assert "PKGWD-MPT" in str([(await crowd.get("/v1/berth-slots", **query)).json() for _ in range(2)])
    retired = await gwadar.retire(path)
    assert retired["touched"] == []
    if "terminals" in path:  # with all its quays the port has none any more
        for _ in range(2):
            assert (await crowd.get("/v1/berth-slots", **query)).json()["code"] == "port-unknown"
    else:
        for _ in range(2):
            assert "PKGWD-MPT" not in (await crowd.get("/v1/berth-slots", **query)).text
    refused = await crowd.post("/v1/bookings", booking(berth(), vessel=SMALL_SHIP))
    assert (refused.status_code, refused.json()["code"]) == (422, "not-bookable")
    quay = await gwadar.get(QUAY)
    assert (quay["bookable"], bool(quay["retired_at"])) == (False, True)
    assert all(each["retired_at"] for each in quay["berths"])
    (terminal,) = (await gwadar.get("/v1/ports/PKGWD"))["terminals"]
    assert quay in terminal["quays"]
    assert bool(terminal["retired_at"]) == ("terminals" in path)


@pytest.mark.parametrize(
    ("path", "body"),
    [(QUAY, {"turnaround": "PT1H"}), (BERTH.format(1), {"bookable": True}), (W1, {"bookable": True})],
)
async def test_what_has_been_retired_does_not_change_any_more(gwadar, path, body):
    await gwadar.retire(path)
    assert (await gwadar.patch(path, body, 409))["code"] == "place-retired"
    assert (await gwadar.retire(path, None, 409))["code"] == "place-retired"
    if path == QUAY:
        assert (await gwadar.patch(BERTH.format(1), {"bookable": True}, 409))["code"] == "place-retired"
        new = {"code": "PKGWD-MPT-9", "quay": "PKGWD-MPT", "length_m": 100, "cargo": ["general"], "source": "x"}
        assert (await gwadar.post("/v1/berths", new, 409))["code"] == "place-retired"


async def test_a_retired_free_zone_takes_its_warehouses_along_each_with_an_event(gwadar, crowd):
    there = await booked(crowd, storage(), vessel=None)
    zone = "/v1/free-zones/PKGWD-FZS"
    assert touched(await gwadar.retire(zone, None, 409)) == [(there["id"], "touched")]
    body = {"on_conflict": "displace"}
    answer = await gwadar.post(f"{zone}/retire?validate_only=true", body | {"reason": "x"}, 200, **{"If-Match": "*"})
    await gwadar.retire(zone, body | {"plan": answer["plan"]})
    types = [each["type"] for each in (await gwadar.get("/v1/events?limit=500"))["items"]]
    assert types.count("warehouse.retired") == 3
    assert types[-1] == "free-zone.retired"
    assert (await gwadar.patch(zone, {"name": "x"}, 409))["code"] == "place-retired"
    new = {"code": "PKGWD-FZS-W9", "free_zone": "PKGWD-FZS", "unit": "m2", "capacity": 1, "bonded": True, "source": "x"}
    assert (await gwadar.post("/v1/warehouses", new, 409))["code"] == "place-retired"
    assert await crowd.broken() == {}


@pytest.mark.parametrize("on_conflict", ["refuse", "displace"])
async def test_a_berth_retired_while_ships_are_booked_there_has_none_afterwards_that_it_does_not_know(
    gwadar, crowd, on_conflict
):
    async def retired():
        answer = await crowd.post(
            f"{QUAY}/retire",
            {"reason": "sold", "on_conflict": on_conflict, "plan": "*"},
            role="operator_pkgwd",
            **{"If-Match": "*"},
        )
        return answer.status_code, answer.json().get("code")

    asked = [
        crowd.post("/v1/bookings", booking(berth(10 + 3 * (nth % 4)), hold=False, vessel=SMALL_SHIP))
        for nth in range(12)
    ]
    *answers, done = await asyncio.gather(*asked[:6], retired(), *asked[6:])
    answers = [*answers, done]
    (outcome,) = [each for each in answers if isinstance(each, tuple)]
    booked_at = [each.json() for each in answers if not isinstance(each, tuple) and each.status_code == 201]
    states = {(await now_is(crowd, each))["state"] for each in booked_at}
    if outcome[0] == 200:
        assert states <= {"displaced"}
        assert (await gwadar.get(QUAY))["retired_at"] is not None
    else:
        assert outcome in [(409, "bookings-touched"), (409, "place-busy")]
        assert states == {"confirmed"}
    assert await crowd.broken() == {}


async def test_a_quay_s_length_and_a_long_ship_s_stretch_are_judged_by_the_berths_that_are_left(gwadar, crowd):
    await gwadar.retire(BERTH.format(2))
    for from_m in (0, 150, 390):
        refused = await crowd.post("/v1/bookings", booking(berth(from_m=from_m), vessel=SHIP))
        assert refused.status_code == 422, from_m
    assert (
        await crowd.post("/v1/bookings", booking(berth(from_m=402, hours=20), vessel=SMALL_SHIP))
    ).status_code == 201
