"""Run migrations on one connection: one migrator at a time, and no long wait for a lock in front of live traffic."""

import asyncio
import os

import asyncpg
from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from service.schema import metadata

MIGRATORS = 7_305_110  # any constant that nothing else in this database uses


def migrate(connection: Connection) -> None:
    # Two deployments at once: the second waits here, then finds nothing left to do.
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATORS})
    # A migration that waits for a lock makes everybody queue behind it: better that it gives up and is run again.
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.commit()
    context.configure(
        connection=connection, target_metadata=metadata, transaction_per_migration=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


async def connect_and_migrate(url: str) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("migrations run on a live database; there is no offline mode")
asyncio.run(connect_and_migrate(context.config.attributes.get("url") or os.environ["DATABASE_URL"]))
