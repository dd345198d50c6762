"""What is taken of a quay: one bitmask of metres per slice of time.

metres   8 │ ▓▓▓▓▓▓
         4 │    ▓▓▓▓▓▓▓▓
         0 └─┬──┬──┬────┬──────► time      starts  ALWAYS  t1  t2  t3  t4
            t1  t2 t3   t4                 masks   0       ▓.  ▓▓  .▓  0
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from service.availability.measures import ALWAYS, FOREVER


def metres(from_m: int, to_m: int) -> int:
    """Give the mask of the metres `[from_m, to_m)`: bit k is metre k."""
    return (1 << to_m) - (1 << from_m)


def runs(mask: int) -> Iterator[tuple[int, int]]:
    """Yield the maximal runs `[from_m, to_m)` of the metres in a mask, lowest first."""
    low = 0
    while mask:
        skipped = (mask & -mask).bit_length() - 1
        mask >>= skipped
        length = (~mask & (mask + 1)).bit_length() - 1
        low += skipped
        yield low, low + length
        mask >>= length
        low += length


class Slices:
    """A step function of time: which metres are blocked from each of `starts` until the next of them.

    Two parallel lists, sorted: a search reads them by index, and finds its window by bisection. They begin at ALWAYS
    and end at FOREVER, so that no index runs past them.
    """

    __slots__ = ("masks", "starts")

    def __init__(self) -> None:
        self.starts = [ALWAYS, FOREVER]
        self.masks = [0, 0]

    @property
    def is_constant(self) -> bool:
        """Whether the same metres are blocked at all times."""
        return self.starts[1] == FOREVER

    def block(self, mask: int, start: int, end: int) -> None:
        """Block the metres of a mask over `[start, end)`."""
        for index in range(self._cut(start), self._cut(end)):
            self.masks[index] |= mask

    def clear(self, mask: int, start: int, end: int) -> None:
        """Free the metres of a mask over `[start, end)`, and forget the boundaries that no longer part anything."""
        first, beyond = self._cut(start), self._cut(end)
        for index in range(first, beyond):
            self.masks[index] &= ~mask
        for index in range(beyond, first - 1, -1):
            if index and self.masks[index] == self.masks[index - 1] and self.starts[index] < FOREVER:
                del self.starts[index], self.masks[index]

    def over(self, start: int, end: int) -> int:
        """Give the metres blocked at any instant of `[start, end)`."""
        blocked = 0
        for index in range(self.at(start), bisect_left(self.starts, end)):
            blocked |= self.masks[index]
        return blocked

    def next_blocked(self, mask: int, index: int, until: int) -> int:
        """Give the first instant, from the slice at `index` on, at which metres of a mask are blocked, or `until`."""
        for later in range(index, len(self.starts)):
            if self.starts[later] >= until:
                break
            if self.masks[later] & mask:
                return self.starts[later]
        return until

    def at(self, instant: int) -> int:
        """Give the index of the slice in which an instant lies."""
        return max(bisect_right(self.starts, instant) - 1, 0)

    def _cut(self, instant: int) -> int:
        """Make an instant a boundary, and give the index of the slice that starts there."""
        index = self.at(instant)
        if self.starts[index] < instant:
            index += 1
            self.starts.insert(index, instant)
            self.masks.insert(index, self.masks[index - 1])
        return index


@dataclass(frozen=True, slots=True)
class QuayClaim:
    """The rectangle that a booking blocks, clearance and turnaround included: `[from_m, to_m)` over `[start, end)`.

    From `expires_at` on it blocks nothing; FOREVER is a firm claim.
    """

    claim_id: str
    from_m: int
    to_m: int
    start: int
    end: int
    expires_at: int = FOREVER


class QuayTimetable:
    """The claims of one quay. Adding and removing one touches only the slices that it spans.

    Searches read it as they go: finish with a slot iterator before the next change.
    """

    __slots__ = ("_claims", "_expiries", "_stacked", "slices")

    def __init__(self, claims: Iterable[QuayClaim] = ()) -> None:
        self.slices = Slices()
        self._claims: dict[str, QuayClaim] = {}
        self._expiries: list[tuple[int, str]] = []
        self._stacked: set[str] = set()
        for claim in sorted(claims, key=lambda claim: claim.start):
            self.add(claim)

    def __contains__(self, claim_id: str) -> bool:
        return claim_id in self._claims

    def __len__(self) -> int:
        return len(self._claims)

    def add(self, claim: QuayClaim) -> None:
        """Block the rectangle of a claim. A claim already there under this id is replaced."""
        self.remove(claim.claim_id)
        mask = metres(claim.from_m, claim.to_m)
        if self.slices.over(claim.start, claim.end) & mask:
            self._stacked.add(claim.claim_id)
            self._stacked.update(other.claim_id for other in self._beneath(claim))
        self.slices.block(mask, claim.start, claim.end)
        self._claims[claim.claim_id] = claim
        if claim.expires_at < FOREVER:
            heappush(self._expiries, (claim.expires_at, claim.claim_id))

    def remove(self, claim_id: str) -> None:
        """Free the rectangle of a claim; an id that is not there changes nothing.

        What another claim of the same booking blocks as well stays blocked.
        """
        claim = self._claims.pop(claim_id, None)
        if claim is None:
            return
        self.slices.clear(metres(claim.from_m, claim.to_m), claim.start, claim.end)
        if claim_id in self._stacked:
            self._stacked.discard(claim_id)
            for other in self._beneath(claim):
                self.slices.block(metres(other.from_m, other.to_m), other.start, other.end)

    def claims_of(self, holder: str) -> list[QuayClaim]:
        """Give the claims of one holder, that is those whose ids begin with it and a slash."""
        return [claim for claim_id, claim in self._claims.items() if claim_id.startswith(f"{holder}/")]

    def at(self, now: int) -> Slices:
        """Give what is taken, once the reservation holds that have lapsed by `now` are dropped.

        A lapsed hold never comes back: `now` of a later call must not be earlier.
        """
        while self._expiries and self._expiries[0][0] <= now:
            expires_at, claim_id = heappop(self._expiries)
            claim = self._claims.get(claim_id)
            if claim is not None and claim.expires_at == expires_at:
                self.remove(claim_id)
        return self.slices

    def next_lapse(self) -> int:
        """Give when the next reservation hold lapses, FOREVER if none will; it may be too early, never too late."""
        return self._expiries[0][0] if self._expiries else FOREVER

    def _beneath(self, claim: QuayClaim) -> list[QuayClaim]:
        """Give the claims whose rectangles overlap this one's. Rare, so a pass over all of them is enough."""
        return [
            other
            for other in self._claims.values()
            if other.start < claim.end
            and claim.start < other.end
            and other.from_m < claim.to_m
            and claim.from_m < other.to_m
        ]
