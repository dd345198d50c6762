"""A client that sends what none of ours would, and holds every refusal to be a problem that gives nothing away."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from service.app import create_app
from service.schema import metadata
from tests.asking import new_key
from tests.conftest import settings_for
from tests.leaving import Leaving


@asynccontextmanager
async def attacking(url, as_) -> AsyncIterator["Attacker"]:
    """Give an attacker of the real service; at the end nothing has been written."""
    before = await trace(url)
    made = create_app(settings_for(url))
    transport = httpx.ASGITransport(Leaving(made), raise_app_exceptions=False)
    async with (
        made.router.lifespan_context(made),
        httpx.AsyncClient(transport=transport, base_url="http://slotway.test") as client,
    ):
        yield Attacker(client, as_)
    assert await trace(url) == before


async def trace(url: str) -> dict[str, Any]:
    """Give what could change by a write: the rows of each table, and the sum of all places' versions."""
    connection = await asyncpg.connect(url)
    try:
        counted = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in metadata.tables}
        return counted | {"versions": await connection.fetchval("SELECT sum(version + rules_version) FROM places")}
    finally:
        await connection.close()


class Attacker:
    """Sends what no client of ours would, and gives (status, code, pointers) of the problem that comes back."""

    def __init__(self, client, as_) -> None:
        self.client = client
        self.as_ = as_

    async def book(self, body: Any, **headers: Any) -> tuple[int, str, tuple[str, ...]]:
        """Post a booking: a document, or the bytes of one."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = self.as_("forwarder", **{"Idempotency-Key": new_key(), "Content-Type": "application/json"} | headers)
        return said(await self.client.post("/v1/bookings", content=content, headers=sent))

    async def get(self, path: str, who: str = "forwarder", **headers: Any) -> tuple[int, str, tuple[str, ...]]:
        return said(await self.client.get(path, headers=self.as_(who, **headers)))

    async def post(self, path: str, body: Any = None, who: str = "forwarder", **headers: Any):
        return said(await self.client.post(path, json=body, headers=self.as_(who, **headers)))


def said(answer) -> tuple[int, str, tuple[str, ...]]:
    """Hold an answer to be a problem of the 4xx kind in the one shape, and give what it says."""
    shown = f"{answer.status_code} {answer.headers.get('content-type')} {answer.text[:300]}"
    assert 400 <= answer.status_code < 500, shown
    assert answer.headers["content-type"] == "application/problem+json", shown
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= problem.keys(), shown
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    for inside in ("Traceback", "asyncpg", "psycopg", "SELECT ", "site-packages", 'File "'):
        assert inside not in answer.text, shown
    return answer.status_code, problem["code"], tuple(fault["pointer"] for fault in problem.get("errors", ()))
