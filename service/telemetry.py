"""What is known of every request: its id, one line in the log, figures for Prometheus; and the headers of every answer.

Pure ASGI and outermost, as `app.middleware("http")` halves the throughput. Nothing of a request is logged but its
method, the template of its route and its ids: paths, queries, bodies and keys stay out.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from time import perf_counter
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import ids
from service.logs import configure

__all__ = ["Telemetry", "configure"]

Headers = Iterable[tuple[bytes, bytes]]

REQUESTS = Counter("slotway_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "slotway_request_seconds",
    "Time until the answer was sent, or until a stream began",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_FLIGHT = Gauge("slotway_requests_in_flight", "Requests being answered, streams left out")
STREAMS = Gauge("slotway_event_streams", "Event streams that are open")

ABANDONED = 499  # no answer was begun: the client left first; never sent, only counted
UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_HTTPS = (b"strict-transport-security", b"max-age=31536000")
_PRIVATE = (b"cache-control", b"no-store")

_log = structlog.get_logger("http")


class Telemetry:
    """Gives each request its id, and each answer its headers, a line in the log and a place in the figures.

    Others tell it of a request in the scope: `organisation_id` for the log, `answer_headers` for lines to add.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and record how it was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun_at, status = perf_counter(), ABANDONED
        stream_after_s: float | None = None
        known = recognise(scope)
        private = _answer_headers(scope)

        async def answering(message: Message) -> None:
            nonlocal status, stream_after_s
            if message["type"] == "http.response.start":
                status = message["status"]
                if _is_stream(message):
                    stream_after_s = perf_counter() - begun_at
                    IN_FLIGHT.dec()
                    STREAMS.inc()
                message["headers"] = complete(message.get("headers", ()), (*private, *scope.get("answer_headers", ())))
            await send(message)

        tokens = structlog.contextvars.bind_contextvars(**known)
        IN_FLIGHT.inc()
        try:
            await self.app(scope, receive, answering)
        finally:
            (IN_FLIGHT if stream_after_s is None else STREAMS).dec()
            _record(scope, status, perf_counter() - begun_at if stream_after_s is None else stream_after_s)
            structlog.contextvars.reset_contextvars(**tokens)


def _is_stream(start: Message) -> bool:
    """Say whether an answer goes on for hours, so that the time until it has been sent is none to be alarmed about."""
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in start["headers"])


def recognise(scope: Scope) -> dict[str, str]:
    """Give what every log line of a request says, and put its id into the scope: the client's own, or a new one."""
    known: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            known["request_id"] = value.decode()
        elif name == b"traceparent" and (found := _TRACEPARENT.fullmatch(value)):
            known["trace_id"] = found[1].decode()
        elif name == b"authorization":
            scope["private"] = True
    scope["request_id"] = known.setdefault("request_id", ids.new("req"))
    return known


def _answer_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    lines = [(b"x-request-id", scope["request_id"].encode()), *_ALWAYS]
    if scope.get("private"):
        lines.append(_PRIVATE)
    if scope["scheme"] == "https":
        lines.append(_HTTPS)
    return lines


def complete(headers: Headers, more: Headers) -> list[tuple[bytes, bytes]]:
    """Give the headers with the further ones added, but for those that the route has set by itself."""
    lines = list(headers)
    names = {name.lower() for name, _ in lines}
    lines.extend(line for line in more if line[0] not in names)
    return lines


def template(scope: Scope) -> str:
    """Give the route's template (`/v1/bookings/{booking_id}`), so that figures do not multiply with ids or scanners."""
    by_endpoint = getattr(scope.get("endpoint"), "__name__", UNMATCHED)  # all that /openapi.json has
    return str(getattr(scope.get("route"), "path", by_endpoint))


def _record(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = template(scope)
    requests, histogram = _figures(method, route, status)
    requests.inc()
    histogram.observe(seconds)
    by: dict[str, str] = {"organisation_id": scope["organisation_id"]} if "organisation_id" in scope else {}
    _log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 2), **by)


@lru_cache(4096)
def _figures(method: str, route: str, status: int) -> tuple[Any, Any]:
    """Give the counter and the histogram of a kind of request; `labels()` takes a lock and is slower than this."""
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)
