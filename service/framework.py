"""What FastAPI and Starlette refuse by themselves, and what breaks, turned into the problems of this service."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from service.errors import Refusal
from service.faults import faults_of
from service.problems import (
    MEDIA_TYPE,
    SCHEMA,
    SCHEMA_REF,
    BodyTooLarge,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NoSuchPath,
    answer,
    members,
    problems,
    response,
)

_OWN = {HTTPStatus.NOT_FOUND: NoSuchPath, HTTPStatus.REQUEST_ENTITY_TOO_LARGE: BodyTooLarge}
_log = structlog.get_logger("service")


def install(app: FastAPI) -> None:
    """Make every refusal, framework error and failure of this app a problem, and say so in its OpenAPI document."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, broken)
    _describe(app)


def allowed(request: Request) -> list[str]:
    """Give every method that some route answers at this path; the framework's `Allow` knows only the first."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.matches(dict(request.scope))[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set()))


async def _refused(request: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    return answer(refusal, request)


async def _invalid(request: Request, error: Exception) -> Response:
    faults = faults_of(error) if isinstance(error, RequestValidationError) else []
    return answer(InvalidRequest(faults=faults), request)


async def _http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses; a refusal of ours that it wrapped on the way comes out again."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    if isinstance(error.__cause__, Refusal):
        return answer(error.__cause__, request)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        return _other_method(request)
    if status in _OWN:
        return answer(_OWN[status](), request)
    return _bare(request, status, dict(error.headers or {}))


def _other_method(request: Request) -> Response:
    """Answer OPTIONS with what is allowed, and any other method that is not with a refusal."""
    methods = allowed(request)
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(methods)})
    return answer(MethodNotAllowed(allow=methods), request)


def _bare(request: Request, status: HTTPStatus, headers: dict[str, str]) -> Response:
    """Give a problem that says no more than its status (RFC 9457, 4.2.1); the framework's detail may be inside talk."""
    code = status.name.lower().replace("_", "-")
    body = members(request, type="about:blank", title=status.phrase, status=status.value, code=code)
    return response(status, body | {"detail": status.description or status.phrase}, headers)


async def broken(request: Request, error: Exception) -> Response:
    """Answer a failure of our own code: the log gets the traceback, the client nothing of the inside."""
    _log.error("request_failed", exc_info=error, request_id=request.scope.get("request_id"))
    return answer(InternalError(), request)


def _describe(app: FastAPI) -> None:
    """Put the problem's schema into the OpenAPI document, and problems in place of FastAPI's own 422."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            schemas["Problem"] = SCHEMA
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            _mend(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _mend(document: dict[str, Any]) -> None:
    """Give every operation a sentence, the answer to a rehearsal, its 422 as a problem, and one for all else."""
    invalid = problems(InvalidRequest)[HTTPStatus.UNPROCESSABLE_ENTITY]
    other = {"description": "Any other refusal", "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA_REF}}}}
    for path in document.get("paths", {}).values():
        for operation in path.values():
            said = operation["responses"]
            done = said.get("201") or said.get("202")
            if done and any(each["name"] == "validate_only" for each in operation.get("parameters", ())):
                said["200"] = done | {"description": "With `validate_only`: what would be answered; nothing is kept"}
            if "description" in operation:
                operation["summary"] = operation["description"].partition("\n")[0]
            if "application/json" in said.get("422", {}).get("content", {}):
                said["422"] = invalid
            said.setdefault("default", other)
