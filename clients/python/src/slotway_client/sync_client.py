"""The client for programs that wait."""

import time
from collections.abc import Iterator
from typing import Any, Self, Unpack

import httpx

from slotway_client.calls import Call, How, Json, Some
from slotway_client.identity import AGENT, identity
from slotway_client.operations import Operations
from slotway_client.retries import Attempts, Outcome, Retries, answers
from slotway_client.stream import SILENCE_S, Following


class Slotway(Operations[Json, Iterator[Json]]):
    """Slotway at an address, asked with a key. Close it, or use it in `with`. Threads may share it.

    key: an API key, or how else to identify oneself, such as ClientCredentials.
    http: what `httpx.Client` takes besides, such as `timeout`, `proxy` or `verify`.
    """

    def __init__(self, url: str, key: str | httpx.Auth, *, retries: Retries | None = None, **http: Any) -> None:
        self._http = httpx.Client(base_url=url, auth=identity(key), headers=AGENT, **{"timeout": 30.0, **http})
        self._retries = retries or Retries()

    def request(
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
        return self._send(Call.asked(method, path, body, **how).asking(headers, **(query or {})))

    def _ask(self, call: Call) -> Json:
        answer: Json = self._send(call).json()
        return answer

    def _send(self, call: Call) -> httpx.Response:
        attempts = Attempts(call, self._retries)
        while True:
            try:
                outcome: Outcome = self._http.request(call.method, **call.sent())
            except httpx.TransportError as error:
                outcome = error
            if answers(outcome):
                return outcome
            time.sleep(attempts.wait_after(outcome))

    def _pages(self, call: Call, going_on: str = "cursor") -> Iterator[Json]:
        following = True
        while following:
            page = self._ask(call)
            yield from page["items"]
            following = page["next"] is not None
            call = call.asking(**{going_on: page["next"]})

    def events(self, after: str | None = None) -> Iterator[Json]:
        """Follow the stream; see Operations.events."""
        following = Following(after, self._retries)
        while True:
            ended: Outcome | None = None
            try:
                with self._http.stream("GET", timeout=SILENCE_S, **following.call().sent()) as answer:
                    if answers(answer):
                        following.opened()
                        for piece in answer.iter_bytes():
                            yield from following.take(piece)
                    else:
                        answer.read()
                        ended = answer
            except httpx.TransportError as error:
                ended = error
            time.sleep(following.wait_after(ended))

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
