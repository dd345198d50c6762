"""One attempt to deliver: a signed POST to a pinned address, without redirects or proxies, bounded in time and size."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpcore
import httpx

from service import __version__, clock
from service.webhooks.addresses import pinned
from service.webhooks.queries.turns import Due
from service.webhooks.rules import Outcome, Turn, WebhookUrlRefused, asked_s, signature

TRY_S = 15.0
ANSWER_BYTES = 1_024
_GONE = 410
_TOO_LATE = (TimeoutError, httpcore.TimeoutException)
_UNREACHED = (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Ways:
    """How one may send: whom to trust, and whether to http and private addresses too."""

    tls: ssl.SSLContext
    insecure: bool


class Line:
    """A connection to one endpoint for one turn: its address was judged, and is not looked up again.

    It is a bare connection of httpcore, which knows neither redirects nor cookies, and no user, proxy or password.
    """

    def __init__(self, turn: Turn, address: str, tls: ssl.SSLContext) -> None:
        given = httpx.URL(turn.url)
        self._url = httpcore.URL(scheme=given.raw_scheme, host=address.encode(), port=given.port, target=given.raw_path)
        self._tls = tls
        self._extensions = {
            # The certificate is that of the name; only the route to it is fixed.
            "sni_hostname": given.raw_host.decode(),
            # For TCP and for TLS, each. A handshake that is cut off from outside would leave its socket open.
            "timeout": {"connect": TRY_S / 3},
        }
        self._headers = {
            b"Host": given.netloc,
            b"Content-Type": b"application/json",
            b"User-Agent": f"Slotway/{__version__}".encode(),
            b"Accept": b"*/*",
            b"Accept-Encoding": b"identity",
        }
        self._secrets = turn.secrets
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def post(self, due: Due) -> Outcome:
        """Send a delivery, and give what became of it. Never raises for what the receiver does."""
        at, began = clock.now(), time.monotonic()
        answer = _Answer()
        try:
            async with asyncio.timeout(TRY_S):
                await self._send_surely(due, int(at.timestamp()), answer)
            error = None
        except _TOO_LATE:
            error = "timed-out"
        except _UNREACHED as failed:
            error = "certificate-refused" if "CERTIFICATE_VERIFY_FAILED" in str(failed) else "connection-failed"
        if answer.status is not None:  # a receiver that has said what it did is believed, however its answer goes on
            error = _refusal(answer.status)
        took_ms = round((time.monotonic() - began) * 1000)
        return Outcome(due.number, at, took_ms, answer.status, error, asked_s(answer.retry_after, at), answer.text())

    async def _send_surely(self, due: Due, timestamp: int, answer: "_Answer") -> None:
        """Send a delivery, once more if the connection of the one before ends without an answer.

        Some receivers hang up after an answer and do not say so. What meets that on its way is not refused by them.
        """
        before = self._connection
        try:
            await self._send(due, timestamp, answer)
        except (httpcore.NetworkError, httpcore.ProtocolError):
            if self._connection is not before or answer.status is not None:
                raise
            await self._send(due, timestamp, answer)

    async def _send(self, due: Due, timestamp: int, answer: "_Answer") -> None:
        body = due.body.encode()
        headers = self._headers | {
            b"Content-Length": str(len(body)).encode(),
            b"webhook-id": due.event.encode(),
            b"webhook-timestamp": str(timestamp).encode(),
            b"webhook-signature": signature(self._secrets, due.event, timestamp, body).encode(),
        }
        connection = await self._connected()
        async with connection.stream(
            "POST", self._url, headers=list(headers.items()), content=body, extensions=self._extensions
        ) as response:
            answer.status = response.status
            answer.retry_after = _header(response, b"retry-after")
            async for piece in response.aiter_stream():  # raw: what is compressed is not inflated
                if answer.has_enough_with(piece):
                    break  # of what was not read to its end the connection goes too

    async def _connected(self) -> httpcore.AsyncHTTPConnection:
        """Give the connection of the try before, or another if that has ended: the receiver may have hung up."""
        held = self._connection
        if held is not None and held.is_available() and not held.has_expired():
            return held
        await self.close()
        self._connection = httpcore.AsyncHTTPConnection(self._url.origin, ssl_context=self._tls)
        return self._connection

    async def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            await self._connection.aclose()


class _Answer:
    """What has come of an answer so far."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.retry_after = ""
        self._body = b""

    def has_enough_with(self, piece: bytes) -> bool:
        self._body += piece[: ANSWER_BYTES + 1 - len(self._body)]
        return len(self._body) > ANSWER_BYTES

    def text(self) -> str | None:
        """Give the text, as PostgreSQL can keep it: without NUL."""
        return self._body[:ANSWER_BYTES].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}") or None


@asynccontextmanager
async def line(turn: Turn, ways: Ways) -> AsyncIterator[Line]:
    """Open a line to an endpoint. WebhookUrlRefused if its host has an address that is not for webhooks, or none.

    The line is shared with no other endpoint: two names may stand behind one address.
    """
    opened = Line(turn, await pinned(turn.url, insecure=ways.insecure), ways.tls)
    try:
        yield opened
    finally:
        await opened.close()


async def sent(turn: Turn, waiting: list[Due], ways: Ways, *, go_on: Callable[[], bool]) -> list[Outcome]:
    """Send deliveries in order, up to the first that fails, for as long as one may go on. Gives what became of each."""
    outcomes: list[Outcome] = []
    if not waiting:
        return outcomes
    try:
        async with line(turn, ways) as opened:
            for due in waiting:
                if not go_on():
                    break
                outcomes.append(await opened.post(due))
                if outcomes[-1].error is not None:
                    break
    except WebhookUrlRefused:
        outcomes.append(Outcome(waiting[0].number, clock.now(), 0, error="address-refused"))
    return outcomes


def _header(response: httpcore.Response, name: bytes) -> str:
    """Give a header of an answer, the first if there are several, or nothing."""
    return next((value.decode("latin-1") for each, value in response.headers if each.lower() == name), "")


def _refusal(status: int) -> str | None:
    """Give the word for an answer that is no 2xx."""
    if httpx.codes.is_success(status):
        return None
    if status == _GONE:
        return "gone"
    return "redirected" if httpx.codes.is_redirect(status) else "status"
