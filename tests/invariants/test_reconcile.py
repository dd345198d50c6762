"""`python -m service reconcile` says which counters have drifted, and with --fix mends them and nothing else."""

import asyncio
import os
import subprocess
import sys

import pytest

from tests.asking import booking, storage

FLOOR = "(SELECT id FROM places WHERE code = 'PKGWD-FZS-W1')"
EVERYTHING = {
    "floor_days": "SELECT place_id, pool, day, taken, capacity FROM floor_days ORDER BY 1, 2, 3",
    "claims": "SELECT booking, leg, pool, days, quantity, expires_at FROM storage_claims ORDER BY 1, 2, 3, 4",
    "bookings": "SELECT id, state, version FROM bookings ORDER BY 1",
    "events": "SELECT count(*) FROM events",
    "versions": "SELECT id, version, rules_version FROM places ORDER BY 1",
}


@pytest.fixture
def reconcile(url):
    async def run(*arguments: str) -> tuple[int, str]:
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "service", "reconcile", *arguments],
            env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, done.stdout

    return run


@pytest.fixture
async def stored(crowd):
    for days in (12, 15, 18):
        made = await crowd.post("/v1/bookings", booking(storage(days, quantity=500), hold=False))
        assert made.status_code == 201
    held = await crowd.post("/v1/bookings", booking(storage(40, quantity=500)))
    await crowd.lapse(held.json()["id"])


async def everything(crowd) -> dict[str, list[tuple[object, ...]]]:
    return {name: [tuple(row) for row in await crowd.sql(query)] for name, query in EVERYTHING.items()}


async def test_a_clean_ledger_is_said_to_be_clean_and_not_touched(stored, crowd, reconcile):
    del stored
    before = await everything(crowd)
    for arguments in ((), ("--fix",)):
        assert await reconcile(*arguments) == (0, "Every counter is the sum of its claims.\n")
    assert await everything(crowd) == before


async def test_what_is_off_is_said_and_mended_only_if_that_is_asked_for(stored, crowd, reconcile):
    del stored
    right = await everything(crowd)
    await crowd.sql(
        f"UPDATE floor_days SET taken = taken + 7 WHERE place_id = {FLOOR} AND day IN (SELECT day FROM floor_days ORDER BY day LIMIT 2)"
    )
    await crowd.sql(f"DELETE FROM floor_days WHERE place_id = {FLOOR} AND day = (SELECT max(day) - 30 FROM floor_days)")
    broken = await everything(crowd)
    code, said = await reconcile()
    assert code == 1
    assert "3 counters are not the sums of their claims:" in said or "2 counters" in said
    assert "PKGWD-FZS-W1" in said
    assert "counted 507, claimed 500 of 12000" in said
    assert await everything(crowd) == broken

    code, said = await reconcile("--fix")
    assert code == 0
    assert "were mended" in said
    mended = await everything(crowd)
    assert mended["bookings"] == right["bookings"]
    assert mended["events"] == [(right["events"][0][0] + 1,)]
    assert await reconcile() == (0, "Every counter is the sum of its claims.\n")
    assert await crowd.broken() == {}


async def test_mending_is_an_event_that_says_what_was_done(stored, crowd, reconcile):
    del stored
    await crowd.sql(
        f"UPDATE floor_days SET taken = 9 WHERE place_id = {FLOOR} AND day = (SELECT min(day) FROM floor_days)"
    )
    await reconcile("--fix")
    event = (await crowd.get("/v1/events", role="admin", limit=500)).json()["items"][-1]
    assert (event["type"], event["subject"]) == ("ledger.reconciled", "ledger")
    (one,) = event["data"]["current"]["mended"]
    assert (one["place"], one["pool"], one["was"], one["is"]) == ("PKGWD-FZS-W1", 0, 9, 500)
    seen = {who: (await crowd.get("/v1/events", role=who, limit=500)).text for who in ("forwarder", "operator_pkgwd")}
    assert "ledger.reconciled" not in seen["forwarder"]
    assert "ledger.reconciled" in seen["operator_pkgwd"]


async def test_each_facility_is_told_of_its_own_floors_alone(stored, crowd, reconcile):
    del stored
    made = await crowd.post("/v1/bookings", booking(storage(12, warehouse="PKKHI-KTA-W1", quantity=20), hold=False))
    assert made.status_code == 201, made.text
    await crowd.sql("UPDATE floor_days SET taken = 9 WHERE day = (SELECT min(day) FROM floor_days)")
    assert (await reconcile("--fix"))[0] == 0
    for who, own in (("operator_pkgwd", "PKGWD-FZS-W1"), ("operator_pkkhi", "PKKHI-KTA-W1")):
        items = (await crowd.get("/v1/events", role=who, limit=500)).json()["items"]
        (said,) = [each["data"]["current"] for each in items if each["type"] == "ledger.reconciled"]
        assert ([each["place"] for each in said["mended"]], said["mended_count"]) == ([own], 1)


async def test_what_is_claimed_beyond_the_floor_is_left_and_said(stored, crowd, reconcile):
    del stored
    await crowd.sql(
        f"UPDATE storage_claims SET quantity = 13000 WHERE place_id = {FLOOR} AND lower(days) = (SELECT min(lower(days)) FROM storage_claims)"
    )
    code, said = await reconcile("--fix")
    assert code == 1
    assert "11 can't be mended: more is claimed than there is to take." in said
    assert "claimed 13000 of 12000" in said


async def test_bookings_made_while_counters_are_mended_are_counted(stored, crowd, reconcile):
    del stored
    await crowd.sql(f"UPDATE floor_days SET taken = taken + 3 WHERE place_id = {FLOOR}")
    (code, _), *made = await asyncio.gather(
        reconcile("--fix"),
        *(crowd.post("/v1/bookings", booking(storage(12, quantity=10), hold=False)) for _ in range(30)),
    )
    assert {answer.status_code for answer in made} == {201}
    assert code == 0
    assert await crowd.broken() == {}
