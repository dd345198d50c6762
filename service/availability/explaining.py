"""What is said of each rule about one wished slot: whether it passes, by what margin, and what would help."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from service.availability.measures import DAY, HOUR, MINUTE
from service.availability.places import Terms
from service.availability.reasons import (
    CARGO,
    HAZARD,
    KEPT,
    NO_TIDE,
    NOT_BOOKABLE,
    STAY_TOO_LONG,
    STAY_TOO_SHORT,
    TOO_DEEP,
    TOO_EARLY,
    TOO_FAR_AHEAD,
    TOO_HEAVY,
    TOO_LONG,
    TOO_WIDE,
    UNKNOWN,
    Need,
)

# An operator may see past these for one booking, or open the place; past what is full or closed nobody can.
FOR_THE_OPERATOR = frozenset({
    CARGO, HAZARD, KEPT, NO_TIDE, NOT_BOOKABLE, STAY_TOO_LONG, STAY_TOO_SHORT, TOO_DEEP, TOO_FAR_AHEAD, TOO_HEAVY,
    TOO_LONG, TOO_WIDE, UNKNOWN,
})  # fmt: skip
BOUNDS = (STAY_TOO_SHORT, STAY_TOO_LONG, TOO_EARLY, TOO_FAR_AHEAD)
ASK_THE_OPERATOR = Need("ask", ("operator",))
LOOK_AHEAD = 30 * DAY


@dataclass(frozen=True, slots=True)
class Margin:
    """How much of one field is left before a rule refuses; below 0, how much is lacking.

    Fields: those of a `Need`. Of `start` it is by how much later the stay might begin, below 0 by how much later it
    must; of a start too far ahead by how much earlier.
    """

    field: str
    value: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule about one wished slot.

    The margin is None where a rule does not measure, or nothing refuses within thirty days. The need is the change of
    one field with which the rule passes, and no other that passed before fails; None if it passes or nothing helps.
    `released_at`, of what is kept for partners: when the first of it that stands in the way is open to all.
    """

    code: str
    passes: bool
    margin: Margin | None = None
    need: Need | None = None
    released_at: int | None = None


def bounds_margins(start: int, end: int, terms: Terms, now: int) -> dict[str, Margin]:
    """Give the margins of the bounds of a place, those of the start in whole hours: they change as time passes."""
    return {
        STAY_TOO_SHORT: Margin("duration", end - start - terms.shortest_stay),
        STAY_TOO_LONG: Margin("duration", terms.longest_stay - (end - start)),
        TOO_EARLY: Margin("start", (start - now - terms.least_notice) // HOUR * HOUR),
        TOO_FAR_AHEAD: Margin("start", (now + terms.horizon - start) // HOUR * HOUR),
    }


def bounds_need(code: str, start: int, terms: Terms, now: int) -> Need | None:
    """Give the change that puts a stay inside one bound of a place; a start too early has the search to help it."""
    if code == STAY_TOO_SHORT:
        return Need("end", start + terms.shortest_stay)
    if code == STAY_TOO_LONG:
        return Need("end", start + terms.longest_stay)
    if code == TOO_FAR_AHEAD:
        return Need("start", (now + terms.horizon) // MINUTE * MINUTE)
    return None


def without_bounds(terms: Terms, failing: Collection[str], start: int, stay: int, now: int) -> Terms:
    """Give the terms of a place without the bounds that a stay breaks anyway, as no search passes over them."""
    if STAY_TOO_SHORT in failing or STAY_TOO_LONG in failing:
        terms = replace(terms, shortest_stay=stay, longest_stay=stay)
    if TOO_EARLY in failing:
        terms = replace(terms, least_notice=min(terms.least_notice, start - now))
    if TOO_FAR_AHEAD in failing:
        terms = replace(terms, horizon=start - now + LOOK_AHEAD)
    return terms


def least_change(code: str, tries: Iterator[Need | None], harmless: Callable[[Need], bool]) -> Need | None:
    """Give the first change that makes a rule pass and harms nothing, or else whom to ask."""
    for need in tries:
        if need is not None and harmless(need):
            return need
    return ASK_THE_OPERATOR if code in FOR_THE_OPERATOR else None
