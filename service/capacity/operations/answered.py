"""Answers that were given before and still hold, so that a question that many ask is worked out once.

An answer follows from the question, the places in sight and the time of day; from who asks only where a place keeps
something for partners. The places have versions; the time matters only at known moments: when a reservation hold lapses
or what was kept is released, when the window asked for begins to lie in the past, and while its end lies beyond the
horizon of a place. What can't be said with certainty is not kept.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from service.availability import MINUTE, FloorTimetable, QuayTimetable, next_release
from service.capacity.operations.search import TO_SAY_YES
from service.capacity.operations.timetables import Sight
from service.ports.rules import Place

MOST = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer in bytes with its tag, the places it was made from, and the moment from which it may be wrong."""

    body: bytes
    tag: str
    versions: tuple[tuple[int, int, int], ...]
    good_until: int


class Answered:
    """The answers of one process, the 2,000 asked for most lately."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def still(self, question: Hashable, sight: Sight) -> Kept | None:
        """Give the answer to a question if the same places would give it again."""
        kept = self._kept.get(question)
        if kept is None or kept.versions != sight.versions or sight.at >= kept.good_until:
            return None
        self._kept.move_to_end(question)
        return kept

    def keep(self, question: Hashable, kept: Kept) -> Kept:
        """Remember an answer, and give it."""
        self._kept[question] = kept
        self._kept.move_to_end(question)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return kept


def good_until(sight: Sight, start: int, last_start: int) -> int:
    """Give until when what is seen now gives the same answer to a question about starts in `[start, last_start]`.

    At most a minute: how far ahead `needs` may look moves with the day.
    """
    places: list[tuple[Place, QuayTimetable | FloorTimetable]] = [*sight.quays, *sight.warehouses]
    if any(last_start > sight.at + place.rules.terms.horizon for place, _ in places):
        return sight.at
    in_the_past = min((start - TO_SAY_YES - place.rules.terms.least_notice for place, _ in places), default=sight.at)
    lapse = min((taken.next_lapse() for _, taken in places), default=sight.at)
    release = min((next_release(place.rules, sight.at) for place, _ in places), default=sight.at)
    return min(in_the_past, lapse, release, sight.at + MINUTE)


def asker_matters(sight: Sight) -> bool:
    """Say whether some place in sight keeps something for partners, so that its answers differ with who asks."""
    return any(place.quay.kept for place, _ in sight.quays) or any(
        place.warehouse.allotments for place, _ in sight.warehouses
    )
