"""The facts of a ship that can be changed to make it fit, and the values worth trying."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from service.availability.places import Quay, Ship
from service.availability.reasons import CARGO, HAZARD, TOO_DEEP, TOO_HEAVY, TOO_LONG, TOO_WIDE

FACTS = {
    CARGO: "cargo",
    HAZARD: "hazard_class",
    TOO_LONG: "loa_cm",
    TOO_WIDE: "beam_cm",
    TOO_HEAVY: "dwt_t",
    TOO_DEEP: "draught_cm",
}
LISTED = {"cargo": "cargo", "hazard_class": "hazard_classes"}  # field of the ship: field of the berth
MEASURED = ("loa_cm", "beam_cm", "dwt_t", "draught_cm")


def changed(ship: Ship, **facts: Any) -> Ship:
    """Give the ship with some facts, named by their fields, replaced."""
    return replace(ship, **facts)


def listed(quay: Quay, field: str) -> tuple[str, ...]:
    """Give every cargo or hazard class that some berth of the quay takes, sorted."""
    values: frozenset[str] = frozenset().union(*(getattr(berth, LISTED[field]) for berth in quay.berths))
    return tuple(sorted(values))


def least(quay: Quay, ship: Ship, field: str) -> tuple[int, ...]:
    """Give the values of a measured fact of which one passes if any does: the least, for LOA the least of each band."""
    if field == "loa_cm":
        return tuple(low for low, _ in loa_bands(quay, ship.loa_cm))
    return (1,)


def largest(quay: Quay, ship: Ship, field: str, passes: Callable[[Ship], bool]) -> int | None:
    """Give the largest value of a measured fact, up to the one asked, with which the ship passes; None if none does.

    Whatever passes with a value passes with a smaller one, for LOA within one band of the notices.
    """
    if passes(ship):
        return int(getattr(ship, field))
    if field == "loa_cm":
        return _largest_loa(quay, ship, passes)
    return next((value for value in _thresholds(quay, ship, field) if passes(changed(ship, **{field: value}))), None)


def loa_bands(quay: Quay, most_cm: int) -> list[tuple[int, int]]:
    """Give the LOA bands `[low, high)` that the notices part, up to a length, the longest first.

    notices of berth 1   ├──────── 0-310 m ────────┤├── 310-340 m ──┤
    notices of berth 2   ├──── 0-200 m ───┤
    bands                ├────────────────┤├───────┤├───────────────┤
    """
    edges = {edge for limit in quay.limits for edge in (limit.loa_from_cm, limit.loa_until_cm)}
    cuts = sorted({1, most_cm + 1, *(edge for edge in edges if 1 < edge <= most_cm)})
    return list(pairwise(cuts))[::-1]


def last_passing(passing: int, failing: int, passes: Callable[[int], bool]) -> int:
    """Give the last value that passes, between one that does and one that does not."""
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if passes(middle):
            passing = middle
        else:
            failing = middle
    return passing


def _largest_loa(quay: Quay, ship: Ship, passes: Callable[[Ship], bool]) -> int | None:
    for low, high in loa_bands(quay, ship.loa_cm):
        if passes(changed(ship, loa_cm=low)):
            return last_passing(low, high, lambda loa_cm: passes(changed(ship, loa_cm=loa_cm)))
    return None


def _thresholds(quay: Quay, ship: Ship, field: str) -> Iterator[int]:
    """Yield the values at which a rule of the quay begins to refuse, below what was asked, the largest first."""
    asked = getattr(ship, field)
    limits: dict[str, set[int | None]] = {
        "beam_cm": {limit.max_beam_cm for limit in quay.limits},
        "draught_cm": {each for limit in quay.limits for each in (limit.draught_cm, limit.draught_with_tide_cm)},
        "dwt_t": {berth.max_dwt_t for berth in quay.berths},
    }
    yield from sorted((value for value in limits[field] if value and value < asked), reverse=True)
