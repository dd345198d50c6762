"""JSON answers that a client may have already: a strong ETag, and 304 where it has."""

from hashlib import blake2b

from fastapi import Request, Response


def tag_of(body: bytes) -> str:
    """Give a strong ETag made from the bytes of an answer."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def conditional(request: Request, body: bytes, tag: str) -> Response:
    """Give the answer, or 304 if the client's `If-None-Match` has its tag."""
    known = request.headers.get("if-none-match")
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if known is not None and (
        known.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in known.split(","))
    ):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
