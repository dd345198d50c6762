"""What pydantic found wrong, as faults: where (JSON pointer, `?name`, `{name}` or `Name:`), a code, and a sentence."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from service.errors import Fault

MOST = 50  # a body of a million wrong items must not become an answer of a million faults
_CODES = {"extra_forbidden": "unknown-field", "value_error": "invalid-value", "json_invalid": "malformed-json"}
_PLACES = {"query": "?{}", "path": "{{{}}}", "header": "{}:", "cookie": "{}:"}


def faults_of(error: RequestValidationError) -> list[Fault]:
    """Give the first faults of a request that FastAPI found invalid."""
    return [_fault(each, error.body) for each in islice(error.errors(), MOST)]


def faults_within(error: ValidationError, document: object) -> list[Fault]:
    """Give the first faults of a document that did not come as a body of its own; pointers begin at its top."""
    return [_fault({**each, "loc": ("body", *each["loc"])}, document) for each in islice(error.errors(), MOST)]


def _fault(said: Mapping[str, Any], body: object) -> Fault:
    kind, message = str(said["type"]), str(said["msg"]).removeprefix("Value error, ")
    return Fault(_place(said["loc"], body, kind), _CODES.get(kind, kind.replace("_", "-")), message)


def _place(loc: Sequence[str | int], body: object, kind: str) -> str:
    if loc[0] == "body":
        return pointer(loc[1:], body, missing=kind.endswith("missing"))  # ours too: `hold_code_missing`
    return _PLACES[str(loc[0])].format(".".join(map(str, loc[1:])))


def pointer(loc: Sequence[str | int], document: object, *, missing: bool = False) -> str:
    """Give a JSON pointer (RFC 6901) to a place in the document, leaving out what is not in it.

    Pydantic puts the names of union members and validators between the keys; only the document tells them apart.
    A missing field is not there either, and is always the last of its location.
    """
    steps: list[str] = []
    here: Any = document
    for number, step in enumerate(loc):
        there = _within(here, step)
        if there or (missing and number == len(loc) - 1):
            steps.append(str(step).replace("~", "~0").replace("/", "~1"))
        if there:
            here = here[step]
    return "".join(f"/{step}" for step in steps)


def _within(here: object, step: str | int) -> bool:
    """Say whether the step leads from here to a part of the document."""
    if isinstance(here, dict):
        return step in here
    return isinstance(here, list) and isinstance(step, int) and step < len(here)
