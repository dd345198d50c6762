"""The client for programs on asyncio."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Self, Unpack

import httpx

from slotway_client.calls import Call, How, Json, Some
from slotway_client.identity import AGENT, identity
from slotway_client.operations import Operations
from slotway_client.retries import Attempts, Outcome, Retries, answers
from slotway_client.stream import SILENCE_S, Following


class AsyncSlotway(Operations[Coroutine[Any, Any, Json], AsyncIterator[Json]]):
    """Slotway at an address, asked with a key. Close it, or use it in `async with`.

    key: an API key, or how else to identify oneself, such as ClientCredentials.
    http: what `httpx.AsyncClient` takes besides, such as `timeout`, `proxy` or `verify`.
    """

    def __init__(self, url: str, key: str | httpx.Auth, *, retries: Retries | None = None, **http: Any) -> None:
        self._http = httpx.AsyncClient(base_url=url, auth=identity(key), headers=AGENT, **{"timeout": 30.0, **http})
        self._retries = retries or Retries()

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Some = None,
        headers: Some = None,
        **how: Unpack[How],
    ) -> httpx.Response:
        """Ask for anything else, with the same retries and the same exceptions; gives the whole answer."""
        return await self._send(Call.asked(method, path, body, **how).asking(headers, **(query or {})))

    async def _ask(self, call: Call) -> Json:
        answer: Json = (await self._send(call)).json()
        return answer

    async def _send(self, call: Call) -> httpx.Response:
        attempts = Attempts(call, self._retries)
        while True:
            try:
                outcome: Outcome = await self._http.request(call.method, **call.sent())
            except httpx.TransportError as error:
                outcome = error
            if answers(outcome):
                return outcome
            await asyncio.sleep(attempts.wait_after(outcome))

    async def _pages(self, call: Call, going_on: str = "cursor") -> AsyncIterator[Json]:
        following = True
        while following:
            page = await self._ask(call)
            for item in page["items"]:
                yield item
            following = page["next"] is not None
            call = call.asking(**{going_on: page["next"]})

    async def events(self, after: str | None = None) -> AsyncIterator[Json]:
        """Follow the stream; see Operations.events."""
        following = Following(after, self._retries)
        while True:
            ended: Outcome | None = None
            try:
                async with self._http.stream("GET", timeout=SILENCE_S, **following.call().sent()) as answer:
                    if answers(answer):
                        following.opened()
                        async for piece in answer.aiter_bytes():
                            for event in following.take(piece):
                                yield event
                    else:
                        await answer.aread()
                        ended = answer
            except httpx.TransportError as error:
                ended = error
            await asyncio.sleep(following.wait_after(ended))

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
