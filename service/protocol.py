"""HTTP/1.1 on the wire: what the server refuses before there is a request is a problem too, and heads are bounded."""

from http import HTTPStatus
from typing import Any

from pydantic_core import to_json
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import ids
from service.errors import Malformed, Refusal
from service.problems import MEDIA_TYPE, HeadTooLarge, status_of

MOST_HEAD_BYTES = 65_536


class MalformedHttp(Malformed):
    """What was sent is not a request of HTTP/1.1.

    The method, the path, a header or the length of the body can't be read. Proxies and home-made clients do that;
    the connection is closed.
    """


def _nothing() -> None:
    """Do nothing: the application has not started."""


class Protocol(HttpToolsProtocol):
    """The server's protocol, with a limit to the request's head and with problem details for what it can't read."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._in_head, self._head_bytes = True, 0

    def data_received(self, data: bytes) -> None:
        """Read on. A head that does not end is refused: the parser would keep all of it in memory."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HeadTooLarge(limit_bytes=MOST_HEAD_BYTES))

    def on_headers_complete(self) -> None:
        """Begin with the body."""
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Begin with the next head on this connection."""
        self._in_head = True
        super().on_message_complete()

    def on_message_begin(self) -> None:
        """Begin with a request. Its answer may cut the connection, which a client that takes nothing leaves open."""
        super().on_message_begin()
        extensions: dict[str, Any] = {"slotway.cut": self.transport.abort}
        self.scope["extensions"] = extensions

    def shutdown(self) -> None:
        """Stop after the request that is being answered; answers that would go on are told to end."""
        self.app_state.get("leave", _nothing)()
        super().shutdown()

    def send_400_response(self, _: str) -> None:
        """Refuse what the parser could not read."""
        self._refuse(MalformedHttp())

    def _refuse(self, refusal: Refusal) -> None:
        status, code = HTTPStatus(status_of(type(refusal))), refusal.code()
        said = {"type": f"/problems/{code}", "title": refusal.title(), "status": status.value, "detail": refusal.detail}
        body = to_json({**said, "code": code, "request_id": (request_id := ids.new("req")), **refusal.members})
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
