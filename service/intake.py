"""Strict reading of requests: what a route does not know is refused, never ignored, and nothing hostile gets past here.

`APIRouter(route_class=StrictRoute)` is all that a router needs; its routes then take bodies and queries as FastAPI has
them (`body: Booking`, models on `fields.Strict`). One parse per body: the document goes to pydantic as it was decoded
here, with decimals exact, and without what JSON allows and nobody means: duplicate keys, NaN, lone surrogates, NUL.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal, InvalidOperation
from types import UnionType
from typing import Annotated, Any, NoReturn, Union, get_args, get_origin

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel

from service.errors import Fault, Malformed, Refusal, Unfit
from service.problems import BodyTooLarge, NoSuchPath, UnsupportedMediaType

DEEPEST = 32
MOST_KEYS = 500  # of one object; each unknown one costs a fault, and 100,000 of them would cost seconds
MOST_DIGITS = 40
_JSON_TYPES = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})
_UNREAD = b"unread"
_TEXT = re.compile(r'"(?:[^"\\]+|\\.)*"?', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_REPEATABLE = (list, set, tuple, frozenset)


class MalformedJson(Malformed):
    """The body is not the JSON that this service reads.

    Send RFC 8259 JSON in UTF-8 without a byte order mark, at most 32 levels deep, at most 500 keys in an object and
    each once, numbers of at most 40 digits, no NaN or Infinity, and no NUL or half a surrogate pair in any text. The
    `detail` says which of these it is.
    """


class UnknownParameter(Unfit):
    """The query has a parameter that this path does not know, or one too often.

    Each is named in `errors`. Unknown parameters are refused, since a filter that is not applied gives wrong answers.
    """


class StrictRoute(APIRoute):
    """A route that refuses unknown or repeated query parameters and reads its body strictly.

    Names are those of the route and its own dependencies, not of dependencies given to `include_router`. Who asks is
    settled before what the body says: a stranger learns that he is one, not that his JSON is wrong.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give FastAPI's handler with the strict reading before it."""
        handler = super().get_route_handler()
        known = dict(_query_names(self.dependant))
        has_body = self.body_field is not None
        if self.body_field and (self._embed_body_fields or not self.body_field.validate(_UNREAD)[1]):
            raise TypeError(f"{self.path}: its body has to be one model, which can't take {_UNREAD!r} for a value")

        async def strict(request: Request) -> Response:
            if "\0" in request.scope["path"]:
                raise NoSuchPath
            if request.scope["query_string"]:
                _refuse_strange(request, known)
            if not has_body:
                return await handler(request)
            read = ReadRequest(request.scope, request.receive)
            await read.load(request.app.state.settings.body_limit_bytes)
            try:
                return await handler(read)
            except RequestValidationError:
                if read.refusal is None:
                    raise
                raise read.refusal from None

        return strict


class ReadRequest(Request):
    """A request whose body was read and decoded before FastAPI asks for it.

    FastAPI reads the body first and asks for the principal second. So a body that is refused is remembered, a mark that
    no model takes stands in for it, and the refusal comes out once everything else about the request is right.
    """

    refusal: Refusal | None = None

    async def load(self, limit: int) -> None:
        """Read the body, at most `limit` bytes of it, and decode it, or remember why not."""
        try:
            self._body = await bounded(self, limit)
            if self._body:
                _refuse_other_types(self.headers.get("content-type", ""))
                self._json = decode(self._body)
        except Refusal as refusal:
            self.refusal = refusal
            self._body = self._json = _UNREAD


async def bounded(request: Request, limit: int) -> bytes:
    """Give the body, or BodyTooLarge; a chunked one is refused as soon as it is too large, not once memory is full."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:20]) > limit:
        raise BodyTooLarge(limit_bytes=limit)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit_bytes=limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse_other_types(content_type: str) -> None:
    if content_type in _JSON_TYPES:
        return
    kind, _, parameters = content_type.lower().partition(";")
    name = kind.strip()
    charset = parameters.strip().replace('"', "")
    is_json = name == "application/json" or (name.startswith("application/") and name.endswith("+json"))
    if not is_json or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise UnsupportedMediaType


def decode(body: bytes) -> object:
    """Give the JSON document: objects, lists, text, whole numbers, exact decimals, booleans and null."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise MalformedJson("The body is not UTF-8.") from None
    if text.count("[") + text.count("{") > DEEPEST:
        _refuse_deep(text)
    try:
        document: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at line {error.lineno}, column {error.colno}.") from None
    if "\\u" in text:
        _refuse_unspeakable(document)
    return document


def _refuse_deep(text: str) -> None:
    """Refuse a document that is nested too deep, before the recursive decoder meets it."""
    depth = 0
    for bracket in _BRACKETS.findall(_TEXT.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            raise MalformedJson(f"The body is nested deeper than {DEEPEST} levels.")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Give a JSON object; of two values under one key, parsers differ in which they believe."""
    if len(pairs) > MOST_KEYS:
        raise MalformedJson(f"An object has more than {MOST_KEYS} keys.")
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise MalformedJson(f"The key {twice[:80]!a} stands twice in one object.")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise MalformedJson(f"A number has more than {MOST_DIGITS} digits.")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    """Give a decimal; a large exponent would be a number of a million digits once somebody rounds it."""
    try:
        found = Decimal(digits)
    except InvalidOperation:
        found = Decimal("Infinity")
    if len(digits) > MOST_DIGITS or not found.is_finite() or abs(found.adjusted()) > MOST_DIGITS:
        raise MalformedJson(f"A number has more than {MOST_DIGITS} digits.")
    return found


def _constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not a number of JSON.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_whole, parse_float=_decimal, parse_constant=_constant)


def _refuse_unspeakable(value: object) -> None:
    """Refuse NUL, which Postgres can't store, and halves of surrogate pairs, which UTF-8 can't write."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise MalformedJson("Some text contains NUL or half a surrogate pair.")
    elif isinstance(value, dict):
        for key, each in value.items():
            _refuse_unspeakable(key)
            _refuse_unspeakable(each)
    elif isinstance(value, list):
        for each in value:
            _refuse_unspeakable(each)


def _query_names(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yield the names of a route's query parameters, and whether each may be repeated."""
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, each in annotation.model_fields.items():
                yield each.alias or name, repeats(each.annotation)
        else:
            yield field.alias, repeats(annotation)
    yield from getattr(dependant.call, "query_names", {}).items()
    for each_below in dependant.dependencies:
        yield from _query_names(each_below)


def repeats(annotation: Any) -> bool:
    """Say whether a parameter of this type may be given more than once."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return repeats(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(repeats(each) for each in get_args(annotation))
    return (origin or annotation) in _REPEATABLE


def _refuse_strange(request: Request, known: dict[str, bool]) -> None:
    """Refuse the query if a name is unknown, a single value comes twice, or a value has a NUL in it."""
    asked = request.query_params.multi_items()
    times = Counter(name for name, _ in asked)
    faults = [
        Fault(f"?{name[:80]}", "unknown-parameter", "There is no such parameter here")
        for name in times
        if name not in known
    ]
    faults += [
        Fault(f"?{name}", "repeated-parameter", "This parameter is given once")
        for name, n in times.items()
        if n > 1 and known.get(name) is False
    ]
    faults += [
        Fault(f"?{name[:80]}", "unspeakable", "A value must not contain NUL") for name, value in asked if "\0" in value
    ]
    if faults:
        raise UnknownParameter(faults=faults[:50])
