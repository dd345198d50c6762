"""Operators at once, and operators against the clock, owners and the worker: one decides, and the others are told."""

import asyncio
from collections import Counter

import asyncpg
import pytest

from service.bookings.jobs import expire, find_no_shows
from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage
from tests.bookings.on_the_ground import OIL, begun, made, report
from tests.races.test_expiry_races import until_waiting

KHI, GWD = "operator_pkkhi", "operator_pkgwd"
PIER = berth(quay="PKKHI-OP1", from_m=0)


def statuses(answers) -> Counter:
    return Counter(answer.status_code for answer in answers)


async def test_of_twenty_operators_who_approve_one_request_one_does_and_the_others_are_told_its_state(crowd):
    request = await made(crowd, PIER, **OIL)
    path = f"/v1/bookings/{request['id']}/approve"
    answers = await asyncio.gather(*(crowd.post(path, role=KHI) for _ in range(20)))
    assert statuses(answers) == {200: 1, 409: 19}
    assert {(a.json()["code"], a.json()["state"]) for a in answers if a.status_code == 409} == {
        ("nothing-awaited", "confirmed")
    }
    assert len(await crowd.sql("SELECT 1 FROM events WHERE type = 'booking.confirmed'")) == 1
    assert await crowd.broken() == {}


async def test_of_one_who_approves_and_one_who_declines_at_once_both_are_told_the_truth(crowd):
    for day in range(10, 26, 2):
        request = await made(crowd, berth(day, quay="PKKHI-OP1", from_m=0), **OIL)
        path = f"/v1/bookings/{request['id']}"
        yes, no = await asyncio.gather(
            crowd.post(f"{path}/approve", role=KHI), crowd.post(f"{path}/decline", {"reason": "x"}, role=KHI)
        )
        state = (await crowd.get(path)).json()["state"]
        if yes.status_code == 200:
            assert (no.status_code, state) == (200, "declined")  # a confirmed booking can be declined, too
        else:
            assert (yes.status_code, yes.json()["state"], no.json()["state"], state) == (409, *["rejected"] * 3)
    assert await crowd.broken() == {}


async def test_of_one_request_approved_by_the_operator_and_cancelled_by_its_owner_nothing_is_left_half_done(crowd):
    for day in range(10, 26, 2):
        request = await made(crowd, berth(day, quay="PKKHI-OP1", from_m=0), **OIL)
        path = f"/v1/bookings/{request['id']}"
        yes, gone = await asyncio.gather(crowd.post(f"{path}/approve", role=KHI), crowd.post(f"{path}/cancel"))
        assert gone.status_code == 200
        assert yes.status_code == 200 or yes.json()["state"] == "cancelled"
        assert (await crowd.get(path)).json()["state"] == "cancelled"
    assert await crowd.sql("SELECT 1 FROM berth_claims") == []
    assert await crowd.broken() == {}


@pytest.mark.parametrize("action", ["approve", "decline"])
async def test_a_decision_that_waited_for_the_place_past_the_lapse_comes_too_late(crowd, action):
    await crowd.sql("UPDATE quays SET pending_for = '1.5 s'")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    request = await made(crowd, PIER, **OIL)
    blocker = await asyncpg.connect(crowd.url)
    async with blocker.transaction():
        await blocker.execute("SELECT FROM places FOR NO KEY UPDATE")
        body = {"reason": "x"} if action == "decline" else None
        deciding = asyncio.create_task(crowd.post(f"/v1/bookings/{request['id']}/{action}", body, role=KHI))
        await until_waiting(crowd, 1)
        rival = asyncio.create_task(crowd.post("/v1/bookings", booking(PIER, **OIL), role="rival"))
        await until_waiting(crowd, 2)
        await asyncio.sleep(1.55)
    await blocker.close()
    decided, taken = await deciding, await rival
    assert (decided.status_code, decided.json()["code"]) == (409, "hold-expired")
    assert taken.status_code == 201
    assert (await crowd.get(f"/v1/bookings/{request['id']}")).json()["state"] == "expired"
    assert await crowd.broken() == {}


async def test_approved_or_expired_but_never_confirmed_without_its_claims(crowd, db):
    await crowd.sql("UPDATE quays SET pending_for = '0.4 s'")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    requests = await asyncio.gather(*(made(crowd, berth(day, quay="PKKHI-OP1"), **OIL) for day in range(10, 40, 2)))

    async def decide(request, after: float):
        await asyncio.sleep(after)
        return await crowd.post(f"/v1/bookings/{request['id']}/approve", role=KHI)

    async def sweep():
        for _ in range(60):
            await expire(db)
            await asyncio.sleep(0.01)

    answers, _ = await asyncio.gather(
        asyncio.gather(*(decide(request, nth * 0.04) for nth, request in enumerate(requests))), sweep()
    )
    assert set(statuses(answers)) <= {200, 409}
    for request, answer in zip(requests, answers, strict=True):
        state = (await crowd.get(f"/v1/bookings/{request['id']}")).json()["state"]
        assert state == ("confirmed" if answer.status_code == 200 else "expired")
    assert await crowd.broken() == {}


async def test_of_a_no_show_and_an_arrival_at_once_one_happened(crowd, db):
    late = [await begun(crowd, storage(12, quantity=1, length=30), vessel=None, hours=25) for _ in range(8)]
    answers = await asyncio.gather(
        *(report(crowd, action, each) for each in late[:6] for action in ("no-show", "arrive")),
        *(report(crowd, "arrive", each) for each in late[6:]),
        find_no_shows(db),
        find_no_shows(db),
    )
    assert set(statuses(answers[:-2])) <= {200, 409}
    for nth, each in enumerate(late[:6]):
        nobody, came = answers[2 * nth : 2 * nth + 2]
        assert not (nobody.status_code == came.status_code == 200)
        state = (await crowd.get(f"/v1/bookings/{each['id']}")).json()["state"]
        assert state == ("arrived" if came.status_code == 200 else "no_show")
    assert await crowd.broken() == {}


async def test_a_ship_that_sails_while_its_berth_is_wanted_frees_it_whole_or_not_at_all(crowd):
    ship = await begun(crowd, berth(10, from_m=0, hours=200), hours=2)
    await report(crowd, "arrive", ship)
    wanted = [crowd.post("/v1/bookings", booking(berth(1, from_m=0), hold=False), role="rival") for _ in range(10)]
    sailed, *answers = await asyncio.gather(report(crowd, "complete", ship), *wanted)
    assert sailed.status_code == 200
    assert set(statuses(answers)) <= {201, 409}
    assert statuses(answers)[201] <= 1
    assert await crowd.broken() == {}


async def test_of_a_completion_and_a_shift_at_once_each_finds_the_booking_as_the_other_left_it(crowd):
    for nth in range(6):
        ship = await begun(crowd, berth(10, from_m=100 * nth, hours=100), vessel=SMALL_SHIP, hours=4)
        arrived = (await report(crowd, "arrive", ship)).json()
        leg = arrived["legs"][0]
        shorter = {"start": leg["window"]["start"], "end": rfc(ahead(1))}
        body = {"leg": leg["id"], "window": shorter, "reason": "crane"}
        moving = crowd.post(f"/v1/bookings/{ship['id']}/shift", body, role=GWD, **{"If-Match": "*"})
        done, moved = await asyncio.gather(report(crowd, "complete", arrived), moving)
        assert done.status_code == 200, done.text
        assert moved.status_code == 200 or moved.json()["code"] in ("state-forbids", "leg-under-way"), moved.text
        assert (await crowd.get(f"/v1/bookings/{ship['id']}")).json()["state"] == "completed"
    late = "SELECT count(*) FROM berth_claims WHERE upper(during) > clock_timestamp() + interval '2 h'"
    assert (await crowd.sql(late))[0]["count"] == 0  # whoever came last, what was booked beyond the turnaround is free
    assert await crowd.broken() == {}
