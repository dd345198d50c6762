"""The migrated database is the one that the code describes, and every way there and back is open."""

import asyncio
import os
import re
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

from service import health
from service.schema import functions, metadata

CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version'
    ORDER BY 1, 2
"""
INDEXES = """
    SELECT tablename, indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1, 2
"""
COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity, collation_name,
           numeric_precision, numeric_scale
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2
"""
STORAGE = (
    "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
)


*OLDER, HEAD = sorted(path.name[:4] for path in Path("alembic/versions").glob("*.py"))


def alembic(url: str) -> Config:
    config = Config(toml_file="pyproject.toml")
    config.attributes["url"] = url
    return config


async def migrate(url: str, revision: str) -> None:
    run = command.downgrade if revision == "base" else command.upgrade
    await asyncio.to_thread(run, alembic(url), revision)


@pytest.fixture
def empty(server, request):
    """A database without a schema."""
    name = "m_" + re.sub(r"\W", "_", request.node.name)[:50]
    server.psql(f'DROP DATABASE IF EXISTS "{name}"')
    server.psql(f'CREATE DATABASE "{name}"')
    return server.dsn_of(name)


async def described(url: str, query: str) -> list[tuple]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query) if row[0] != "alembic_version"]
    finally:
        await connection.close()


async def create_all(url: str) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    async with engine.begin() as connection:
        await connection.exec_driver_sql("CREATE EXTENSION btree_gist")
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


def test_there_is_one_head_and_the_code_knows_it():
    assert health.revisions() == health.Revisions(HEAD, frozenset({"none", *OLDER}))


@pytest.mark.parametrize(
    "query", [CONSTRAINTS, INDEXES, COLUMNS, STORAGE], ids=["constraints", "indexes", "columns", "storage"]
)
async def test_the_migrated_database_is_what_the_tables_say(server, empty, query):
    server.psql('DROP DATABASE IF EXISTS "as_described"')
    server.psql('CREATE DATABASE "as_described"')
    await migrate(empty, "head")
    await create_all(server.dsn_of("as_described"))
    migrated = await described(empty, query)
    assert migrated
    assert migrated == await described(server.dsn_of("as_described"), query)


async def test_the_ledger_is_guarded_by_its_two_constraints(empty):
    await migrate(empty, "head")
    guards = {name: definition for _, name, definition in await described(empty, CONSTRAINTS)}
    assert guards["berth_slot_taken"] == (
        "EXCLUDE USING gist (during WITH &&, place_id WITH =, metres WITH &&, booking WITH <>)"
    )
    assert guards["storage_full"] == "CHECK (((taken >= 0) AND (taken <= capacity)))"


async def test_up_and_down_and_up_again_leaves_the_same_database(empty):
    await migrate(empty, "head")
    first = await described(empty, CONSTRAINTS)
    await migrate(empty, "base")
    assert await described(empty, COLUMNS) == []
    await migrate(empty, "head")
    assert await described(empty, CONSTRAINTS) == first


async def test_the_functions_in_the_database_are_those_of_the_files(empty):
    await migrate(empty, "head")
    bodies = dict(
        await described(empty, "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    )
    for function in functions():
        name = re.match(r"CREATE OR REPLACE FUNCTION (\w+)", function)
        assert name is not None
        body = function.split("$$")[1]
        assert bodies[name[1]] == body, name[1]


async def test_two_migrators_at_once_both_end_well(empty):
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "service", "migrate", env=os.environ | {"DATABASE_URL": empty}
        )
        for _ in range(2)
    ]
    assert [await each.wait() for each in running] == [0, 0]
    assert await described(empty, "SELECT version_num FROM alembic_version") == [(HEAD,)]
