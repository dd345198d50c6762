"""A client that leaves a stream as soon as it has begun: httpx's ASGITransport would wait for the end of it."""

import asyncio
from typing import Any


class Leaving:
    """An application whose clients leave once they have the first line of a stream; other answers they read whole."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        streaming = asyncio.Event()

        async def begun(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.start":
                kinds = [value for name, value in message["headers"] if name == b"content-type"]
                if any(kind.startswith(b"text/event-stream") for kind in kinds):
                    streaming.set()

        async def leaving() -> Any:
            return {"type": "http.disconnect"} if streaming.is_set() else await receive()

        await self.app(scope, leaving, begun)
