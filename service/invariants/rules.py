"""What must be true, what was found, and a counter that has drifted from its claims."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that must be true, and how often it is not."""

    name: str
    says: str
    count: int

    @property
    def holds(self) -> bool:
        """Whether it is true."""
        return self.count == 0


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found at a moment. Lapsed claims are in nobody's way: they are counted, and are nothing wrong."""

    at: datetime
    invariants: tuple[Invariant, ...]
    lapsed_claims: int


@dataclass(frozen=True, slots=True)
class Drift:
    """A counter that is not the sum of its claims: what it says, what it should say, and what there is to take.

    Where a counter is missing it says 0. A missing one of a pool has nothing to take: only an allotment makes one.
    """

    place_id: int
    place: str
    pool: int
    day: date
    taken: int
    claimed: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Counters that were mended, and those that can't be: more is claimed of them than there is to take."""

    mended: list[Drift]
    left: list[Drift]
