"""What a booking has and has to give up, where that may go instead, and where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.availability.floors import FloorClaim, FloorTimetable
from service.availability.places import Quay, Warehouse
from service.availability.slots import BerthAsk, StorageAsk
from service.availability.timetable import QuayClaim, QuayTimetable


@dataclass(frozen=True, slots=True)
class Stay:
    """One leg of a booking as it stands: its place, what it asked (just its window), and what it blocks there.

    `must_go`: the rules refuse it. `ignoring` are the codes of rules that an operator has overridden for it.
    """

    leg: int
    place: str
    ask: BerthAsk | StorageAsk
    claims: tuple[QuayClaim | FloorClaim, ...]
    must_go: bool
    ignoring: frozenset[str] = frozenset()

    @property
    def start(self) -> int:
        """When it begins."""
        return self.ask.start

    @property
    def end(self) -> int:
        """When it ends, without turnaround."""
        return self.ask.end


@dataclass(frozen=True, slots=True)
class Touched:
    """A booking of which at least one leg must go."""

    booking: int
    stays: tuple[Stay, ...]

    @property
    def start(self) -> int:
        """When the first leg begins that must go."""
        return min(stay.start for stay in self.stays if stay.must_go)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a leg goes: `[start, end)` at a place, at a quay the metres from `from_m` on."""

    place: str
    start: int
    end: int
    from_m: int | None = None


@dataclass(frozen=True, slots=True)
class Havens:
    """The places where touched bookings may go, by code, with their new rules, and what all others have taken there."""

    quays: Mapping[str, tuple[Quay, QuayTimetable]]
    floors: Mapping[str, tuple[Warehouse, FloorTimetable]]


Moves = dict[int, dict[int, Spot]]
