"""A hold or a request that has lapsed: it says when, it stays so, and it becomes nothing else any more."""

import asyncio

import pytest

from service.bookings.jobs import expire
from tests.asking import berth, booking, storage

ACTIONS = ("confirm", "extend-hold", "cancel")


async def lapsed(crowd, **more) -> dict:
    """Book, and let the time of the hold pass; gives it as it reads then."""
    made = await crowd.post("/v1/bookings", booking(*more.pop("legs", (berth(), storage())), **more))
    assert made.status_code == 201, made.text
    await crowd.lapse(made.json()["id"])
    return await seen(crowd, made.json()["id"])


async def seen(crowd, booking_id: str) -> dict:
    return (await crowd.get(f"/v1/bookings/{booking_id}")).json()


@pytest.mark.parametrize("swept", [False, True], ids=["before the worker comes", "after it has been"])
async def test_a_lapsed_hold_says_when_it_lapsed(crowd, db, swept):
    hold = await lapsed(crowd)
    if swept:
        assert await expire(db) == 1
    now = await seen(crowd, hold["id"])
    assert (now["state"], now["expires_at"]) == ("expired", hold["expires_at"])
    assert now["expires_at"] is not None
    for action in ACTIONS:
        refused = await crowd.post(f"/v1/bookings/{hold['id']}/{action}")
        assert (refused.status_code, refused.json()["code"]) == (409, "hold-expired"), action
        assert refused.json()["expires_at"] == hold["expires_at"]
        assert refused.json()["server_time"] > hold["expires_at"]
    assert await seen(crowd, hold["id"]) == now


async def test_a_lapsed_request_says_when_it_lapsed_too(crowd, db):
    oil = {"vessel": {"name": "OIL", "loa_m": 200, "beam_m": 32, "draught_m": 10}, "cargo": {"class": "liquid_bulk"}}
    request = await lapsed(crowd, legs=(berth(quay="PKKHI-OP1"),), hold=False, **oil)
    for _ in range(2):
        now = await seen(crowd, request["id"])
        assert (now["state"], now["expires_at"]) == ("expired", request["expires_at"])
        assert (await crowd.post(f"/v1/bookings/{request['id']}/cancel")).json()["expires_at"] == now["expires_at"]
        await expire(db)


async def test_the_event_of_a_lapse_says_what_lapsed_and_when(crowd, db):
    hold = await lapsed(crowd)
    await expire(db)
    event = (await crowd.get("/v1/events", limit=500)).json()["items"][-1]
    previous, current = event["data"]["previous"], event["data"]["current"]
    assert (event["type"], previous["state"], current["state"]) == ("booking.expired", "held", "expired")
    assert current["expires_at"] == hold["expires_at"]
    assert current == await seen(crowd, hold["id"])


async def test_what_is_cancelled_while_the_worker_sweeps_stays_expired(crowd, db):
    holds = [await lapsed(crowd, legs=(berth(day), storage(day))) for day in range(10, 26, 2)]
    cancels = [crowd.post(f"/v1/bookings/{hold['id']}/cancel") for hold in holds]
    *answers, swept, again = await asyncio.gather(*cancels, expire(db), expire(db))
    assert {answer.status_code for answer in answers} == {409}
    assert (await expire(db)) + swept + again == len(holds)
    assert {row["state"] for row in await crowd.sql("SELECT state FROM bookings")} == {"expired"}
    assert {row["type"] for row in await crowd.sql("SELECT type FROM events WHERE subject LIKE 'bkg%'")} == {
        "booking.held",
        "booking.expired",
    }
    assert await crowd.broken() == {}


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_field_that_an_action_does_not_know_is_refused_and_nothing_is_done(crowd, action):
    held = (await crowd.post("/v1/bookings", booking(berth()))).json()
    answer = await crowd.post(f"/v1/bookings/{held['id']}/{action}", {"no_such_field": 1})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/no_such_field"]
    assert await seen(crowd, held["id"]) == held
    assert (await crowd.post(f"/v1/bookings/{held['id']}/{action}", {})).status_code == 200


async def test_an_idempotency_key_tells_an_extension_from_another_one(crowd):
    """The body counts: the same key with another `until` is another request."""
    held = (await crowd.post("/v1/bookings", booking(berth()))).json()
    longest = (await crowd.post(f"/v1/bookings/{held['id']}/extend-hold", {"until": "2199-01-01T00:00:00Z"})).json()[
        "hold_until"
    ]
    first = await crowd.post(f"/v1/bookings/{held['id']}/extend-hold", key="extend")
    again = await crowd.post(f"/v1/bookings/{held['id']}/extend-hold", key="extend")
    assert (first.status_code, again.text, again.headers["idempotency-replayed"]) == (200, first.text, "true")
    other = await crowd.post(f"/v1/bookings/{held['id']}/extend-hold", {"until": longest}, key="extend")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
