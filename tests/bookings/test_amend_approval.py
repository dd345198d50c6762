"""A change at a place that asks for approval waits beside the booking, both slots safe, until it is decided or lapses."""

from service.bookings.jobs import expire, lapse_changes
from tests.asking import berth, booking, storage, window
from tests.bookings.on_the_ground import OIL, asks_approval, begun, events_of, made, operator_of, report
from tests.bookings.test_amend import amend, shown

KHI = "operator_pkkhi"
PIER = berth(quay="PKKHI-OP1", from_m=0)
LATER = berth(20, quay="PKKHI-OP1", from_m=0)


async def decide(crowd, action: str, of: dict, body: object = None, *, role: str = KHI):
    return await crowd.post(f"/v1/bookings/{of['id']}/{action}", body or {"reason": "x"}, role=role)


async def firm(crowd, *legs, **more):
    """A confirmed booking at the pier: made when nobody asked for approval there yet."""
    await crowd.sql("UPDATE quays SET asks_approval = false")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    subject = await made(crowd, *(legs or (PIER,)), **OIL | more)
    await asks_approval(crowd, "PKKHI-OP1")
    return subject


async def lapse_change(crowd, subject):
    number = (await crowd.sql("SELECT number FROM bookings WHERE id = $1", subject["id"]))[0]["number"]
    past = "clock_timestamp() - interval '1 s'"
    await crowd.sql(f"UPDATE bookings SET change_expires_at = {past} WHERE number = $1", number)
    for table in ("berth_claims", "storage_claims"):
        await crowd.sql(f"UPDATE {table} SET expires_at = {past} WHERE booking = $1 AND change", number)
    await crowd.sql("UPDATE places SET version = version + 1")


async def waiting(crowd, subject=None):
    """A booking and what it was answered when it asked for a later time."""
    subject = subject or await firm(crowd)
    return subject, await amend(
        crowd, subject, {"legs": [shown(subject["legs"][0], window=window(20))], "remark": "later"}
    )


async def free(crowd, leg, **more) -> bool:
    answer = await crowd.post("/v1/bookings?validate_only=true", booking(leg, **OIL | more), role="rival")
    assert answer.status_code in (200, 409), answer.text
    return answer.status_code == 200


async def test_the_booking_stands_while_the_change_waits_and_both_slots_are_safe(crowd):
    subject, after = await waiting(crowd)
    change = after["change"]
    assert after | {"change": None, "version": 1, "updated_at": None, "awaits": []} == subject | {"updated_at": None}
    assert (after["state"], after["version"], after["awaits"], after["remark"]) == ("confirmed", 2, ["PKKHI-OIL"], None)
    assert change["legs"] == [subject["legs"][0] | {"window": window(20)}]
    assert (change["remark"], change["vessel"]) == ("later", subject["vessel"])
    assert change["expires_at"] > after["updated_at"]
    assert not await free(crowd, PIER)
    assert not await free(crowd, LATER)
    assert await crowd.broken() == {}


async def test_an_approved_change_is_done_and_the_old_place_is_free(crowd):
    subject, after = await waiting(crowd)
    decided = (await decide(crowd, "approve", subject)).json()
    assert (decided["state"], decided["version"], decided["change"], decided["awaits"]) == ("confirmed", 3, None, [])
    assert (decided["legs"], decided["remark"]) == (after["change"]["legs"], "later")
    assert await free(crowd, PIER)
    assert not await free(crowd, LATER)
    told = await events_of(crowd, subject["id"], role="forwarder")
    assert [event["type"] for event in told] == [
        "booking.confirmed",
        "booking.change-requested",
        "booking.change-approved",
    ]
    assert await crowd.sql("SELECT 1 FROM berth_claims WHERE expires_at < 'infinity' OR change") == []
    assert await crowd.broken() == {}


async def test_a_declined_change_leaves_the_booking_as_it_was(crowd):
    subject, _ = await waiting(crowd)
    decided = (await decide(crowd, "decline", subject, {"reason": "no tugs"})).json()
    assert (decided["state"], decided["change"], decided["legs"]) == ("confirmed", None, subject["legs"])
    assert not await free(crowd, PIER)
    assert await free(crowd, LATER)
    event = (await events_of(crowd, subject["id"], role="forwarder"))[-1]
    assert (event["type"], event["data"]["cause"]) == ("booking.change-declined", {"reason": "no tugs"})
    assert event["data"]["previous"]["change"]["remark"] == "later"
    again = await decide(crowd, "approve", subject)
    assert (again.status_code, again.json()["code"]) == (409, "nothing-awaited")
    assert await crowd.broken() == {}


async def test_a_lapsed_change_is_gone_at_once_and_its_end_is_told_by_the_worker(crowd, db):
    subject, after = await waiting(crowd)
    before = await crowd.get(f"/v1/bookings/{subject['id']}")
    await lapse_change(crowd, subject)
    now = await crowd.get(f"/v1/bookings/{subject['id']}")
    assert (now.json()["change"], now.json()["awaits"], now.json()["state"]) == (None, [], "confirmed")
    assert now.headers["etag"] != before.headers["etag"]
    assert await free(crowd, LATER)
    late = await decide(crowd, "approve", subject)
    assert (late.status_code, late.json()["code"]) == (409, "change-lapsed")
    assert await lapse_changes(db) == 1
    assert await lapse_changes(db) == 0
    assert await expire(db) == 0
    event = (await events_of(crowd, subject["id"], role="forwarder"))[-1]
    assert event["type"] == "booking.change-lapsed"
    assert event["data"]["previous"]["change"]["legs"] == after["change"]["legs"]
    assert event["data"]["current"]["legs"] == subject["legs"]
    assert await crowd.broken() == {}


async def test_the_place_of_a_lapsed_change_can_be_taken_before_anybody_has_swept_it(crowd, db):
    subject, _ = await waiting(crowd)
    await lapse_change(crowd, subject)
    rival = await crowd.post("/v1/bookings", booking(LATER, **OIL), role="rival")
    assert rival.status_code == 201
    assert await lapse_changes(db) == 1
    assert (await crowd.get(f"/v1/bookings/{subject['id']}")).json()["legs"] == subject["legs"]
    assert await crowd.broken() == {}


async def test_a_new_amendment_takes_the_place_of_the_change_that_waits(crowd):
    _, after = await waiting(crowd)
    other = await amend(crowd, after, {"legs": [shown(after["legs"][0], window=window(30))]})
    assert other["change"]["legs"][0]["window"] == window(30)
    assert other["change"]["remark"] is None
    assert await free(crowd, LATER)
    harmless = await amend(crowd, other, {"remark": "never mind"})
    assert (harmless["change"], harmless["awaits"], harmless["remark"]) == (None, [], "never mind")
    assert await crowd.sql("SELECT 1 FROM berth_claims WHERE change") == []
    assert await crowd.broken() == {}


async def test_a_cancelled_booking_gives_back_what_its_change_holds_too(crowd):
    subject, _ = await waiting(crowd)
    cancelled = (await crowd.post(f"/v1/bookings/{subject['id']}/cancel")).json()
    assert (cancelled["state"], cancelled["change"], cancelled["awaits"]) == ("cancelled", None, [])
    assert await crowd.sql("SELECT 1 FROM berth_claims") == []
    assert await free(crowd, PIER)
    assert await free(crowd, LATER)
    assert await crowd.broken() == {}


async def test_of_a_floor_a_waiting_change_holds_only_what_it_needs_beyond_the_booking(crowd):
    subject = await made(crowd, storage(12, quantity=7000, length=10), hold=False)
    await asks_approval(crowd, "PKGWD-FZS-W1")
    wish = shown(subject["legs"][0], quantity=9000, window=window(17, 240))
    after = await amend(crowd, subject, {"legs": [wish]})
    rows = await crowd.sql("SELECT days, quantity FROM storage_claims WHERE change ORDER BY lower(days)")
    first, last = subject["legs"][0], after["change"]["legs"][0]
    assert [(str(row["days"].lower), str(row["days"].upper), row["quantity"]) for row in rows] == [
        (last["first_on"], first["last_on"], 2000), (first["last_on"], last["last_on"], 9000),
    ]  # fmt: skip
    assert await crowd.broken() == {}
    done = await decide(crowd, "approve", subject, role="operator_pkgwd")
    assert (done.status_code, done.json()["legs"][0]["quantity"]) == (200, 9000)
    rows = await crowd.sql("SELECT quantity, upper(days) - lower(days) AS days FROM storage_claims")
    assert [tuple(row) for row in rows] == [(9000, 11)]
    assert await crowd.broken() == {}


async def test_two_legs_on_one_floor_share_what_the_booking_holds(crowd):
    subject = await made(crowd, storage(12, quantity=6000, length=10), hold=False)
    await asks_approval(crowd, "PKGWD-FZS-W1")
    wish = [shown(subject["legs"][0], quantity=4000), storage(12, quantity=7000, length=10)]
    await amend(crowd, subject, {"legs": wish})
    rows = await crowd.sql("SELECT leg, quantity FROM storage_claims WHERE change")
    assert [tuple(row) for row in rows] == [(1, 5000)]
    done = await decide(crowd, "approve", subject, role="operator_pkgwd")
    assert [leg["quantity"] for leg in done.json()["legs"]] == [4000, 7000]
    assert await crowd.broken() == {}


async def test_what_does_not_fit_beside_the_booking_is_refused_and_nothing_waits(crowd):
    subject = await firm(crowd)
    rival = await crowd.post("/v1/bookings", booking(LATER, **OIL), role="rival")
    assert rival.status_code == 201
    refused = await amend(crowd, subject, {"legs": [shown(subject["legs"][0], window=window(20))]}, status=409)
    assert refused["code"] == "slot-taken"
    assert (await crowd.get(f"/v1/bookings/{subject['id']}")).json() == subject


async def test_every_facility_that_asks_is_awaited(crowd):
    zone = await operator_of(crowd, "zone", "PKGWD-FZS")
    quay = await operator_of(crowd, "quay", "PKGWD-GMT")
    subject = await made(crowd, berth(10, from_m=0), hold=False)
    await asks_approval(crowd, "PKGWD-MPT", "PKGWD-FZS-W1")
    wish = [shown(subject["legs"][0], window=window(20)), storage(22)]
    after = await amend(crowd, subject, {"legs": wish})
    assert after["awaits"] == ["PKGWD-FZS", "PKGWD-GMT"]
    half = (await decide(crowd, "approve", subject, role=zone)).json()
    assert (half["awaits"], half["legs"]) == (["PKGWD-GMT"], subject["legs"])
    assert half["change"] is not None
    twice = await decide(crowd, "approve", subject, role=zone)
    assert twice.json()["code"] == "nothing-awaited"
    whole = (await decide(crowd, "approve", subject, role=quay)).json()
    assert len(whole["legs"]) == 2
    assert (await crowd.get(f"/v1/bookings/{subject['id']}", role=zone)).status_code == 200
    assert await crowd.broken() == {}


async def test_the_operator_of_a_place_that_a_change_comes_to_sees_the_booking_while_it_waits(crowd):
    zone = await operator_of(crowd, "zone", "PKGWD-FZS")
    subject = await made(crowd, berth(10, from_m=0), hold=False)
    await asks_approval(crowd, "PKGWD-FZS-W1")
    assert (await crowd.get(f"/v1/bookings/{subject['id']}", role=zone)).status_code == 404
    await amend(crowd, subject, {"legs": [subject["legs"][0], storage(22)]})
    assert (await crowd.get(f"/v1/bookings/{subject['id']}", role=zone)).status_code == 200
    await decide(crowd, "decline", subject, role=zone)
    assert (await crowd.get(f"/v1/bookings/{subject['id']}", role=zone)).status_code == 404


async def test_customs_is_not_told_of_a_change_before_it_is_approved(crowd):
    subject, _ = await waiting(crowd)
    seen = (await crowd.get(f"/v1/bookings/{subject['id']}", role="customs")).json()
    assert not {"change", "awaits", "remark", "overrides"} & seen.keys()
    await decide(crowd, "approve", subject)
    told = [event["type"] for event in await events_of(crowd, subject["id"], role="customs")]
    assert told == ["booking.confirmed", "booking.change-approved"]


async def test_a_pending_request_that_is_amended_waits_on_for_what_asks(crowd):
    request = await made(crowd, PIER, **OIL)
    assert request["state"] == "pending"
    after = await amend(crowd, request, {"legs": [shown(request["legs"][0], window=window(20))]})
    assert (after["state"], after["expires_at"], after["awaits"]) == ("pending", request["expires_at"], ["PKKHI-OIL"])
    assert after["change"] is None
    assert await free(crowd, PIER)
    assert (await decide(crowd, "approve", request)).json()["state"] == "confirmed"


async def test_a_pending_request_that_no_longer_comes_to_what_asks_is_firm(crowd):
    await asks_approval(crowd, "PKGWD-MPT")
    request = await made(crowd, berth(from_m=0), storage())
    assert (request["state"], request["awaits"]) == ("pending", ["PKGWD-GMT"])
    after = await amend(crowd, request, {"legs": [request["legs"][1]]})
    assert (after["state"], after["expires_at"], after["awaits"]) == ("confirmed", None, [])
    assert await crowd.sql("SELECT 1 FROM storage_claims WHERE expires_at < 'infinity'") == []
    assert (await events_of(crowd, request["id"]))[-1]["type"] == "booking.confirmed"
    assert await crowd.broken() == {}


async def test_a_ship_alongside_may_ask_to_stay_longer(crowd):
    there = await begun(crowd, berth(from_m=0, hours=36))
    await report(crowd, "arrive", there)
    there = (await crowd.get(f"/v1/bookings/{there['id']}")).json()
    await asks_approval(crowd, "PKGWD-MPT")
    leg = there["legs"][0]
    longer = leg["window"] | {"end": leg["window"]["end"].replace("2026", "2026")}
    wish = shown(leg, window=longer | {"end": window(3)["end"]})
    after = await amend(crowd, there, {"legs": [wish]})
    assert (after["state"], after["legs"], after["change"]["legs"][0]["state"]) == ("arrived", [leg], "arrived")
    done = (await decide(crowd, "approve", there, role="operator_pkgwd")).json()
    assert (done["state"], done["legs"][0]["arrived_at"]) == ("arrived", leg["arrived_at"])
    assert done["legs"][0]["window"]["end"] == window(3)["end"]
    assert await crowd.broken() == {}
