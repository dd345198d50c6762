"""What must be true is looked at: all is well after ordinary work, and each thing that is not is found."""

import asyncio

import pytest

from service.database import Db
from service.invariants.operations import NAMES, Watch, look
from tests.asking import berth, booking, storage

PATH = "/v1/health/invariants"
FLOOR = "(SELECT id FROM places WHERE code = 'PKGWD-FZS-W1')"

# Something that no request could do, and what is found of it.
BREAKING = {
    "no-overlap": (
        """ALTER TABLE berth_claims DROP CONSTRAINT berth_slot_taken;
           INSERT INTO berth_claims (booking, leg, place_id, metres, during, expires_at)
           SELECT -1, 0, place_id, metres, during, 'infinity' FROM (
               SELECT place_id, metres, tstzrange(lower(during) + interval '1 h', upper(during)) AS during FROM berth_claims LIMIT 1
           ) AS c""",
        1,
    ),
    "counters-are-sums": (f"UPDATE floor_days SET taken = taken + 1 WHERE place_id = {FLOOR}", 22),
    "not-oversold": (
        f"""ALTER TABLE floor_days DROP CONSTRAINT storage_full;
            UPDATE floor_days SET taken = capacity + 1 WHERE place_id = {FLOOR}""",
        22,
    ),
    "pools-add-up": (f"UPDATE floor_days SET capacity = capacity + 1 WHERE place_id = {FLOOR}", 22),
    "closed-is-free": (
        f"""INSERT INTO closures (id, closure, place_id, during, quantity, reason, kind, made_by)
            SELECT 'c', 'cls_1', place_id, tstzrange(now() + interval '1 day', NULL), 10000, 'x', 'planned',
                   (SELECT min(id) FROM organisations) FROM warehouses WHERE place_id = {FLOOR}""",
        22,
    ),
    "firm-legs-have-claims": ("DELETE FROM berth_claims WHERE expires_at = 'infinity'", 1),
    "goods-have-their-floor": (
        """UPDATE legs SET state = 'arrived', quantity = quantity + 1 WHERE kind = 'storage' AND booking =
           (SELECT number FROM bookings WHERE state = 'confirmed')""", 1
    ),
    "claims-lapse-with-bookings": (
        "UPDATE berth_claims SET expires_at = now() + interval '1 day' WHERE expires_at = 'infinity'", 1
    ),
    "ended-have-no-claims": ("UPDATE bookings SET state = 'cancelled', expires_at = NULL WHERE state = 'confirmed'", 2),
    "feed-without-gaps": ("DELETE FROM events WHERE position = 1", 1),
}  # fmt: skip


@pytest.fixture
async def busy(crowd):
    """A port with a firm booking, one that was cancelled, and a reservation hold; events are numbered."""
    firm = (await crowd.post("/v1/bookings", booking(berth(), storage(), hold=False))).json()
    gone = (await crowd.post("/v1/bookings", booking(berth(20), storage(), hold=False))).json()
    await crowd.post(f"/v1/bookings/{gone['id']}/cancel")
    held = (await crowd.post("/v1/bookings", booking(berth(30), storage(40)))).json()
    await crowd.get("/v1/events")
    return firm, held


async def wrong(db: Db) -> dict[str, int]:
    return {each.name: each.count for each in (await look(db)).invariants if not each.holds}


async def test_after_ordinary_work_all_is_true(busy, crowd):
    del busy
    answer = await crowd.get(PATH, role="rival")
    said = answer.json()
    assert said["holds"] is True
    assert [each["name"] for each in said["invariants"]] == list(NAMES)
    assert {(each["holds"], each["count"]) for each in said["invariants"]} == {(True, 0)}
    assert said["lapsed_claims"] == 0


@pytest.mark.parametrize("name", NAMES)
async def test_what_is_not_true_is_found_and_counted(busy, crowd, db, name: str):
    del busy
    breaking, count = BREAKING[name]
    for statement in breaking.split(";"):
        await crowd.sql(statement)
    found = await wrong(db)
    assert found.get(name) == count, found
    answer = (await crowd.get(PATH)).json()
    assert answer["holds"] is False
    assert {each["name"]: each["count"] for each in answer["invariants"]}[name] == count


async def test_a_day_with_claims_and_no_counter_is_found(busy, crowd, db):
    del busy
    await crowd.sql(
        f"DELETE FROM floor_days WHERE place_id = {FLOOR} AND day = (SELECT min(day) + 3 FROM floor_days WHERE place_id = {FLOOR})"
    )
    assert await wrong(db) == {"counters-are-sums": 1}


async def test_lapsed_claims_are_counted_and_are_nothing_wrong(busy, crowd, db):
    _, held = busy
    await crowd.lapse(held["id"])
    assert (await look(db)).lapsed_claims == 2
    assert await wrong(db) == {}
    await crowd.post("/v1/bookings", booking(berth(30), storage(60)))
    assert (await look(db)).lapsed_claims == 0


async def test_a_change_that_waits_may_lie_over_its_own_booking(busy, crowd, db):
    del busy
    await crowd.sql(
        """INSERT INTO berth_claims (booking, leg, change, place_id, metres, during, expires_at)
           SELECT booking, leg, true, place_id, metres, during, now() + interval '1 day' FROM berth_claims"""
    )
    assert await wrong(db) == {}


async def test_many_who_ask_at_once_are_answered_by_one_look(db):
    class Counting:
        reads = 0

        async def read(self, query, *asked):
            if query.__name__ == "gaps":
                self.reads += 1
            return await db.read(query, *asked)

    counting = Counting()
    watch = Watch(counting)
    found = await asyncio.gather(*(watch.findings() for _ in range(20)))
    assert counting.reads == 1
    assert all(each is found[0] for each in found)


async def test_what_is_broken_is_among_the_figures(busy, crowd):
    del busy
    await crowd.sql(f"UPDATE floor_days SET taken = taken + 1 WHERE place_id = {FLOOR}")
    figures = (await crowd.clients[0].get("/metrics")).text
    assert 'slotway_invariant_broken{name="counters-are-sums"} 22.0' in figures
    assert 'slotway_invariant_broken{name="no-overlap"} 0.0' in figures
