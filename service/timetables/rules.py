"""What a sheet of a timetable holds: everything that stands in the way at one place, as one reader may see it.

Pure: instants in microseconds, local days, metres and the floor's unit, as the engine has them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from service.availability import FloorClaim, FloorTimetable, Quay, Warehouse, local_days
from service.availability.keeping import kept_days, kept_times
from service.availability.reasons import CLOSED, KEPT
from service.availability.storage import Floor
from service.errors import NotFound


class TimetableNotFound(NotFound):
    """There is no such quay or warehouse.

    `GET /v1/ports/{unlocode}` lists the places of a port with their codes.
    """


@dataclass(frozen=True, slots=True)
class Named:
    """The booking behind a claim, for whoever may see that booking. `leg` is None where it has yet to be made."""

    booking: str
    client_reference: str
    vessel_name: str | None
    state: str
    leg: str | None
    is_change: bool

    @property
    def title(self) -> str:
        """What a person calls it: the ship, or else the forwarder's own reference."""
        return self.vessel_name or self.client_reference


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Metres `[from_m, to_m)` of a quay over `[start, end)`; FOREVER is an end that nobody knows."""

    from_m: int
    to_m: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Berthed:
    """What a claim blocks, turnaround included. Of another's claim nothing more is known than that."""

    at: Rectangle
    expires_at: int | None
    named: Named | None


@dataclass(frozen=True, slots=True)
class Shut:
    """A closure: who asked for it is the port's business, why is everybody's."""

    closure: str
    at: Rectangle
    reason: str


@dataclass(frozen=True, slots=True)
class KeptTime:
    """A stretch kept for partners that has not been given to all yet."""

    at: Rectangle
    released_at: int
    yours: bool


@dataclass(frozen=True, slots=True)
class QuaySheet:
    """A quay during `[start, end)` as one reader sees it; `at` is the quarter of an hour that is running."""

    quay: Quay
    start: int
    end: int
    at: int
    taken: tuple[Berthed, ...]
    closed: tuple[Shut, ...]
    kept: tuple[KeptTime, ...]


@dataclass(frozen=True, slots=True)
class FloorDay:
    """A floor on one local day; `free` is what this reader could book, `yours` of it from pools of his groups."""

    on: date
    capacity: int
    taken: int
    closed: int
    kept: int
    yours: int
    free: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A quantity on the local days `[first_on, last_on)` for a booking that the reader may see."""

    first_on: date
    last_on: date
    quantity: int
    expires_at: int | None
    named: Named


@dataclass(frozen=True, slots=True)
class FloorSheet:
    """A floor during `[start, end)` as one reader sees it; `at` is the quarter of an hour that is running."""

    warehouse: Warehouse
    start: int
    end: int
    at: int
    days: tuple[FloorDay, ...]
    claims: tuple[Stored, ...]


def by_day(claims: Iterable[Stored]) -> Counter[date]:
    """Give the quantity that some claims take on each local day."""
    taken: Counter[date] = Counter()
    for claim in claims:
        for day in _each_day(claim.first_on, claim.last_on):
            taken[day] += claim.quantity
    return taken


def kept(quay: Quay, start: int, end: int, *, by: str, now: int) -> Iterator[KeptTime]:
    """Yield what a quay keeps for partners in a window and has not given to all yet."""
    for stretch in quay.kept:
        for since, until in kept_times(stretch, quay.zone, start, end):
            released_at = since - stretch.release_before
            if now < released_at:
                at = Rectangle(stretch.from_m, stretch.to_m, since, until)
                yield KeptTime(at, released_at, by in stretch.members)


def still_kept(rules: Quay | Warehouse, start: int, end: int, now: int) -> int:
    """Give of how many times or days in a window a place still keeps something: it falls when one is given to all."""
    if isinstance(rules, Quay):
        return sum(1 for _ in kept(rules, start, end, by="", now=now))
    first_on, last_on = local_days(start, end, rules.zone)
    days = range(first_on.toordinal(), last_on.toordinal())
    return sum(day in kept_days(each, rules.zone, now) for each in rules.allotments for day in days)


def floor_days(
    warehouse: Warehouse, taken: Mapping[tuple[date, int], int], first_on: date, last_on: date, *, by: str, now: int
) -> tuple[FloorDay, ...]:
    """Give a floor day by day, `taken` by day and pool, as the organisation `by` may book it.

    capacity ├──────────────────────────────────────────┤
              taken ▓▓▓▓▓▓▓▓ closed ▒▒▒▒ kept ░░░░ free      of `free` some are `yours`: left in pools of your groups
    """
    claims = [
        FloorClaim(f"{on}/{pool}", on, on + timedelta(days=1), quantity, pool=pool)
        for (on, pool), quantity in taken.items()
    ]
    timetable = FloorTimetable(claims)
    mine, everybody = Floor(warehouse, timetable, now, by), Floor(warehouse, timetable, now)
    unkept = Floor(warehouse, timetable, now, by, ignoring=(KEPT,))
    unclosed = Floor(warehouse, timetable, now, by, ignoring=(KEPT, CLOSED))
    days = []
    for day in _each_day(first_on, last_on):
        on = day.toordinal()
        free = max(0, mine.free(on))
        days.append(
            FloorDay(
                on=day,
                capacity=warehouse.capacity,
                taken=warehouse.capacity - unclosed.free(on),
                closed=min(warehouse.capacity, unclosed.free(on) - unkept.free(on)),  # closures may overlap
                kept=unkept.free(on) - mine.free(on),
                yours=min(free, mine.free(on) - everybody.free(on)),
                free=free,
            )
        )
    return tuple(days)


def _each_day(first_on: date, last_on: date) -> Iterator[date]:
    return (date.fromordinal(each) for each in range(first_on.toordinal(), last_on.toordinal()))
