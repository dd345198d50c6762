"""What is taken of each place, kept in memory and checked against the database at every question.

A place's `version` is raised, under its lock, by every change of its claims. So one tiny query tells which timetables
have moved; only those are read again. There is nothing to invalidate, and a caller always sees its own bookings.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from service.availability import (
    FOREVER,
    FloorClaim,
    FloorTimetable,
    QuayClaim,
    QuayTimetable,
)
from service.capacity import queries
from service.capacity.operations.standings import Messenger
from service.clock import instant
from service.database import Db, Read
from service.ports.operations import Rulebook
from service.ports.queries import Standing
from service.ports.rules import Place

T = TypeVar("T", QuayTimetable, FloorTimetable)
CHANGE = "change"  # in the id of a claim: it belongs to a change that waits beside the booking


@dataclass(frozen=True, slots=True)
class Sight:
    """Places as they stood at one moment of the database's clock: their rules, and what is taken of each.

    `versions` has id, version and rules version of each place: while they are the same, and no hold has lapsed, nothing
    has changed.
    """

    at: int
    quays: list[tuple[Place, QuayTimetable]]
    warehouses: list[tuple[Place, FloorTimetable]]
    versions: tuple[tuple[int, int, int], ...]

    def only(self, place_id: int) -> "Sight":
        """Give the same sight of one of the places alone."""
        return Sight(
            self.at,
            [each for each in self.quays if each[0].id == place_id],
            [each for each in self.warehouses if each[0].id == place_id],
            tuple(each for each in self.versions if each[0] == place_id),
        )


class Timetables:
    """What is taken of every place that somebody has asked for, in memory, with the version it was read at."""

    def __init__(self, db: Db, rulebook: Rulebook) -> None:
        self._db = db
        self._messenger = Messenger(db)
        self._rulebook = rulebook
        self._quays = _Kept[QuayTimetable]()
        self._floors = _Kept[FloorTimetable]()

    async def look(self, ports: Collection[str], kind: str | None = None) -> Sight:
        """Give the places of some ports, of one kind or both. One query if nothing has moved since the last look."""
        at, standing = await self._messenger.ask(ports)
        places = [
            each for each in await self._rules(standing) if each[0].port in ports and kind in (None, each[0].kind)
        ]
        moved = {place.id: version for place, version in places}
        quays = [place for place, _ in places if place.kind == "quay"]
        floors = [place for place, _ in places if place.kind == "warehouse"]
        await self._quays.catch_up(self._db, {place.id: moved[place.id] for place in quays}, _quay_timetables)
        await self._floors.catch_up(self._db, {place.id: moved[place.id] for place in floors}, _floor_timetables)
        return Sight(
            at=instant(at),
            quays=[(place, self._quays[place.id]) for place in quays],
            warehouses=[(place, self._floors[place.id]) for place in floors],
            versions=tuple((place.id, version, place.rules_version) for place, version in places),
        )

    async def _rules(self, standing: Sequence[Standing]) -> list[tuple[Place, int]]:
        """Give the places with their rules at the version in force, and the version of their claims."""
        known = {each.code: each for each in standing}
        places = await self._rulebook.as_of(standing)
        return [(place, known[code].version) for code, place in sorted(places.items())]


class _Kept(Generic[T]):
    """Timetables of one kind by place id, each with the version it was read at or one that came before it."""

    def __init__(self) -> None:
        self._by_place: dict[int, tuple[int, T]] = {}
        self._reading = asyncio.Lock()

    def __getitem__(self, place_id: int) -> T:
        return self._by_place[place_id][1]

    async def catch_up(self, db: Db, versions: dict[int, int], read: Any) -> None:
        """Read again what has moved. One reader at a time: those who wait find the work done."""
        if not self._behind(versions):
            return
        async with self._reading:
            behind = self._behind(versions)
            if behind:
                fresh: dict[int, T] = await db.read(read, behind)
                for place_id in behind:
                    self._by_place[place_id] = (versions[place_id], fresh[place_id])

    def _behind(self, versions: dict[int, int]) -> list[int]:
        return [
            place_id
            for place_id, version in versions.items()
            if place_id not in self._by_place or self._by_place[place_id][0] < version
        ]


async def _quay_timetables(read: Read, place_ids: Sequence[int]) -> dict[int, QuayTimetable]:
    claims: dict[int, list[QuayClaim]] = {place_id: [] for place_id in place_ids}
    for place_id, booking, leg, change, from_m, to_m, start, end, lapses in await queries.quay_claims(read, place_ids):
        claim_id = f"{booking}/{leg}/{CHANGE}" if change else f"{booking}/{leg}"
        claims[place_id].append(QuayClaim(claim_id, from_m, to_m, start, end, FOREVER if lapses is None else lapses))
    return {place_id: QuayTimetable(of_place) for place_id, of_place in claims.items()}


async def _floor_timetables(read: Read, place_ids: Sequence[int]) -> dict[int, FloorTimetable]:
    """Read the claims on floors: a leg may have several, drawn from several pools and on several runs of days."""
    claims: dict[int, list[FloorClaim]] = {place_id: [] for place_id in place_ids}
    rows = await queries.floor_claims(read, place_ids)
    for place_id, booking, leg, change, pool, first_on, last_on, quantity, lapses in rows:
        claim_id = f"{booking}/{leg}/{pool}/{first_on}" + f"/{CHANGE}" * change
        expires_at = FOREVER if lapses is None else lapses
        claims[place_id].append(FloorClaim(claim_id, first_on, last_on, quantity, expires_at, pool))
    return {place_id: FloorTimetable(of_place) for place_id, of_place in claims.items()}
