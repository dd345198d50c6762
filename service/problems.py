"""Refusals as RFC 9457 problem details: one shape for every 4xx and 5xx, the framework's own included.

A refusal's kind gives the status, its class the type, its docstring the title, its members the extra members. This is
the only place that knows which status a kind has; `problem_pages.py` shows each type to a person.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.routing import Match

from service import clock, ids
from service.errors import (
    Conflict,
    Fault,
    Forbidden,
    Malformed,
    NotFound,
    Outdated,
    Refusal,
    TooMany,
    Unavailable,
    Unconditional,
    Unfit,
    Unidentified,
)
from service.faults import faults_of

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2  # what a 503 says when its refusal names no better moment

_log = structlog.get_logger("service")


class NoSuchPath(NotFound):
    """There is no page or resource at this path.

    Check the path against /openapi.json; paths are in kebab-case and have no slash at the end.
    """


class MethodNotAllowed(Malformed):
    """The path exists, and this method is not one of its own.

    The header `Allow` and the member `allow` list the methods that the path answers to.
    """


class InvalidRequest(Unfit):
    """Some of the input is missing, unknown or out of bounds.

    Every fault is listed in `errors`, with a pointer to the place: `/legs/0/quay` in the body, `?limit` in the query.
    Mend them all and send the request again; nothing was done.
    """


class InternalError(Refusal):
    """Something went wrong on our side.

    The failure is recorded under the `request_id`; quote it when you report it. The request may be sent again with the
    same Idempotency-Key: it is done at most once.
    """


class RequestTimedOut(Unavailable):
    """The request took too long and was given up.

    Send it again after `Retry-After`, with the same Idempotency-Key: if it was done after all, the first answer comes.
    """


class BodyTooLarge(Malformed):
    """The body is larger than this service reads.

    The member `limit_bytes` says how much is read. Split the work into several requests.
    """


class UnsupportedMediaType(Malformed):
    """The body is not declared as JSON in UTF-8.

    Send it with `Content-Type: application/json`.
    """


STATUS: dict[type[Refusal], HTTPStatus] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    Unidentified: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    Conflict: HTTPStatus.CONFLICT,
    Outdated: HTTPStatus.PRECONDITION_FAILED,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Unfit: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unconditional: HTTPStatus.PRECONDITION_REQUIRED,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def status_of(kind: type[Refusal]) -> int:
    """Give the HTTP status of a refusal: that of the nearest kind it descends from."""
    return next(STATUS[each].value for each in kind.__mro__ if each in STATUS)


def answer(refusal: Refusal, request: Request) -> Response:
    """Give the problem details of a refusal as a response to that request."""
    status = status_of(type(refusal))
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.code()}",
        "title": refusal.title(),
        "status": status,
        "detail": refusal.detail,
        "code": refusal.code(),
        "request_id": request.scope.get("request_id") or ids.new("req"),
    }
    if refusal.faults:
        body["errors"] = refusal.faults
    if isinstance(refusal, Conflict):
        body["server_time"] = clock.now()
    return _response(status, body | refusal.members, dict(_headers(refusal)))


def _response(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    """Give the response; `to_json` keeps decimals exact, where FastAPI's encoder would make floats of them."""
    return Response(to_json(body), status, {"Content-Language": "en"} | headers, media_type=MEDIA_TYPE)


def _headers(refusal: Refusal) -> Iterator[tuple[str, str]]:
    """Yield the header lines that a refusal brings: what RFC 9110 asks for with its status."""
    if isinstance(refusal, Unidentified):
        yield "WWW-Authenticate", "Bearer"
    if isinstance(refusal, MethodNotAllowed):
        yield "Allow", ", ".join(refusal.members["allow"])  # type: ignore[arg-type]
    retry_after = refusal.members.get("retry_after", RETRY_AFTER_S if isinstance(refusal, Unavailable) else None)
    if retry_after is not None:
        yield "Retry-After", str(retry_after)


def allowed(request: Request) -> list[str]:
    """Give every method that some route answers at this path; the framework's own `Allow` knows only the first route."""
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        route = context.original_route if context.path is None else context
        if route.matches(dict(request.scope))[0] is not Match.NONE:
            found |= context.methods or set()
    return sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set()))


async def _refused(request: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    return answer(refusal, request)


async def _invalid(request: Request, error: Exception) -> Response:
    """Answer what FastAPI and pydantic found wrong with the input."""
    faults: list[Fault] = faults_of(error) if isinstance(error, RequestValidationError) else []
    return answer(InvalidRequest(faults=faults), request)


async def _http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses by itself."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.NOT_FOUND:
        return answer(NoSuchPath(), request)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return _other_method(request)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return answer(BodyTooLarge(), request)
    return _bare(request, HTTPStatus(status), dict(getattr(error, "headers", None) or {}))


def _other_method(request: Request) -> Response:
    """Answer OPTIONS with what is allowed, any other method that is not with a refusal."""
    methods = allowed(request)
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(methods)})
    return answer(MethodNotAllowed(allow=methods), request)


def _bare(request: Request, status: HTTPStatus, headers: dict[str, str]) -> Response:
    """Give a problem that says no more than its status: RFC 9457, 4.2.1, `about:blank`."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": status.description or status.phrase,
        "code": status.name.lower().replace("_", "-"),
        "request_id": request.scope.get("request_id") or ids.new("req"),
    }
    return _response(status, body, headers)


async def _broken(request: Request, error: Exception) -> Response:
    """Answer a failure of our own code: the log gets the traceback, the client nothing of the inside."""
    _log.error("request_failed", exc_info=error, request_id=request.scope.get("request_id"))
    return answer(InternalError(), request)


def install(app: FastAPI) -> None:
    """Make every refusal, framework error and failure of this app a problem, and say so in its OpenAPI document."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)
