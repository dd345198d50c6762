"""Pure ASGI around the routes: every request gets an answer, in time, and HEAD is answered wherever GET is."""

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.framework import broken
from service.problems import RequestTimedOut, answer


class Shield:
    """Answers with a problem when a route breaks (500) or has not begun to answer after `timeout_s` seconds (503).

    Inside the telemetry, so that these answers too carry the request id and the security headers. An answer that has
    begun, such as an event stream, may last as long as it likes.
    """

    def __init__(self, app: ASGIApp, timeout_s: float) -> None:
        self.app = app
        self.timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer it when nobody does."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def answering(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                deadline.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self.timeout_s) as deadline:
                await self.app(scope, receive, answering)
        except ClientDisconnect:
            return
        except Exception as error:
            problem = await _problem(Request(scope), error, timed_out=deadline.expired())
            if begun:
                raise  # half an answer is out: the server must cut the connection, or it would look whole
            await problem(scope, receive, send)


async def _problem(request: Request, error: Exception, *, timed_out: bool) -> ASGIApp:
    if timed_out:
        return answer(RequestTimedOut(), request)
    return await broken(request, error)


class HeadAsGet:
    """Answers HEAD with the headers of GET and no body (RFC 9110, 9.3.2); no route has to declare it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HEAD on as GET and keep the body back; pass on everything else as it is."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        ended = asyncio.Event()

        async def without_body(message: Message) -> None:
            if ended.is_set():
                return
            await send(message)
            if message["type"] == "http.response.start":
                ended.set()
                await send({"type": "http.response.body", "body": b""})

        async def gone_once_answered() -> Message:
            """Say that the client has left once it has its headers, or a stream would go on for nobody."""
            if ended.is_set():
                return {"type": "http.disconnect"}
            return await receive()

        as_get = {**scope, "method": "GET"}
        await self.app(as_get, gone_once_answered, without_body)
        scope.update({key: as_get[key] for key in ("route", "endpoint") if key in as_get})
