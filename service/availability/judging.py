"""One wished place and window: which rules refuse it, where else the ship may lie, and which gap it fills best."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from service.availability.facts import FACTS, LISTED, changed, largest, listed
from service.availability.measures import blocked_metres
from service.availability.places import Quay, Ship, Terms
from service.availability.reasons import (
    KEPT,
    NOT_BOOKABLE,
    OFF_THE_QUAY,
    STAY_TOO_LONG,
    STAY_TOO_SHORT,
    TOO_EARLY,
    TOO_FAR_AHEAD,
    Need,
    Reason,
)
from service.availability.rules import Barred, barred_starts, barred_to_all, barred_to_others, barred_to_ship
from service.availability.timetable import metres, runs


def refusals(
    quay: Quay,
    ship: Ship,
    *,
    from_m: int,
    start: int,
    end: int,
    now: int,
    by: str | None = None,
    ignoring: Collection[str] = (),
) -> list[Reason]:
    """Give every rule, claims apart, that refuses a ship of `by` at `from_m` for the stay `[start, end)`.

    The ship takes the metres from `from_m` to `from_m + blocked_metres(ship.loa_cm, quay.terms)`. A need names the
    change of one field that satisfies its rule at this place and in this window and meets no other; it is None where no
    such change exists. `ignoring` are the codes of rules that an operator overrides.
    """
    if not any(berth.bookable for berth in quay.berths):
        return [Reason(NOT_BOOKABLE)]
    reasons = [*stay_refusals(end - start, quay.terms), *start_refusals(start, quay.terms, now)]
    if from_m < 0 or from_m + blocked_metres(ship.loa_cm, quay.terms) > quay.length_m:
        reasons.append(Reason(OFF_THE_QUAY))
    wished = _Wished(WishedStay(quay, start, end, now, by, ignoring), from_m)
    return [reason for reason in (*reasons, *wished.reasons(ship)) if reason.code not in ignoring]


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


def permitted_stretches(
    quay: Quay,
    ship: Ship,
    start: int,
    end: int,
    *,
    now: int,
    by: str | None = None,
    ignoring: Collection[str] = (),
) -> list[tuple[int, int]]:
    """Give the stretches `[from_m, to_m)` where the rules, claims apart, let a ship of `by` lie for `[start, end)`.

    Each is at least as long as the ship blocks; no two of them touch. Bounds of stays and starts are not judged.
    `ignoring` are the codes of rules that an operator overrides.
    """
    free = metres(0, quay.length_m)
    for bar in WishedStay(quay, start, end, now, by, ignoring).bars(ship):
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


@dataclass(frozen=True, slots=True)
class WishedStay:
    """A stay `[start, end)` at a quay that `by` wishes, whatever the ship and the place."""

    quay: Quay
    start: int
    end: int
    now: int
    by: str | None
    ignoring: Collection[str]

    def bars(self, ship: Ship) -> Iterator[Barred]:
        """Yield the bars that the stay meets on the quay, or its turnaround where that must keep clear too."""
        terms = self.quay.terms
        # What is kept comes again for ever: a window of a thousand years is too long, and its times not worth telling.
        worth_telling = self.end if STAY_TOO_LONG in self.ignoring else min(self.end, self.start + terms.longest_stay)
        unfit = barred_to_ship(self.quay, ship, self.start, self.end)
        met = chain(
            (bar for bar in unfit if bar.start < self.end and self.start < bar.end),
            barred_to_all(self.quay, self.start, self.end + terms.turnaround),
            barred_to_others(self.quay, self.by, self.start, worth_telling + terms.turnaround, self.now),
            barred_starts(self.quay, ship, self.end - self.start, self.start, self.start),
        )
        return (bar for bar in met if bar.code not in self.ignoring)


@dataclass(frozen=True, slots=True)
class _Wished:
    """A stay at a place that begins at a metre."""

    stay: WishedStay
    from_m: int

    def reasons(self, ship: Ship) -> list[Reason]:
        """Give the rules that a ship meets here, each once."""
        releases = [bar.released_at for bar in self._met(ship) if bar.released_at is not None]
        return [
            Reason(code, self._need(ship, code), min(releases) if code == KEPT else None) for code in self._codes(ship)
        ]

    def _met(self, ship: Ship) -> list[Barred]:
        to_m = self.from_m + blocked_metres(ship.loa_cm, self.stay.quay.terms)
        return [bar for bar in self.stay.bars(ship) if bar.from_m < to_m and self.from_m < bar.to_m]

    def _codes(self, ship: Ship) -> list[str]:
        return list(dict.fromkeys(bar.code for bar in self._met(ship)))

    def _need(self, ship: Ship, code: str) -> Need | None:
        """Give the change of one fact with which the ship meets every rule that it met before, but not this one."""
        field = FACTS.get(code)
        if field is None:
            return None
        others = set(self._codes(ship)) - {code}

        def passes(other: Ship) -> bool:
            return others.issuperset(self._codes(other))

        if field in LISTED:
            values = tuple(value for value in listed(self.stay.quay, field) if passes(changed(ship, **{field: value})))
            return Need(field, values) if values else None
        most = largest(self.stay.quay, ship, field, passes)
        return None if most is None else Need(field, most)
