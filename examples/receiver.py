"""A receiver of webhooks: a small server that believes nothing unsigned, and a queue of what has come."""

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from slotway_client import SignatureWrong, verify

Json = dict[str, Any]


class Desk:
    """Where webhooks arrive: events are kept before they are acknowledged, each once, as they came."""

    def __init__(self) -> None:
        self.secret = ""  # known when the endpoint is made, and nothing is sent before
        self.received: dict[str, Json] = {}
        self._waiting: queue.Queue[Json] = queue.Queue()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Give the status to answer with."""
        try:
            event = verify(self.secret, headers, body)
        except SignatureWrong:
            return 401
        if event["id"] not in self.received:
            self.received[event["id"]] = event
            self._waiting.put(event)
        return 204

    def next(self, within_s: float) -> Json:
        """Give the next event; raise queue.Empty if none comes."""
        return self._waiting.get(timeout=within_s)


@contextmanager
def listening(desk: Desk) -> Iterator[str]:
    """Receive on a free port of this machine; gives the address."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(desk.take(dict(self.headers), body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: whoever asks the desk tells what has come."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/slotway"
        server.shutdown()
