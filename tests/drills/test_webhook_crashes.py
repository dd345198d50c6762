"""`kill -9` of the worker while it hands out webhooks: nothing is skipped, and what comes twice has the same id and bytes."""

import asyncio

import asyncpg

from tests.drills.installation import Installation, Process, eventually
from tests.webhooks.receiver import receiving

EVENTS, ENDPOINTS = 1_500, 4
MAKE = """INSERT INTO webhook_endpoints (id, organisation_id, url, event_types, enabled, secret, cursor)
          SELECT $1, o.id, $2, '{booking.*}', true, 'secret', (SELECT coalesce(max(position), 0) FROM events)
          FROM organisations o WHERE o.name = 'Demo Forwarder'"""
HAPPEN = """INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, current)
            SELECT 'booking.held', 'bkg_drill', o.id, o.id, '{}', false, json_build_object('nth', n)
            FROM organisations o, generate_series($1::int, $2::int) n WHERE o.name = 'Demo Forwarder' ORDER BY n"""
WAITS = "SELECT count(*) FROM webhook_endpoints WHERE enabled AND (next_at IS NOT NULL OR cursor < (SELECT max(position) FROM events))"


async def sql(url: str, text: str, *values: object):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(text, *values)
    finally:
        await connection.close()


def worker(installation: Installation) -> Process:
    installation.workers.append(
        Process(installation.home, installation.url, "worker", SLOTWAY_WEBHOOKS_INSECURE="true")
    )
    return installation.workers[-1]


async def test_a_worker_that_is_killed_under_load_skips_nothing_and_keeps_the_order(installation):
    await installation.two_apis()
    async with receiving() as receiver:
        await sql(installation.url, "UPDATE events SET position = id WHERE position IS NULL")
        paths = [f"/{nth}" for nth in range(ENDPOINTS)]
        for nth, path in enumerate(paths):
            await sql(installation.url, MAKE, f"whe_drill{nth}", receiver.url + path)
        first = worker(installation)
        for start in range(0, EVENTS, 100):  # as it sends, more happens
            await sql(installation.url, HAPPEN, start, start + 99)
            if start == 700:
                await receiver.has(50, within_s=30, path=paths[0])
                first.kill()
                killed_at = len(receiver.got)
                others = [worker(installation), worker(installation)]
        assert 0 < killed_at < EVENTS * ENDPOINTS

        async def all_sent() -> bool:
            return (await sql(installation.url, WAITS))[0][0] == 0

        await eventually(all_sent, 60)
        for path in paths:
            got = receiver.at(path)
            ids = [each.headers["webhook-id"] for each in got]
            first_seen = list(dict.fromkeys(ids))
            by_id = {each.headers["webhook-id"]: each for each in got}
            assert [by_id[each].nth for each in first_seen] == list(range(EVENTS))
            assert all(each.body == by_id[each.headers["webhook-id"]].body for each in got)
            assert len(ids) - EVENTS <= 100  # what was in hand at the crash, a turn at most
        attempts = await sql(installation.url, "SELECT count(*) FROM webhook_attempts WHERE error IS NOT NULL")
        assert attempts[0][0] == 0
        for other in others:
            assert await asyncio.to_thread(other.end, 10) < 5
            assert other.popen.returncode == 0
        await sql(installation.url, "UPDATE webhook_endpoints SET enabled = false, disabled_because = 'owner'")


async def test_a_worker_that_is_told_to_end_finishes_what_it_has_begun_and_nothing_comes_twice(installation):
    await installation.two_apis()
    async with receiving() as receiver:
        await sql(installation.url, "UPDATE events SET position = id WHERE position IS NULL")
        await sql(installation.url, MAKE, "whe_ended", receiver.url + "/ended")
        await sql(installation.url, HAPPEN, 0, 799)
        ended = worker(installation)
        await receiver.has(50, "/ended", within_s=30)
        assert await asyncio.to_thread(ended.end, 20) < 5
        assert ended.popen.returncode == 0
        assert 50 <= len(receiver.got) < 800
        other = worker(installation)
        await receiver.has(800, "/ended", within_s=30)
        assert [each.nth for each in receiver.at("/ended")] == list(range(800))
        await asyncio.to_thread(other.end, 20)
