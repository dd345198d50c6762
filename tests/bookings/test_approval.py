"""Approval: what asks for it waits, occupies its place, and is decided once by each facility that was asked."""

import asyncpg

from service.bookings.jobs import expire
from tests.asking import berth, booking, storage
from tests.bookings.on_the_ground import OIL, asks_approval, begun, events_of, made, operator_of, report

KHI = "operator_pkkhi"
PIER = berth(quay="PKKHI-OP1", from_m=0)


async def pending(crowd, *legs, **more):
    request = await made(crowd, *(legs or (PIER,)), **({} if legs else OIL) | more)
    assert request["state"] == "pending"
    return request


async def decide(crowd, action: str, of: dict, body: object = None, *, role: str = KHI, **headers: str):
    return await crowd.post(f"/v1/bookings/{of['id']}/{action}", body, role=role, **headers)


async def test_an_approved_request_is_a_firm_booking(crowd):
    request = await pending(crowd)
    assert request["awaits"] == ["PKKHI-OIL"]
    answer = await decide(crowd, "approve", request, {"reason": "the pier is ours"})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert {name: answer.json()[name] for name in ("state", "expires_at", "awaits")} == {
        "state": "confirmed", "expires_at": None, "awaits": [],
    }  # fmt: skip
    assert await crowd.sql("SELECT 1 FROM berth_claims WHERE expires_at < 'infinity'") == []
    event = (await events_of(crowd, request["id"], role="forwarder"))[-1]
    assert (event["type"], event["data"]["cause"]) == ("booking.confirmed", {"reason": "the pier is ours"})
    assert await crowd.broken() == {}


async def test_a_confirmed_hold_of_a_place_that_asks_awaits_its_facility_too(crowd):
    held = await made(crowd, PIER, hold=True, **OIL)
    waiting = (await crowd.post(f"/v1/bookings/{held['id']}/confirm")).json()
    assert (waiting["state"], waiting["awaits"]) == ("pending", ["PKKHI-OIL"])
    assert (await decide(crowd, "approve", held)).json()["state"] == "confirmed"


async def test_customs_sees_a_request_from_its_approval_on(crowd):
    request = await pending(crowd)
    assert (await crowd.get(f"/v1/bookings/{request['id']}", role="customs")).status_code == 404
    await decide(crowd, "approve", request)
    assert (await crowd.get(f"/v1/bookings/{request['id']}", role="customs")).status_code == 200


async def test_a_rejected_request_frees_its_place_and_says_why(crowd):
    request = await pending(crowd)
    assert (await decide(crowd, "decline", request)).status_code == 422
    answer = await decide(crowd, "decline", request, {"reason": "no tugs"})
    assert (answer.json()["state"], answer.json()["expires_at"]) == ("rejected", None)
    assert await crowd.sql("SELECT 1 FROM berth_claims") == []
    event = (await events_of(crowd, request["id"], role="forwarder"))[-1]
    assert (event["type"], event["data"]["cause"]) == ("booking.rejected", {"reason": "no tugs"})
    again = await crowd.post("/v1/bookings", booking(PIER, hold=False, **OIL), role="rival")
    assert again.status_code == 201


async def test_a_confirmed_booking_can_be_declined_until_somebody_has_arrived(crowd):
    ship = await made(crowd, berth(10, from_m=0), storage(12, quantity=12_000))
    declined = await decide(crowd, "decline", ship, {"reason": "the crane fell"}, role="operator_pkgwd")
    assert declined.json()["state"] == "declined"
    assert await crowd.sql("SELECT 1 FROM berth_claims") == []
    assert await crowd.broken() == {}
    there = await begun(crowd)
    await report(crowd, "arrive", there)
    refused = await decide(crowd, "decline", there, {"reason": "the crane fell"}, role="operator_pkgwd")
    assert (refused.status_code, refused.json()["code"], refused.json()["state"]) == (409, "already-there", "arrived")


async def test_each_facility_that_asks_is_awaited_and_the_last_to_approve_makes_it_firm(crowd):
    await asks_approval(crowd, "PKGWD-MPT", "PKGWD-FZS-W1")
    port, zone = await operator_of(crowd, "quay", "PKGWD-GMT"), await operator_of(crowd, "zone", "PKGWD-FZS")
    request = await pending(crowd, berth(10), storage(12))
    assert request["awaits"] == ["PKGWD-FZS", "PKGWD-GMT"]
    half = await decide(crowd, "approve", request, {"reason": "fine"}, role=zone)
    assert {name: half.json()[name] for name in ("state", "expires_at", "awaits", "version")} == {
        "state": "pending", "expires_at": request["expires_at"], "awaits": ["PKGWD-GMT"], "version": 2,
    }  # fmt: skip
    event = (await events_of(crowd, request["id"]))[-1]
    assert (event["type"], event["data"]["cause"]) == ("booking.approved", {"reason": "fine", "awaits": ["PKGWD-GMT"]})
    twice = await decide(crowd, "approve", request, role=zone)
    assert (twice.status_code, twice.json()["code"]) == (409, "nothing-awaited")
    assert (twice.json()["state"], twice.json()["awaits"]) == ("pending", ["PKGWD-GMT"])
    assert (await decide(crowd, "decline", request, {"reason": "x"}, role=zone)).json()["code"] == "nothing-awaited"
    assert (await decide(crowd, "approve", request, role=port)).json()["state"] == "confirmed"
    assert await crowd.broken() == {}


async def test_one_operator_of_all_facilities_that_ask_approves_for_all_at_once(crowd):
    await asks_approval(crowd, "PKGWD-MPT", "PKGWD-FZS-W1")
    request = await pending(crowd, berth(10), storage(12))
    assert (await decide(crowd, "approve", request, role="operator_pkgwd")).json()["state"] == "confirmed"


async def test_one_that_has_been_decided_says_so_to_whoever_comes_later(crowd):
    request = await pending(crowd)
    await decide(crowd, "approve", request)
    late = await decide(crowd, "approve", request)
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (409, "nothing-awaited", "confirmed")
    await decide(crowd, "decline", request, {"reason": "x"})
    late = await decide(crowd, "approve", request)
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (409, "state-forbids", "declined")


async def test_a_lapsed_request_can_be_neither_approved_nor_declined(crowd, db):
    request = await pending(crowd)
    await crowd.lapse(request["id"])
    for action, body in (("approve", None), ("decline", {"reason": "x"})):
        answer = await decide(crowd, action, request, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "hold-expired")
        assert answer.json()["server_time"] > answer.json()["expires_at"]
    assert await expire(db) == 1
    assert (await decide(crowd, "approve", request)).json()["code"] == "hold-expired"
    assert await crowd.broken() == {}


async def test_a_decision_is_for_an_operator_of_the_booking_s_own_facilities(crowd):
    request = await pending(crowd)
    for action, body in (("approve", None), ("decline", {"reason": "x"})):
        stranger = await decide(crowd, action, request, body, role="operator_pkgwd")
        assert (stranger.status_code, stranger.json()["code"]) == (404, "booking-not-found")
        for role in ("forwarder", "customs", "admin"):
            assert (await decide(crowd, action, request, body, role=role)).status_code == 403
    assert (await crowd.get(f"/v1/bookings/{request['id']}")).json()["version"] == 1


async def test_a_decision_is_rehearsed_replayed_and_held_to_its_version(crowd):
    request = await pending(crowd)
    rehearsed = await crowd.post(f"/v1/bookings/{request['id']}/approve?validate_only=true", role=KHI)
    assert rehearsed.json()["state"] == "confirmed"
    rehearsed = await crowd.post(f"/v1/bookings/{request['id']}/decline?validate_only=true", {"reason": "x"}, role=KHI)
    assert rehearsed.json()["state"] == "rejected"
    assert (await crowd.get(f"/v1/bookings/{request['id']}")).json()["state"] == "pending"
    assert (await decide(crowd, "approve", request, **{"If-Match": '"7"'})).json()["code"] == "booking-changed"
    first = await crowd.post(f"/v1/bookings/{request['id']}/approve", role=KHI, key="yes", **{"If-Match": '"1"'})
    again = await crowd.post(f"/v1/bookings/{request['id']}/approve", role=KHI, key="yes", **{"If-Match": '"1"'})
    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")


async def test_an_approval_asks_the_database_no_more_for_a_booking_of_many_legs(crowd, monkeypatch):
    await asks_approval(crowd, "PKGWD-FZS-W1")
    few = [await pending(crowd, storage(10, quantity=1), vessel=None) for _ in range(2)]
    many = await pending(crowd, *(storage(20 + nth, quantity=1) for nth in range(12)), vessel=None)
    for each in (few[0], few[0]):  # both instances learn the key
        await decide(crowd, "approve", each, role="operator_pkgwd")
    asked: list[str] = []
    execute = asyncpg.Connection._execute

    async def counted(self, query, *rest, **more):
        asked.append(query)
        return await execute(self, query, *rest, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)
    counts = []
    for each in (few[1], many):
        asked.clear()
        assert (await decide(crowd, "approve", each, role="operator_pkgwd")).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12
