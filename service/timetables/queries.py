"""SQL of timetables: how far a place has come in the eyes of one reader, and what is taken of it.

Each is one statement, so that versions and claims are of one moment. Who sees a booking is for bookings to say.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from service.auth import Customs, Principal
from service.bookings.queries.lists import visible_to
from service.bookings.tables import bookings, legs
from service.capacity.tables import MOMENT, berth_claims, floor_days, storage_claims
from service.database import Read, compiled
from service.ports.tables import closures, places

Kind = Literal["quay", "warehouse"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A place, a window, and who wants to see it."""

    kind: Kind
    code: str
    start: datetime
    end: datetime
    by: Principal


@dataclass(frozen=True, slots=True)
class Glance:
    """How far a place has come: while this stays as it is, the claims on its sheet do.

    `lapsed` claims wait to be reclaimed; `named` is the sum of the versions of all bookings that the reader sees there.
    """

    at: datetime
    id: int
    code: str
    version: int
    rules_version: int
    lapsed: int
    named: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is taken and closed in a window, as rows of JSON; of a floor also its counters and lapsed claims."""

    glance: Glance
    claims: list[list[Any]]
    closures: list[list[Any]]
    counters: list[list[Any]]
    lapsed: list[list[Any]]


_CLAIMS = {"quay": berth_claims, "warehouse": storage_claims}
_now = sa.func.statement_timestamp(type_=MOMENT)  # the same in all parts of a statement, unlike clock_timestamp()


async def glance(read: Read, asked: Asked) -> Glance | None:
    """Give how far a place has come, or None if there is no such place of that kind."""
    text, values = compiled(sa.select(*_glance(asked)).where(*_place(asked)))
    row = await read.fetchrow(text, *values)
    return Glance(*row) if row else None


async def ledger(read: Read, asked: Asked) -> Ledger | None:
    """Give what is taken of a place and closed in a window, or None if there is no such place of that kind."""
    parts = [_claims(asked), _closures(asked)]
    if asked.kind == "warehouse":
        parts += [_counters(asked), _lapsed_floor()]
    query = sa.select(*_glance(asked), *(part.scalar_subquery() for part in parts)).where(*_place(asked))
    text, values = compiled(query)
    row = await read.fetchrow(text, *values)
    if row is None:
        return None
    columns = len(Glance.__dataclass_fields__)
    found = [json.loads(each or "[]") for each in tuple(row)[columns:]]
    return Ledger(Glance(*tuple(row)[:columns]), *(*found, [], [])[:4])


def _place(asked: Asked) -> tuple[sa.ColumnElement[bool], ...]:
    return places.c.code == asked.code, places.c.kind == asked.kind


def _glance(asked: Asked) -> tuple[Any, ...]:
    claims = _CLAIMS[asked.kind]
    lapsed = sa.select(sa.func.count()).where(claims.c.place_id == places.c.id, _has_lapsed(claims))
    seen = sa.select(sa.func.coalesce(sa.func.sum(bookings.c.version), 0)).where(
        *_meets(asked, claims), bookings.c.number == claims.c.booking, _names(asked.by, claims)
    )
    return (
        _now,
        places.c.id,
        places.c.code,
        places.c.version,
        places.c.rules_version,
        lapsed.scalar_subquery(),
        seen.scalar_subquery(),
    )


def _names(by: Principal, claims: sa.Table) -> sa.ColumnElement[bool]:
    """Give the condition under which a claim is named: the reader sees its booking, and his key may read bookings.

    To customs a change that waits for approval is nothing yet.
    """
    if "bookings:read" not in by.scopes:
        return sa.false()
    return sa.and_(visible_to(by), ~claims.c.change) if isinstance(by, Customs) else visible_to(by)


def _has_lapsed(claims: sa.Table) -> sa.ColumnElement[bool]:
    # The first condition is that of the index of claims that lapse.
    return sa.and_(claims.c.expires_at < sa.literal_column("'infinity'"), claims.c.expires_at <= _now)


def _meets(asked: Asked, claims: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """Give the conditions under which a claim is on the place in hand and meets the window."""
    here = claims.c.place_id == places.c.id
    if asked.kind == "quay":
        return here, claims.c.during.op("&&")(_window(asked))
    first, last = _days(asked)
    return here, sa.func.upper(claims.c.days) > first, sa.func.lower(claims.c.days) < last


def _window(asked: Asked) -> sa.ColumnElement[Any]:
    return sa.func.tstzrange(sa.cast(asked.start, MOMENT), sa.cast(asked.end, MOMENT))


def _days(asked: Asked) -> tuple[date, date]:
    """Give days between which all local days of the window lie, whatever the zone: one more on either side."""
    return (asked.start - timedelta(days=1)).date(), (asked.end + timedelta(days=2)).date()


def _claims(asked: Asked) -> sa.Select[Any]:
    """Give the claims that have not lapsed: on a quay all, on a floor those of bookings that the reader sees."""
    claims = _CLAIMS[asked.kind]
    seen = sa.and_(bookings.c.number == claims.c.booking, _names(asked.by, claims))
    leg = sa.and_(legs.c.booking == bookings.c.number, legs.c.leg == claims.c.leg)
    joined = claims.join(bookings, seen, isouter=asked.kind == "quay").join(legs, leg, isouter=True)
    row = sa.func.json_build_array(*_measures(claims), _microseconds(claims.c.expires_at), *_named(claims))
    order = (claims.c.during, claims.c.metres) if asked.kind == "quay" else (claims.c.days, claims.c.quantity)
    alive = claims.c.expires_at > _now
    return sa.select(_listed(row, *order)).select_from(joined).where(*_meets(asked, claims), alive)


def _measures(claims: sa.Table) -> tuple[Any, ...]:
    if claims is storage_claims:
        return sa.func.lower(claims.c.days), sa.func.upper(claims.c.days), claims.c.quantity
    during = (sa.func.lower(claims.c.during), sa.func.upper(claims.c.during))
    return sa.func.lower(claims.c.metres), sa.func.upper(claims.c.metres), *map(_microseconds, during)


def _named(claims: sa.Table) -> tuple[Any, ...]:
    name = bookings.c.facts.op("#>>")(sa.literal_column("'{vessel,name}'"))
    return bookings.c.id, bookings.c.client_reference, name, bookings.c.state, legs.c.id, claims.c.change


def _closures(asked: Asked) -> sa.Select[Any]:
    """Give the closures that meet the window; on a floor, those that meet its local days.

    That of a quay whose length nobody knows bars no metres.
    """
    c = closures.c
    during = (sa.func.lower(c.during), sa.func.upper(c.during))
    row = sa.func.json_build_array(
        c.closure, sa.func.lower(c.metres), sa.func.upper(c.metres), c.quantity, *map(_microseconds, during), c.reason
    )
    touched = _window(asked) if asked.kind == "quay" else sa.func.tstzrange(*_days(asked))
    bars = sa.func.isempty(c.metres).is_not(sa.true())
    return sa.select(_listed(row, c.during, c.id)).where(c.place_id == places.c.id, c.during.op("&&")(touched), bars)


def _counters(asked: Asked) -> sa.Select[Any]:
    """Give what is taken of each pool on each day, lapsed claims that nobody has reclaimed included."""
    c, (first, last) = floor_days.c, _days(asked)
    row = sa.func.json_build_array(c.day, c.pool, c.taken)
    return sa.select(_listed(row, c.day, c.pool)).where(c.place_id == places.c.id, c.day >= first, c.day < last)


def _lapsed_floor() -> sa.Select[Any]:
    """Give the lapsed claims that are counted still: first day, last day, pool, quantity."""
    c = storage_claims.c
    row = sa.func.json_build_array(sa.func.lower(c.days), sa.func.upper(c.days), c.pool, c.quantity)
    return sa.select(_listed(row, c.days)).where(c.place_id == places.c.id, _has_lapsed(storage_claims))


def _listed(row: Any, *order: Any) -> Any:
    return sa.func.json_agg(aggregate_order_by(row, *order))


def _microseconds(at: Any) -> Any:
    """Give a moment as the engine counts it; null where it has no end."""
    whole = sa.cast(sa.extract("epoch", at) * sa.literal_column("1000000"), sa.BigInteger)
    return sa.case((sa.func.isfinite(at), whole))
