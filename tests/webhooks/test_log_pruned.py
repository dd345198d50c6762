"""How long the log of deliveries is kept."""

import pytest

from service.webhooks.jobs import prune_deliveries
from service.webhooks.queries import deliveries
from tests.webhooks.hooking import Keeper, come_to_the_end, end_of_log, sql


@pytest.fixture
def mine(client, keys):
    return Keeper(client, keys["forwarder"])


@pytest.fixture
async def endpoint(mine, db):
    """An endpoint with three deliveries that ended 31, 29 and no days ago, an attempt at each, and one that waits."""
    made = await mine.make("booking.*")
    await mine.book()
    await come_to_the_end(db, made)
    for days_ago in (31, 29, 0):
        await mine.ask("POST", f"/{made['id']}/replay", {"after": "0"}, status=202)
        await end_of_log(db, made, days_ago=days_ago)
    await mine.ask("POST", f"/{made['id']}/replay", {"after": "0"}, status=202)
    await sql(db, "UPDATE webhook_deliveries SET created_at = 'epoch'")
    await sql(
        db, "INSERT INTO webhook_attempts (delivery, at, duration_ms) SELECT number, now(), 1 FROM webhook_deliveries"
    )
    return made


async def test_what_ended_thirty_days_ago_is_forgotten_with_its_attempts_and_what_waits_is_not(mine, db, endpoint):
    assert await prune_deliveries(db) == 1
    assert [each["state"] for each in await mine.log(endpoint)] == ["delivered", "delivered", "waiting"]
    assert await sql(db, "SELECT count(*) FROM webhook_attempts") == [(3,)]
    assert await prune_deliveries(db) == 0


@pytest.mark.usefixtures("endpoint")
async def test_more_than_one_statement_takes_is_forgotten_in_one_run(db, monkeypatch):
    monkeypatch.setattr(deliveries, "PRUNED_AT_ONCE", 1)
    await sql(db, "UPDATE webhook_deliveries SET ended_at = 'epoch' WHERE state = 'delivered'")
    assert await prune_deliveries(db) == 3


async def test_a_deleted_endpoint_is_forgotten_when_its_log_is_and_a_living_one_never(mine, db, endpoint):
    await mine.ask("DELETE", f"/{endpoint['id']}")
    living = await mine.make()
    await sql(db, "UPDATE webhook_endpoints SET deleted_at = 'epoch' WHERE deleted_at IS NOT NULL")
    await prune_deliveries(db)
    assert len(await mine.log(endpoint)) == 3
    await sql(db, "UPDATE webhook_deliveries SET ended_at = 'epoch'")
    assert await prune_deliveries(db) == 4
    await mine.ask("GET", f"/{endpoint['id']}/deliveries", status=404)
    assert (await mine.ask("GET"))["items"] == [await mine.ask("GET", f"/{living['id']}")]
