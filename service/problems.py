"""Refusals as RFC 9457 problem details: one shape for every 4xx and 5xx, the framework's own included.

A refusal's kind gives the status, its class the type, its docstring the title, its members the extra members. This is
the only place that knows which status a kind has. `framework.py` brings the framework's own errors here, and
`problem_pages.py` shows each type to a person.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from pydantic_core import to_json

from service import clock, ids
from service.errors import (
    Conflict,
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

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2  # what a 503 says when its refusal names no better moment

SCHEMA_REF = "#/components/schemas/Problem"
SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details. A type may bring further members, and has a page at its `type`.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["/problems/slot-taken"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["slot-taken"]},
        "request_id": {"type": "string"},
        "retry_after": {"type": "integer", "description": "seconds, as in the header Retry-After"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "message")},
            },
        },
    },
}


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


class HeadTooLarge(Malformed):
    """The path and the headers of the request are larger than this service reads.

    The member `limit_bytes` says how much is read. No request to this service needs that much.
    """


class UnsupportedMediaType(Malformed):
    """The body is not declared as JSON in UTF-8.

    Send it with `Content-Type: application/json`.
    """


class NotAcceptable(Malformed):
    """There is none of the media types that the request accepts.

    The member `offered` lists those that there are. Name one of them in `Accept`, or leave the header out.
    """


STATUS: dict[type[Refusal], HTTPStatus] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    Unidentified: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    Conflict: HTTPStatus.CONFLICT,
    Outdated: HTTPStatus.PRECONDITION_FAILED,
    Unconditional: HTTPStatus.PRECONDITION_REQUIRED,
    HeadTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    Unfit: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def status_of(kind: type[Refusal]) -> int:
    """Give the HTTP status of a refusal: that of the nearest kind it descends from."""
    return next(STATUS[each].value for each in kind.__mro__ if each in STATUS)


def answer(refusal: Refusal, request: Request) -> Response:
    """Give the problem details of a refusal as a response to that request."""
    return response(status_of(type(refusal)), details(refusal, request), dict(_headers(refusal)))


def details(refusal: Refusal, request: Request) -> dict[str, Any]:
    """Give the problem details of a refusal, to stand in the answer to that request."""
    code = refusal.code()
    body = members(request, type=f"/problems/{code}", title=refusal.title(), status=status_of(type(refusal)), code=code)
    body["detail"] = refusal.detail
    if refusal.faults:
        body["errors"] = refusal.faults
    if isinstance(refusal, Conflict):
        body["server_time"] = clock.now()
    return body | refusal.members


def members(request: Request, **of_type: object) -> dict[str, Any]:
    """Give the members of a problem, with the id under which this request is in the log."""
    return {**of_type, "request_id": request.scope.get("request_id") or ids.new("req")}


def response(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    """Give the response; `to_json` keeps decimals exact, where FastAPI's encoder would make floats of them."""
    return Response(to_json(body), status, {"Content-Language": "en"} | headers, media_type=MEDIA_TYPE)


def _headers(refusal: Refusal) -> Iterator[tuple[str, str]]:
    """Yield the header lines that a refusal brings: what RFC 9110 asks for with its status."""
    if isinstance(refusal, Unidentified):
        yield "WWW-Authenticate", refusal.challenge
    if isinstance(refusal, MethodNotAllowed):
        yield "Allow", ", ".join(refusal.members["allow"])  # type: ignore[arg-type]
    retry_after = refusal.members.get("retry_after", RETRY_AFTER_S if isinstance(refusal, Unavailable) else None)
    if retry_after is not None:
        yield "Retry-After", str(retry_after)


def problems(*refusals: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """Give a route's `responses=`: what it may refuse, by status, each type as an example under its code."""
    described: dict[int | str, dict[str, Any]] = {}
    for each in refusals:
        status = status_of(each)
        content = described.setdefault(status, _described(HTTPStatus(status).phrase))["content"][MEDIA_TYPE]
        content["examples"][each.code()] = {"summary": each.title(), "value": _example(each, status)}
    return described


def _described(phrase: str) -> dict[str, Any]:
    return {"description": phrase, "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA_REF}, "examples": {}}}}


def _example(refusal: type[Refusal], status: int) -> dict[str, Any]:
    code, title = refusal.code(), refusal.title()
    said = {"type": f"/problems/{code}", "title": title, "status": status, "detail": title, "code": code}
    return said | {"request_id": "req_01kb3v7x9ef6wvq0m8y3k2n5ra"}
