"""The client of Slotway against the service on a real port."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from service.app import create_app
from service.protocol import Protocol
from tests.client.proxy import Proxy
from tests.client.shells import Shells, shells_of
from tests.conftest import settings_for

BOTH = ("sync", "async")


@contextmanager
def serving(url: str, **settings: object) -> Iterator[str]:
    """Serve the API on a real port, in a thread of its own: a process of its own would take seconds to start."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        app = create_app(settings_for(url, public_url=address, **settings))
        server = uvicorn.Server(
            uvicorn.Config(app, http=Protocol, log_config=None, lifespan="on", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[door])))
        thread.start()
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def address(url: str) -> Iterator[str]:
    with serving(url) as running:
        yield running


@pytest.fixture(params=BOTH)
async def shells(request: pytest.FixtureRequest, address: str, keys: dict[str, str]) -> AsyncIterator[Shells]:
    """Clients at the service: `await shells("customs")`. Each test runs with those that wait and those on asyncio."""
    async with shells_of(request.param, address, keys) as made:
        yield made


@pytest.fixture
def proxy(address: str) -> Iterator[Proxy]:
    with Proxy(address) as running:
        yield running
