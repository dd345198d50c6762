"""The refusals that any operation may answer with, told at each of them; what each looks like stands in one place."""

from service.database import DatabaseAway
from service.document.examples import Schema
from service.errors import Refusal
from service.intake import MalformedJson, UnknownParameter
from service.problems import (
    MEDIA_TYPE,
    BodyTooLarge,
    HeadTooLarge,
    InternalError,
    InvalidRequest,
    NoSuchPath,
    RequestTimedOut,
    UnsupportedMediaType,
    problems,
)

_OF_A_BODY = (MalformedJson, BodyTooLarge, UnsupportedMediaType)
_OF_ALL = (NoSuchPath, HeadTooLarge, InternalError, DatabaseAway, RequestTimedOut)


def tell_refusals(document: Schema) -> None:
    """Add to every operation what it may answer for no reason of its own; examples move to where all share them."""
    shared = document["components"].setdefault("examples", {})
    for methods in document["paths"].values():
        for operation in methods.values():
            _add(operation["responses"], *_anywhere(operation))
            for answer in operation["responses"].values():
                _share(shared, answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}))


def _anywhere(operation: Schema) -> tuple[type[Refusal], ...]:
    """Give what every operation refuses of its own kind: by its query, its parameters, its body."""
    body = operation.get("requestBody", {}).get("content", {})
    reads = (InvalidRequest,) if body or operation.get("parameters") else ()
    return (UnknownParameter, *reads, *(_OF_A_BODY if "application/json" in body else ()))


def _add(responses: Schema, *refusals: type[Refusal]) -> None:
    """Tell of refusals: under their status, and of those that have nothing to do with what is asked under `default`."""
    for status, described in problems(*refusals).items():
        there = responses.setdefault(str(status), described)["content"][MEDIA_TYPE]["examples"]
        there |= described["content"][MEDIA_TYPE]["examples"]
    rest = responses["default"]["content"][MEDIA_TYPE].setdefault("examples", {})
    for described in problems(*_OF_ALL).values():
        rest |= described["content"][MEDIA_TYPE]["examples"]


def _share(shared: Schema, examples: Schema) -> None:
    for code, example in examples.items():
        if "$ref" not in example:
            shared.setdefault(code, example)
            examples[code] = {"$ref": f"#/components/examples/{code}"}
