"""A receiver, endpoints that lead to it, and a courier that runs."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest

from service.accounts.demo import NAMES
from service.database import Db, Tx
from service.events.operations import number
from service.events.queries import Happening, insert
from service.webhooks.operations import sending
from service.webhooks.operations.courier import Courier
from service.webhooks.operations.sending import Ways
from service.webhooks.queries import endpoints
from service.webhooks.rules import Endpoint, new_secret
from tests.webhooks.receiver import Receiver, receiving

SOURCE = "http://slotway.test"


class Hub:
    """The service without HTTP: endpoints are made, things happen, and couriers hand them out."""

    def __init__(self, db: Db) -> None:
        self.db = db
        self.secret = new_secret()
        self._nth = count()

    async def sql(self, text: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.db.write(lambda tx: tx.fetch(text, *values))]

    async def organisation(self, who: str) -> str:
        found = await self.sql("SELECT id FROM organisations WHERE name = $1", NAMES[who][0])
        assert found
        return str(found[0]["id"])

    async def endpoint(self, url: str, *event_types: str, who: str = "forwarder") -> Endpoint:
        await number(self.db)
        facts: Any = {"description": None, "enabled": True, "secret": self.secret}
        return await self.db.write(
            endpoints.add_endpoint,
            await self.organisation(who),
            url=url,
            event_types=list(event_types or ("*",)),
            **facts,
        )

    async def happens(self, *types: str, who: str = "forwarder", facilities: tuple[str, ...] = ()) -> None:
        """Let things happen to somebody's booking, all at once; each event says the how many-th it is."""
        owner = await self.organisation(who)

        async def all_at_once(tx: Tx) -> None:
            for each in types:
                current = {"nth": next(self._nth)}
                await insert(tx, Happening(each, "bkg_1", "test", current, owner_id=owner, facilities=facilities))

        await self.db.write(all_at_once)

    async def happens_often(self, times: int, who: str = "forwarder") -> None:
        await self.happens(*["booking.held"] * times, who=who)

    async def deliveries(self, endpoint: Endpoint) -> list[dict[str, Any]]:
        return await self.sql("SELECT * FROM webhook_deliveries WHERE endpoint = $1 ORDER BY number", endpoint.id)

    async def attempts(self, endpoint: Endpoint) -> list[dict[str, Any]]:
        return await self.sql(
            """SELECT a.* FROM webhook_attempts a JOIN webhook_deliveries d ON d.number = a.delivery
               WHERE d.endpoint = $1 ORDER BY a.number""",
            endpoint.id,
        )

    async def row(self, endpoint: Endpoint) -> dict[str, Any]:
        return (await self.sql("SELECT * FROM webhook_endpoints WHERE id = $1", endpoint.id))[0]

    async def settled(self, endpoint: Endpoint, attempts: int) -> list[dict[str, Any]]:
        """Wait until so many attempts are stored and the turn has ended; gives the attempts."""
        async with asyncio.timeout(20):
            while True:
                at_rest = await self.sql(
                    "SELECT FROM webhook_endpoints WHERE id = $1 AND leased_until <= clock_timestamp()", endpoint.id
                )
                found = await self.attempts(endpoint)
                if at_rest and len(found) >= attempts:
                    return found
                await asyncio.sleep(0.02)

    async def time_passes(self, endpoint: Endpoint) -> None:
        """Let what waits for an endpoint be due now, as if its wait were over."""
        await self.sql("UPDATE webhook_deliveries SET next_at = clock_timestamp() WHERE state = 'waiting'")
        await self.sql(
            "UPDATE webhook_endpoints SET next_at = clock_timestamp() WHERE id = $1 AND next_at IS NOT NULL",
            endpoint.id,
        )

    @asynccontextmanager
    async def courier(
        self, *, insecure: bool = True, tls: ssl.SSLContext | None = None, receiver: Receiver | None = None
    ):
        """Let a courier work; what it has under way is finished before the end."""
        stop = asyncio.Event()
        ways = Ways(tls or ssl.create_default_context(), insecure=insecure)
        working = asyncio.create_task(Courier(self.db, ways, source=SOURCE).run(stop))
        try:
            yield
        finally:
            stop.set()
            if receiver is not None:
                receiver.freed.set()
            await working


@pytest.fixture
def hub(db: Db) -> Hub:
    return Hub(db)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try may take half a second."""
    monkeypatch.setattr(sending, "TRY_S", 0.5)
