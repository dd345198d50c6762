"""A stream on the wire: server-sent events (WHATWG HTML, 9.2) as long as its client takes them."""

import asyncio
import secrets
from collections.abc import Callable, Sequence

from fastapi import Response
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.types import Receive, Scope, Send

from service.errors import Refusal
from service.events.operations import Stream, Streams
from service.events.queries import Numbered
from service.events.schemas import sequence

PATIENCE_S = 10.0  # a client that takes nothing of what is sent to it for so long is cut off
LAST_PATIENCE_S = 1.0  # once the stream has ended: it may be the server that stops
COME_BACK_MS = (1000, 3000)  # spread, so that the clients of a server that restarts do not all come at once


class Following(Response):
    """The answer that goes on: the events of a stream as they come, and comments while there are none.

    It has no buffer of its own: a piece is taken from the stream when the client has taken the one before. FastAPI's
    own `EventSourceResponse` keeps two tasks and two queues for each stream, and waits for a slow client for ever.
    """

    media_type = "text/event-stream"

    def __init__(self, streams: Streams, stream: Stream, shown: Callable[[Numbered], tuple[str, str]]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._streams = streams
        self._stream = stream
        self._shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until the stream ends, from whichever side."""
        cut = scope.get("extensions", {}).get("slotway.cut")
        leaving: asyncio.Task[None] | None = None
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            leaving = asyncio.create_task(_end_when_gone(self._stream, receive))
            await self._follow(send)
            await self._put(send, b"", last=True)
        except TimeoutError:
            if cut is not None:
                cut()  # to close it in peace would wait for the client to take what it does not take
        finally:
            self._streams.close(self._stream)
            if leaving is not None:
                leaving.cancel()

    async def _follow(self, send: Send) -> None:
        await self._put(send, self._opening())
        while not self._stream.ended:
            try:
                events = await self._streams.following(self._stream)
            except Refusal:
                return  # the database is away: the client comes back with its last id
            if not self._stream.ended:
                await self._put(send, self._written(events) if events else KEEPALIVE_COMMENT)

    async def _put(self, send: Send, body: bytes, *, last: bool = False) -> None:
        try:
            async with asyncio.timeout(LAST_PATIENCE_S if last else PATIENCE_S) as self._stream.sending:
                await send({"type": "http.response.body", "body": body, "more_body": not last})
        finally:
            self._stream.sending = None

    def _opening(self) -> bytes:
        """Say when to come back, and, to who has no position yet, from where: no event is lost before the first one."""
        retry = COME_BACK_MS[0] + secrets.randbelow(COME_BACK_MS[1] - COME_BACK_MS[0])
        begins_at = sequence(self._stream.at) if self._stream.from_now else None
        return format_sse_event(id=begins_at, retry=retry)

    def _written(self, events: Sequence[Numbered]) -> bytes:
        written = []
        for event in events:
            position, text = self._shown(event)
            # PostgreSQL puts line ends between the items of a list; one line is easier for simple clients.
            written.append(format_sse_event(data_str=text.replace("\n", " "), id=position))
        return b"".join(written)


async def _end_when_gone(stream: Stream, receive: Receive) -> None:
    """End the stream when the client has left; else it would be noticed with the next event only."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()
