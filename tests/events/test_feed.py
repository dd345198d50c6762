"""The feed: one order without gaps, in which nothing ever appears behind a reader."""

import asyncio
from collections import Counter

import asyncpg

from service.database import Db
from service.events import queries
from tests.asking import berth, booking, storage

INSERT = """INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, current)
            SELECT $1, $2, 'test', organisation_id, '{}', false, '{}' FROM bookings LIMIT 1"""


async def sequences(crowd, role="admin", after="0"):
    items = (await crowd.get("/v1/events", role=role, after=after, limit=500)).json()["items"]
    return [int(item["sequence"]) for item in items], items


async def booking_events(crowd, role):
    return [item["type"] for item in (await sequences(crowd, role))[1] if item["type"].startswith("booking.")]


async def test_what_a_client_has_just_done_is_in_its_feed(crowd):
    made = (await crowd.post("/v1/bookings", booking(berth()))).json()
    _, items = await sequences(crowd, "forwarder")
    assert (items[-1]["type"], items[-1]["subject"]) == ("booking.held", made["id"])
    assert items[-1]["data"] == {"previous": None, "current": made, "cause": None}


async def test_an_event_that_commits_late_comes_after_those_that_readers_have_seen(crowd):
    await crowd.post("/v1/bookings", booking(berth(10)))
    slow = await asyncpg.connect(crowd.url)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(INSERT, "slow", "draws its id first")
    await crowd.post("/v1/bookings", booking(berth(20)))
    before, _ = await sequences(crowd)
    await transaction.commit()
    await slow.close()
    after, items = await sequences(crowd)
    assert after[: len(before)] == before
    assert (items[-1]["subject"], after) == ("draws its id first", list(range(1, len(before) + 2)))


async def test_readers_beside_many_writers_see_no_gap_and_no_late_arrival(crowd):
    seen: list[list[int]] = [[], [], []]
    done = asyncio.Event()

    async def read(into: list[int]) -> None:
        while True:
            finished = done.is_set()
            found, _ = await sequences(crowd, after=str(into[-1] if into else 0))
            into.extend(found)
            if finished and not found:
                return

    async def write(number: int) -> None:
        for turn in range(5):
            held = (await crowd.post("/v1/bookings", booking(storage(quantity=10 + number), vessel=None))).json()
            await crowd.post(f"/v1/bookings/{held['id']}/{'confirm' if turn % 2 else 'cancel'}")

    readers = [asyncio.create_task(read(into)) for into in seen]
    await asyncio.gather(*(write(number) for number in range(16)))
    done.set()
    await asyncio.gather(*readers)
    assert len(seen[0]) >= 160
    assert all(each == list(range(1, len(each) + 1)) for each in seen)
    order = await crowd.sql(
        "SELECT subject, array_agg(type ORDER BY position) AS types FROM events WHERE subject LIKE 'bkg%' GROUP BY 1"
    )
    assert all(row["types"][0] == "booking.held" for row in order)


async def test_each_sees_what_is_its_own(crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(10), contact={"name": "Aigerim"}))).json()
    types = {role: await booking_events(crowd, role) for role in crowd.keys}
    assert types["forwarder"] == types["operator_pkgwd"] == ["booking.held"]
    assert types["rival"] == types["operator_pkkhi"] == types["customs"] == []
    await crowd.post(f"/v1/bookings/{held['id']}/confirm")
    assert await booking_events(crowd, "customs") == ["booking.confirmed"]
    assert "contact" not in (await sequences(crowd, "customs"))[1][-1]["data"]["current"]
    assert await booking_events(crowd, "rival") == []


async def test_the_feed_goes_on_page_by_page(crowd):
    for day in range(10, 24, 2):
        await crowd.post("/v1/bookings", booking(berth(day)))
    found, after = [], "0"
    while after is not None:
        page = (await crowd.get("/v1/events", after=after, limit=3)).json()
        found += [item["sequence"] for item in page["items"]]
        after = page["next"]
    whole = [item["sequence"] for item in (await crowd.get("/v1/events", limit=500)).json()["items"]]
    assert len(found) >= 7
    assert found == whole


async def test_a_place_that_the_feed_has_not_reached_is_refused_with_the_last_that_it_has(crowd):
    await crowd.post("/v1/bookings", booking(berth()))
    whole, _ = await sequences(crowd)
    for after in (whole[-1] + 1, "9999999999999999"):
        ahead = await crowd.get("/v1/events", role="rival", after=after)
        assert (ahead.status_code, ahead.json()["code"]) == (422, "position-ahead")
        assert ahead.json()["last"] == whole[-1]
    at_the_end = await crowd.get("/v1/events", role="rival", after=whole[-1])
    assert (at_the_end.status_code, at_the_end.json()) == (200, {"items": [], "next": None})


async def test_a_place_that_is_reached_by_events_without_a_position_yet_is_not_ahead(crowd):
    whole, _ = await sequences(crowd)
    for number in (1, 2):
        await crowd.sql(
            "INSERT INTO events (type, subject, by, facilities, for_customs, current) VALUES ('staged', $1, 'test', '{}', false, '{}')",
            str(number),
        )
    after, items = await sequences(crowd, after=str(whole[-1] + 1))
    assert (after, [each["subject"] for each in items]) == ([whole[-1] + 2], ["2"])


async def test_whoever_asks_at_the_end_of_the_feed_costs_two_questions_of_it(crowd, monkeypatch):
    whole, _ = await sequences(crowd)
    asked: Counter[str] = Counter()
    read = Db.read

    async def counted(self, query, *rest, **more):
        asked[query.__name__] += query.__module__ == queries.__name__
        return await read(self, query, *rest, **more)

    monkeypatch.setattr(Db, "read", counted)
    assert await sequences(crowd, after=str(whole[-1])) == ([], [])
    assert +asked == {"end": 1, "visible": 1}
