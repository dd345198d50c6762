"""A request as it is asked for, before anything is sent. No I/O: both clients make theirs here."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self, TypedDict, Unpack
from urllib.parse import quote

Json = dict[str, Any]
Some = Mapping[str, Any] | None


class How(TypedDict, total=False):
    """How a change is asked for; each may be left out.

    idempotency_key  Yours instead of one made for the call, so that the call can be repeated after your program has
                     died. None sends none: for what shows a secret once, such as a new key, and refuses one.
    validate_only    True: same checks and same answer, and nothing is done.
    version          Only if the thing still has this `version` (or, of a place, this `ETag`).
    """

    idempotency_key: str | None
    validate_only: bool
    version: int | str


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `repeatable`: it may be sent again though it is not known whether it was done."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    repeatable: bool = True

    @classmethod
    def reading(cls, path: str, *parts: str, **query: object) -> Self:
        """Give a question. The parts fill the gaps of the path; a `_` after a name is dropped, as `from` is no name."""
        return cls("GET", filled(path, *parts), {name.rstrip("_"): each for name, each in query.items()})

    @classmethod
    def asked(cls, method: str, path: str, body: object = None, **how: Unpack[How]) -> Self:
        """Give any request; a change gets an Idempotency-Key that all its repetitions share."""
        harmless = method in {"GET", "HEAD"} or how.get("validate_only", False)
        key = None if harmless else how.get("idempotency_key", str(uuid.uuid4()))
        headers = {} if key is None else {"Idempotency-Key": key}
        if "version" in how:
            headers["If-Match"] = entity_tag(how["version"])
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, default=plain, ensure_ascii=False, allow_nan=False).encode()
        query = {"validate_only": True} if how.get("validate_only") else {}
        return cls(method, path, query, headers, content, repeatable=harmless or key is not None)

    def asking(self, headers: Some = None, **query: object) -> Self:
        """Give the same request with more in its query or its headers."""
        return replace(self, query={**self.query, **query}, headers={**self.headers, **(headers or {})})

    @property
    def idempotency_key(self) -> str | None:
        """The key under which it can be repeated."""
        return self.headers.get("Idempotency-Key")

    def sent(self) -> Json:
        """Give it as httpx takes it: what is None is left out, and an empty query would wipe that of the path."""
        query = {name: _queried(each) for name, each in self.query.items() if each is not None}
        return {"url": self.path, "params": query or None, "headers": self.headers, "content": self.content}


def filled(path: str, *parts: str) -> str:
    """Give a path with its gaps filled; what is filled in stays one segment, whatever it contains."""
    return path.format(*(quote(each, safe="") for each in parts))


def facts(**named: object) -> Json:
    """Give those that are not None: what is left out is not sent."""
    return {name: each for name, each in named.items() if each is not None}


def entity_tag(version: int | str) -> str:
    """Give a version, a plan or an ETag as If-Match has it."""
    text = str(version)
    return text if text == "*" or text.endswith('"') else f'"{text}"'


def plain(value: object) -> str:
    """Give a moment as RFC 3339 and a length of time as ISO 8601 has it."""
    if isinstance(value, timedelta):
        return f"PT{value // timedelta(seconds=1)}S"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    raise TypeError(f"{value!r} can't be sent: moments have an offset, and all else is as JSON has it")


def _queried(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_queried(each) for each in value]
    return plain(value) if isinstance(value, datetime | timedelta) else value
