"""A change that waits beside a booking, while operators decide and things happen on the ground."""

import pytest

from service.bookings.jobs import lapse_changes
from tests.asking import storage
from tests.bookings.on_the_ground import begun, change_waits, events_of, report

YARD = "PKGWD-FZN-Y1"
ROLE = "operator_pkgwd"
CHANGED = "SELECT sum(quantity) AS more FROM storage_claims WHERE change"


async def two_legs(crowd):
    """A booking whose first leg has begun; a change of the second waits, from 1 to 3 TEU."""
    legs = storage(10, quantity=5, length=40), storage(60, quantity=1, length=20, warehouse=YARD)
    booking = await begun(crowd, *legs, vessel=None, hours=25)
    return await change_waits(crowd, booking, YARD, 1, quantity=3)


async def decide(crowd, action: str, of: dict, body: object = None, **headers: str):
    return await crowd.post(f"/v1/bookings/{of['id']}/{action}", body, role=ROLE, **headers)


async def test_an_approved_change_is_made_and_what_has_arrived_stays_so(crowd):
    waiting = await two_legs(crowd)
    assert (waiting["state"], waiting["awaits"], waiting["legs"][1]["quantity"]) == ("confirmed", ["PKGWD-FZN"], 1)
    arrived = (await report(crowd, "arrive", waiting, 0)).json()
    assert arrived["change"]["legs"][1]["quantity"] == 3
    changed = (await decide(crowd, "approve", waiting, {"reason": "fine"})).json()
    assert (changed["state"], changed["change"], changed["awaits"]) == ("arrived", None, [])
    assert [(leg["state"], leg["quantity"]) for leg in changed["legs"]] == [("arrived", 5), ("planned", 3)]
    assert await crowd.broken() == {}
    late = await decide(crowd, "approve", waiting)
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (409, "nothing-awaited", "arrived")


async def test_a_declined_change_leaves_the_booking_as_it_was(crowd):
    waiting = await two_legs(crowd)
    answer = (await decide(crowd, "decline", waiting, {"reason": "full"})).json()
    assert (answer["state"], answer["change"], answer["legs"]) == ("confirmed", None, waiting["legs"])
    assert (await crowd.sql(CHANGED))[0]["more"] is None
    event = (await events_of(crowd, waiting["id"], role="forwarder"))[-1]
    assert (event["type"], event["data"]["cause"]) == ("booking.change-declined", {"reason": "full"})
    assert await crowd.broken() == {}


@pytest.mark.parametrize("action", ["approve", "decline"])
async def test_a_change_that_has_lapsed_is_decided_no_more_and_the_booking_itself_is_safe(crowd, db, action):
    waiting = await two_legs(crowd)
    await crowd.sql("UPDATE bookings SET change_expires_at = clock_timestamp()")
    await crowd.sql("UPDATE storage_claims SET expires_at = clock_timestamp() WHERE change")
    answer = await decide(crowd, action, waiting, {"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "change-lapsed")
    assert await lapse_changes(db) == 1
    assert (await crowd.get(f"/v1/bookings/{waiting['id']}")).json()["state"] == "confirmed"
    assert await crowd.broken() == {}


@pytest.mark.parametrize("action", ["arrive", "no-show"])
async def test_a_change_of_a_leg_ends_when_something_happens_to_that_leg(crowd, action):
    waiting = await two_legs(crowd)
    # As if its start had come meanwhile.
    await crowd.sql("UPDATE legs SET starts_at = clock_timestamp() - interval '26 h' WHERE leg = 1")
    await crowd.sql("UPDATE bookings SET starts_at = (SELECT min(starts_at) FROM legs)")
    answer = await report(crowd, action, waiting, 1)
    assert (answer.status_code, answer.json()["change"], answer.json()["awaits"]) == (200, None, [])
    assert answer.json()["legs"][1]["quantity"] == 1
    assert (await crowd.sql(CHANGED))[0]["more"] is None
    dropped = (await events_of(crowd, waiting["id"]))[-2]
    assert (dropped["type"], dropped["data"]["cause"]["leg"]) == ("booking.change-lapsed", waiting["legs"][1]["id"])
    assert (await decide(crowd, "approve", waiting)).json()["code"] == "nothing-awaited"
    assert await crowd.broken() == {}


async def test_a_booking_that_is_over_has_no_change_waiting(crowd):
    fresh = await begun(crowd, storage(10, quantity=5, length=40), vessel=None, hours=25)
    more = storage(80, quantity=2, length=20, warehouse=YARD)
    waiting = await change_waits(crowd, {**fresh, "legs": [*fresh["legs"], more]}, YARD, 1)
    await report(crowd, "arrive", waiting)
    over = (await report(crowd, "complete", waiting)).json()
    assert (over["state"], over["change"]) == ("completed", None)
    assert (await crowd.sql(CHANGED))[0]["more"] is None
    assert await crowd.broken() == {}
