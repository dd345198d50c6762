"""The client of Slotway against the service as a process of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.client.proxy import Proxy
from tests.client.shells import Shells, shells_of
from tests.serving import served

BOTH = ("sync", "async")


@pytest.fixture
def address(url: str) -> Iterator[str]:
    with served(url) as running:
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
