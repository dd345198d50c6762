"""One wished place and window: which rules refuse it, where else the ship may lie, and which gap it fills best."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.availability.facts import FACTS, LISTED, changed, largest, listed
from service.availability.measures import blocked_metres
from service.availability.places import Quay, Ship, Terms
from service.availability.reasons import (
    NOT_BOOKABLE,
    OFF_THE_QUAY,
    STAY_TOO_LONG,
    STAY_TOO_SHORT,
    TOO_EARLY,
    TOO_FAR_AHEAD,
    Need,
    Reason,
)
from service.availability.rules import Barred, barred_to_all, barred_to_ship
from service.availability.timetable import metres, runs


def refusals(quay: Quay, ship: Ship, *, from_m: int, start: int, end: int, now: int) -> list[Reason]:
    """Give every rule, claims apart, that refuses a ship at `from_m` for the stay `[start, end)`.

    The ship takes the metres from `from_m` to `from_m + blocked_metres(ship.loa_cm, quay.terms)`. A need names the
    change of one field that satisfies its rule at this place and in this window and meets no other; it is None where no
    such change exists.
    """
    if not any(berth.bookable for berth in quay.berths):
        return [Reason(NOT_BOOKABLE)]
    reasons = [*stay_refusals(end - start, quay.terms), *start_refusals(start, quay.terms, now)]
    if from_m < 0 or from_m + blocked_metres(ship.loa_cm, quay.terms) > quay.length_m:
        reasons.append(Reason(OFF_THE_QUAY))
    wished = _Wished(quay, from_m, start, end)
    return reasons + [Reason(code, wished.need(ship, code)) for code in wished.codes(ship)]


def stay_refusals(stay: int, terms: Terms) -> list[Reason]:
    """Give what is wrong with the length of a stay (microseconds), with the nearest length that is right."""
    if stay < terms.shortest_stay:
        return [Reason(STAY_TOO_SHORT, Need("duration", terms.shortest_stay))]
    if stay > terms.longest_stay:
        return [Reason(STAY_TOO_LONG, Need("duration", terms.longest_stay))]
    return []


def start_refusals(start: int, terms: Terms, now: int) -> list[Reason]:
    """Give what is wrong with a start: too soon after `now`, or past the horizon of the place."""
    if start < now + terms.least_notice:
        return [Reason(TOO_EARLY)]
    if start > now + terms.horizon:
        return [Reason(TOO_FAR_AHEAD)]
    return []


def permitted_stretches(quay: Quay, ship: Ship, start: int, end: int) -> list[tuple[int, int]]:
    """Give the stretches `[from_m, to_m)` where the rules, claims apart, let a ship lie for the stay `[start, end)`.

    Each is at least as long as the ship blocks; no two of them touch.
    """
    free = metres(0, quay.length_m)
    for bar in _meeting(quay, ship, start, end):
        free &= ~metres(bar.from_m, bar.to_m)
    need_m = blocked_metres(ship.loa_cm, quay.terms)
    return [(low, high) for low, high in runs(free) if high - low >= need_m]


def best_fit(stretches: Iterable[tuple[int, int]], taken: Iterable[tuple[int, int]], need_m: int) -> int | None:
    """Give the low end of the smallest gap that fits, the lowest of equal ones; None if none does.

    stretches    ├──────────────────┤    ├──────────┤
    taken            ▓▓▓▓      ▓▓▓▓▓▓▓▓▓▓▓▓▓
    gaps         ├──┤    ├────┤             ├───────┤
    """
    free = 0
    for low, high in stretches:
        free |= metres(low, high)
    for low, high in taken:
        free &= ~metres(low, high)
    gaps = [(high - low, low) for low, high in runs(free) if high - low >= need_m]
    return min(gaps)[1] if gaps else None


def _meeting(quay: Quay, ship: Ship, start: int, end: int) -> Iterator[Barred]:
    """Yield the bars that a stay `[start, end)` meets somewhere on the quay, its turnaround included for closures."""
    for bar in barred_to_ship(quay, ship, start, end):
        if bar.start < end and start < bar.end:
            yield bar
    yield from barred_to_all(quay, start, end + quay.terms.turnaround)


@dataclass(frozen=True, slots=True)
class _Wished:
    """A place and a window that somebody wants, whatever the ship."""

    quay: Quay
    from_m: int
    start: int
    end: int

    def codes(self, ship: Ship) -> list[str]:
        """Give the codes of the rules that a ship would meet here, each once."""
        to_m = self.from_m + blocked_metres(ship.loa_cm, self.quay.terms)
        meeting = _meeting(self.quay, ship, self.start, self.end)
        return list(dict.fromkeys(bar.code for bar in meeting if bar.from_m < to_m and self.from_m < bar.to_m))

    def need(self, ship: Ship, code: str) -> Need | None:
        """Give the change of one fact with which the ship meets every rule that it met before, but not this one."""
        field = FACTS.get(code)
        if field is None:
            return None
        others = set(self.codes(ship)) - {code}

        def passes(other: Ship) -> bool:
            return others.issuperset(self.codes(other))

        if field in LISTED:
            values = tuple(value for value in listed(self.quay, field) if passes(changed(ship, **{field: value})))
            return Need(field, values) if values else None
        most = largest(self.quay, ship, field, passes)
        return None if most is None else Need(field, most)
