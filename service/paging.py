"""Lists in pages: `limit`, an opaque cursor, and `{"items", "next"}`; keyset, never an offset and never a total.

A cursor holds the last row's key values and a digest of the query it fits. It grants nothing: it is not signed, its
values only say where to go on, and the caller applies the tenant's filters anew. So they are checked like any input.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from service import clock
from service.errors import Fault, Malformed, Unfit
from service.fields import FIRST, LAST, Whole
from service.problems import InvalidRequest

T = TypeVar("T")
Key = str | int | datetime

MOST = 200
_LONGEST = 1024
_INT8 = 2**63


class CursorMalformed(Malformed):
    """The cursor is not one of ours.

    Send the `next` of the page before as it stands, or leave the cursor out to start from the beginning.
    """


class CursorDoesNotFit(Unfit):
    """The cursor belongs to another query.

    A cursor goes on with the list that gave it: same path, same filters, same organisation. Leave it out to start anew.
    """


class Listed(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the page after it, or null at the end."""

    items: list[T]
    next: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """What a client asked of a list: at most `limit` items, after the place its cursor names."""

    limit: int
    cursor: str | None = None

    def after(self, fits: str, *kinds: type[str | int | datetime]) -> tuple[Key, ...] | None:
        """Give the key values to go on after, of these kinds and in this order, or None for the first page."""
        if self.cursor is None:
            return None
        digest, values = _opened(self.cursor)
        if digest != fits:
            raise CursorDoesNotFit
        if len(values) != len(kinds):
            raise CursorMalformed
        return tuple(_value(each, kind) for each, kind in zip(values, kinds, strict=True))

    def cut(self, rows: Sequence[T], fits: str, key: Callable[[T], tuple[Key, ...]]) -> tuple[Sequence[T], str | None]:
        """Give this page's rows and the next cursor. Ask the database for `limit + 1`: one too many means more."""
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, cursor(fits, *key(shown[-1]))


def fits(route: str, filters: object, organisation_id: str) -> str:
    """Give the digest of the query that a cursor fits: the route, its filters (a model or a dict) and who asks."""
    said = to_json([route, filters, organisation_id])
    return urlsafe_b64encode(hashlib.sha256(said).digest()[:12]).decode()


def cursor(fits: str, *values: Key) -> str:
    """Give the cursor that goes on after a row with these key values."""
    plain = [clock.instant(each) if isinstance(each, datetime) else each for each in values]
    return urlsafe_b64encode(to_json([fits, *plain])).decode().rstrip("=")


def _opened(text: str) -> tuple[str, list[object]]:
    """Give the digest and the raw values in a cursor."""
    try:
        digest, *values = from_json(urlsafe_b64decode(text + "=" * (-len(text) % 4)), allow_inf_nan=False)
    except (ValueError, TypeError):
        raise CursorMalformed from None
    if not isinstance(digest, str):
        raise CursorMalformed
    return digest, values


def _value(raw: object, kind: type[str | int | datetime]) -> Key:
    """Give a key value, refused where the database would choke on it: wrong type, NUL, out of its range."""
    if kind is str and isinstance(raw, str) and "\0" not in raw:
        return raw
    if isinstance(raw, int) and not isinstance(raw, bool) and -_INT8 <= raw < _INT8:
        if kind is int:
            return raw
        if kind is datetime and clock.instant(FIRST) <= raw < clock.instant(LAST):
            return clock.moment(raw)
    raise CursorMalformed


def refuse_backwards(since: datetime | None, until: datetime | None) -> None:
    """Refuse a list that is narrowed to a window which ends before it begins; None leaves an end open."""
    if since is not None and until is not None and since >= until:
        raise InvalidRequest(faults=[Fault("?to", "window-backwards", "`to` lies after `from`.")])


async def _page(
    limit: Annotated[Whole, Query(ge=1, le=MOST, description="items on one page")] = 50,
    cursor: Annotated[str | None, Query(max_length=_LONGEST, description="`next` of the page before")] = None,
) -> Page:
    return Page(limit, cursor)


Paging = Annotated[Page, Depends(_page)]
