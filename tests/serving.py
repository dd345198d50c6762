"""The service as a process of its own, on a real port."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextmanager
def served(url: str, **settings: str) -> Iterator[str]:
    """Start the API on a database, wait until it is ready, and give its address."""
    with process(url, **settings) as (_, address):
        yield address


@contextmanager
def process(url: str, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start the API on a database, wait until it is ready, and give its process and its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-m", "service", "api", "--port", str(port)],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "SLOTWAY_PUBLIC_URL": address,
            "SLOTWAY_LOG_LEVEL": "error",
            **settings,
        },
    ) as service:
        try:
            await_ready(service, address)
            yield service, address
        finally:
            service.terminate()


def await_ready(service: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + 30
    while True:
        assert service.poll() is None and time.monotonic() < until, "the service has not become ready"  # noqa: PT018
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{address}/readyz", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
