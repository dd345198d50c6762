"""Members, strangers and the operator at once for what is kept: nothing is sold twice, nobody books by old rules."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage
from tests.ports.partnering import (
    ALLOTMENTS,
    CAPACITY,
    OPERATOR,
    TERMINAL,
    WINDOWS,
    changed,
    grouped,
    kept,
    quantity,
    released_as_of,
    stretch,
)


@pytest.fixture
async def goods(crowd) -> dict[str, Any]:
    return await grouped(crowd, "forwarder")


def stored(crowd, role: str, wanted: int, days: float = 22, *, hold: bool = False):
    body = booking(storage(days, quantity=wanted, length=2), vessel=None, hold=hold)
    return crowd.post("/v1/bookings", body, role=role)


def moored(crowd, role: str, days: float, from_m: int = 0):
    return crowd.post("/v1/bookings", booking(berth(days, from_m=from_m), vessel=SMALL_SHIP, hold=False), role=role)


def codes(answers) -> Counter:
    return Counter(answer.json().get("code", answer.status_code) for answer in answers)


async def sold(crowd) -> Counter:
    """What of the floor each of two roles has on the fullest day, by pool or not."""
    rows = await crowd.sql(
        """SELECT o.name, c.pool <> 0 AS kept, sum(c.quantity) AS quantity FROM storage_claims c
           JOIN bookings b ON b.number = c.booking JOIN organisations o ON o.id = b.organisation_id
           WHERE c.days @> (SELECT max(lower(days)) FROM storage_claims) GROUP BY 1, 2"""
    )
    return Counter({("rival" if "Rival" in row["name"] else "forwarder", row["kept"]): row["quantity"] for row in rows})


async def test_two_members_who_race_for_pool_and_floor_get_all_of_it_and_not_a_metre_more(crowd):
    both = await grouped(crowd, "forwarder", "rival")
    await kept(crowd, ALLOTMENTS, quantity(both))
    answers = await asyncio.gather(*(stored(crowd, role, 1_000) for _ in range(16) for role in ("forwarder", "rival")))
    assert codes(answers) == {201: 12, "storage-full": 20}
    assert sum((await sold(crowd)).values()) == CAPACITY
    assert await crowd.broken() == {}


async def test_however_strangers_race_members_get_what_is_kept_for_them(crowd, goods):
    await kept(crowd, ALLOTMENTS, quantity(goods))
    strangers = [stored(crowd, "rival", 1_000) for _ in range(14)]
    members = [stored(crowd, "forwarder", 1_000) for _ in range(4)]
    asked = strangers[:7] + members[:2] + strangers[7:] + members[2:]
    answers = await asyncio.gather(*asked)
    assert all(answer.status_code == 201 for answer in (*answers[7:9], *answers[-2:]))
    assert await sold(crowd) == {("forwarder", True): 4_000, ("rival", False): 8_000}
    assert await crowd.broken() == {}


async def test_a_release_and_the_bookings_around_it_never_oversell(crowd, goods):
    made = await kept(crowd, ALLOTMENTS, quantity(goods))
    release = crowd.post(f"{ALLOTMENTS}/{made['id']}/release", role=OPERATOR)
    answers = await asyncio.gather(
        *(stored(crowd, role, 1_500) for _ in range(5) for role in ("forwarder", "rival")), release,
        *(stored(crowd, role, 1_500) for _ in range(5) for role in ("forwarder", "rival")),
    )  # fmt: skip
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert codes(answers).keys() <= {200, 201, "storage-full", "kept-for-partners"}
    assert await crowd.broken() == {}
    # Whoever came last found all that was left open to him.
    left = CAPACITY - sum((await sold(crowd)).values())
    assert (await stored(crowd, "rival", left + 1)).status_code == 409
    assert left == 0 or (await stored(crowd, "rival", left)).status_code == 201
    assert await crowd.broken() == {}


async def test_days_that_are_released_while_all_book_and_cancel_leave_the_books_right(crowd, goods):
    chance = random.Random(5)
    made = await kept(crowd, ALLOTMENTS, quantity(goods, 20, 12, 6_000))

    async def came_and_went(role: str) -> None:
        answer = await stored(
            crowd, role, chance.choice([700, 2_500, 5_000]), 20 + chance.randrange(9), hold=chance.random() < 0.5
        )
        assert answer.status_code in {201, 409}, answer.text
        if answer.status_code == 201 and chance.random() < 0.6:
            ended = await crowd.post(f"/v1/bookings/{answer.json()['id']}/cancel", role=role)
            assert ended.status_code == 200

    for days in (20, 22, 25, 31):
        await asyncio.gather(
            *(came_and_went(role) for _ in range(10) for role in ("forwarder", "rival")),
            released_as_of(crowd, "allotments", made["id"], days),
        )
        assert await crowd.broken() == {}


async def test_an_allotment_that_is_made_while_strangers_book_fits_beside_them_or_is_refused(crowd, goods):
    answers = await asyncio.gather(
        *(stored(crowd, "rival", 1_000) for _ in range(6)),
        *(crowd.post(ALLOTMENTS, quantity(goods, wanted=4_000), role=OPERATOR) for _ in range(3)),
        *(stored(crowd, "rival", 1_000) for _ in range(6)),
    )
    found = codes(answers)
    assert found.keys() <= {201, "storage-full", "kept-for-partners", "allotment-does-not-fit"}
    rows = await crowd.sql("SELECT count(*) AS made FROM allotments")
    assert sum((await sold(crowd)).values()) + 4_000 * rows[0]["made"] == CAPACITY
    assert await crowd.broken() == {}


async def test_who_has_left_the_group_draws_on_nothing_that_is_kept_from_then_on(crowd, goods):
    await kept(crowd, ALLOTMENTS, quantity(goods, wanted=8_000))
    answers = await asyncio.gather(
        *(stored(crowd, "forwarder", 500) for _ in range(8)),
        changed(crowd, goods, organisations=[]),
        *(stored(crowd, "forwarder", 500) for _ in range(8)),
    )
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    rows = await crowd.sql(
        """SELECT c.pool, e.id > (SELECT id FROM events WHERE type = 'partner-group.changed') AS later
           FROM storage_claims c JOIN bookings b ON b.number = c.booking
           JOIN events e ON e.subject = b.id AND e.previous IS NULL"""
    )
    assert {row["pool"] == 0 for row in rows if row["later"]} <= {True}
    assert {row["pool"] == 0 for row in rows if not row["later"]} <= {False}
    assert await crowd.broken() == {}


async def test_every_stranger_s_booking_precedes_the_berth_window_that_would_have_kept_it(crowd):
    ships = await grouped(crowd, "forwarder", facility=TERMINAL)
    tasks = []
    for number in range(8):
        tasks += [moored(crowd, "rival", 20 + 3 * number) for _ in range(2)]
        tasks.append(crowd.post(WINDOWS, stretch(ships, 20 + 3 * number, every_days=0), role=OPERATOR))
        tasks.append(moored(crowd, "rival", 20 + 3 * number))
    answers = await asyncio.gather(*tasks)
    assert codes(answers).keys() <= {201, "slot-taken", "kept-for-partners"}
    barred: set[str] = set()
    rows = await crowd.sql(
        """SELECT type, current -> 'first' ->> 'start' AS kept, current -> 'legs' -> 0 -> 'window' ->> 'start' AS start
           FROM events WHERE type ~ '^(berth-window|booking)' ORDER BY id"""
    )
    for row in rows:
        if row["type"] == "berth-window.made":
            barred.add(row["kept"])
        else:
            assert row["start"] not in barred
    assert barred == {rfc(ahead(20 + 3 * number)) for number in range(8)}
    assert await crowd.broken() == {}


async def test_changes_of_a_group_while_things_are_kept_for_it_do_not_deadlock_and_are_seen_by_all_who_book(crowd):
    ships = await grouped(crowd, facility=TERMINAL)

    async def joined_and_left() -> None:
        for _ in range(4):
            answer = await changed(crowd, ships, "*", organisations=[])
            assert answer.status_code in {200, 409}, answer.text

    await asyncio.gather(
        joined_and_left(),
        joined_and_left(),
        *(crowd.post(WINDOWS, stretch(ships, 20 + number, 12, every_days=0), role=OPERATOR) for number in range(8)),
        *(moored(crowd, "rival", 20 + number, 310) for number in range(0, 8, 2)),
    )
    member = await grouped(crowd, "rival", facility=TERMINAL, name="for the id")
    await changed(crowd, ships, "*", organisations=member["organisations"])
    for number in range(0, 8, 2):
        assert (await moored(crowd, "rival", 20 + number)).status_code == 201
        assert (await moored(crowd, "forwarder", 20 + number, 100)).json()["code"] == "kept-for-partners"
    assert await crowd.broken() == {}
