"""A receiver of webhooks that does nothing else: takes each, and says how many came and when the last did.

python -m benchmarks.taker PORT
"""

import asyncio
import json
import sys
import time
from typing import Any

import uvloop


class Taker(asyncio.Protocol):
    """A connection. GET tells, and counts from nought again; anything else is taken."""

    taken, last_at = 0, 0.0

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            _, _, length = head.partition(b"content-length: ")
            whole = end + 4 + int(length.partition(b"\r\n")[0] or 0)
            if len(self._held) < whole:
                return
            self._held = self._held[whole:]
            self._transport.write(self._told() if head.startswith(b"get") else self._took())

    def _took(self) -> bytes:
        Taker.taken += 1
        Taker.last_at = time.monotonic()
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

    def _told(self) -> bytes:
        told = json.dumps({"taken": Taker.taken, "last_at": Taker.last_at}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Taker, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
