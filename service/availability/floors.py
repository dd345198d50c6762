"""What is taken of a warehouse: a quantity on each local day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from heapq import heappop, heappush
from typing import TypeVar

from service.availability.measures import FOREVER

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class FloorClaim:
    """A quantity of floor taken on the local days `[first_on, last_on)`; from the instant `expires_at` on, none.

    It is drawn from a pool: 0 is the general one, any other that of an allotment.
    """

    claim_id: str
    first_on: date
    last_on: date
    quantity: int
    expires_at: int = FOREVER
    pool: int = 0


class FloorTimetable:
    """The claims of one warehouse, as the sums taken on each day: of the floor, and of each pool but the general one.

    Days are keyed by `date.toordinal`.
    """

    __slots__ = ("_claims", "_drawn", "_expiries", "_taken")

    def __init__(self, claims: Iterable[FloorClaim] = ()) -> None:
        self._taken: defaultdict[int, int] = defaultdict(int)
        self._drawn: defaultdict[tuple[int, int], int] = defaultdict(int)
        self._claims: dict[str, FloorClaim] = {}
        self._expiries: list[tuple[int, str]] = []
        for claim in claims:
            self.add(claim)

    def __contains__(self, claim_id: str) -> bool:
        return claim_id in self._claims

    def __len__(self) -> int:
        return len(self._claims)

    def add(self, claim: FloorClaim) -> None:
        """Take the quantity of a claim on each of its days. A claim already there under this id is replaced."""
        self.remove(claim.claim_id)
        self._claims[claim.claim_id] = claim
        self._take(claim, claim.quantity)
        if claim.expires_at < FOREVER:
            heappush(self._expiries, (claim.expires_at, claim.claim_id))

    def remove(self, claim_id: str) -> None:
        """Give the quantity of a claim back; an id that is not there changes nothing."""
        claim = self._claims.pop(claim_id, None)
        if claim is not None:
            self._take(claim, -claim.quantity)

    def claims_of(self, holder: str) -> list[FloorClaim]:
        """Give the claims of one holder, that is those whose ids begin with it and a slash."""
        return [claim for claim_id, claim in self._claims.items() if claim_id.startswith(f"{holder}/")]

    def at(self, now: int) -> Mapping[int, int]:
        """Give the quantity taken by day, once the reservation holds that have lapsed by `now` are dropped.

        A day without claims may be missing. `now` of a later call must not be earlier.
        """
        while self._expiries and self._expiries[0][0] <= now:
            expires_at, claim_id = heappop(self._expiries)
            claim = self._claims.get(claim_id)
            if claim is not None and claim.expires_at == expires_at:
                self.remove(claim_id)
        return self._taken

    def drawn_at(self, now: int) -> Mapping[tuple[int, int], int]:
        """Give the quantity drawn from pools by pool and day, as `at` gives what is taken in all."""
        self.at(now)
        return self._drawn

    def next_lapse(self) -> int:
        """Give when the next reservation hold lapses, FOREVER if none will; it may be too early, never too late."""
        return self._expiries[0][0] if self._expiries else FOREVER

    def _take(self, claim: FloorClaim, quantity: int) -> None:
        for day in range(claim.first_on.toordinal(), claim.last_on.toordinal()):
            _add(self._taken, day, quantity)
            if claim.pool:
                _add(self._drawn, (claim.pool, day), quantity)


def _add(sums: defaultdict[K, int], key: K, quantity: int) -> None:
    """Add to a sum; one that comes to nothing is forgotten."""
    sums[key] += quantity
    if not sums[key]:
        del sums[key]
