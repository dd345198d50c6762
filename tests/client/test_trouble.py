"""What the client does when answers are lost, the service asks to wait, or is away."""

import asyncio
import logging
import time

import asyncpg
import pytest

from slotway_client import Refused, Retries, Unanswered
from tests.asking import booking, storage


def goods(**more):
    return booking(storage(10, quantity=10), vessel=None, **more)


def retried(caplog):
    """What the client says of each time that it sent something again."""
    return [each.message.partition(";")[0] for each in caplog.records if each.name == "slotway_client"]


async def test_a_booking_whose_answer_is_lost_is_made_once(shells, proxy):
    client = await shells(at=proxy.address)
    proxy.lose_answers = 3
    body = goods()
    made = await client.book(body)
    assert proxy.lose_answers == 0
    assert await client.items("bookings") == [made]
    proxy.lose_answers = 1
    assert (await client.confirm(made["id"]))["state"] == "confirmed"
    assert [each["type"] for each in await client.items("history", made["id"])] == ["booking.held", "booking.confirmed"]


async def test_what_is_not_answered_in_the_end_can_be_repeated_under_its_key(shells, proxy):
    client = await shells(at=proxy.address, retries=Retries(most=2, first_wait_s=0.05))
    proxy.lose_answers = 3
    body = goods()
    with pytest.raises(Unanswered, match="tries: 3") as lost:
        await client.book(body)
    made = await client.book(body, idempotency_key=lost.value.idempotency_key)
    assert await client.items("bookings") == [made]


async def test_what_has_no_key_is_not_sent_twice_if_it_may_have_been_done(shells, proxy):
    client = await shells(at=proxy.address)
    proxy.lose_answers = 1
    with pytest.raises(Unanswered, match="tries: 1"):
        await client.request("POST", "/v1/keys", {"name": "night"}, idempotency_key=None)
    keys = (await client.request("GET", "/v1/keys")).json()["items"]
    assert [each["name"] for each in keys].count("night") == 1


async def test_a_wait_that_the_service_asks_for_is_obeyed(url, shells, caplog):
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE organisations SET rate_per_s = 1")
    await connection.close()
    client = await shells()
    began = time.monotonic()
    with caplog.at_level(logging.INFO, "slotway_client"):
        for _ in range(3):
            await client.items("bookings")
    assert retried(caplog) == ["GET /v1/bookings: 429"] * 2
    assert time.monotonic() - began >= 2


async def test_a_wait_longer_than_agreed_is_raised_at_once(url, shells):
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE organisations SET rate_per_s = 1")
    await connection.close()
    client = await shells(retries=Retries(longest_wait_s=0.5))
    asking = asyncio.gather(*(client.items("bookings") for _ in range(3)))
    with pytest.raises(Refused) as refused:
        await asking
    assert (refused.value.status, refused.value.code) == (429, "too-many-requests")


async def test_a_place_that_is_busy_is_asked_for_again(url, shells, caplog):
    """The first try finds the place locked and is refused with 409 and Retry-After; the lock ends after it."""
    client = await shells()
    connection = await asyncpg.connect(url)
    blocking = connection.transaction()
    await blocking.start()
    await connection.execute("SELECT 1 FROM places WHERE code = 'PKGWD-FZS-W1' FOR UPDATE")
    await connection.execute("SET idle_in_transaction_session_timeout = '4s'")
    with caplog.at_level(logging.INFO, "slotway_client"):
        made = await client.book(goods())
    assert set(retried(caplog)) == {"POST /v1/bookings: 409"}
    assert await client.items("bookings") == [made]
    connection.terminate()
