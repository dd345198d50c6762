"""Every rule about one wished stay at a quay: whether it passes, by what margin, and the least change that helps."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from service.availability.explaining import (
    BOUNDS,
    LOOK_AHEAD,
    Margin,
    Verdict,
    bounds_margins,
    bounds_need,
    least_change,
)
from service.availability.facts import FACTS, last_passing
from service.availability.judging import refusals
from service.availability.measures import blocked_metres
from service.availability.places import Limit
from service.availability.reasons import (
    CARGO,
    CLOSED,
    FULL,
    HAZARD,
    KEPT,
    NO_TIDE,
    NOT_BOOKABLE,
    OFF_THE_QUAY,
    STAY_TOO_LONG,
    TOO_DEEP,
    TOO_EARLY,
    TOO_HEAVY,
    TOO_LONG,
    TOO_WIDE,
    UNKNOWN,
    Need,
)
from service.availability.timetable import metres, runs
from service.availability.wishes import BerthWish

IN_TIME = (NO_TIDE, UNKNOWN, CLOSED, KEPT, FULL)
RULES = (NOT_BOOKABLE, OFF_THE_QUAY, *BOUNDS, CARGO, HAZARD, TOO_LONG, TOO_WIDE, TOO_HEAVY, TOO_DEEP, *IN_TIME)

# What is tried first: another place along the quay costs no time, and of a ship only its draught is easily changed.
_TRIES = {
    OFF_THE_QUAY: ("along",),
    TOO_EARLY: ("later",),
    CARGO: ("along",),
    HAZARD: ("along",),
    TOO_LONG: ("along", "later", "fact"),
    TOO_WIDE: ("along", "later", "fact"),
    TOO_HEAVY: ("along", "fact"),
    TOO_DEEP: ("fact", "along", "later"),
    NO_TIDE: ("later", "along"),
    UNKNOWN: ("along", "later"),
    CLOSED: ("along", "later"),
    KEPT: ("along", "later"),
    FULL: ("along", "later"),
}


def explain_berth(wish: BerthWish) -> list[Verdict]:
    """Give the verdict of every rule on a wish, in the order of `RULES`; it can be had if all of them pass."""
    failing = wish.failing()
    margins = dict(_margins(wish, failing))
    releases = [bar.released_at for bar in wish.bars() if bar.released_at is not None] if KEPT in failing else []
    verdicts = []
    for code in RULES:
        verdict = Verdict(code, passes=code not in failing, margin=margins.get(code))
        if code in failing:
            released_at = min(releases) if code == KEPT else None
            verdict = replace(verdict, need=_need(wish, code, failing), released_at=released_at)
        verdicts.append(verdict)
    return verdicts


def _margins(wish: BerthWish, failing: Collection[str]) -> Iterator[tuple[str, Margin]]:
    """Yield the margins of the rules that measure."""
    ask, quay = wish.ask, wish.quay
    yield from bounds_margins(ask.start, ask.end, quay.terms, wish.now).items()
    yield OFF_THE_QUAY, Margin("from_m", min(wish.from_m, quay.length_m - wish.to_m))
    for code, most in _most(wish).items():
        asked = getattr(ask.ship, FACTS[code])
        if asked is not None and most is not None:
            yield code, Margin(FACTS[code], most - asked)
    if STAY_TOO_LONG not in failing:  # of a stay of a thousand years what is in its way is not worth measuring
        for code in IN_TIME:
            leeway = _leeway(wish, code)
            if leeway is not None:
                yield code, Margin("start", leeway)


def _most(wish: BerthWish) -> dict[str, int | None]:
    """Give the largest measures of a ship that the berths and the notices met by the wish permit, None for any."""
    touched = [berth for berth, low, high in wish.quay.stretches() if low < wish.to_m and wish.from_m < high]
    codes = {berth.code for berth in touched}
    rows = [limit for limit in wish.quay.limits if limit.berth in codes and _speaks(limit, wish)]
    return {
        TOO_LONG: _least([*(row.max_loa_cm for row in rows), _longest_that_fits(wish)]),
        TOO_WIDE: _least(row.max_beam_cm for row in rows),
        TOO_HEAVY: _least(berth.max_dwt_t for berth in touched),
        TOO_DEEP: _least(max(row.draught_cm, row.draught_with_tide_cm or 0) for row in rows),
    }


def _speaks(limit: Limit, wish: BerthWish) -> bool:
    """Say whether a row of a notice speaks of this ship at some time of its stay."""
    in_band = limit.loa_from_cm <= wish.ask.ship.loa_cm < limit.loa_until_cm
    return in_band and limit.since < wish.ask.end and wish.ask.start < limit.until


def _least(limits: "Collection[int | None] | Iterator[int | None]") -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _longest_that_fits(wish: BerthWish) -> int:
    """Give the length over all with which a ship just fits on the quay, clearance included."""
    quay = wish.quay
    return last_passing(0, 100 * quay.length_m + 1, lambda cm: blocked_metres(cm, quay.terms) <= quay.length_m)


def _leeway(wish: BerthWish, code: str) -> int | None:
    """Give how much later the stay might start before one rule refuses it at its place, below 0 how much it must.

    None where nothing refuses it for as long as is looked ahead, or nothing but.
    """
    start, last = wish.ask.start, wish.ask.start + LOOK_AHEAD
    place = next(wish.later(start, last, set(RULES) - {code}), None)
    if place is None or (place.start, place.latest_start) == (start, last):
        return None
    return place.latest_start - start if place.start == start else start - place.start


def _need(wish: BerthWish, code: str, failing: set[str]) -> Need | None:
    """Give the least change with which a rule passes that fails, and no other that passed before fails."""
    others = failing - {code}
    ways = {"along": _along, "later": _later, "fact": _fact}

    def each() -> Iterator[Need | None]:
        yield bounds_need(code, wish.ask.start, wish.quay.terms, wish.now)
        for way in _TRIES.get(code, ()):
            yield ways[way](wish, code, others)

    return least_change(code, each(), lambda need: wish.changed(need).failing() <= others)


def _along(wish: BerthWish, _: str, ignoring: set[str]) -> Need | None:
    """Give the nearest place along the quay that the rules that are not ignored leave free in just this window."""
    free = 0
    for low, high in wish.permitted(ignoring):
        free |= metres(low, high)
    if FULL not in ignoring:
        free &= ~wish.taken()
    need_m = wish.to_m - wish.from_m
    places = [min(max(wish.from_m, low), high - need_m) for low, high in runs(free) if high - low >= need_m]
    return Need("from_m", min(places, key=lambda from_m: abs(from_m - wish.from_m))) if places else None


def _later(wish: BerthWish, code: str, ignoring: set[str]) -> Need | None:
    """Give the next start at which the rules that are not ignored leave the same place free."""
    if STAY_TOO_LONG in ignoring:
        return None
    start = wish.soonest if code == TOO_EARLY else wish.ask.start
    for last in (start + LOOK_AHEAD, wish.now + wish.quay.terms.horizon):  # most are near, and a look at all is dear
        place = next(wish.later(start, last, ignoring), None)
        if place is not None:
            return Need("start", place.start)
    return None


def _fact(wish: BerthWish, code: str, _: set[str]) -> Need | None:
    """Give the largest measure of the ship that passes here."""
    ask = wish.ask
    found = refusals(
        wish.quay, ask.ship, from_m=wish.from_m, start=ask.start, end=ask.end, now=wish.now, by=ask.by
    )  # fmt: skip
    return next((reason.need for reason in found if reason.code == code), None)
