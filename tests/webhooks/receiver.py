"""A receiver of webhooks: a real server on loopback that answers as it is told, in every bad way too."""

import asyncio
import json
import ssl
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

Answer = Callable[["Connection"], Awaitable[None]]


class Request(NamedTuple):
    """One webhook as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def nth(self) -> int:
        return int(self.event["data"]["current"]["nth"])


class Connection:
    """What an answer is written to. `freed` is set when the test lets go of whoever waits, or at the end."""

    def __init__(self, writer: asyncio.StreamWriter, freed: asyncio.Event) -> None:
        self.writer, self.freed = writer, freed

    async def say(self, text: bytes) -> None:
        self.writer.write(text)
        await self.writer.drain()


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer with a status, headers (`retry_after="5"`) and a body."""
    lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return lambda connection: connection.say(head + body)


def raw(text: bytes) -> Answer:
    """Answer with these bytes, and close."""

    async def answer(connection: Connection) -> None:
        await connection.say(text)
        connection.writer.close()

    return answer


def then_hangs(text: bytes) -> Answer:
    """Answer with these bytes, and with nothing more."""

    async def answer(connection: Connection) -> None:
        await connection.say(text)
        await connection.freed.wait()
        connection.writer.close()

    return answer


async def says_yes_and_hangs_up(connection: Connection) -> None:
    await connection.say(b"HTTP/1.1 204 X\r\n\r\n")
    await asyncio.sleep(0.003)  # the next one is on its way by now
    connection.writer.close()


async def resets(connection: Connection) -> None:
    connection.writer.transport.abort()


async def never_ends(connection: Connection) -> None:
    await connection.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await connection.say(b"400\r\n" + b"x" * 1024 + b"\r\n")


class Receiver:
    """What has come, in order, and what is answered: for each path its next answers, then 204 for ever."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[Request] = []
        self.answers: dict[str, deque[Answer]] = defaultdict(deque)
        self.always: dict[str, Answer] = {}
        self.freed = asyncio.Event()
        self.connections = 0
        self._came = asyncio.Condition()

    def at(self, path: str) -> list[Request]:
        return [each for each in self.got if each.path == path]

    async def until(self, fits: Callable[[], Any], within_s: float = 10) -> None:
        async with asyncio.timeout(within_s), self._came:
            await self._came.wait_for(fits)

    async def has(self, count: int, path: str = "/", within_s: float = 10) -> list[Request]:
        """Wait for so many webhooks at a path, and give all that have come there."""
        await self.until(lambda: len(self.at(path)) >= count, within_s)
        return self.at(path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = Connection(writer, self.freed)
        try:
            while not writer.is_closing():
                request = await read(reader)
                self.got.append(request)
                async with self._came:
                    self._came.notify_all()
                waiting = self.answers[request.path]
                usual = self.always.get(request.path, status(204))
                await (waiting.popleft() if waiting else usual)(connection)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def read(reader: asyncio.StreamReader) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert headers["content-length"].isdigit()
    return Request(first.split(" ")[1], headers, await reader.readexactly(int(headers["content-length"])))


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None, port: int = 0):
    """Run a receiver; give it."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port, ssl=tls)
    scheme = "http" if tls is None else "https"
    receiver.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        receiver.freed.set()
        server.close()
