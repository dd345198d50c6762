"""Parameters of places and names of facilities changed by their operator, each in view of what he has seen."""

import asyncio

import pytest

from service.ports.operations import Rulebook
from tests.asking import SMALL_SHIP, berth, booking, new_key, storage
from tests.ports.opening import Opening

MPT = "/v1/quays/PKGWD-MPT"
W1 = "/v1/warehouses/PKGWD-FZS-W1"
EVERY = {
    MPT: {"turnaround": "PT1H"},
    "/v1/berths/PKGWD-MPT-1": {"max_dwt_t": 60_000},
    W1: {"terms": {"hold_for": "PT20M"}},
    "/v1/terminals/PKGWD-GMT": {"name": "Multipurpose"},
    "/v1/free-zones/PKGWD-FZS": {"name": "Free zone south"},
}


@pytest.fixture
async def gwadar(client, keys) -> Opening:
    return Opening(client, keys["operator_pkgwd"])


@pytest.fixture
async def karachi(client, keys) -> Opening:
    return Opening(client, keys["operator_pkkhi"])


async def test_a_quay_s_parameters_change_and_what_is_not_named_stays(gwadar):
    before = await gwadar.get(MPT)
    terms = {"hold_for": "PT30M", "least_notice": "PT4H", "asks_approval": True}
    changed = await gwadar.patch(MPT, {"clearance_least_m": 20, "turnaround": "PT3H", "terms": terms})
    assert changed["terms"] == before["terms"] | terms | {"terms_confidence": "operator"}
    assert (changed["clearance_least_m"], changed["clearance_percent"], changed["turnaround"]) == (20, 10, "PT3H")
    assert changed["rules_version"] == before["rules_version"] + 1
    assert changed["berths"] == [each | {"rules_version": changed["rules_version"]} for each in before["berths"]]
    assert changed == await gwadar.get(MPT)


async def test_every_parameter_of_a_place_can_be_changed(gwadar):
    terms = {
        "shortest_stay": "PT4H", "longest_stay": "P20D", "horizon": "P300D", "least_notice": "PT1H", "hold_for": "PT10M",
        "hold_at_most": "PT1H", "asks_approval": True, "pending_for": "PT36H", "amend_until": "PT12H", "no_show_after": "PT6H",
    }  # fmt: skip
    clocks = {"free_for": "P10D", "transit_for": "P20D", "zone_stay_for": "PT1000H"}
    for path, wanted in ((MPT, terms), (W1, terms | clocks)):
        assert (await gwadar.patch(path, {"terms": wanted}))["terms"] == wanted | {"terms_confidence": "operator"}


async def test_a_clock_of_goods_is_for_warehouses_and_may_be_none(gwadar):
    before = (await gwadar.get(W1))["terms"]
    for name in ("free_for", "transit_for", "zone_stay_for"):
        changed = (await gwadar.patch(W1, {"terms": {name: None}}))["terms"]
        assert changed == (before := before | {name: None, "terms_confidence": "operator"})
        refused = await gwadar.patch(MPT, {"terms": {name: "P5D"}}, 422)
        assert refused["errors"][0]["pointer"] == f"/terms/{name}"
        refused = await gwadar.patch(W1, {"terms": {name: "PT1S"}}, 422)
        assert refused["errors"][0]["pointer"] == f"/terms/{name}"
    assert (await gwadar.get(W1))["terms"] == before


async def test_a_changed_parameter_counts_for_new_bookings_and_not_for_those_that_stand(gwadar, crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(from_m=0)))).json()
    assert held["legs"][0]["to_m"] == 209
    await gwadar.patch(MPT, {"clearance_least_m": 50, "clearance_percent": 0, "terms": {"hold_for": "PT1H"}})
    later = (await crowd.post("/v1/bookings", booking(berth(30, from_m=0)))).json()
    assert later["legs"][0]["to_m"] == 240
    again = (await crowd.get(f"/v1/bookings/{held['id']}")).json()
    assert (again["legs"], again["expires_at"]) == (held["legs"], held["expires_at"])
    assert await crowd.broken() == {}


async def test_a_shorter_horizon_refuses_from_then_on_in_every_process(gwadar, crowd):
    for _ in range(2):
        assert (await crowd.post("/v1/bookings", booking(berth(40), vessel=SMALL_SHIP))).status_code == 201
    await gwadar.patch(MPT, {"terms": {"horizon": "P20D"}})
    for _ in range(4):
        refused = await crowd.post("/v1/bookings", booking(berth(40), vessel=SMALL_SHIP))
        assert (refused.status_code, refused.json()["code"]) == (422, "too-far-ahead")


@pytest.mark.parametrize("path", EVERY)
async def test_a_change_must_say_of_which_version_it_is_made(gwadar, path):
    assert (await gwadar.patch(path, EVERY[path], 428, tag=None))["code"] == "version-missing"
    tag = await gwadar.tag(path)
    assert (await gwadar.patch(path, EVERY[path], 412, tag='"99"'))["code"] == "place-changed"
    assert (await gwadar.patch(path, EVERY[path], 412, tag='"nonsense"'))["code"] == "place-changed"
    await gwadar.patch(path, EVERY[path], tag=tag)
    said = await gwadar.patch(path, EVERY[path], 412, tag=tag)
    assert f'"{said["version"]}"' == await gwadar.tag(path) != tag


@pytest.mark.parametrize("path", EVERY)
async def test_of_two_changes_for_one_version_at_once_one_is_told_that_it_has_moved(gwadar, crowd, path):
    tag = await gwadar.tag(path)
    sent = {"Idempotency-Key": new_key(), "If-Match": tag} | gwadar.headers
    answers = await asyncio.gather(
        *(each.patch(path, json=EVERY[path], headers=sent | {"Idempotency-Key": new_key()}) for each in crowd.clients)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


@pytest.mark.parametrize("path", EVERY)
async def test_another_operator_s_place_is_not_found_as_one_that_nobody_has(karachi, path):
    nobodys = path.rpartition("/")[0] + "/PKGWD-NIL"
    for ask in (lambda where: karachi.patch(where, EVERY[path], 404), lambda where: karachi.retire(where, None, 404)):
        theirs, none = await ask(path), await ask(nobodys)
        assert theirs | {"request_id": ""} == none | {"request_id": ""}
        assert theirs["code"] in ("place-not-found", "facility-not-found")


@pytest.mark.parametrize("path", EVERY)
async def test_a_change_is_an_event_with_what_was_before(gwadar, path):
    before = await gwadar.get(path)
    changed = await gwadar.patch(path, EVERY[path])
    events = (await gwadar.get("/v1/events?limit=500"))["items"]
    assert events[-1]["type"] == path.split("/")[2].rstrip("s") + ".changed"
    assert events[-1]["subject"] == path.rpartition("/")[2]
    assert (events[-1]["data"]["previous"], events[-1]["data"]["current"]) == (before, changed)


@pytest.mark.parametrize("path", EVERY)
async def test_a_rehearsal_says_what_would_be_and_changes_nothing(gwadar, path):
    before, tag = await gwadar.get(path), await gwadar.tag(path)
    rehearsed = await gwadar.patch(f"{path}?validate_only=true", EVERY[path], tag=tag)
    assert rehearsed != before
    assert await gwadar.get(path) == before
    assert await gwadar.patch(path, EVERY[path], tag=tag) == rehearsed


@pytest.mark.parametrize("path", EVERY)
async def test_a_repeated_change_is_made_once_and_has_the_same_answer(gwadar, path):
    headers = gwadar.headers | {"Idempotency-Key": new_key(), "If-Match": await gwadar.tag(path)}
    first, again = [await gwadar.client.patch(path, json=EVERY[path], headers=headers) for _ in range(2)]
    assert (first.status_code, again.content) == (200, first.content)
    assert first.headers["etag"] == again.headers["etag"] == await gwadar.tag(path)
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "wrong", "pointer"),
    [
        (MPT, {}, ""),
        (MPT, {"turnaround": None}, "/turnaround"),
        (MPT, {"code": "PKGWD-NEW"}, "/code"),
        (MPT, {"terms": {"hold_for": "PT3H"}}, "/terms/hold_for"),
        (MPT, {"terms": {"longest_stay": "PT1H"}}, "/terms/longest_stay"),
        (MPT, {"terms": {"terms_confidence": "stated"}}, "/terms/terms_confidence"),
        ("/v1/berths/PKGWD-MPT-1", {"reason": "only that"}, ""),
        ("/v1/berths/PKGWD-MPT-1", {"from_m": 3}, "/from_m"),
        ("/v1/berths/PKGWD-MPT-1", {"length_m": 210}, "/length_m"),
        ("/v1/berths/PKGWD-MPT-1", {"cargo": None}, "/cargo"),
        ("/v1/berths/PKGWD-MPT-1", {"bookable": False, "on_conflict": "keep"}, "/on_conflict"),
        ("/v1/berths/PKGWD-MPT-1", {"bookable": False, "tolerance": "PT0S"}, "/tolerance"),
        (W1, {"capacity": -1}, "/capacity"),
        (W1, {"terms": {"least_notice": "P600D"}}, "/terms/least_notice"),
        ("/v1/terminals/PKGWD-GMT", {"smdg": "lower"}, "/smdg"),
        ("/v1/free-zones/PKGWD-FZS", {"smdg": "GMT"}, "/smdg"),
    ],
)  # fmt: skip
async def test_a_change_that_makes_no_sense_is_refused_where_it_goes_wrong(gwadar, path, wrong, pointer):
    before = await gwadar.get(path)
    said = await gwadar.patch(path, wrong, 422)
    assert [each["pointer"] for each in said["errors"]] == [pointer]
    assert await gwadar.get(path) == before


async def test_a_booking_judged_by_rules_that_an_operator_has_changed_meanwhile_is_judged_anew(gwadar, crowd, db):
    """The rulebook of one process is made to believe in the old rules; the guard does not."""
    refused = await crowd.post("/v1/bookings", booking(berth(), hold=False))
    assert refused.status_code == 201
    await gwadar.patch(MPT, {"terms": {"asks_approval": True}})
    answers = [await crowd.post("/v1/bookings", booking(berth(20 + nth * 5), hold=False)) for nth in range(2)]
    assert [answer.json()["state"] for answer in answers] == ["pending", "pending"]
    book = Rulebook(db)
    assert (await book.of(["PKGWD-MPT"]))["PKGWD-MPT"].terms.asks_approval


async def test_bookings_and_changes_of_one_place_at_once_each_obey_some_rules_that_were_in_force(gwadar, crowd):
    """Clearance goes up and down while ships are booked: each blocks what one of the clearances says, and none overlap."""

    async def change(metres: int) -> None:
        await gwadar.patch(MPT, {"clearance_least_m": metres, "clearance_percent": 0})

    asked = [crowd.post("/v1/bookings", booking(berth(10 + nth % 3), vessel=SMALL_SHIP)) for nth in range(12)]
    answers = await asyncio.gather(*asked, *(change(metres) for metres in (10, 30, 10, 30)))
    booked = [answer.json()["legs"][0] for answer in answers[:12] if answer.status_code == 201]
    assert booked
    assert {leg["to_m"] - leg["from_m"] for leg in booked} <= {100, 120}
    assert {answer.status_code for answer in answers[:12]} <= {201, 409}
    assert (await gwadar.get(MPT))["rules_version"] == 5
    assert await crowd.broken() == {}


async def test_a_warehouse_that_was_booked_keeps_its_unit(gwadar, crowd):
    changed = await gwadar.patch("/v1/warehouses/PKGWD-FZS-W2", {"unit": "teu", "capacity": 300})
    assert (changed["unit"], changed["capacity"]) == ("teu", 300)
    held = await crowd.post("/v1/bookings", booking(storage(), vessel=None))
    await crowd.post(f"/v1/bookings/{held.json()['id']}/cancel")
    assert (await gwadar.patch(W1, {"unit": "pallet"}, 409))["code"] == "unit-fixed"
    await gwadar.patch(W1, {"unit": "m2", "temperature": "cooled"})


async def test_who_says_so_is_noted_with_a_figure(gwadar):
    berth_1 = await gwadar.patch("/v1/berths/PKGWD-MPT-1", {"hazard_classes": ["3"], "source": "berth survey 2026"})
    assert (berth_1["source"], berth_1["confidence"], berth_1["hazard_confidence"]) == (
        "berth survey 2026",
        "operator",
        "operator",
    )
    before = await gwadar.get("/v1/berths/PKGWD-MPT-2")
    bookable = await gwadar.patch("/v1/berths/PKGWD-MPT-2", {"bookable": True, "note": None})
    assert (bookable["source"], bookable["confidence"], bookable["note"]) == (before["source"], "stated", None)
    floor = await gwadar.patch(W1, {"capacity": 12_500})
    assert (floor["confidence"], floor["source"]) == ("operator", "Demo Operator of Gwadar")
