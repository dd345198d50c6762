"""How every changing route runs: once, and for good or as a rehearsal.

A route takes `change: changes.Asked` and lets it run the operation. What a change answers is the text that its event
keeps, so that a replay is exact.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Concatenate, ParamSpec, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from service.auth import Principal
from service.database import Db, Tx
from service.errors import Refusal, Unconditional
from service.events.operations import Answer, Once, once
from service.fields import Flag
from service.idempotency import (
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    OptionalKey,
    RequestInProgress,
    fingerprint,
)

P = ParamSpec("P")
R = TypeVar("R")

REFUSALS: tuple[type[Refusal], ...] = (IdempotencyKeyMalformed, IdempotencyKeyReused, RequestInProgress)
_ValidateOnly = Annotated[Flag, Query(description="true: do everything but commit; a key sent with it is not kept")]
_Declared = Annotated[str | None, Header(description="the ETag it had when it was read; `*`: whatever its version")]
_TAG = re.compile(r'"([1-9][0-9]{0,8})(?:-lapsed)?"|([1-9][0-9]{0,8})')


def database(request: Request) -> Db:
    """Give the database of the service that a request came to."""
    db: Db = request.app.state.db
    return db


@dataclass(frozen=True, slots=True)
class Change:
    """How a change was asked for: by which request, under which key, and whether only to see what would come of it."""

    request: Request
    key: str | None
    rehearsal: bool

    def named(self, by: Principal, body: BaseModel | None) -> Once:
        """Give what tells this request from others. A rehearsal has no key: the real request must find it free."""
        key = None if self.rehearsal else self.key
        return Once(by.organisation_id, key, fingerprint(self.request.method, self.request.url.path, body).hex())

    async def run(self, operation: Callable[Concatenate[Tx, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run an operation in a transaction, for good or to be undone."""
        db = database(self.request)
        return await (db.rehearse if self.rehearsal else db.write)(operation, *args, **kwargs)

    async def once(self, act: Callable[[Tx], Awaitable[int]], body: BaseModel, *, by: Principal) -> Answer:
        """Run what records one event, whose id it gives; a repetition under the same key gets the first answer."""
        this = self.named(by, body)

        async def whole(tx: Tx) -> Answer:
            return await once(tx, this, lambda: act(tx))

        return await self.run(whole)


async def _asked(request: Request, key: OptionalKey, *, validate_only: _ValidateOnly = False) -> Change:
    return Change(request, key, validate_only)


Asked = Annotated[Change, Depends(_asked)]


async def _version(if_match: _Declared = None) -> int | None:
    """Give the version that an If-Match names, None for any; a tag that is none of ours matches no version."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    return int(tag[1] or tag[2]) if tag else -1


IfMatch = Annotated[int | None, Depends(_version)]


class VersionMissing(Unconditional):
    """This change must say which version of the thing it is made for.

    Read it, and send its ETag with `If-Match`: so nobody overwrites what he has not seen. `*` is any version.
    """


async def _required(if_match: _Declared = None) -> int | None:
    if if_match is None:
        raise VersionMissing
    return await _version(if_match)


IfMatchRequired = Annotated[int | None, Depends(_required)]


def answered(answer: Answer, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Give what the event of a change keeps as a response, marked if it was given before."""
    replayed = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    return Response(answer.body, status, (headers or {}) | replayed, media_type="application/json")
