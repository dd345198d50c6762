"""A place's sheet put together: what the ledger says is taken, and what the rules in force close and keep."""

from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from typing import Any

from service.availability import FOREVER, MINUTE, FloorClosure, local_days
from service.clock import instant
from service.database import Db
from service.ports.operations import Rulebook
from service.ports.queries import Standing
from service.ports.rules import Place
from service.timetables import queries
from service.timetables.queries import Asked, Glance, Ledger
from service.timetables.rules import (
    Berthed,
    FloorSheet,
    Named,
    QuaySheet,
    Rectangle,
    Shut,
    Stored,
    TimetableNotFound,
    floor_days,
    kept,
    still_kept,
)

QUARTER = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet and the tag of what is on it."""

    sheet: QuaySheet | FloorSheet
    tag: str


class Clerk:
    """Whoever keeps timetables: looks a place up in the ledger and in the rulebook."""

    def __init__(self, db: Db, rulebook: Rulebook) -> None:
        self._db = db
        self._rulebook = rulebook

    async def tag(self, asked: Asked, *, drawn: bool) -> str:
        """Give the tag that a sheet would have now: one small query, if the rules have not moved."""
        glance = await self._db.read(queries.glance, asked)
        if glance is None:
            raise TimetableNotFound
        return _tag(asked, glance, await self._place(glance), drawn=drawn)

    async def page(self, asked: Asked, *, drawn: bool) -> Page:
        """Give the sheet that was asked for: one query, if the rules have not moved."""
        ledger = await self._db.read(queries.ledger, asked)
        if ledger is None:
            raise TimetableNotFound
        place = await self._place(ledger.glance)
        sheet = (_quay_sheet if asked.kind == "quay" else _floor_sheet)(asked, ledger, place)
        return Page(sheet, _tag(asked, ledger.glance, place, drawn=drawn))

    async def _place(self, glance: Glance) -> Place:
        standing = Standing(glance.id, glance.code, glance.version, glance.rules_version)
        return (await self._rulebook.as_of([standing]))[glance.code]


def _tag(asked: Asked, glance: Glance, place: Place, *, drawn: bool) -> str:
    """Give the tag of a sheet, made of all that decides what is on it.

    What is kept changes when it is given to all, and a picture shows the time of day.
    """
    now = instant(glance.at)
    kept_still = still_kept(place.rules, *_bounds(asked), now)
    quarter = _quarter(now) if drawn else 0
    reader = (asked.by.organisation_id, sorted(asked.by.facilities), "bookings:read" in asked.by.scopes)
    claims = (glance.version, place.rules_version, glance.lapsed, glance.named)
    said = repr((drawn, asked.kind, asked.code, _bounds(asked), reader, claims, kept_still, quarter))
    return f'"{blake2b(said.encode(), digest_size=12).hexdigest()}"'


def _quarter(now: int) -> int:
    return now - now % QUARTER


def _bounds(asked: Asked) -> tuple[int, int]:
    return instant(asked.start), instant(asked.end)


def _quay_sheet(asked: Asked, ledger: Ledger, place: Place) -> QuaySheet:
    (start, end), now = _bounds(asked), instant(ledger.glance.at)
    return QuaySheet(
        quay=place.quay,
        start=start,
        end=end,
        at=_quarter(now),
        taken=tuple(
            Berthed(Rectangle(from_m, to_m, since, until), lapses if named[0] else None, _named(named))
            for from_m, to_m, since, until, lapses, *named in ledger.claims
        ),
        closed=tuple(
            Shut(closure, Rectangle(from_m, to_m, since, FOREVER if until is None else until), reason)
            for closure, from_m, to_m, _, since, until, reason in ledger.closures
        ),
        kept=tuple(kept(place.quay, start, end, by=asked.by.organisation_id, now=now)),
    )


def _floor_sheet(asked: Asked, ledger: Ledger, place: Place) -> FloorSheet:
    (start, end), now = _bounds(asked), instant(ledger.glance.at)
    # The rules know no closures that are over; a sheet may look back.
    closures = tuple(
        _floor_closure(since, until, place.warehouse.capacity if quantity is None else quantity, place)
        for _, _, _, quantity, since, until, _ in ledger.closures
    )  # fmt: skip
    warehouse = replace(place.warehouse, closures=closures)
    first_on, last_on = local_days(start, end, place.zone)
    taken = _taken(ledger)
    return FloorSheet(
        warehouse=warehouse,
        start=start,
        end=end,
        at=_quarter(now),
        days=floor_days(warehouse, taken, first_on, last_on, by=asked.by.organisation_id, now=now),
        claims=tuple(_stored(row) for row in ledger.claims if _day(row[1]) > first_on and _day(row[0]) < last_on),
    )


def _floor_closure(since: int, until: int | None, quantity: int, place: Place) -> FloorClosure:
    if until is None:
        return FloorClosure(local_days(since, since + 1, place.zone)[0], date.max, quantity)
    return FloorClosure(*local_days(since, until, place.zone), quantity)


def _taken(ledger: Ledger) -> dict[tuple[date, int], int]:
    """Give what is taken by day and pool: the counters, less what has lapsed and is counted still."""
    taken = {(_day(day), pool): quantity for day, pool, quantity in ledger.counters}
    for first, last, pool, quantity in ledger.lapsed:
        for ordinal in range(_day(first).toordinal(), _day(last).toordinal()):
            key = date.fromordinal(ordinal), pool
            if key in taken:
                taken[key] -= quantity
    return taken


def _stored(row: list[Any]) -> Stored:
    first, last, quantity, lapses, *named = row
    shown = _named(named)
    assert shown is not None  # noqa: S101  only bookings that the reader sees are asked for
    return Stored(_day(first), _day(last), quantity, lapses, shown)


def _named(columns: list[Any]) -> Named | None:
    return Named(*columns) if columns[0] else None


def _day(text: str) -> date:
    return date.fromisoformat(text)
