"""Clients of a stream over real connections: read line by line as they come, or not read at all."""

import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

from tests.asking import new_key


class Told(NamedTuple):
    """One block of a stream: its id, its event, and a comment; each may be missing."""

    id: str | None
    event: dict[str, Any] | None
    comment: str | None


class Follower:
    """A client of one stream: what it has been told, and whether the stream has ended."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.blocks: list[Told] = []
        self.ended = False
        self._came = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        block: dict[str, str] = {}
        try:
            async for line in self.answer.aiter_lines():
                name, _, value = line.partition(": ")
                if line:
                    assert name not in block, f"{name} twice in one block"
                    block[name] = value
                    continue
                data = json.loads(block["data"]) if "data" in block else None
                self.blocks.append(Told(block.get("id"), data, block.get("")))
                block = {}
                await self._tell()
        except httpx.TransportError:
            pass
        self.ended = True
        await self._tell()

    async def _tell(self) -> None:
        async with self._came:
            self._came.notify_all()

    async def until(self, fits: Any, within_s: float = 10) -> None:
        async with asyncio.timeout(within_s), self._came:
            await self._came.wait_for(lambda: fits(self))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [each.event for each in self.blocks if each.event is not None]

    async def has(self, count: int, within_s: float = 10) -> list[dict[str, Any]]:
        """Wait for so many events, and give all that have come."""
        await self.until(lambda it: len(it.events) >= count, within_s)
        return self.events

    async def has_ended(self, within_s: float = 10) -> None:
        await self.until(lambda it: it.ended, within_s)

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


class Port:
    """The service at an address: what it is asked, as one of the demo organisations."""

    def __init__(self, address: str, keys: dict[str, str], client: httpx.AsyncClient) -> None:
        self.address, self.keys, self.client = address, keys, client

    def as_(self, role: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys.get(role, role)}", **more}

    async def post(self, path: str, body: Any = None, role: str = "forwarder") -> Any:
        sent = self.as_(role) if path == "/v1/keys" else self.as_(role, **{"Idempotency-Key": new_key()})
        answer = await self.client.post(path, json=body, headers=sent)
        assert answer.is_success, answer.text
        return answer.json()

    async def feed(self, role: str = "forwarder", after: str = "0") -> list[dict[str, Any]]:
        items = []
        while after is not None:
            answer = await self.client.get("/v1/events", params={"after": after, "limit": 500}, headers=self.as_(role))
            items += answer.json()["items"]
            after = answer.json()["next"]
        return items

    @asynccontextmanager
    async def follow(self, role: str = "forwarder", last: str | None = None, **params: str):
        """Open a stream, and give its follower once the first block has come."""
        headers = self.as_(role, **({} if last is None else {"Last-Event-ID": last}))
        async with self.client.stream("GET", "/v1/events/stream", params=params, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            follower = Follower(answer)
            try:
                await follower.until(lambda it: it.blocks)
                yield follower
            finally:
                await follower.close()


@asynccontextmanager
async def port_at(address: str, keys: dict[str, str]):
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=30, trust_env=False) as client:
        yield Port(address, keys, client)
