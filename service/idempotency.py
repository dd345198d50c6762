"""The Idempotency-Key of a request: read here, stored by the operation in the transaction of its effect.

Quoted (a string of RFC 8941, as draft-ietf-httpapi-idempotency-key-header has it) or bare; both forms are the same key.
"""

import hashlib
import re
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from service.errors import Conflict, Malformed, Unfit

_BARE = re.compile(r"[!#-~][!-~]{0,254}")
_QUOTED = re.compile(r'"((?:[!#-\[\]-~]|\\["\\]){1,255})"')


class IdempotencyKeyMissing(Malformed):
    """This request needs an Idempotency-Key.

    Send the header `Idempotency-Key` with a value of your own, a new one for each booking, such as a UUID. A repetition
    with the same key is done at most once.
    """


class IdempotencyKeyMalformed(Malformed):
    """The Idempotency-Key can't be read.

    It is 1 to 255 visible ASCII characters without spaces, in double quotes or bare, and the header stands once.
    """


class IdempotencyKeyReused(Unfit):
    """This Idempotency-Key came before, with another request.

    Send a new request with a new key; to repeat the earlier one, send exactly what was sent then.
    """


class RequestInProgress(Conflict):
    """The first request with this Idempotency-Key is still running.

    Send it again after `Retry-After`: then the first answer comes.
    """


def read_key(lines: list[str]) -> str | None:
    """Give the key from the header's lines, or None if there is none."""
    if not lines:
        return None
    quoted = _QUOTED.fullmatch(lines[0])
    key = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else lines[0]
    if len(lines) > 1 or not (quoted or _BARE.fullmatch(key)):
        raise IdempotencyKeyMalformed
    return key


_Declared = Annotated[str | None, Header(alias="Idempotency-Key", description="1 to 255 visible ASCII, quoted or bare")]


async def _optional(request: Request, _declared: _Declared = None) -> str | None:
    return read_key(request.headers.getlist("idempotency-key"))


OptionalKey = Annotated[str | None, Depends(_optional)]


def fingerprint(method: str, path: str, body: BaseModel | None) -> bytes:
    """Give 32 bytes that tell requests apart: method, path, and what the client sent, whatever its order or spacing.

    Only fields that were sent count, so that a release that adds an optional field does not make old requests new.
    """
    sent = body.model_dump_json(exclude_unset=True) if body else ""
    return hashlib.sha256(f"{method} {path}\n{sent}".encode()).digest()
