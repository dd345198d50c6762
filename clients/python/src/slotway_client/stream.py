"""Where a follower of the stream stands. No I/O: both clients put in what has come, and get whole events out."""

import json
from collections.abc import Iterator

from slotway_client.calls import Call, Json
from slotway_client.retries import Attempts, Outcome, Retries

PATH, MEDIA_TYPE = "/v1/events/stream", "text/event-stream"
SILENCE_S = 30.0  # the service says something every 15 seconds


class Following:
    """The stream over all its connections: each event once, and after a break from where it was.

    Until it has been open once it is tried as often as any request, so that a wrong address is told; after that, for as
    long as it takes.
    """

    def __init__(self, after: str | None, retries: Retries) -> None:
        self.last = after
        self._attempts = Attempts(Call("GET", PATH), retries)
        self._come_back_s = 0.0
        self._begun = b""
        self._block: dict[str, str] = {}

    def call(self) -> Call:
        """Give the request of the next connection. What had come of an event when the last one broke is forgotten."""
        self._begun, self._block = b"", {}
        return Call("GET", PATH, headers={"Accept": MEDIA_TYPE} | ({"Last-Event-ID": self.last} if self.last else {}))

    def opened(self) -> None:
        """Note that a connection was answered."""
        self._attempts.endless, self._attempts.failures = True, 0
        self._come_back_s = self._come_back_s or 2.0  # unless the service says another, which it does at once

    def take(self, piece: bytes) -> Iterator[Json]:
        r"""Yield the events that are whole with this piece. Lines end with \n alone: JSON may have U+2028 in one."""
        *lines, self._begun = (self._begun + piece).split(b"\n")
        for line in lines:
            name, _, value = line.decode().rstrip("\r").partition(":")
            if line.rstrip(b"\r"):
                self._block[name] = value.removeprefix(" ")
                continue
            block, self._block = self._block, {}
            if block.get("retry", "").isdigit():
                self._come_back_s = int(block["retry"]) / 1000
            self.last = block.get("id", self.last)
            if "data" in block:
                yield json.loads(block["data"])

    def wait_after(self, outcome: Outcome | None) -> float:
        """Give the seconds to wait before the next connection, None having ended in peace; raise what will not pass."""
        return self._come_back_s if outcome is None else max(self._attempts.wait_after(outcome), self._come_back_s)
