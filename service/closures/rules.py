"""Which bookings a change of rules touches: what the old rules let stand, and the new ones refuse.

    old rules          new rules                        touched
    nothing in the way  closed from the 14th              a ship that stays to the 15th
    draught 11.6 m      draught 10.9 m                    a ship that draws 11.0 m
    1,000 m2            700 m2, and 900 are taken         who booked last, until 700 are enough

A stay is judged by the metres and the turnaround that it has, not by those that a new one would be given. What is past
of it does not count, and neither do the bounds of new bookings.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from service.availability import (
    ALWAYS,
    FOREVER,
    Quay,
    Ship,
    StorageAsk,
    Warehouse,
    day_begins,
    floor_refusals,
    refusals,
    start_refusals,
    stay_refusals,
)
from service.closures.crowding import Claimant, claimant
from service.ports.rules import Place


@dataclass(frozen=True, slots=True)
class StandingLeg:
    """A leg of a booking that stands, or what it would be by a change that waits beside it (`change`).

    Instants in microseconds; `blocked_until` is the end of the stay and its turnaround. `place` is its code.
    """

    booking: int
    booking_id: str
    state: str
    owner: str
    leg: int
    leg_id: str
    leg_state: str
    change: bool
    place_id: int
    place: str
    kind: str
    start: int
    end: int
    blocked_until: int
    from_m: int | None
    to_m: int | None
    quantity: int | None
    ship: Ship | None
    hazard_class: str | None
    overridden: frozenset[str]

    @property
    def arrived(self) -> bool:
        """Whether a ship lies there, or goods do."""
        return self.leg_state == "arrived"

    @property
    def claimant(self) -> Claimant:
        """Who goes if it goes."""
        return claimant(self.booking, self.leg, change=self.change)


def refused(leg: StandingLeg, old: Place, new: Place, now: int) -> bool:
    """Say whether the new rules of its place refuse a leg for a reason that the old ones did not have."""
    if leg.end <= now and not leg.arrived:
        return False
    if leg.ship is None:
        goods = goods_of(leg, old.warehouse)
        before, after = ({reason.code for reason in floor_refusals(each.warehouse, goods)} for each in (old, new))
        return bool(after - before - leg.overridden)
    return bool(_berth_codes(leg, leg.ship, new.quay, now) - _berth_codes(leg, leg.ship, old.quay, now))


def goods_of(leg: StandingLeg, floor: Warehouse) -> StorageAsk:
    """Give the goods of a storage leg as they ask for floor: measured, and under customs control, as they are there."""
    return StorageAsk(
        quantity=leg.quantity or 0,
        unit=floor.unit,
        bonded=floor.bonded or None,
        hazard_class=leg.hazard_class,
        stay=leg.end - leg.start,
        start=leg.start,
        end=leg.end,
        by=leg.owner,
    )


def ignored(overrides: Iterable[dict[str, Any]], leg_id: str) -> frozenset[str]:
    """Give the codes of the rules that operators have overridden for a leg."""
    return frozenset(rule for each in overrides if each.get("leg") in (None, leg_id) for rule in each["rules"])


def _berth_codes(leg: StandingLeg, ship: Ship, quay: Quay, now: int) -> set[str]:
    """Give the codes of the rules of a quay that a ship meets where it stands, from now on."""
    from_m, to_m, end = leg.from_m or 0, leg.to_m or 0, max(leg.end, now + 1)
    clearance_cm = 100 * (to_m - from_m) - ship.loa_cm
    turnaround = max(leg.blocked_until - end, 0)
    terms = replace(quay.terms, clearance_percent=0, clearance_least_cm=clearance_cm, turnaround=turnaround)
    came_in = (
        [(leg.start, leg.start + 1)] if leg.start < now else []
    )  # on the tide that it had: it needs one to leave on
    as_it_is = replace(quay, terms=terms, tides=tuple(sorted([*quay.tides, *came_in])))

    def met(start: int) -> set[str]:
        found = refusals(
            as_it_is, ship, from_m=from_m, start=start, end=end, now=now, by=leg.owner, ignoring=leg.overridden
        )
        bounds = (*stay_refusals(end - start, terms), *start_refusals(start, terms, now))
        return {reason.code for reason in found} - {reason.code for reason in bounds}

    # By the tide a stay under way is judged from its real start on, by all else only what is left of it.
    return met(leg.start) if leg.start >= now else met(leg.start) & met(now)


def moved_span(old: Place, new: Place) -> tuple[int, int] | None:
    """Give a span of time outside of which the rules of a place are as they were; None if they are at all times."""
    if old.kind == "quay":
        return _quay_span(old.quay, new.quay)
    before, after = old.warehouse, new.warehouse
    if replace(before, closures=(), allotments=()) != replace(after, closures=(), allotments=()):
        return ALWAYS, FOREVER
    changed = {*before.closures} ^ {*after.closures}
    if not changed:
        return None
    ends = [FOREVER if each.last_on == date.max else day_begins(each.last_on, new.zone) for each in changed]
    return min(day_begins(each.first_on, new.zone) for each in changed), max(ends)


def _quay_span(old: Quay, new: Quay) -> tuple[int, int] | None:
    if _undated(old) != _undated(new):
        return ALWAYS, FOREVER
    before, after = set(_dated(old)), set(_dated(new))
    before, after = before - after, after - before
    cuts = sorted({edge for start, end, _ in before | after for edge in (start, end)})
    moved = [(low, high) for low, high in pairwise(cuts) if _in_force(before, low) != _in_force(after, low)]
    return (moved[0][0], moved[-1][1]) if moved else None


def _undated(quay: Quay) -> Quay:
    return replace(quay, limits=(), closures=(), tides=(), kept=())


def _dated(quay: Quay) -> Iterator[tuple[int, int, object]]:
    """Yield each rule that holds for a time, with that time."""
    for limit in quay.limits:
        yield limit.since, limit.until, replace(limit, since=0, until=0)
    for closure in quay.closures:
        yield closure.start, closure.end, replace(closure, start=0, end=0)
    for start, end in quay.tides:
        yield start - 1, end, "tide"  # a stay may end just where a tide begins, and its claim too
    for stretch in quay.kept:
        yield stretch.start, max(stretch.until, stretch.end), stretch


def _in_force(rules: Iterable[tuple[int, int, object]], at: int) -> set[object]:
    return {what for start, end, what in rules if start <= at < end}
