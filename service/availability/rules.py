"""The rules of a quay, each as the rectangles of metres and time that it refuses to one ship.

    metres  602 │            ▓▓▓▓▓▓▓▓▓  draught-exceeded (a notice of berth 3)
                │▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  cargo-not-handled (berth 2, at any time)
              0 └─────────────────────► time

Search asks for a place and time outside all of them; judging one wished place asks which of them it meets. There is no
second predicate. The tide alone bars no metres over time: for a stay of a given length it bars starts.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from service.availability.keeping import kept_times
from service.availability.measures import ALWAYS, FOREVER, blocked_metres
from service.availability.places import Berth, Limit, Quay, Ship
from service.availability.reasons import (
    CARGO,
    CLOSED,
    HAZARD,
    KEPT,
    NO_TIDE,
    NOT_BOOKABLE,
    TOO_DEEP,
    TOO_HEAVY,
    TOO_LONG,
    TOO_WIDE,
    UNKNOWN,
)
from service.availability.timetable import metres, runs


@dataclass(frozen=True, slots=True)
class Barred:
    """Metres `[from_m, to_m)` that the rule `code` refuses over `[start, end)`, unless it is released before."""

    code: str
    from_m: int
    to_m: int
    start: int
    end: int
    released_at: int | None = None


def _exceeds(fact: int | None, most: int | None) -> bool:
    return fact is not None and most is not None and fact > most


def _deepest(limit: Limit) -> int:
    return max(limit.draught_cm, limit.draught_with_tide_cm or 0)


def _waits_for_tide(limit: Limit, ship: Ship) -> bool:
    return ship.draught_cm is not None and limit.draught_cm < ship.draught_cm <= _deepest(limit)


_BERTH_RULES: tuple[tuple[str, Callable[[Berth, Ship], bool]], ...] = (
    (NOT_BOOKABLE, lambda berth, _: not berth.bookable),
    (CARGO, lambda berth, ship: ship.cargo is not None and ship.cargo not in berth.cargo),
    (HAZARD, lambda berth, ship: ship.hazard_class is not None and ship.hazard_class not in berth.hazard_classes),
    (TOO_HEAVY, lambda berth, ship: _exceeds(ship.dwt_t, berth.max_dwt_t)),
)

_NOTICE_RULES: tuple[tuple[str, Callable[[Limit, Ship], bool]], ...] = (
    (TOO_LONG, lambda limit, ship: _exceeds(ship.loa_cm, limit.max_loa_cm)),
    (TOO_WIDE, lambda limit, ship: _exceeds(ship.beam_cm, limit.max_beam_cm)),
    (TOO_DEEP, lambda limit, ship: _exceeds(ship.draught_cm, _deepest(limit))),
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


def barred_to_others(quay: Quay, by: str | None, start: int, end: int, now: int) -> Iterator[Barred]:
    """Yield what is kept for others than `by` between `start` and `end`, and not yet released at `now`.

    A stay and its turnaround must keep clear. The window must have an end: what is kept may come again for ever.
    """
    for stretch in quay.kept:
        if by in stretch.members:
            continue
        for low, high in kept_times(stretch, quay.zone, start, end):
            released_at = low - stretch.release_before
            if released_at > now:
                yield Barred(KEPT, stretch.from_m, stretch.to_m, low, high, released_at)


def barred_starts(quay: Quay, ship: Ship, stay: int, first: int, last: int) -> Iterator[Barred]:
    """Yield the starts from `first` to `last`, both included, that the tide bars to a ship for a stay of this length.

    Where a limit permits its draught only with tide, it must come and go inside tidal windows; the time between need
    not be in one. Here `[start, end)` of what is barred are starts of the stay, not times at the berth:

    tides                 ├────┤            ├────┤           ├────┤
    tides a stay before          ├────┤            ├────┤
    starts barred     ▓▓▓▓▓▓▓▓▓▓▓▓    ▓▓▓▓▓▓▓▓▓▓▓▓▓     ▓▓▓▓▓▓▓▓▓▓▓▓
    """
    tidal: defaultdict[tuple[int, int], int] = defaultdict(int)
    for limit, low, high in _tidal_limits(quay, ship, first, last + stay):
        tidal[limit.since, limit.until] |= metres(low, high)
    ebbs = list(_outside(_starts_on_tide(quay.tides, stay, first, last), first, last + 1)) if tidal else []
    for (since, until), mask in tidal.items():
        for low, high in runs(mask):
            for ebbs_at, floods_at in ebbs:
                # The first start that meets the limit is the one after that which ends as the limit begins.
                start, end = max(ebbs_at, since - stay + 1), min(floods_at, until)
                if start < end:
                    yield Barred(NO_TIDE, low, high, start, end)


def barred_without_tide(quay: Quay, ship: Ship, start: int, end: int) -> Iterator[Barred]:
    """Yield where and when, between `start` and `end`, a ship may not lie unless it comes and goes with the tide."""
    for limit, low, high in _tidal_limits(quay, ship, start, end):
        yield Barred(NO_TIDE, low, high, limit.since, limit.until)


def _tidal_limits(quay: Quay, ship: Ship, start: int, end: int) -> Iterator[tuple[Limit, int, int]]:
    """Yield the limits met in a window under which a ship waits for the tide, with the metres of their berths."""
    notices = _notices(quay, ship, start, end)
    for berth, low, high in quay.stretches():
        for limit in notices[berth.code]:
            if _waits_for_tide(limit, ship):
                yield limit, low, high


def _starts_on_tide(tides: Sequence[tuple[int, int]], stay: int, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the starts `[start, end)` inside tidal windows whose stays end inside one, around `first` to `last`."""
    coming = max(bisect_left(tides, (first,)) - 1, 0)
    going = max(bisect_left(tides, (first + stay,)) - 1, 0)
    while coming < len(tides) and going < len(tides) and tides[coming][0] <= last:
        start = max(tides[coming][0], tides[going][0] - stay)
        end = min(tides[coming][1], tides[going][1] - stay)
        if start < end:
            yield start, end
        if tides[coming][1] <= tides[going][1] - stay:
            coming += 1
        else:
            going += 1


def _outside(covered: Iterable[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield what is left of `[start, end)` between the covered spans, which come in order."""
    for low, high in covered:
        if start < min(low, end):
            yield start, min(low, end)
        start = max(start, high)
    if start < end:
        yield start, end


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
