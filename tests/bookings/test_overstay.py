"""Who stays past the end of a leg: the claim grows as far as it can, and whoever is hit is told, but not by whom."""

import asyncio
from datetime import timedelta

from service.bookings.jobs import grow_overstays
from tests.asking import SMALL_SHIP, berth, booking, rfc, storage
from tests.bookings.on_the_ground import begun, events_of, made, report, time_passes

CLAIM = """SELECT upper(c.during) AS end, clock_timestamp() AS now
           FROM berth_claims c JOIN bookings b ON b.number = c.booking WHERE b.id = $1"""
DAYS = """SELECT min(lower(days)) AS first, max(upper(days)) AS last, (clock_timestamp() AT TIME ZONE 'Asia/Karachi')::date AS today
          FROM storage_claims c JOIN bookings b ON b.number = c.booking WHERE b.id = $1"""
LEAST = timedelta(hours=3)  # an hour, and the turnaround of two


async def overdue(crowd, *legs, hours: float = 36.1, **more):
    """A ship alongside, or goods on a floor, whose window is over."""
    there = await begun(crowd, *legs, hours=hours, **more)
    answer = await report(crowd, "arrive", there)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def following(crowd, ship, *, hours: float, role: str = "rival", metres: int | None = None, **more):
    """A rival's firm booking of the ship's metres, that begins so many hours from now."""
    now = (await crowd.sql("SELECT clock_timestamp() AS at"))[0]["at"]
    window = {"start": rfc(now + timedelta(hours=hours)), "end": rfc(now + timedelta(hours=hours + 30))}
    from_m = ship["legs"][0]["from_m"] if metres is None else metres
    body = booking({**berth(from_m=from_m), "window": window}, hold=False, **more)
    answer = await crowd.post("/v1/bookings", body, role=role)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def reach(crowd, ship) -> tuple[timedelta, object]:
    """How far from now the ship's claim reaches, and the moment."""
    (claim,) = await crowd.sql(CLAIM, ship["id"])
    return claim["end"] - claim["now"], claim["end"]


async def told(crowd, of, type_: str, *, role: str = "operator_pkgwd") -> list[dict]:
    return [event["data"]["cause"] for event in await events_of(crowd, of["id"], role=role) if event["type"] == type_]


async def test_a_ship_past_its_end_keeps_its_metres_for_an_hour_and_the_turnaround_at_least(crowd, db):
    ship = await overdue(crowd)
    assert await grow_overstays(db) == 1
    assert LEAST <= (await reach(crowd, ship))[0] <= LEAST + timedelta(minutes=15)
    (cause,) = await told(crowd, ship, "booking.overstay")
    assert (cause["leg"], cause["hits"], cause["until"]) == (
        ship["legs"][0]["id"],
        [],
        rfc((await reach(crowd, ship))[1]),
    )
    version = await crowd.sql("SELECT version FROM places WHERE code = 'PKGWD-MPT'")
    assert await grow_overstays(db) == 0
    assert await crowd.sql("SELECT version FROM places WHERE code = 'PKGWD-MPT'") == version
    assert await crowd.broken() == {}


async def test_it_goes_on_growing_and_is_told_once(crowd, db):
    ship = await overdue(crowd)
    await grow_overstays(db)
    await time_passes(crowd, ship["id"], timedelta(hours=2))
    assert await grow_overstays(db) == 1
    assert (await reach(crowd, ship))[0] >= LEAST
    assert len(await told(crowd, ship, "booking.overstay")) == 1


async def test_a_ship_within_its_window_or_gone_does_not_grow(crowd, db):
    here, gone = await overdue(crowd, berth(from_m=300), hours=35.9), await overdue(crowd, berth(from_m=0), hours=40)
    await report(crowd, "complete", gone)
    before = await crowd.sql(CLAIM, gone["id"])
    assert await grow_overstays(db) == 0
    assert (await crowd.sql(CLAIM, gone["id"]))[0]["end"] == before[0]["end"]
    assert await told(crowd, here, "booking.overstay") == []


async def test_a_rival_cannot_book_what_a_ship_has_grown_into(crowd, db):
    ship = await overdue(crowd)
    await grow_overstays(db)
    now = (await crowd.sql("SELECT clock_timestamp() AS at"))[0]["at"]
    window = {"start": rfc(now + timedelta(hours=2.5)), "end": rfc(now + timedelta(hours=20))}
    taken = await crowd.post(
        "/v1/bookings", booking({**berth(from_m=ship["legs"][0]["from_m"]), "window": window}), role="rival"
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "slot-taken")


async def test_a_ship_grows_up_to_the_next_claim_and_never_into_it(crowd, db):
    ship = await overdue(crowd)
    rival = await following(crowd, ship, hours=2.5)
    beside = await following(crowd, ship, hours=2.5, metres=300)
    assert await grow_overstays(db) == 1
    _, end = await reach(crowd, ship)
    assert rfc(end) == rival["legs"][0]["window"]["start"]
    (cause,) = await told(crowd, ship, "booking.overstay")
    assert cause["hits"] == [rival["id"]]
    assert await told(crowd, beside, "booking.hindered") == []
    assert await crowd.broken() == {}
    assert await grow_overstays(db) == 0


async def test_whom_it_hits_is_for_operators_to_know_and_whoever_is_hit_is_told_without_a_name(crowd, db):
    ship = await overdue(crowd)
    rival = await following(crowd, ship, hours=2.5)
    await grow_overstays(db)
    (owner,) = await told(crowd, ship, "booking.overstay", role="forwarder")
    assert owner.keys() == {"leg", "clock", "until"}
    assert owner["clock"] == "window"
    for role in ("operator_pkgwd", "admin"):
        assert (await told(crowd, ship, "booking.overstay", role=role))[0]["hits"] == [rival["id"]]
    (hindered,) = await told(crowd, rival, "booking.hindered", role="rival")
    assert hindered["legs"] == [rival["legs"][0]["id"]]
    feed = await crowd.get("/v1/events", role="rival", limit=500)
    assert ship["id"] not in feed.text
    feed = await crowd.get("/v1/events", role="forwarder", limit=500)
    assert rival["id"] not in feed.text
    assert (await crowd.get(f"/v1/bookings/{rival['id']}", role="rival")).json()["version"] == rival["version"]


async def test_it_is_told_again_when_it_hits_others_and_each_of_them_once(crowd, db):
    ship = await overdue(crowd)
    first = await following(crowd, ship, hours=2.5)
    await grow_overstays(db)
    await crowd.post(f"/v1/bookings/{first['id']}/cancel", role="rival")
    second = await following(crowd, ship, hours=2.75)
    assert await grow_overstays(db) == 1
    assert await grow_overstays(db) == 0
    assert [cause["hits"] for cause in await told(crowd, ship, "booking.overstay")] == [[first["id"]], [second["id"]]]
    assert [len(await told(crowd, hit, "booking.hindered")) for hit in (first, second)] == [1, 1]
    assert await crowd.broken() == {}


async def test_a_lapsed_hold_is_not_in_the_way(crowd, db):
    ship = await overdue(crowd)
    held = await following(crowd, ship, hours=2.5)
    await crowd.sql("UPDATE bookings SET state = 'held', expires_at = clock_timestamp() WHERE id = $1", held["id"])
    await crowd.lapse(held["id"])
    await grow_overstays(db)
    assert (await reach(crowd, ship))[0] >= LEAST
    assert (await told(crowd, ship, "booking.overstay"))[0]["hits"] == []
    assert await crowd.broken() == {}


async def test_a_ship_that_leaves_after_its_end_frees_what_it_had_grown_into(crowd, db):
    ship = await overdue(crowd)
    await grow_overstays(db)
    await report(crowd, "complete", ship)
    assert timedelta(hours=1.9) < (await reach(crowd, ship))[0] <= timedelta(hours=2)


async def test_several_workers_grow_and_tell_once(crowd, db):
    ships = [await overdue(crowd, berth(from_m=at), vessel=SMALL_SHIP, hours=37) for at in (0, 150, 300)]
    rival = await following(crowd, ships[0], hours=2.5, vessel=SMALL_SHIP)
    await asyncio.gather(*(grow_overstays(db) for _ in range(4)))
    await grow_overstays(db)
    for ship in ships:
        assert len(await told(crowd, ship, "booking.overstay")) == 1
    assert len(await told(crowd, rival, "booking.hindered")) == 1
    assert await crowd.broken() == {}


async def test_goods_that_stay_take_the_days_up_to_today(crowd, db):
    goods = await overdue(crowd, storage(12, length=4, quantity=5_000), vessel=None, hours=24 * 6.5)
    assert await grow_overstays(db) == 1
    (days,) = await crowd.sql(DAYS, goods["id"])
    assert days["last"] == days["today"] + timedelta(days=1)
    assert await crowd.broken() == {}
    assert await grow_overstays(db) == 0
    (cause,) = await told(crowd, goods, "booking.overstay")
    assert cause["hits"] == []
    assert (await report(crowd, "complete", goods)).json()["state"] == "completed"
    assert await crowd.broken() == {}


async def test_goods_that_find_the_floor_full_hit_whoever_is_to_come(crowd, db):
    goods = await overdue(crowd, storage(12, length=4, quantity=5_000), vessel=None, hours=24 * 5.2)
    last = (await crowd.sql(DAYS, goods["id"]))[0]["last"]
    rival = await made(crowd, storage(40, length=20, quantity=8_000), vessel=None)
    start = (await crowd.sql("SELECT $1::date::timestamp AT TIME ZONE 'Asia/Karachi' AS at", last))[0]["at"]
    first = (await crowd.sql("SELECT starts_at AS at FROM legs WHERE id = $1", rival["legs"][0]["id"]))[0]["at"]
    await time_passes(crowd, rival["id"], first - start)
    assert await grow_overstays(db) == 1
    (days,) = await crowd.sql(DAYS, goods["id"])
    assert days["last"] == last
    assert (await told(crowd, goods, "booking.overstay"))[0]["hits"] == [rival["id"]]
    (hindered,) = await told(crowd, rival, "booking.hindered", role="forwarder")
    assert hindered["legs"] == [rival["legs"][0]["id"]]
    assert await grow_overstays(db) == 0
    assert await crowd.broken() == {}
    await crowd.post(f"/v1/bookings/{rival['id']}/cancel")
    assert await grow_overstays(db) == 1
    assert (await crowd.sql(DAYS, goods["id"]))[0]["last"] == days["today"] + timedelta(days=1)
    assert [cause["hits"] for cause in await told(crowd, goods, "booking.overstay")] == [[rival["id"]], []]
    assert await crowd.broken() == {}


async def test_a_floor_that_all_has_left_stays_past_no_end_though_more_was_booked_until_more_comes(crowd, db):
    goods = await begun(crowd, storage(12, length=4, quantity=5_000), vessel=None, hours=24 * 6.5)
    now = (await crowd.sql("SELECT clock_timestamp() AS at"))[0]["at"]
    for way, days_ago in (("gate-in", 6), ("gate-out", 5)):
        answer = await report(crowd, way, goods, quantity=40, at=rfc(now - timedelta(days=days_ago)))
        assert answer.json()["state"] == "arrived", answer.text
    before = await crowd.sql(DAYS, goods["id"])
    assert await grow_overstays(db) == 0
    assert await crowd.sql(DAYS, goods["id"]) == before
    assert await told(crowd, goods, "booking.overstay") == []
    assert (await report(crowd, "gate-in", goods, quantity=60)).status_code == 200
    assert await grow_overstays(db) == 1
    (days,) = await crowd.sql(DAYS, goods["id"])
    assert days["last"] == days["today"] + timedelta(days=1)
    assert await crowd.broken() == {}
