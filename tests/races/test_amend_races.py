"""Many who alter bookings at once: nothing is sold twice, the old slot is never lost, nothing deadlocks."""

import asyncio
import random
from collections import Counter

from service.bookings.jobs import expire, lapse_changes
from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage, window
from tests.bookings.on_the_ground import asks_approval, made
from tests.bookings.test_amend_approval import lapse_change


def statuses(answers) -> Counter:
    return Counter(answer.status_code for answer in answers)


def amend(crowd, subject, body, *, tag: str = "*"):
    return crowd.post(f"/v1/bookings/{subject['id']}/amend", body, **{"If-Match": tag})


def to(subject, leg: int = 0, **more):
    """The legs of a booking, one of them with what shall be different."""
    return {"legs": [each | more if nth == leg else each for nth, each in enumerate(subject["legs"])]}


async def now(crowd, subject) -> dict:
    shown: dict = (await crowd.get(f"/v1/bookings/{subject['id']}")).json()
    return shown


async def test_of_many_amendments_of_one_version_exactly_one_is_done(crowd):
    subject = await made(crowd, berth(from_m=0), storage())
    answers = await asyncio.gather(
        *(amend(crowd, subject, to(subject, window=window(20 + 2 * nth)), tag='"1"') for nth in range(12))
    )
    assert statuses(answers) == {200: 1, 412: 11}
    assert (await now(crowd, subject))["version"] == 2
    assert await crowd.broken() == {}


async def test_amendments_of_any_version_are_done_one_after_the_other_and_only_the_last_place_is_taken(crowd):
    subject = await made(crowd, berth(from_m=0))
    answers = await asyncio.gather(*(amend(crowd, subject, to(subject, window=window(20 + 2 * n))) for n in range(4)))
    assert set(statuses(answers)) <= {200, 409}  # who is overtaken too often is told that the place is busy
    done = statuses(answers)[200]
    assert (await now(crowd, subject))["version"] == 1 + done
    assert len(await crowd.sql("SELECT 1 FROM berth_claims")) == 1
    assert await crowd.broken() == {}


async def test_of_many_bookings_that_are_amended_to_one_place_exactly_one_gets_it(crowd):
    subjects = [await made(crowd, berth(20 + 3 * nth, from_m=0), storage(40, quantity=400)) for nth in range(10)]
    answers = await asyncio.gather(*(amend(crowd, each, to(each, window=window(10))) for each in subjects))
    assert statuses(answers) == {200: 1, 409: 9}
    for subject, answer in zip(subjects, answers, strict=True):
        expected = answer.json() if answer.status_code == 200 else subject
        assert await now(crowd, subject) == expected
    assert await crowd.broken() == {}


async def test_a_freed_slot_goes_to_one_who_waits_for_it_or_to_none_never_to_two(crowd):
    for day in range(10, 40, 6):
        subject = await made(crowd, berth(day, from_m=0))
        amended, *booked = await asyncio.gather(
            amend(crowd, subject, to(subject, window=window(day + 3))),
            *(crowd.post("/v1/bookings", booking(berth(day, from_m=0)), role="rival") for _ in range(4)),
            *(crowd.post("/v1/bookings", booking(berth(day + 3, from_m=0)), role="rival") for _ in range(4)),
        )
        old, new = statuses(booked[:4])[201], statuses(booked[4:])[201]
        assert amended.status_code in (200, 409)
        if amended.status_code == 200:
            assert (old <= 1, new) == (True, 0)
        else:
            assert (old, new) == (0, 1)
            assert await now(crowd, subject) == subject
    assert await crowd.broken() == {}


async def test_bookings_that_change_places_with_one_another_keep_their_own_or_move(crowd):
    """Each wants the other's slot: at most nobody gets it, and nobody loses his own. Locks are taken in one order."""
    first = await made(crowd, berth(10, from_m=0), storage(40, quantity=6000))
    second = await made(crowd, berth(20, from_m=0), storage(60, quantity=6000, warehouse="PKGWD-FZS-W1"))
    for _ in range(6):
        a, b = await now(crowd, first), await now(crowd, second)
        answers = await asyncio.gather(
            amend(crowd, a, {"legs": [a["legs"][0] | {"window": b["legs"][0]["window"]}, a["legs"][1]]}),
            amend(crowd, b, {"legs": [b["legs"][0] | {"window": a["legs"][0]["window"]}, b["legs"][1]]}),
        )
        assert statuses(answers) == {409: 2}
        assert (await now(crowd, first), await now(crowd, second)) == (a, b)
    assert await crowd.broken() == {}


async def test_amend_against_cancel_ends_in_one_order_or_the_other(crowd):
    for day in range(10, 40, 6):
        subject = await made(crowd, berth(day, from_m=0), storage(day, quantity=3000))
        amended, cancelled = await asyncio.gather(
            amend(crowd, subject, to(subject, window=window(day + 3))),
            crowd.post(f"/v1/bookings/{subject['id']}/cancel"),
        )
        assert cancelled.status_code == 200
        assert (amended.status_code, amended.json().get("code")) in {(200, None), (409, "state-forbids")}
    assert await crowd.sql("SELECT 1 FROM berth_claims UNION SELECT 1 FROM storage_claims") == []
    assert await crowd.broken() == {}


async def test_amend_against_expiry_never_brings_a_lapsed_hold_back(crowd, db):
    for day in range(10, 40, 6):
        held = await made(crowd, berth(day, from_m=0), hold=True)
        await crowd.lapse(held["id"])
        amended, rival, *_ = await asyncio.gather(
            amend(crowd, held, to(held, window=window(day + 3))),
            crowd.post("/v1/bookings", booking(berth(day, from_m=0)), role="rival"),
            expire(db),
            expire(db),
        )
        assert (amended.status_code, amended.json()["code"]) == (409, "hold-expired")
        assert rival.status_code == 201
    assert await crowd.broken() == {}


async def test_a_hold_that_lapses_while_its_amendment_waits_for_the_lock_is_not_amended(crowd):
    held = await made(crowd, berth(from_m=0), hold=True)
    await crowd.sql("UPDATE bookings SET expires_at = clock_timestamp() + interval '400 ms'")
    await crowd.sql("UPDATE berth_claims SET expires_at = (SELECT expires_at FROM bookings)")

    async def hold_the_place() -> None:
        await crowd.sql(
            "DO $$ BEGIN PERFORM FROM places WHERE code = 'PKGWD-MPT' FOR UPDATE; PERFORM pg_sleep(0.8); END $$"
        )

    blocking = asyncio.create_task(hold_the_place())
    await asyncio.sleep(0.1)
    amended = await amend(crowd, held, to(held, window=window(20)))
    await blocking
    assert (amended.status_code, amended.json()["code"]) == (409, "hold-expired")
    assert await crowd.sql("SELECT 1 FROM legs WHERE starts_at <> $1", ahead(10)) == []


async def test_an_amendment_precedes_a_draught_notice_or_obeys_it(crowd):
    subjects = [await made(crowd, berth(60 + 2 * nth, from_m=0), hold=False) for nth in range(8)]

    def publish(day: int):
        body = {
            "quay": "PKGWD-MPT", "window": {"start": rfc(ahead(day)), "end": rfc(ahead(day + 2))},
            "draught_m": 9.0, "reference": f"NtM {day}", "source": "test",
        }  # fmt: skip
        return crowd.post("/v1/draught-notices", body, role="operator_pkgwd")

    days = [10 + 3 * nth for nth in range(8)]
    answers = await asyncio.gather(
        *(amend(crowd, each, to(each, window=window(day))) for each, day in zip(subjects, days, strict=True)),
        *(publish(day) for day in days),
    )
    assert set(statuses(answers)) <= {200, 201, 422}
    log = await crowd.sql("SELECT type, current FROM events WHERE type ~ '^(draught|booking.amended)' ORDER BY id")
    assert len(log) == 8 + statuses(answers[:8])[200]
    forbidden: set[str] = set()
    for event in log:
        if event["type"].startswith("draught"):
            forbidden |= {rfc(ahead(day)) for day in days if f'NtM {day}"' in event["current"]}
        else:
            assert not any(start in event["current"] for start in forbidden)
    assert await crowd.broken() == {}


async def test_shift_and_amend_of_one_booking_leave_one_slot(crowd):
    subject = await made(crowd, berth(from_m=0), vessel=SMALL_SHIP)
    for turn in range(6):
        known = await now(crowd, subject)
        tag = f'"{known["version"]}"'
        wish = {"leg": known["legs"][0]["id"], "from_m": 100 + 10 * turn, "reason": "x"}
        answers = await asyncio.gather(
            amend(crowd, known, to(known, window=window(20 + turn)), tag=tag),
            crowd.post(f"/v1/bookings/{subject['id']}/shift", wish, role="operator_pkgwd", **{"If-Match": tag}),
        )
        assert statuses(answers) == {200: 1, 412: 1}
    assert len(await crowd.sql("SELECT 1 FROM berth_claims")) == 1
    assert await crowd.broken() == {}


async def test_a_waiting_change_is_approved_or_lapses_never_both(crowd, db):
    subjects = [await made(crowd, berth(10 + 4 * nth, from_m=0)) for nth in range(4)]
    await asks_approval(crowd, "PKGWD-MPT")
    for nth, subject in enumerate(subjects):
        waits = await amend(crowd, subject, to(subject, window=window(60 + 4 * nth)))
        assert waits.json()["change"] is not None
        if nth % 2:
            await lapse_change(crowd, subject)
        approved, rival, *_ = await asyncio.gather(
            crowd.post(f"/v1/bookings/{subject['id']}/approve", role="operator_pkgwd"),
            crowd.post("/v1/bookings", booking(berth(60 + 4 * nth, from_m=0)), role="rival"),
            lapse_changes(db),
        )
        if nth % 2:
            assert approved.json()["code"] in {"change-lapsed", "nothing-awaited"}
            assert rival.status_code == 201
            assert (await now(crowd, subject))["legs"] == subject["legs"]
        else:
            assert (approved.status_code, rival.status_code) == (200, 409)
    assert await crowd.sql("SELECT 1 FROM berth_claims WHERE change") == []
    assert await crowd.broken() == {}


async def test_random_amendments_of_many_bookings_sell_nothing_twice(crowd):
    """Ships and goods moved about at random, by many at once, on one quay and one floor that are too small for all."""
    chance = random.Random(11)
    subjects = [
        await made(crowd, berth(10 + 2 * nth, from_m=0), storage(40, quantity=900), vessel=SMALL_SHIP)
        for nth in range(12)
    ]

    def wish(subject) -> dict:
        ship, floor = subject["legs"]
        ship = ship | {"from_m": chance.randrange(0, 500, 50), "window": window(10 + chance.randrange(8), 30)}
        return {"legs": [ship, floor | {"quantity": chance.choice([100, 900, 3000])}]}

    for _ in range(4):
        known = [await now(crowd, each) for each in subjects]
        answers = await asyncio.gather(*(amend(crowd, each, wish(each)) for each in known))
        assert set(statuses(answers)) <= {200, 409}
        for before, answer in zip(known, answers, strict=True):
            assert await now(crowd, before) == (answer.json() if answer.status_code == 200 else before)
        assert await crowd.broken() == {}
