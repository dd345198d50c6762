"""Closures against bookings, cancellations and each other: nobody is left standing in what is closed."""

import asyncio
import random
from collections import Counter

from tests.asking import SMALL_SHIP, berth, booking, storage, window

STANDING_IN_CLOSED = """
    SELECT count(*) FROM closures c JOIN berth_claims b ON b.place_id = c.place_id AND b.metres && c.metres AND b.during && c.during"""


def closure(day: float, hours: float = 24, **more: object) -> dict:
    return {"quay": "PKGWD-MPT", "window": window(day, hours), "reason": "dredging", "kind": "planned", **more}


def ship(day: float, **more: object) -> dict:
    return booking(berth(day, hours=20, **more), vessel=SMALL_SHIP, hold=False)


async def test_a_booking_is_made_before_the_closure_or_obeys_it(crowd):
    tasks = []
    for day in range(10, 30):
        tasks += [crowd.post("/v1/bookings", ship(day), role=who) for who in ("forwarder", "rival", "forwarder")]
        tasks.insert(
            random.Random(day).randrange(len(tasks)), crowd.post("/v1/closures", closure(day), role="operator_pkgwd")
        )
    answers = await asyncio.gather(*tasks)
    closures = [each for each in answers if each.request.url.path == "/v1/closures"]
    codes = Counter(each.json().get("code", "made") for each in answers)
    assert codes.keys() <= {"made", "bookings-touched", "closed", "slot-taken", "no-gap-long-enough", "place-busy"}
    assert {each.status_code for each in closures} <= {201, 409}
    assert (await crowd.sql(STANDING_IN_CLOSED))[0]["count"] == 0
    assert await crowd.broken() == {}


async def test_a_plan_is_done_exactly_or_not_at_all_whatever_happens_meanwhile(crowd):
    dice, done = random.Random(3), Counter[int]()
    for round_ in range(6):
        day = 10 + 10 * round_
        made = [(await crowd.post("/v1/bookings", ship(day, from_m=low))).json() for low in range(0, 500, 100)]
        goods = booking(storage(day, quantity=1_000), vessel=None, hold=False)
        await crowd.post("/v1/bookings", goods)
        body = closure(day, from_m=0, to_m=250, on_conflict="move", tolerance="P3D")
        plan = (await crowd.post("/v1/closures?validate_only=true", body, role="operator_pkgwd")).json()
        touched = sorted({each["booking"] for each in plan["touched"]})
        assert len(touched) == 3
        meanwhile = [
            crowd.post("/v1/closures", body, role="operator_pkgwd", **{"If-Match": f'"{plan["plan"]}"'}),
            *(crowd.post("/v1/bookings", ship(day + dice.randrange(0, 4)), role="rival") for _ in range(4)),
            crowd.post(f"/v1/bookings/{dice.choice(made)['id']}/cancel"),
        ]
        dice.shuffle(meanwhile)
        answers = await asyncio.gather(*meanwhile)
        (answer,) = [each for each in answers if each.request.url.path == "/v1/closures"]
        done[answer.status_code] += 1
        assert answer.status_code in (201, 412), answer.text
        assert all(each.status_code in (200, 201, 409) for each in answers if each is not answer)
        moved = await crowd.sql(
            "SELECT count(*) FROM events WHERE type = 'booking.moved' AND subject = ANY ($1)", touched
        )
        assert moved[0]["count"] == (3 if answer.status_code == 201 else 0)
        assert (await crowd.sql(STANDING_IN_CLOSED))[0]["count"] == 0
    assert await crowd.broken() == {}


async def test_closures_that_move_the_same_bookings_at_once_do_not_deadlock(crowd):
    for low in range(0, 500, 100):
        await crowd.post("/v1/bookings", ship(10, from_m=low))
    bodies = [closure(10, 20 + n, from_m=0, to_m=250, on_conflict="move", tolerance="P3D") for n in range(8)]
    previews = [await crowd.post("/v1/closures?validate_only=true", body, role="operator_pkgwd") for body in bodies]
    answers = await asyncio.gather(*(
        crowd.post("/v1/closures", body, role="operator_pkgwd", **{"If-Match": f'"{plan.json()["plan"]}"'})
        for body, plan in zip(bodies, previews, strict=True)
    ))  # fmt: skip
    statuses = Counter(each.status_code for each in answers)
    assert statuses.keys() <= {201, 409, 412}
    assert statuses[201] >= 1
    assert (await crowd.sql(STANDING_IN_CLOSED))[0]["count"] == 0
    assert await crowd.broken() == {}


async def test_displacing_against_confirming_leaves_the_hold_displaced_or_the_plan_outdated(crowd):
    for day in range(10, 40, 5):
        held = (await crowd.post("/v1/bookings", booking(berth(day), vessel=SMALL_SHIP))).json()
        body = closure(day, on_conflict="displace")
        plan = (await crowd.post("/v1/closures?validate_only=true", body, role="operator_pkgwd")).json()["plan"]
        closed, confirmed = await asyncio.gather(
            crowd.post("/v1/closures", body, role="operator_pkgwd", **{"If-Match": plan}),
            crowd.post(f"/v1/bookings/{held['id']}/confirm"),
        )
        state = (await crowd.get(f"/v1/bookings/{held['id']}")).json()["state"]
        assert (closed.status_code, confirmed.status_code, state) in {
            (201, 409, "displaced"),
            (412, 200, "confirmed"),
        }
    assert await crowd.broken() == {}
