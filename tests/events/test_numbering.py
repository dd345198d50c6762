"""Who numbers events: one at a time, in few rounds, and nobody waits for it longer than he would for an answer."""

import asyncio
from contextlib import asynccontextmanager

import asyncpg

from service.events import queries
from tests.asking import berth, booking

INSERT = "INSERT INTO events (type, subject, by, facilities, for_customs, current) VALUES ('staged', $1, 'test', '{}', false, '{}')"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@asynccontextmanager
async def apart(crowd):
    """A connection of the test's own, in a transaction that commits at the end."""
    connection = await asyncpg.connect(crowd.url)
    async with connection.transaction():
        yield connection
    await connection.close()


async def until_waiting(crowd, reading: "asyncio.Task[object]") -> None:
    """Return once somebody waits for a lock; or has his answer without, which is what must not be."""
    for _ in range(150):
        if reading.done() or (await crowd.sql(WAITING))[0]["count"]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the reader neither waits nor has an answer")


async def positions(crowd) -> dict[str, int]:
    rows = await crowd.sql("SELECT subject, position FROM events WHERE type = 'staged' AND position IS NOT NULL")
    return {row["subject"]: row["position"] for row in rows}


async def read_feed(crowd, **more: object):
    return await crowd.get("/v1/events", role="admin", limit=500, **more)


async def test_an_event_that_commits_while_others_are_being_numbered_comes_after_them(crowd):
    """A numbers 2 and 3; while A has not committed, 1 commits and B wants to number. B waits, and sees what A did."""
    before = len((await read_feed(crowd)).json()["items"])
    async with apart(crowd) as numbering:
        async with apart(crowd) as slow:
            await slow.execute(INSERT, "1")
            await crowd.sql(INSERT, "2")
            await crowd.sql(INSERT, "3")
            await queries.lock_numbering(numbering)
            assert await queries.number(numbering) == 2
        reading = asyncio.create_task(read_feed(crowd))
        await until_waiting(crowd, reading)
    answer = await reading
    assert answer.status_code == 200, answer.text
    assert await positions(crowd) == {"2": before + 1, "3": before + 2, "1": before + 3}
    assert [item["subject"] for item in answer.json()["items"]][-3:] == ["2", "3", "1"]


async def test_a_reader_beside_writers_who_never_pause_has_its_answer_after_few_rounds(crowd, monkeypatch):
    rounds = 0
    execute = asyncpg.Connection._execute

    async def counted(self, query, *rest, **more):
        nonlocal rounds
        rounds += "SET position" in query
        return await execute(self, query, *rest, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)
    done = asyncio.Event()

    async def write() -> None:
        connection = await asyncpg.connect(crowd.url)
        while not done.is_set():
            await connection.execute(INSERT, "busy")
        await connection.close()

    writers = [asyncio.create_task(write()) for _ in range(6)]
    try:
        for _ in range(5):
            await asyncio.sleep(0.05)
            rounds = 0
            assert (await read_feed(crowd)).status_code == 200
            assert rounds in (1, 2)  # a second one where those who write have left more than a batch behind
    finally:
        done.set()
        await asyncio.gather(*writers)


async def test_a_reader_who_waits_too_long_for_the_numbering_is_asked_to_come_again(crowd):
    async with apart(crowd) as numbering:
        await queries.lock_numbering(numbering)
        await crowd.post("/v1/bookings", booking(berth()))
        refused = await read_feed(crowd)
        assert (refused.status_code, refused.headers.get("retry-after", "").isdigit()) == (503, True)
    again = await read_feed(crowd)
    assert [item["type"] for item in again.json()["items"]][-1] == "booking.held"


async def test_a_feed_with_nothing_new_in_it_does_not_wait_for_who_numbers(crowd):
    known = (await read_feed(crowd)).json()
    async with apart(crowd) as numbering:
        await queries.lock_numbering(numbering)
        assert (await read_feed(crowd)).json() == known
