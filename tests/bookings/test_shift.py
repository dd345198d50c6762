"""Shifting over HTTP: an operator moves one leg of a booking at his facilities, and says why."""

from datetime import datetime, timedelta

import pytest

from tests.asking import SMALL_SHIP, ahead, berth, booking, new_key, rfc, storage, window
from tests.bookings.on_the_ground import OIL, asks_approval, begun, events_of, made, operator_of, report

GWD = "operator_pkgwd"


async def shift(crowd, subject, body, *, status=200, leg=0, role=GWD, tag=None, **more):
    headers = {"If-Match": tag or f'"{subject["version"]}"'}
    wish = {"leg": subject["legs"][leg]["id"], "reason": "a bigger ship comes", **body}
    answer = await crowd.post(f"/v1/bookings/{subject['id']}/shift", wish, role=role, **headers, **more)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_ship_is_shifted_along_the_quay_and_in_time(crowd):
    subject = await made(crowd, berth(from_m=0), storage())
    along = await shift(crowd, subject, {"from_m": 300})
    assert (along["legs"][0]["from_m"], along["legs"][0]["to_m"], along["legs"][0]["window"]) == (300, 509, window(10))
    assert along["legs"][1] == subject["legs"][1]
    later = await shift(crowd, along, {"window": window(20)})
    assert (later["legs"][0]["from_m"], later["legs"][0]["window"], later["version"]) == (300, window(20), 3)
    event = (await events_of(crowd, subject["id"], role="forwarder"))[-1]
    assert event["type"] == "booking.shifted"
    assert event["data"]["cause"] == {"reason": "a bigger ship comes", "leg": subject["legs"][0]["id"]}
    assert event["data"]["previous"]["legs"] == along["legs"]
    assert await crowd.broken() == {}


async def test_a_leg_is_shifted_to_another_place_of_the_operator(crowd):
    subject = await made(crowd, berth(from_m=0), storage(quantity=50))
    there = await shift(crowd, subject, {"warehouse": "PKGWD-FZN-Y1"}, leg=1)
    assert (there["legs"][1]["warehouse"], there["legs"][1]["quantity"]) == ("PKGWD-FZN-Y1", 50)
    assert await crowd.broken() == {}


async def test_there_is_no_cut_off_for_the_operator(crowd):
    await crowd.sql("UPDATE quays SET amend_until = '30 days'")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    subject = await made(crowd, berth(from_m=0))
    assert (await shift(crowd, subject, {"from_m": 1}))["legs"][0]["from_m"] == 1


async def test_what_cannot_be_had_leaves_the_old_slot(crowd):
    subject = await made(crowd, berth(from_m=0))
    await made(crowd, berth(from_m=300))
    refused = await shift(crowd, subject, {"from_m": 200}, status=409)
    assert (refused["code"], refused["legs"]) == ("slot-taken", [0])
    assert refused["alternatives"]
    assert (await crowd.get(f"/v1/bookings/{subject['id']}")).json() == subject
    off = await shift(crowd, subject, {"from_m": 500}, status=422)
    assert (off["code"], off["errors"][0]["pointer"]) == ("off-the-quay", "")


async def test_only_legs_at_his_facilities_and_only_to_places_of_his(crowd):
    quay = await operator_of(crowd, "quay", "PKGWD-GMT")
    subject = await made(crowd, berth(from_m=0), storage())
    assert (await shift(crowd, subject, {"warehouse": "PKGWD-FZS-W1"}, leg=1, role=quay, status=404))[
        "code"
    ] == "leg-not-found"
    zone = await operator_of(crowd, "zone", "PKGWD-FZS")
    elsewhere = await shift(crowd, subject, {"warehouse": "PKGWD-FZN-Y1"}, leg=1, role=zone, status=422)
    assert (elsewhere["code"], elsewhere["errors"][0]["pointer"]) == ("place-unknown", "/warehouse")
    unknown = await shift(crowd, subject, {"warehouse": "PKGWD-NONE"}, leg=1, role=zone, status=422)
    assert (unknown["code"], unknown["errors"][0]["pointer"]) == ("place-unknown", "/warehouse")
    assert (await shift(crowd, subject, {"from_m": 3}, role="operator_pkkhi", status=404))[
        "code"
    ] == "booking-not-found"


@pytest.mark.parametrize(
    ("leg", "body", "code"),
    [
        (0, {}, "invalid-request"),
        (0, {"from_m": 3, "reason": ""}, "invalid-request"),
        (0, {"warehouse": "PKGWD-FZS-W1"}, "slot-contradicted"),
        (1, {"from_m": 3}, "slot-contradicted"),
        (0, {"from_m": 3, "quantity": 7}, "invalid-request"),
        (0, {"from_m": 3, "override": {"rules": ["slot-taken"], "reason": "x"}}, "invalid-request"),
        (0, {"from_m": 3, "override": {"rules": [], "reason": "x"}}, "invalid-request"),
        (0, {"window": {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}}, "starts-in-the-past"),
    ],
)
async def test_a_shift_that_makes_no_sense_is_refused(crowd, leg, body, code):
    subject = await made(crowd, berth(from_m=0), storage())
    assert (await shift(crowd, subject, body, leg=leg, status=422))["code"] == code


async def test_a_shift_names_the_version_and_a_repeated_one_has_its_first_answer(crowd):
    subject, key = await made(crowd, berth(from_m=0)), new_key()
    wish = {"leg": subject["legs"][0]["id"], "from_m": 40, "reason": "x"}
    path = f"/v1/bookings/{subject['id']}/shift"
    assert (await crowd.post(path, wish, role=GWD)).status_code == 428
    assert (await shift(crowd, subject, {"from_m": 40}, tag='"9"', status=412))["version"] == 1
    rehearsed = await crowd.post(f"{path}?validate_only=true", wish, role=GWD, **{"If-Match": '"1"'})
    assert rehearsed.json()["legs"][0]["from_m"] == 40
    first = await crowd.post(path, wish, role=GWD, key=key, **{"If-Match": '"1"'})
    again = await crowd.post(path, wish, role=GWD, key=key, **{"If-Match": '"1"'})
    assert (first.status_code, again.text, again.headers["idempotency-replayed"]) == (200, first.text, "true")


async def test_a_shift_is_not_an_approval_and_needs_none(crowd):
    await asks_approval(crowd, "PKGWD-MPT")
    request = await made(crowd, berth(from_m=0))
    moved = await shift(crowd, request, {"from_m": 50})
    assert (moved["state"], moved["awaits"], moved["expires_at"]) == ("pending", ["PKGWD-GMT"], request["expires_at"])
    firm = (await crowd.post(f"/v1/bookings/{request['id']}/approve", role=GWD)).json()
    again = await shift(crowd, firm, {"from_m": 60})
    assert (again["state"], again["change"], again["legs"][0]["from_m"]) == ("confirmed", None, 60)
    assert await crowd.broken() == {}


async def test_a_shift_ends_the_change_that_waits(crowd):
    subject = await made(crowd, berth(from_m=0), hold=False)
    await asks_approval(crowd, "PKGWD-MPT")
    body = {"legs": [subject["legs"][0] | {"window": window(20)}]}
    waiting = (await crowd.post(f"/v1/bookings/{subject['id']}/amend", body, **{"If-Match": '"1"'})).json()
    assert waiting["change"] is not None
    moved = await shift(crowd, waiting, {"from_m": 60})
    assert (moved["change"], moved["awaits"]) == (None, [])
    assert await crowd.sql("SELECT 1 FROM berth_claims WHERE change") == []
    assert await crowd.broken() == {}


async def test_a_ship_alongside_is_shifted_from_now_on(crowd):
    there = await begun(crowd, berth(from_m=0))
    await report(crowd, "arrive", there)
    there = (await crowd.get(f"/v1/bookings/{there['id']}")).json()
    moved = await shift(crowd, there, {"from_m": 300})
    leg = moved["legs"][0]
    assert (leg["from_m"], leg["state"], leg["arrived_at"]) == (300, "arrived", there["legs"][0]["arrived_at"])
    assert leg["window"] == there["legs"][0]["window"]
    claim = (await crowd.sql("SELECT lower(during) > (SELECT starts_at FROM legs) AS later FROM berth_claims"))[0]
    assert claim["later"]
    gone = await shift(crowd, moved, {"window": window(20)}, status=409)
    assert (gone["code"], gone["leg_state"]) == ("leg-under-way", "arrived")
    assert await crowd.broken() == {}


async def test_a_forwarder_moves_the_end_of_a_ship_alongside_and_nothing_else(crowd):
    there = await begun(crowd, berth(from_m=0))
    await report(crowd, "arrive", there)
    there = (await crowd.get(f"/v1/bookings/{there['id']}")).json()
    leg = there["legs"][0]
    end = {"start": leg["window"]["start"], "end": rfc(ahead(3))}
    path = f"/v1/bookings/{there['id']}/amend"

    async def amended(body):
        answer = await crowd.post(path, body, **{"If-Match": "*"})
        return answer.status_code, answer.json()

    for wish in (
        {"legs": [leg | {"from_m": 9}]},
        {"legs": [leg | {"window": window(9)}]},
        {"legs": [berth(12)]},
        {"vessel": SMALL_SHIP},
    ):
        status, said = await amended(wish)
        assert (status, said["code"]) == (409, "leg-under-way"), wish
    status, after = await amended({"legs": [leg | {"window": end}]})
    assert (status, after["legs"][0]["window"]["end"], after["state"]) == (200, end["end"], "arrived")
    moved = await shift(crowd, after, {"from_m": 200})
    bare = {"id": leg["id"], "kind": "berth", "quay": leg["quay"], "window": end | {"end": rfc(ahead(4))}}
    status, after = await amended({"legs": [bare]})  # no metres named: those that it lies at, not the tightest gap
    assert (status, after["legs"][0]["from_m"]) == (200, moved["legs"][0]["from_m"])
    past = {"start": end["start"], "end": rfc(datetime.fromisoformat(end["start"]) + timedelta(minutes=9))}
    assert (await amended({"legs": [leg | {"window": past}]}))[0] == 409
    assert await crowd.broken() == {}


async def test_a_leg_that_is_over_stays_and_the_rest_may_change(crowd):
    there = await begun(crowd, berth(from_m=0), storage(30, quantity=10))
    for action in ("arrive", "complete"):
        await report(crowd, action, there)
    there = (await crowd.get(f"/v1/bookings/{there['id']}")).json()
    over, floor = there["legs"]
    assert (await shift(crowd, there, {"from_m": 3}, status=409))["code"] == "leg-under-way"
    path = f"/v1/bookings/{there['id']}/amend"
    body = {"legs": [floor | {"quantity": 20}], "vessel": SMALL_SHIP}
    after = (await crowd.post(path, body, **{"If-Match": "*"})).json()
    assert (after["state"], after["legs"]) == ("arrived", [over, floor | {"quantity": 20}])
    dropped = (await crowd.post(path, {"legs": [over]}, **{"If-Match": "*"})).json()
    assert (dropped["state"], dropped["legs"]) == ("completed", [over])
    assert await crowd.broken() == {}


async def test_a_held_booking_that_has_lapsed_is_not_shifted(crowd):
    held = await made(crowd, berth(from_m=0), hold=True)
    await crowd.lapse(held["id"])
    assert (await shift(crowd, held, {"from_m": 3}, status=409))["code"] == "hold-expired"


async def test_an_oil_pier_is_the_other_operator_s(crowd):
    pier = await made(crowd, berth(quay="PKKHI-OP1", from_m=0), **OIL)
    assert (await shift(crowd, pier, {"window": window(20)}, role="operator_pkkhi"))["legs"][0]["window"] == window(20)
    taken = await crowd.post("/v1/bookings", booking(berth(20, quay="PKKHI-OP1", from_m=0), **OIL), role="rival")
    assert taken.json()["code"] == "slot-taken"
