"""A hold that lapses while what was asked of it waits for the places: it has lapsed, and whoever waits behind gets them."""

import asyncio
from datetime import datetime

import asyncpg
import pytest

from tests.asking import berth, booking, storage

WAITING = """SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'slotway' AND wait_event_type = 'Lock'"""
LEGS = (berth(10, from_m=0), storage(12, quantity=12_000))


async def short_lived_hold(crowd):
    """A hold of a place on the quay and of a whole floor, for a second and a half: less than a lock is waited for."""
    for table in ("quays", "warehouses"):
        await crowd.sql(f"UPDATE {table} SET hold_for = '1.5 s'")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    held = await crowd.post("/v1/bookings", booking(*LEGS))
    assert held.status_code == 201, held.text
    return held.json()


async def until_waiting(crowd, expected: int) -> None:
    """Return once so many of the service's connections wait for a lock."""
    for _ in range(100):
        if (await crowd.sql(WAITING))[0]["count"] == expected:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{expected} should be waiting for the places")


async def past_the_lapse(crowd, held, action):
    """Give the answers to an action on a hold and to a rival: both asked before its lapse, their turn came after it."""
    blocker = await asyncpg.connect(crowd.url)
    async with blocker.transaction():
        await blocker.execute("SELECT FROM places FOR NO KEY UPDATE")
        acting = asyncio.create_task(crowd.post(f"/v1/bookings/{held['id']}/{action}"))
        await until_waiting(crowd, 1)
        rival = asyncio.create_task(crowd.post("/v1/bookings", booking(*LEGS), role="rival"))
        await until_waiting(crowd, 2)
        lapse = datetime.fromisoformat(held["expires_at"])
        early = await blocker.fetchval("SELECT extract(epoch FROM $1 - clock_timestamp())", lapse)
        assert early > 0, "both were asked too late to show anything"
        await asyncio.sleep(float(early) + 0.05)
    await blocker.close()
    return await acting, await rival


@pytest.mark.parametrize("action", ["confirm", "extend-hold", "cancel"])
async def test_what_waited_for_the_places_past_the_lapse_of_its_hold_comes_too_late(crowd, action):
    held = await short_lived_hold(crowd)
    acted, rival = await past_the_lapse(crowd, held, action)
    assert (acted.status_code, acted.json().get("code")) == (409, "hold-expired")
    assert acted.json()["expires_at"] == held["expires_at"]
    assert rival.status_code == 201, rival.text
    assert (await crowd.get(f"/v1/bookings/{held['id']}")).json()["state"] == "expired"
    assert await crowd.broken() == {}


async def test_what_waited_and_had_its_turn_before_the_lapse_keeps_the_places(crowd):
    held = (await crowd.post("/v1/bookings", booking(*LEGS))).json()
    blocker = await asyncpg.connect(crowd.url)
    async with blocker.transaction():
        await blocker.execute("SELECT FROM places FOR NO KEY UPDATE")
        confirming = asyncio.create_task(crowd.post(f"/v1/bookings/{held['id']}/confirm"))
        await until_waiting(crowd, 1)
        rival = asyncio.create_task(crowd.post("/v1/bookings", booking(*LEGS), role="rival"))
        await until_waiting(crowd, 2)
    await blocker.close()
    assert [(await each).status_code for each in (confirming, rival)] == [200, 409]
    assert await crowd.broken() == {}
