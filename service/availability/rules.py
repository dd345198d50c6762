"""The rules of a quay, each as the rectangles of metres and time that it refuses to one ship.

    metres  602 │            ▓▓▓▓▓▓▓▓▓  draught-exceeded (a notice of berth 3)
                │▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  cargo-not-handled (berth 2, at any time)
              0 └─────────────────────► time

Search asks for a place and time outside all of them; judging one wished place asks which of them it meets. There is no
second predicate. Windows of tide and stretches kept for partners will be further rules of this kind.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from service.availability.measures import ALWAYS, FOREVER, blocked_metres
from service.availability.places import Berth, Limit, Quay, Ship
from service.availability.reasons import (
    CARGO,
    CLOSED,
    HAZARD,
    NOT_BOOKABLE,
    TOO_DEEP,
    TOO_HEAVY,
    TOO_LONG,
    TOO_WIDE,
    UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Barred:
    """Metres `[from_m, to_m)` that the rule `code` refuses over `[start, end)`."""

    code: str
    from_m: int
    to_m: int
    start: int
    end: int


def _exceeds(fact: int | None, most: int | None) -> bool:
    return fact is not None and most is not None and fact > most


_BERTH_RULES: tuple[tuple[str, Callable[[Berth, Ship], bool]], ...] = (
    (NOT_BOOKABLE, lambda berth, _: not berth.bookable),
    (CARGO, lambda berth, ship: ship.cargo is not None and ship.cargo not in berth.cargo),
    (HAZARD, lambda berth, ship: ship.hazard_class is not None and ship.hazard_class not in berth.hazard_classes),
    (TOO_HEAVY, lambda berth, ship: _exceeds(ship.dwt_t, berth.max_dwt_t)),
)

_NOTICE_RULES: tuple[tuple[str, Callable[[Limit, Ship], bool]], ...] = (
    (TOO_LONG, lambda limit, ship: _exceeds(ship.loa_cm, limit.max_loa_cm)),
    (TOO_WIDE, lambda limit, ship: _exceeds(ship.beam_cm, limit.max_beam_cm)),
    (TOO_DEEP, lambda limit, ship: _exceeds(ship.draught_cm, limit.draught_cm)),
)


def barred_to_ship(quay: Quay, ship: Ship, start: int, end: int) -> Iterator[Barred]:
    """Yield what the facts of a ship bar to it between `start` and `end`; its turnaround need not keep clear."""
    if blocked_metres(ship.loa_cm, quay.terms) > quay.length_m:
        yield Barred(TOO_LONG, 0, quay.length_m, ALWAYS, FOREVER)
    for low, high in _without_berth(quay):
        yield Barred(NOT_BOOKABLE, low, high, ALWAYS, FOREVER)
    notices = _notices(quay, ship, start, end)
    for berth, low, high in quay.stretches():
        for code, refuses in _BERTH_RULES:
            if refuses(berth, ship):
                yield Barred(code, low, high, ALWAYS, FOREVER)
        for code, since, until in _barred_by_notice(notices[berth.code], ship):
            yield Barred(code, low, high, since, until)


def barred_to_all(quay: Quay, start: int, end: int) -> Iterator[Barred]:
    """Yield what is closed between `start` and `end`. A stay and its turnaround must keep clear."""
    for closure in quay.closures:
        if closure.start < end and start < closure.end:
            yield Barred(CLOSED, closure.from_m, closure.to_m, closure.start, closure.end)


def _notices(quay: Quay, ship: Ship, start: int, end: int) -> defaultdict[str, list[Limit]]:
    """Give the rows that speak of ships of this length in this window, by berth, earliest first."""
    rows: defaultdict[str, list[Limit]] = defaultdict(list)
    for limit in sorted(quay.limits, key=lambda limit: limit.since):
        if limit.loa_from_cm <= ship.loa_cm < limit.loa_until_cm and limit.since < end and start < limit.until:
            rows[limit.berth].append(limit)
    return rows


def _barred_by_notice(rows: Iterable[Limit], ship: Ship) -> Iterator[tuple[str, int, int]]:
    """Yield what the rows of one berth refuse, and the times of which they do not speak.

    rows            ├─ 11.6 m ─┤     ├── 10.9 m ──┤
    draught 11.0                     ▓▓▓▓▓▓▓▓▓▓▓▓▓▓        draught-exceeded
              ▒▒▒▒▒▒            ▒▒▒▒▒              ▒▒▒▒    limit-unknown
    """
    known_until = ALWAYS
    for limit in rows:
        if known_until < limit.since:
            yield UNKNOWN, known_until, limit.since
        known_until = max(known_until, limit.until)
        for code, refuses in _NOTICE_RULES:
            if refuses(limit, ship):
                yield code, limit.since, limit.until
    if known_until < FOREVER:
        yield UNKNOWN, known_until, FOREVER


def _without_berth(quay: Quay) -> Iterator[tuple[int, int]]:
    """Yield the metres that belong to no berth: nobody has said what may lie there."""
    covered = 0
    for low, high in sorted((low, high) for _, low, high in quay.stretches()):
        if covered < low:
            yield covered, low
        covered = max(covered, high)
    if covered < quay.length_m:
        yield covered, quay.length_m
