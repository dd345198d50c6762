"""The OpenAPI document made whole: examples of everything, bounds in its own words, what webhooks bring."""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from service.accounts.rules import SecretShownOnce
from service.document.examples import Composer, Schema
from service.document.refusals import tell_refusals
from service.document.webhooks import webhooks
from service.document.words import ANSWERS, WORDS

_READ = ("application/json", "application/x-www-form-urlencoded")
_SHOWN_ONCE = SecretShownOnce.code()  # what refuses an idempotency key should not show how to send one
# Bounds of a field that is read by a function of ours: pydantic leaves them in its own words, which no reader knows.
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_SHOWN = {"example", "examples", "default"}  # what they have inside is no schema


def complete(app: FastAPI) -> None:
    """Let an app's OpenAPI document say all that this package knows to say; it is made once, when first asked for."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        made_before = app.openapi_schema is not None
        document = generated()
        if not made_before:
            describe(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def describe(document: Schema) -> set[str]:
    """Put into a document what it lacks; gives the fields that no example is known of, `Model.field`."""
    _bound(document)
    composer = Composer(document["components"]["schemas"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _exemplify(composer, path, f"{method.upper()} {path}", operation)
    tell_refusals(document)
    document["webhooks"] = webhooks(composer)
    return composer.unknown


def _exemplify(composer: Composer, path: str, name: str, operation: Schema) -> None:
    """Put an example to every parameter, the body and the answers of an operation."""
    for parameter in operation.get("parameters", ()):
        if not (parameter["name"] == "Idempotency-Key" and _SHOWN_ONCE in json.dumps(operation["responses"])):
            _of_parameter(composer, path, parameter)
    for content in _contents(operation.get("requestBody", {})):
        content.setdefault("example", composer.example(content["schema"], path))
    for status, answer in operation["responses"].items():
        for content in _contents(answer) if status.startswith("2") else ():
            shown = composer.example(content["schema"], path)
            content.setdefault("example", shown | ANSWERS[name] if name in ANSWERS else shown)


def _of_parameter(composer: Composer, path: str, parameter: Schema) -> None:
    """Put an example to a parameter; an optional one of which none is known, such as a cursor, has none."""
    name, place = parameter["name"], _place(path)
    if place in WORDS and name == "code" and parameter["in"] == "path":
        parameter["example"] = WORDS[place]
        return
    tried = Composer(composer.models)
    example = tried.example(parameter["schema"], path, name)
    if parameter.get("required") or not (tried.unknown or example is None):
        parameter.setdefault("example", example)
        composer.unknown.update(tried.unknown)


def _place(path: str) -> str:
    """Give whose code a path has: `free_zone` for /v1/free-zones/{code}."""
    return path.partition("/{")[0].rpartition("/")[2].removesuffix("s").replace("-", "_")


def _contents(said: Schema) -> Iterator[Schema]:
    yield from (content for kind, content in said.get("content", {}).items() if kind in _READ)


def _bound(part: Any) -> None:
    """Rename bounds wherever they stand in a schema; a field may be called `gt`, and then its value is a schema."""
    if isinstance(part, list):
        for each in part:
            _bound(each)
    if isinstance(part, dict):
        for name, each in part.items():
            if name not in _SHOWN:
                _bound(each)
        for old, new in _BOUNDS.items():
            if isinstance(part.get(old), int | float):
                part[new] = part.pop(old)
