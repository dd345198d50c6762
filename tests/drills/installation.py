"""A whole installation to be broken on purpose: a durable PostgreSQL and real processes of the service, on loopback."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from service import child, embedded
from service.__main__ import migrate
from tests.conftest import seeded
from tests.crowd import Crowd

ROOT = Path(__file__).parents[2]


class Process:
    """One `python -m service ...`; what it says goes into a file."""

    def __init__(self, home: Path, url: str, *arguments: str, **settings: str) -> None:
        self.log = home / f"{'-'.join(arguments[:1])}-{time.monotonic_ns()}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLOTWAY_")}
        with self.log.open("wb") as output:
            # In the manner of run.py: a drill that is killed leaves nothing running.
            command = child.command(child.Identity.SELF, signal.SIGKILL, sys.executable, "-m", "service", *arguments)
            self.popen = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=environment | {"DATABASE_URL": url} | settings,
            )  # fmt: skip

    @property
    def lives(self) -> bool:
        return self.popen.poll() is None

    async def says(self, words: str, within_s: float) -> None:
        """Wait until its log has these words."""

        async def look() -> bool:
            return words in self.log.read_text()

        await eventually(look, within_s)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(10)

    def end(self, within_s: float) -> float:
        """Ask it to end; gives the seconds it took."""
        began = time.monotonic()
        self.popen.send_signal(signal.SIGTERM)
        self.popen.wait(within_s)
        return time.monotonic() - began


class Api(Process):
    """One process of the API, on a port of its own."""

    def __init__(self, home: Path, url: str, **settings: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        super().__init__(home, url, "api", "--port", str(port), **settings)
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx.AsyncClient(base_url=self.url, timeout=20, limits=httpx.Limits(max_connections=200))

    async def reads(self, status: int, within_s: float, path: str = "/readyz") -> dict[str, Any]:
        """Wait until a path answers with a status; gives what it says."""

        async def answer() -> httpx.Response | None:
            assert self.lives, self.log.read_text()
            with suppress(httpx.TransportError):
                found = await self.client.get(path)
                return found if found.status_code == status else None
            return None

        found = await eventually(answer, within_s)
        said: dict[str, Any] = found.json()
        return said


class Installation:
    """PostgreSQL, two API processes, and as many workers as a drill starts."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = embedded.start(home / "postgres")
        self.url = self.server.dsn
        # Alembic runs an event loop of its own, which must not be that of the tests.
        with ThreadPoolExecutor(1) as aside:
            aside.submit(migrate, self.url).result()
            self.keys = aside.submit(asyncio.run, seeded(self.url)).result()
        self.apis: list[Api] = []
        self.workers: list[Process] = []

    def api(self, **settings: str) -> Api:
        self.apis.append(Api(self.home, self.url, **settings))
        return self.apis[-1]

    def worker(self) -> Process:
        self.workers.append(Process(self.home, self.url, "worker"))
        return self.workers[-1]

    async def two_apis(self) -> list[Api]:
        """Give two API processes that are ready."""
        living = [api for api in self.apis if api.lives]
        living += [self.api() for _ in range(2 - len(living))]
        for api in living[:2]:
            await api.reads(200, within_s=20)
        return living[:2]

    def recover(self) -> None:
        """Start PostgreSQL again on the same data."""
        self.server = embedded.start(self.home / "postgres")

    def crowd(self, apis: list[Api]) -> Crowd:
        return Crowd([api.client for api in apis], self.url, self.keys)

    def as_(self, who: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}", **more}

    async def close(self) -> None:
        for process in (*self.apis, *self.workers):
            process.kill()
        for api in self.apis:
            await api.client.aclose()
        self.server.stop(immediately=True)


async def eventually(look: Callable[[], Awaitable[Any]], within_s: float) -> Any:
    """Look until there is something to see; gives it."""
    until = time.monotonic() + within_s
    while True:
        found = await look()
        if found:
            return found
        assert time.monotonic() < until, f"not within {within_s} s"
        await asyncio.sleep(0.05)


def family(pid: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    yield pid
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                yield from family(int(stat.parent.name))
