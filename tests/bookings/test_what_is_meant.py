"""What a client means is what it gets: no other unit, no wrong reason, no rule that differs between search and booking."""

from datetime import timedelta

from service import clock
from tests.asking import SHIP, ahead, berth, booking, rfc, storage


async def test_alternatives_to_a_full_floor_are_in_the_unit_of_the_warehouse_that_was_named(crowd):
    assert (await crowd.post("/v1/bookings", booking(storage(quantity=12_000), vessel=None))).status_code == 201
    refused = await crowd.post("/v1/bookings", booking(storage(quantity=1_000), vessel=None))
    alternatives = refused.json()["alternatives"]
    assert {slot["unit"] for slot in alternatives} == {"m2"}
    assert {slot["warehouse"] for slot in alternatives} == {"PKGWD-FZS-W1", "PKGWD-FZS-H1"}


async def test_a_hold_asked_to_end_sooner_is_told_so(crowd):
    held = (await crowd.post("/v1/bookings", booking(berth()))).json()
    sooner = rfc(clock.now() + timedelta(minutes=5))
    refused = await crowd.post(f"/v1/bookings/{held['id']}/extend-hold", {"until": sooner})
    assert (refused.status_code, refused.json()["code"]) == (422, "hold-ends-sooner")
    assert refused.json()["errors"][0]["pointer"] == "/until"
    assert (await crowd.get(f"/v1/bookings/{held['id']}")).json()["expires_at"] == held["expires_at"]


async def test_a_window_that_begins_in_a_minute_is_searched_as_it_stands_and_can_be_booked(crowd):
    start = clock.now() + timedelta(minutes=1)
    asked = {"port": "PKGWD", "loa_m": 190, "draught_m": 10.5, "cargo": "general", "duration": "PT10H"}
    window = {"from": rfc(start), "to": rfc(start + timedelta(hours=10))}
    found = (await crowd.get("/v1/berth-slots", **asked, **window)).json()["slots"]
    assert [slot["window"]["start"] for slot in found] == [rfc(start)] * 2
    assert (await crowd.post("/v1/bookings", booking(found[0]))).status_code == 201


async def test_whom_the_draught_of_its_band_keeps_out_is_told_of_the_draught(crowd):
    notice = {
        "quay": "PKGWD-MPT", "window": {"start": rfc(ahead(30)), "end": rfc(ahead(40))}, "draught_m": 9,
        "loa_band": {"from_m": 180, "to_m": 250}, "reference": "band", "source": "test",
    }  # fmt: skip
    assert (await crowd.post("/v1/draught-notices", notice, role="operator_pkgwd")).status_code == 201
    asked = {"port": "PKGWD", "loa_m": 190, "draught_m": 10.5, "cargo": "general", "duration": "PT24H"}
    answer = await crowd.get("/v1/berth-slots", **asked, **{"from": rfc(ahead(31)), "to": rfc(ahead(39))})
    reasons = next(each["reasons"] for each in answer.json()["unavailable"] if each["quay"] == "PKGWD-MPT")
    assert [(each["code"], each["needs"]) for each in reasons] == [("draught-exceeded", {"draught_m": 9.0})]
    for leg in (berth(31), berth(31, from_m=0)):
        assert (await crowd.post("/v1/bookings", booking(leg))).json()["code"] == "draught-exceeded"


async def test_a_quay_that_is_only_shown_says_so_whatever_metres_are_named(crowd):
    for leg in (berth(quay="PKGWD-RORO"), berth(quay="PKGWD-RORO", from_m=0)):
        refused = await crowd.post("/v1/bookings", booking(leg, vessel=SHIP))
        assert (refused.status_code, refused.json()["code"]) == (422, "not-bookable")


async def test_a_declaration_is_kept_in_its_one_form(crowd):
    reference = {"type": "GD", "country": "PK", "value": "kapw-hc-8876"}
    made = await crowd.post("/v1/bookings", booking(berth(), customs_references=[reference]))
    assert made.json()["customs_references"] == [reference | {"value": "KAPW-HC-8876"}]


async def test_a_list_may_be_filtered_by_a_state_of_releases_to_come_but_not_by_nonsense(crowd):
    assert (await crowd.get("/v1/bookings", state="arrived")).json()["items"] == []
    assert (await crowd.get("/v1/bookings", state="arived")).status_code == 422


async def test_a_key_is_revoked_in_rehearsal_and_works_on(crowd):
    headers = {"Authorization": f"Bearer {crowd.keys['forwarder']}"}
    fresh = (await crowd.clients[0].post("/v1/keys", json={"name": "spare"}, headers=headers)).json()
    path = f"/v1/keys/{fresh['id']}/revoke"
    rehearsed = await crowd.clients[0].post(path, params={"validate_only": "true"}, headers=headers)
    assert rehearsed.status_code == 200
    listed = (await crowd.get("/v1/keys")).json()["items"]
    assert next(key for key in listed if key["id"] == fresh["id"])["revoked_at"] is None


async def test_the_ports_come_in_pages_like_every_list(crowd):
    first = (await crowd.get("/v1/ports", limit=1)).json()
    second = (await crowd.get("/v1/ports", limit=1, cursor=first["next"])).json()
    assert [port["unlocode"] for port in first["items"] + second["items"]] == ["PKGWD", "PKKHI"]
    assert second["next"] is None
