"""A client that leaves a stream as soon as it has begun: httpx's ASGITransport would wait for the end of it."""

import asyncio
import json
from typing import Any

from service.telemetry import template
from tests.promised import document

# Refusals that a client met and the document of the service does not tell of; tests/conftest.py holds it to be empty.
UNTOLD: set[str] = set()


class Leaving:
    """An application whose clients leave once they have the first line of a stream; other answers they read whole."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        streaming = asyncio.Event()
        start, refusal = {"status": 0}, b""

        async def begun(message: Any) -> None:
            nonlocal start, refusal
            await send(message)
            if message["type"] == "http.response.start":
                start = message
                kinds = [value for name, value in message["headers"] if name == b"content-type"]
                if any(kind.startswith(b"text/event-stream") for kind in kinds):
                    streaming.set()
            elif start["status"] >= 400:
                refusal += message.get("body", b"")

        async def leaving() -> Any:
            return {"type": "http.disconnect"} if streaming.is_set() else await receive()

        await self.app(scope, leaving, begun)
        if refusal and scope["type"] == "http":
            self._look_up(scope, start["status"], json.loads(refusal))

    def _look_up(self, scope: Any, status: int, problem: dict[str, Any]) -> None:
        """Note a refusal that the document does not tell of at its operation; what it does not describe may be anything."""
        described = document()["paths"].get(template(scope), {}) if hasattr(self.app, "openapi") else {}
        operation = described.get(scope["method"].lower())
        if operation is not None and not is_told(operation, status, problem["code"]):
            UNTOLD.add(f"{scope['method']} {template(scope)} {status} {problem['code']}")


def is_told(operation: dict[str, Any], status: int, code: str) -> bool:
    """Say whether the document tells of a refusal at an operation."""
    told = [operation["responses"].get(each, {}) for each in (str(status), "default")]
    content = [each.get("content", {}).get("application/problem+json", {}) for each in told]
    return any(code in each.get("examples", ()) for each in content)
