"""A real PostgreSQL for every test that asks: one server per process, one template, a clone of it per test."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from itertools import count
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from service import embedded
from service.__main__ import migrate
from service.accounts.demo import make_anew
from service.app import create_app, open_database
from service.database import Db
from service.ports.operations import seed
from service.settings import Settings
from service.tokens import keyfile
from tests.crowd import Crowd
from tests.leaving import UNTOLD, Leaving
from tests.telling import strange_events

TEMPLATE = "template_slotway"
_numbers = count()


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    with embedded.ephemeral(within=_in_memory()) as running:
        yield running


def _in_memory() -> str | None:
    """Give the file system in memory, if it has room: each test copies a database of 10 MB, which a disk takes long for."""
    memory = "/dev/shm"
    with suppress(OSError):
        return memory if shutil.disk_usage(memory).free > 4 << 30 and os.access(memory, os.W_OK | os.X_OK) else None
    return None


@pytest.fixture(scope="session")
def template(server: embedded.Server) -> dict[str, str]:
    """Migrate and seed a database once; gives the keys of its demo organisations."""
    server.psql(f"CREATE DATABASE {TEMPLATE}")
    # Alembic runs an event loop of its own, which must not be that of the tests.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(migrate, server.dsn_of(TEMPLATE)).result()
        return aside.submit(asyncio.run, seeded(server.dsn_of(TEMPLATE))).result()


async def seeded(url: str) -> dict[str, str]:
    db = await open_database(settings_for(url))
    await db.write(seed)
    keys = await db.write(make_anew)
    await db.close()
    return keys


def settings_for(url: str, **chosen: object) -> Settings:
    return Settings.model_validate({"DATABASE_URL": url, **chosen})


@pytest.fixture
async def url(server: embedded.Server, template: dict[str, str]) -> AsyncIterator[str]:  # noqa: ARG001  cloned by name
    """A migrated and seeded database of one's own."""
    name = f"test_{next(_numbers)}"
    control = await asyncpg.connect(server.dsn)
    await control.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield server.dsn_of(name)
    strange = await strange_events(server.dsn_of(name))
    await control.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await control.close()
    assert strange == []
    assert not UNTOLD


@pytest.fixture
async def db(url: str) -> AsyncIterator[Db]:
    opened = await open_database(settings_for(url))
    yield opened
    await opened.close()


@pytest.fixture
def keys(template: dict[str, str]) -> dict[str, str]:
    """A key for each of forwarder, rival, operator_pkkhi, operator_pkgwd, customs, admin."""
    return dict(template)


@pytest.fixture
def signing_keys(tmp_path: Path) -> Path:
    """A file with one key to sign tokens with."""
    file = tmp_path / "signing-keys.json"
    keyfile.make(file)
    return file


@pytest.fixture
async def app(url: str, signing_keys: Path) -> AsyncIterator[FastAPI]:
    made = create_app(settings_for(url, signing_keys=signing_keys))
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Leaving(app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://slotway.test") as opened:
        yield opened


@pytest.fixture
async def crowd(url: str, keys: dict[str, str], signing_keys: Path) -> AsyncIterator[Crowd]:
    """Many clients over two instances of the service on one database."""
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            made = create_app(settings_for(url, pool_size=16, signing_keys=signing_keys))
            await stack.enter_async_context(made.router.lifespan_context(made))
            transport = httpx.ASGITransport(app=Leaving(made), raise_app_exceptions=False)
            clients.append(httpx.AsyncClient(transport=transport, base_url="http://slotway.test", timeout=30))
            await stack.enter_async_context(clients[-1])
        yield Crowd(clients, url, keys)


@pytest.fixture
def as_(keys: dict[str, str]) -> "Headers":
    return Headers(keys)


class Headers:
    """`as_("forwarder")` gives the headers of a request by the demo forwarder."""

    def __init__(self, keys: dict[str, str]) -> None:
        self._keys = keys

    def __call__(self, who: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._keys[who]}", **more}
