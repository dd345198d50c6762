"""`kill -9` of everything under load: what was acknowledged is there, whole, and each key has had one effect."""

import asyncio
import random
import signal
from typing import Any, NamedTuple

import httpx

from tests.asking import SMALL_SHIP, berth, booking, new_key, storage
from tests.drills.installation import Installation, eventually

CLIENTS = 8


class Order(NamedTuple):
    """A booking that was asked for, and the answer that came, if one did."""

    key: str
    body: dict[str, Any]
    answer: httpx.Response | None


def any_booking(chance: random.Random) -> dict[str, Any]:
    """Give a berth and a floor somewhere in the next 500 days; some want the same."""
    day = chance.randrange(10, 500)
    legs = [
        berth(day, hours=chance.randrange(4, 40)),
        storage(day, quantity=chance.randrange(1, 900), length=chance.randrange(2, 40)),
    ]
    return booking(*legs, vessel=SMALL_SHIP, hold=chance.random() < 0.5)


async def keep_booking(installation: Installation, apis, until: asyncio.Event, orders: list[Order], seed: int) -> None:
    """Book again and again, from one process or the other, whatever becomes of them."""
    chance = random.Random(seed)
    while not until.is_set():
        key, body = new_key(), any_booking(chance)
        answer = None
        try:
            headers = installation.as_("forwarder", **{"Idempotency-Key": key})
            answer = await chance.choice(apis).client.post("/v1/bookings", json=body, headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(0.02)
        orders.append(Order(key, body, answer))


def acknowledged(orders: list[Order]) -> list[Order]:
    return [order for order in orders if order.answer is not None and order.answer.status_code == 201]


async def test_after_kill_9_of_all_under_load_every_acknowledged_booking_is_there_whole(installation):
    apis = await installation.two_apis()
    worker = installation.worker()
    orders: list[Order] = []
    enough = asyncio.Event()
    clients = [asyncio.create_task(keep_booking(installation, apis, enough, orders, seed)) for seed in range(CLIENTS)]

    async def some(number: int) -> None:
        async def look() -> bool:
            return len(acknowledged(orders)) >= number

        await eventually(look, 20)

    await some(40)
    apis[0].kill()
    worker.kill()
    await some(len(acknowledged(orders)) + 40)
    installation.server.kill()
    await asyncio.sleep(0.3)
    apis[1].kill()
    enough.set()
    await asyncio.gather(*clients)
    installation.recover()
    apis = await installation.two_apis()
    await hold_to_account(installation, apis, orders)


async def hold_to_account(installation: Installation, apis, orders: list[Order]) -> None:
    """Repeat every request: one that was answered has its first answer; one that was not takes effect now, or had."""
    crowd = installation.crowd(apis)
    assert await crowd.broken() == {}
    kept = acknowledged(orders)
    standing = {row["id"]: row["current"] for row in await crowd.sql(
        """SELECT b.id, e.current::text FROM bookings b JOIN events e ON e.subject = b.id AND e.previous IS NULL"""
    )}  # fmt: skip
    assert {order.answer.json()["id"]: order.answer.text for order in kept if order.answer}.items() <= standing.items()
    lost = [order for order in orders if order.answer is None or order.answer.status_code >= 500]
    assert {order.answer.status_code for order in orders if order.answer is not None} <= {201, 409, 503}
    assert kept
    assert lost
    crowded = asyncio.Semaphore(CLIENTS)

    async def repeated(order: Order) -> httpx.Response:
        async with crowded:
            return await crowd.post("/v1/bookings", order.body, key=order.key)

    for order, again in zip(kept, await asyncio.gather(*map(repeated, kept)), strict=True):
        assert order.answer is not None
        assert (again.status_code, again.text, again.headers["idempotency-replayed"]) == (
            201,
            order.answer.text,
            "true",
        )
    assert {again.status_code for again in await asyncio.gather(*map(repeated, lost))} <= {201, 409}
    keys = await crowd.sql("SELECT key, count(*) FROM idempotency_keys WHERE event_id IS NULL GROUP BY 1")
    assert keys == []
    assert await crowd.broken() == {}


async def test_the_worker_is_killed_and_two_others_go_on_and_each_hold_expires_once(installation):
    apis = await installation.two_apis()
    crowd = installation.crowd(apis)
    for table in ("quays", "warehouses"):
        await crowd.sql(f"UPDATE {table} SET hold_for = '1 s'")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    crashed = installation.worker()
    made = [
        await crowd.post("/v1/bookings", booking(storage(400 + number, quantity=1), vessel=None))
        for number in range(30)
    ]
    held = {answer.json()["id"] for answer in made if answer.status_code == 201}
    assert len(held) == 30
    crashed.popen.send_signal(signal.SIGKILL)
    others = [installation.worker(), installation.worker()]

    async def expired() -> list[str]:
        rows = await crowd.sql(
            "SELECT subject FROM events WHERE type = 'booking.expired' AND subject = ANY ($1)", list(held)
        )
        return [row["subject"] for row in rows] if len(rows) >= len(held) else []

    assert sorted(await eventually(expired, 15)) == sorted(held)
    for worker in others:
        await worker.says("worker started", 10)
        assert worker.lives
        assert worker.end(within_s=5) < 3
        assert worker.popen.returncode == 0
    assert await crowd.broken() == {}
    assert (await apis[0].reads(200, 5))["worker"].keys() >= {"expire-holds", "number-events"}
    for table in ("quays", "warehouses"):
        await crowd.sql(f"UPDATE {table} SET hold_for = '15 min'")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
