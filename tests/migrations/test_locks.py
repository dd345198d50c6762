"""A migration in front of live traffic: it does not wait long for a lock, and leaves nothing half done."""

import asyncio

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from tests.migrations.test_migrations import COLUMNS, HEAD, described, migrate


async def test_a_migration_that_meets_a_lock_gives_up_soon_and_has_changed_nothing(url):
    before = await described(url, COLUMNS)
    reader = await asyncpg.connect(url)
    async with reader.transaction():
        await reader.execute("LOCK TABLE clocks_told IN ACCESS SHARE MODE")
        migrating = asyncio.create_task(migrate(url, "base"))
        given_up, _ = await asyncio.wait({migrating}, timeout=8)  # after four seconds; the rest is for a busy machine
    await reader.close()
    assert migrating in given_up
    with pytest.raises(DBAPIError, match="lock timeout"):
        await migrating
    assert await described(url, COLUMNS) == before
    assert await described(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    await migrate(url, "base")
    assert await described(url, COLUMNS) == []
