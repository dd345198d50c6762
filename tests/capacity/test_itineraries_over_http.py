"""A berth and floor found together over HTTP: bookable as they stand, few queries, and honest where there are none."""

import time
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from service import clock
from service.fields import duration
from tests.asking import SHIP, ahead, berth, booking, rfc, storage
from tests.capacity.test_needs_over_http import closed

SEARCH = "/v1/itineraries/search"
SHIP_FACTS = {name: SHIP[name] for name in ("loa_m", "beam_m", "draught_m")}


def asking(start: float = 10, days: float = 30, **more: Any) -> dict[str, Any]:
    window = {"start": rfc(ahead(start)), "end": rfc(ahead(start + days))}
    return {"ports": ["PKGWD"], "vessel": SHIP_FACTS, "cargo": {"class": "general"}, "window": window, "berth": {"duration": "PT36H"},
            "storage": {"quantity": 2500, "unit": "m2", "duration": "P10D"}, "storage_within": "PT12H", **more}  # fmt: skip


async def search(crowd, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await crowd.post(SEARCH, body, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def moments(leg: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(leg["window"]["start"]), datetime.fromisoformat(leg["window"]["end"])


def moved(leg: dict[str, Any], start: datetime) -> dict[str, Any]:
    """A leg at another start, with no more of the slot than a booking needs."""
    began, ended = moments(leg)
    kept = {name: leg[name] for name in ("kind", "quay", "warehouse", "from_m", "quantity") if name in leg}
    return kept | {"window": {"start": clock.utc(start), "end": clock.utc(start + (ended - began))}}


async def only(crowd, warehouse: str, quay: str) -> None:
    """Leave one warehouse and one quay to be booked."""
    place = "(SELECT id FROM places WHERE code = $1)"
    await crowd.sql(f"UPDATE warehouses SET bookable = false WHERE place_id <> {place}", warehouse)
    await crowd.sql(f"UPDATE berths SET bookable = false WHERE place_id <> {place}", quay)
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")


@pytest.mark.parametrize("rank", ["earliest", "shortest_wait", "fewest_metres"])
@pytest.mark.parametrize("order", ["after", "before"])
async def test_every_itinerary_can_be_sent_back_as_a_booking_as_it_stands(crowd, order, rank):
    await crowd.post("/v1/bookings", booking(berth(10, hours=100, from_m=0), storage(12, quantity=11_000, length=9)))
    asked = asking(ports=["PKGWD", "PKKHI"], order=order, rank=rank, limit=10)
    found = (await search(crowd, asked))["itineraries"]
    assert {each["port"] for each in found} == {"PKGWD", "PKKHI"}
    for each in found:
        at_berth, in_store = each["legs"]
        waits = (
            moments(in_store)[0] - moments(at_berth)[1]
            if order == "after"
            else moments(at_berth)[0] - moments(in_store)[1]
        )
        assert timedelta(0) <= waits <= timedelta(hours=12)
        assert waits == (timedelta(0) if each["wait"] == "PT0S" else duration(each["wait"]))
        made = await crowd.post("/v1/bookings", booking(*each["legs"]))
        assert made.status_code == 201, (each, made.text)
        for leg, slot in zip(made.json()["legs"], each["legs"], strict=True):
            assert {name: leg[name] for name in leg.keys() & slot.keys()} == {
                name: slot[name] for name in leg.keys() & slot.keys()
            }
        assert (await crowd.post(f"/v1/bookings/{made.json()['id']}/cancel")).status_code == 200
    assert len({str(each) for each in found}) == len(found)
    assert await crowd.broken() == {}


async def test_each_leg_can_be_had_at_its_latest_start_beside_the_other_as_it_stands_and_no_later(crowd):
    await closed(crowd, "PKGWD-MPT", ahead(14), ahead(60))
    await closed(crowd, "PKGWD-FZS-W1", ahead(25), ahead(60), quantity=12_000)
    found = (await search(crowd, asking()))["itineraries"]
    legs = next(each["legs"] for each in found
                if (each["legs"][0]["quay"], each["legs"][1]["warehouse"]) == ("PKGWD-MPT", "PKGWD-FZS-W1"))  # fmt: skip
    for number in (0, 1):
        latest = datetime.fromisoformat(legs[number]["latest_start"])
        assert latest > moments(legs[number])[0]
        for start, status in ((latest + timedelta(microseconds=1), 409), (latest, 201)):
            sent = [moved(leg, start) if position == number else leg for position, leg in enumerate(legs)]
            made = await crowd.post("/v1/bookings", booking(*sent))
            assert made.status_code == status, (number, made.text)
        assert (await crowd.post(f"/v1/bookings/{made.json()['id']}/cancel")).status_code == 200


async def test_the_best_berth_is_passed_over_where_no_floor_is_free_in_time_for_it(crowd):
    await only(crowd, "PKGWD-FZS-W1", "PKGWD-MPT")
    await crowd.post("/v1/bookings", booking(storage(5, length=15.2, quantity=12_000), vessel=None), role="rival")
    first = (await search(crowd, asking()))["itineraries"][0]
    at_berth, in_store = map(moments, first["legs"])
    free_from = datetime.fromisoformat(first["legs"][1]["window"]["start"])
    assert at_berth[1] == free_from - timedelta(hours=12)
    assert in_store[0] == free_from > ahead(20)
    nearer = (await search(crowd, asking(rank="shortest_wait")))["itineraries"][0]
    assert (nearer["wait"], moments(nearer["legs"][1])[0]) == ("PT0S", free_from)


async def test_where_each_is_free_alone_and_never_together_it_says_how_near_they_come(crowd):
    await only(crowd, "PKGWD-FZS-W1", "PKGWD-MPT")
    await closed(crowd, "PKGWD-MPT", ahead(15), ahead(60))
    await closed(crowd, "PKGWD-FZS-W1", ahead(-2), ahead(20), quantity=12_000)
    said = await search(crowd, asking())
    assert said["itineraries"] == []
    together = [each for each in said["unavailable"] if "port" in each]
    assert [(each["port"], [reason["code"] for reason in each["reasons"]]) for each in together] == [
        ("PKGWD", ["no-joint-window"])
    ]
    needs = together[0]["reasons"][0]["needs"]
    assert duration(needs["storage_within"]) > timedelta(days=5)
    found = (await search(crowd, asking() | needs))["itineraries"]
    assert [each["wait"] for each in found] == [needs["storage_within"]]
    assert (await crowd.post("/v1/bookings", booking(*found[0]["legs"]))).status_code == 201
    reasons = {each.get("quay") or each.get("warehouse"): each["reasons"][0]["code"] for each in said["unavailable"]}
    assert reasons["PKGWD-FZS-W2"] == "not-bookable"


async def test_a_window_too_short_for_both_is_told_how_far_it_must_reach(crowd):
    asked = asking(days=11)
    said = await search(crowd, asked)
    together = [each["reasons"] for each in said["unavailable"] if "port" in each]
    needs = together[0][0]["needs"]
    assert needs == {"window": {"start": rfc(ahead(10)), "end": rfc(ahead(21.5))}}
    assert (await search(crowd, asked | needs))["itineraries"] != []
    less = needs["window"] | {"end": rfc(ahead(21.5) - timedelta(microseconds=1))}
    assert (await search(crowd, asked | {"window": less}))["itineraries"] == []


async def test_what_stands_in_the_way_of_the_ship_is_said_of_every_quay_as_the_berth_search_says_it(crowd):
    said = await search(crowd, asking(vessel={"loa_m": 190, "draught_m": 15.5}))
    query = {"port": "PKGWD", "loa_m": 190, "draught_m": 15.5, "cargo": "general", "duration": "PT36H",
             "from": rfc(ahead(10)), "to": rfc(ahead(40))}  # fmt: skip
    of_quays = [each for each in said["unavailable"] if "quay" in each]
    assert of_quays == (await crowd.get("/v1/berth-slots", **query)).json()["unavailable"]
    assert [each for each in said["unavailable"] if "port" in each] == []
    assert said["itineraries"] == []


async def test_a_search_is_one_query_when_nothing_has_moved(crowd, monkeypatch):
    asked: list[str] = []
    execute = asyncpg.Connection._execute

    async def counted(self, query, *rest, **more):
        asked.append(query)
        return await execute(self, query, *rest, **more)

    client, body = crowd.clients[0], asking(ports=["PKGWD", "PKKHI"])
    headers = {"Authorization": f"Bearer {crowd.keys['forwarder']}"}
    await client.post(SEARCH, json=body, headers=headers)
    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)
    await client.post(SEARCH, json=body | {"limit": 50, "rank": "shortest_wait"}, headers=headers)
    assert len(asked) == 1


async def test_a_key_sent_with_a_search_is_neither_kept_nor_asked_for(crowd):
    before = await crowd.sql("SELECT count(*) FROM events")
    first = await search(crowd, asking(), key="one")
    other = await search(crowd, asking(days=12), key="one")
    assert first != other
    made = await crowd.post("/v1/bookings", booking(*first["itineraries"][0]["legs"]), key="one")
    assert (made.status_code, "idempotency-replayed" in made.headers) == (201, False)
    headers = {"Authorization": f"Bearer {crowd.keys['customs']}"}
    assert (await crowd.clients[0].post(SEARCH, json=asking(), headers=headers)).status_code == 200
    assert (await crowd.sql("SELECT count(*) FROM events"))[0][0] == before[0][0] + 1


async def test_nobody_learns_who_has_a_place(crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(10), storage(12), contact={"name": "Aigerim"}))).json()
    for body in (asking(), asking(vessel={"loa_m": 590}), asking(storage={"quantity": 12_000, "duration": "P20D"})):
        answer = await crowd.post(SEARCH, body, role="rival")
        for fact in (held["id"], held["client_reference"], "Aigerim", "CASPIAN"):
            assert fact not in answer.text


ODD: dict[str, tuple[Any, ...]] = {
    "ports": ([], None, "PKGWD", ["XX"], ["PKGWD"] * 21, [7], {}, ["PKGWD\x01"]),
    "vessel": (None, {}, {"loa_m": 0}, {"loa_m": "190"}, {"loa_m": 190.001}, {"loa_m": 190, "name": "X"}, {"loa_m": 1e9}),
    "cargo": ({"class": 7}, {"class_": "general"}, {"hazard_class": ""}, []),
    "window": (None, {}, {"start": rfc(ahead(3)), "end": rfc(ahead(3))}, {"start": "2027-01-01T00:00:00", "end": rfc(ahead(3))},
               {"start": rfc(ahead(-9)), "end": rfc(ahead(-8))}),
    "berth": (None, {}, {"duration": "PT0S"}, {"duration": 36}, {"duration": "PT36H", "quay": "PKGWD-MPT"}),
    "storage": (None, {"duration": "P3D"}, {"quantity": 0, "duration": "P3D"}, {"quantity": 2.5, "duration": "P3D"},
                {"quantity": 2**31, "duration": "P3D"}, {"quantity": 5, "duration": "P3D", "bonded": "true"}),
    "storage_within": (None, "PT-1H", "P1Y", 12, "P999999999D"),
    "order": (None, "between", "AFTER", 1),
    "rank": (None, "cheapest", ["earliest"]),
    "limit": (0, 51, "5", 1.5, None),
    "cursor": ("x",),
}  # fmt: skip


async def test_bodies_that_cannot_be_meant_are_refused_where_they_go_wrong(crowd):
    wrong = {}
    for name, values in ODD.items():
        for value in values:
            answer = await crowd.post(SEARCH, asking() | {name: value})
            places = [fault["pointer"] for fault in answer.json().get("errors", ())]
            if answer.status_code != 422 or not places or not all(each.startswith(f"/{name}") for each in places):
                wrong[name, str(value)[:40]] = answer.status_code, places
    assert wrong == {}
    unknown = await crowd.post(SEARCH, asking(ports=["PKGWD", "DEHAM"]))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "port-unknown")
    assert (await crowd.post(SEARCH + "?validate_only=true", asking())).json()["code"] == "unknown-parameter"


async def test_the_widest_questions_are_answered_in_bounded_time(crowd):
    far = {"window": {"start": rfc(ahead(0)), "end": rfc(ahead(9_000))}, "ports": ["PKGWD", "PKKHI"], "limit": 50}
    asks = [
        asking(**far, order=order, rank=rank, storage_within=within, berth={"duration": berth_stay}, storage={"quantity": quantity, "duration": "P700D"})
        for order in ("after", "before")
        for rank in ("earliest", "shortest_wait", "fewest_metres")
        for within, berth_stay, quantity in (("P9000D", "PT2H", 1), ("PT1S", "P30D", 2_000_000_000), ("PT0.000001S", "P30D", 5))
    ]  # fmt: skip
    for each in asks:
        began = time.monotonic()
        await search(crowd, each)
        assert time.monotonic() - began < 3
