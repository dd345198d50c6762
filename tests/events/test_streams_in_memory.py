"""The streams of a process without HTTP: what waits is bounded, what is asked is little, who sees is said once in two ways."""

import asyncio
from collections import Counter
from itertools import product

import pytest

from service.database import Db
from service.events import queries
from service.events.operations import streams
from service.events.operations.streams import MOST_WAITING, PAGE, Stream
from service.events.queries import Addressed
from tests.contract.test_statements import principals

INSERT = """INSERT INTO events (position, type, subject, by, owner_id, facilities, for_customs, current)
            VALUES ((SELECT coalesce(max(position), 0) + 1 FROM events), 'staged', 's', 'test', $1, $2, $3, '{}')"""


def waiting_for(stream: Stream, positions: range) -> None:
    facts = {
        "id": 1,
        "type": "t",
        "subject": "s",
        "occurred_at": None,
        "previous": None,
        "current": None,
        "cause": None,
    }
    found = [
        Addressed(streams.Numbered(position=each, **facts), stream.by.organisation_id, frozenset(), for_customs=False)
        for each in positions
    ]
    stream.tell(found, positions[-1])


def test_what_waits_for_a_client_is_bounded_and_none_of_it_is_lost(a_forwarder):
    stream = Stream(a_forwarder, "key", 7)
    stream.live = True
    waiting_for(stream, range(8, 8 + MOST_WAITING))
    assert [each.position for each in stream.take()] == list(range(8, 8 + PAGE))
    waiting_for(stream, range(8 + MOST_WAITING, 8 + 2 * MOST_WAITING))
    assert (stream.take(), stream.live, stream.at) == ([], False, 7 + PAGE)  # it reads on from the log, from there


@pytest.fixture
def a_forwarder():
    return next(each for each in principals() if each.role == "forwarder")


@pytest.fixture
async def opened(app, keys):
    """Open a stream of the forwarder in the process of the test."""
    by = await app.state.keyring.holder(keys["forwarder"])

    async def open_from(after: int | None = None) -> Stream:
        found: Stream = await app.state.streams.open(by, keys["forwarder"], after=after)
        return found

    return open_from


async def test_silence_is_broken_by_an_empty_piece(app, opened, monkeypatch):
    monkeypatch.setattr(streams, "SILENCE_S", 0.1)
    stream = await opened(0)
    while await app.state.streams.following(stream):
        pass
    assert (stream.live, stream.ended) == (True, False)


async def test_many_streams_ask_as_little_as_one_and_none_asks_nothing(app, opened, monkeypatch):
    asked: Counter[str] = Counter()
    read = Db.read

    async def counted(self, query, *rest, **more):
        asked[query.__name__] += 1
        return await read(self, query, *rest, **more)

    monkeypatch.setattr(Db, "read", counted)
    of_all = [await opened() for _ in range(300)]
    waiting = [asyncio.create_task(app.state.streams.following(each)) for each in of_all]
    await asyncio.sleep(1)
    asked.clear()
    await asyncio.sleep(2)
    assert 4 <= asked.pop("any_after") <= 9
    assert 1 <= asked.pop("holders") <= 3
    assert not asked
    for each, task in zip(of_all, waiting, strict=True):
        app.state.streams.close(each)
        task.cancel()
    await asyncio.sleep(0.5)
    asked.clear()
    await asyncio.sleep(1)
    assert not asked


async def test_who_sees_an_event_in_memory_is_who_sees_it_in_the_log(db):
    owners, some = ("org_1", "org_2", None), ([], ["PKGWD-GMT"], ["PKKHI-KTA"], ["PKKHI-KTA", "PKGWD-GMT"])
    for values in product(owners, some, (False, True)):
        await db.write(lambda tx, values=values: tx.execute(INSERT, *values))
    every = await db.read(queries.addressed, after=0, limit=500)
    assert len(every) >= 24
    seen = set()
    for by in principals():
        in_log = [each.position for each in await db.read(queries.visible, by, after=0, limit=500)]
        assert [each.event.position for each in every if queries.sees(by, each)] == in_log
        seen.add(tuple(in_log))
    assert len(seen) == 4  # each kind of principal sees its own part


async def test_what_is_written_while_a_stream_reads_the_last_page_of_the_log_is_not_missed(app, opened, monkeypatch):
    """The watcher comes past between the reading of the page and the going live: the stream reads once more."""
    read_page, pages = queries.visible, 0
    stream = await opened(0)

    async def overtaken(read, by, *, after, limit):
        nonlocal pages
        found = await read_page(read, by, after=after, limit=limit)
        pages += 1
        if pages == 1:
            values = (by.organisation_id, [], False)
            await app.state.db.write(lambda tx: tx.execute(INSERT, *values))
            await app.state.streams._look()
        return found

    monkeypatch.setattr(queries, "visible", overtaken)
    told = []
    async with asyncio.timeout(5):
        while not told or told[-1].type != "staged":
            told += await app.state.streams.following(stream)
    assert stream.live
    assert len({each.position for each in told}) == len(told)
