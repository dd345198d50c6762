"""Answers that a client may have already: a strong ETag, and 304; and the media type that it likes best."""

import re
from collections.abc import Mapping
from hashlib import blake2b

from fastapi import Request, Response

from service.problems import NotAcceptable

JSON = "application/json"
_QUALITY = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)", re.IGNORECASE)


def tag_of(body: bytes) -> str:
    """Give a strong ETag made from the bytes of an answer."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def has_already(request: Request, tag: str) -> bool:
    """Say whether the client's `If-None-Match` names this tag."""
    known = request.headers.get("if-none-match")
    return known is not None and (
        known.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in known.split(","))
    )


def conditional(
    request: Request, body: bytes, tag: str, media_type: str = JSON, more: Mapping[str, str] | None = None
) -> Response:
    """Give the answer with some more headers, or 304 if the client has it already."""
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"} | dict(more or {})
    if has_already(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def negotiated(request: Request, *offered: str) -> str:
    """Give the one of the media types on offer that the client's `Accept` likes best; of equals the first.

    The most specific range that a type falls under says how much it is wanted (RFC 9110, 12.5.1); parameters other than
    `q` are not looked at.
    """
    accepts = ",".join(request.headers.getlist("accept"))
    wanted = {kind: quality for kind, quality in map(_range, accepts.split(",")) if kind} or {"*/*": 1.0}
    liked = {each: _liking(each, wanted) for each in offered}
    best = max(offered, key=lambda each: liked[each])
    if not liked[best]:
        raise NotAcceptable(offered=list(offered))
    return best


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = text.lower().split(";")
    quality = next((found[1] for each in parameters if (found := _QUALITY.fullmatch(each.strip()))), "1")
    return kind.strip(), min(float(quality), 1.0)


def _liking(media_type: str, wanted: Mapping[str, float]) -> float:
    ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    return next((wanted[each] for each in ranges if each in wanted), 0.0)
