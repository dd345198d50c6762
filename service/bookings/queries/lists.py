"""SQL of what is shown of bookings. What a principal may see is a condition of each query, never a check afterwards."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.auth import Admin, Customs, Forwarder, Operator, Principal
from service.bookings.rules import State
from service.bookings.tables import MOMENT, bookings, legs
from service.database import Read, compiled
from service.ports.tables import places


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of bookings is narrowed to; None does not narrow."""

    states: tuple[str, ...] | None = None
    port: str | None = None
    facility: str | None = None
    place: str | None = None
    vessel: str | None = None
    client_reference: str | None = None
    customs_reference: str | None = None
    window: tuple[datetime | None, datetime | None] = (None, None)
    updated_since: datetime | None = None


Row = tuple[int, str, datetime, datetime]  # number, JSON text, start, last change


@dataclass(frozen=True, slots=True)
class Order:
    """An order of a list: by a moment and then by number, or by number alone, which is the order of making."""

    column: str | None
    backwards: bool

    def key(self, row: Row) -> tuple[int] | tuple[datetime, int]:
        """Give what tells where a row stands in this order."""
        number, _, starts_at, updated_at = row
        return (number,) if self.column is None else (starts_at if self.column == "starts_at" else updated_at, number)


ORDERS = {
    "newest": Order(None, backwards=True),
    "start": Order("starts_at", backwards=False),
    "-start": Order("starts_at", backwards=True),
    "updated": Order("updated_at", backwards=False),
    "-updated": Order("updated_at", backwards=True),
}


async def listed(
    read: Read, by: Principal, filters: Filters, order: Order, *, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Give bookings that a principal may see, after a key of the order that is asked for."""
    columns = [bookings.c.number] if order.column is None else [bookings.c[order.column], bookings.c.number]
    query = (
        sa.select(bookings.c.number, sa.cast(_json, sa.Text), bookings.c.starts_at, bookings.c.updated_at)
        .where(visible_to(by), *_narrowed(filters))
        .order_by(*(each.desc() if order.backwards else each for each in columns))
        .limit(limit)
    )
    if after is not None:
        here = sa.tuple_(*columns)
        last = sa.tuple_(*(sa.bindparam(None, value, each.type) for each, value in zip(columns, after, strict=True)))
        query = query.where(here < last if order.backwards else here > last)
    text, values = compiled(query)
    return [tuple(row) for row in await read.fetch(text, *values)]


async def one(read: Read, by: Principal, booking_id: str) -> tuple[str, str] | None:
    """Give the ETag and the JSON text of a booking that a principal may see, or None.

    A hold or a waiting change that lapses reads differently from then on, though nobody has written a new version yet.
    """
    tag = sa.case(
        (
            sa.func.least(bookings.c.expires_at, bookings.c.change_expires_at) <= _now,
            sa.func.concat('"', bookings.c.version, '-lapsed"'),
        ),
        else_=sa.func.concat('"', bookings.c.version, '"'),
    )
    query = sa.select(tag, sa.cast(_json, sa.Text)).where(bookings.c.id == booking_id, visible_to(by))
    text, values = compiled(query)
    row = await read.fetchrow(text, *values)
    return (row[0], row[1]) if row else None


def visible_to(by: Principal) -> sa.ColumnElement[bool]:
    """Give the condition under which a booking exists for a principal."""
    return _VISIBLE[type(by)](by)


_IMO = re.compile(r"(?:IMO )?([0-9]{7})")
_now = sa.func.clock_timestamp(type_=MOMENT)
_json = sa.func.booking_json(sa.literal_column("bookings"))
_state = sa.case((bookings.c.expires_at <= _now, State.EXPIRED.value), else_=bookings.c.state)

_VISIBLE: dict[type[Principal], Callable[[Principal], sa.ColumnElement[bool]]] = {
    Forwarder: lambda by: bookings.c.organisation_id == by.organisation_id,
    Operator: lambda by: bookings.c.facilities.overlap(sorted(by.facilities)),
    # Provisional bookings are nothing to customs: they see one from its confirmation on.
    Customs: lambda _: bookings.c.confirmed_at.is_not(None),
    Admin: lambda _: sa.true(),
}


def _narrowed(filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.states is not None:
        conditions.append(_state.in_(filters.states))
    if filters.port is not None:
        conditions.append(bookings.c.port == filters.port)
    if filters.facility is not None:
        conditions.append(bookings.c.facilities.contains([filters.facility]))
    if filters.vessel is not None:
        conditions.append(_is_vessel(filters.vessel))
    if filters.client_reference is not None:
        conditions.append(bookings.c.client_reference == filters.client_reference)
    if filters.customs_reference is not None:
        conditions.append(_travels_under(filters.customs_reference))
    if filters.updated_since is not None:
        conditions.append(bookings.c.updated_at >= filters.updated_since)
    start, end = filters.window
    if end is not None:
        conditions.append(bookings.c.starts_at < end)  # follows from the legs; an index knows it
    if filters.place is not None or start is not None or end is not None:
        conditions.append(sa.exists(_leg(filters.place, start, end)))
    return conditions


def _is_vessel(words: str) -> sa.ColumnElement[bool]:
    """Give the condition of an IMO number, or of part of a ship's name in whatever case."""
    imo = _IMO.fullmatch(words)
    if imo is not None:
        return _fact("{vessel,imo}") == imo[1]
    return _fact("{vessel,name}").icontains(words, autoescape=True)


def _travels_under(reference: str) -> sa.ColumnElement[bool]:
    """Give the condition of a customs reference, in the one form in which it is kept."""
    # `null` is no list, and Postgres does not say in which order it looks at conditions: only CASE keeps one.
    there = sa.case((_fact("{customs_references}").is_not(None), bookings.c.facts.op("->")("customs_references")))
    each = sa.func.json_array_elements(there).table_valued("value")
    return sa.exists().where(each.c.value.op("->>")("value") == reference)


def _fact(path: str) -> sa.ColumnElement[str]:
    return sa.type_coerce(bookings.c.facts.op("#>>")(sa.literal_column(f"'{path}'")), sa.Text)


def _leg(place: str | None, start: datetime | None, end: datetime | None) -> sa.Select[Any]:
    """Give the legs of the booking in hand at a place and with time in common with a window."""
    leg = sa.select(legs.c.leg).where(legs.c.booking == bookings.c.number)
    if place is not None:
        leg = leg.join(places, places.c.id == legs.c.place_id).where(places.c.code == place)
    during = sa.func.tstzrange(sa.cast(start, MOMENT), sa.cast(end, MOMENT))
    return leg.where(sa.func.tstzrange(legs.c.starts_at, legs.c.ends_at).op("&&")(during))
