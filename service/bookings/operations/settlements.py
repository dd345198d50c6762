"""What an alteration gives back and takes, judged by the rules of today; and the same as the guard is asked for it."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from service import clock
from service.bookings.operations.plan import Judge, code_of, refuse_overlap, refuse_two_ports, refuse_unknown
from service.bookings.operations.plans import BerthPlan, LegPlan, StoragePlan, wanted
from service.bookings.operations.targets import LegUnderWay, Target, rectangles, refuse_misquoted, refuse_under_way
from service.bookings.queries.altering import Alterable, BookedLeg
from service.bookings.rules import LegState
from service.ports.rules import Place

_TOO_EARLY = frozenset({"starts-in-the-past"})


@dataclass(frozen=True, slots=True)
class Taken:
    """A leg that is changed or new: its plan, the leg that it continues, and how the guard is asked for it."""

    plan: LegPlan
    was: BookedLeg | None
    asked: dict[str, Any]

    def wanted_on(self, day: int) -> int:
        """Give how much floor it wants on a day, by its ordinal: what has left of goods that are there wants none."""
        quantity: int = self.asked["quantity"]
        gone = self.was.gone_by(date.fromordinal(day)) if self.was else 0
        return quantity - gone


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a booking gives back and takes to become what it shall; `stays` are the legs that remain as they are."""

    stays: tuple[BookedLeg, ...]
    gives: tuple[BookedLeg, ...]
    takes: tuple[Taken, ...]

    @property
    def states(self) -> list[LegState]:
        """The states of the legs that the booking then has."""
        return [leg.state for leg in self.stays] + [
            each.was.state if each.was else LegState.PLANNED for each in self.takes
        ]

    def wanted(self) -> list[dict[str, Any]]:
        """Give the legs that are taken in the form of `take`."""
        return [each.asked for each in self.takes]

    def excess(self) -> list[dict[str, Any]]:
        """Give what a change needs while it waits beside the booking as it stands, in the form of `take`.

        Berths in full; of floors what is needed on each day beyond what the legs hold that would be given back.

            held          50 50 50
            wanted           80 80 80
            excess           30 30 80      -> two rows: 30 for two days, 80 for one
        """
        held = _Held(self.gives, self.takes)
        rows: list[dict[str, Any]] = []
        for each in self.takes:
            rows += held.rows_beyond(each.plan, each) if isinstance(each.plan, StoragePlan) else [each.asked]
        return rows


class _Held:
    """What legs that would be given back hold of floors, by place and day; used up as it is counted against others.

    What was drawn from a pool on which its owner may not draw any more does not count: it goes back there, and can't be
    drawn again.
    """

    def __init__(self, gives: Iterable[BookedLeg], takes: Iterable[Taken]) -> None:
        open_to_him = {(each.plan.place.id, pool) for each in takes for pool in (0, *(each.asked.get("pools") or ()))}
        self._left: Counter[tuple[int, int]] = Counter()
        for leg in gives:
            for pool, first, last, quantity in leg.held:
                if (leg.place_id, pool) in open_to_him:
                    for day in range(first.toordinal(), last.toordinal()):
                        self._left[leg.place_id, day] += quantity

    def rows_beyond(self, plan: StoragePlan, taken: Taken) -> list[dict[str, Any]]:
        """Give a leg's excess, one row for each run of days on which it is the same."""
        first, last = plan.first_on.toordinal(), plan.last_on.toordinal()
        beyond = [self._beyond(plan.place.id, day, taken.wanted_on(day)) for day in range(first, last)]
        asked, rows, low = taken.asked, [], 0
        for quantity, run in groupby(beyond):
            high = low + len(list(run))
            if quantity:
                rows.append(asked | _days(first, low, high) | {"quantity": quantity, "closed": _part(asked, low, high)})
            low = high
        return rows

    def _beyond(self, place_id: int, day: int, quantity: int) -> int:
        covered = min(self._left[place_id, day], quantity)
        self._left[place_id, day] -= covered
        return quantity - covered


def _days(first: int, low: int, high: int) -> dict[str, str]:
    return {"first_on": str(date.fromordinal(first + low)), "last_on": str(date.fromordinal(first + high))}


def _part(asked: dict[str, Any], low: int, high: int) -> list[int] | None:
    closed: list[int] | None = asked["closed"]
    return closed and closed[low:high]


def settled(
    booking: Alterable,
    target: Target,
    places: Mapping[str, Place],
    *,
    may_move: bool,
    overriding: Collection[str],
) -> Settlement:
    """Judge what a booking shall become: what stays as it is has its place, all else is judged by the rules of today.

    A start that stays may lie in the past. `may_move` lets a ship alongside be moved; `overriding` are the soft limits
    that legs may exceed. Refuses with every rule in the way of a leg.
    """
    refuse_unknown(target, places)
    at = [places[code_of(leg)] for leg in target.legs]
    for number, place in enumerate(at):
        refuse_misquoted(number, target.legs[number], target.was[number], place)
    for leg in target.dropped:
        if leg.state is LegState.ARRIVED:
            raise LegUnderWay(leg=leg.id, leg_state=leg.state)
    refuse_two_ports([booking.port, *(place.port for place in at)])
    stays = {number: was for number, was in enumerate(target.was) if was is not None and target.stays(number)}
    judge = Judge(target, places, booking.at, booking.organisation_id)
    plans = []
    for number in range(len(at)):
        if number not in stays:
            refuse_under_way(target, number, booking.at, may_move=may_move)
            plans.append(_judged(judge, target, number, overriding))
    refuse_overlap(
        [each for number, was in stays.items() for each in rectangles(number, was, at[number])]
        + [each for plan in plans for each in plan.rectangles()]
    )
    return Settlement(
        stays=tuple(stays.values()),
        gives=tuple(target.gives()),
        takes=tuple(_numbered(booking, target, plans)),
    )


def _judged(judge: Judge, target: Target, number: int, overriding: Collection[str]) -> LegPlan:
    """Judge a leg that is changed or new. What a ship alongside, or goods, have left is nobody's concern any more."""
    was = target.was[number]
    same_start = was is not None and clock.instant(target.legs[number].window.start) == was.start
    plan = judge.leg(
        number, excused=_TOO_EARLY if same_start else (), overriding=overriding, gone=was.gone if was else ()
    )
    if was is None or was.state is not LegState.ARRIVED or not isinstance(plan, BerthPlan):
        return plan
    stays_put = (plan.place.id, plan.from_m, plan.need_m) == (
        was.place_id,
        was.from_m,
        (was.to_m or 0) - (was.from_m or 0),
    )
    return plan if stays_put else replace(plan, blocked_from=judge.now)


def _numbered(booking: Alterable, target: Target, plans: Iterable[LegPlan]) -> Iterator[Taken]:
    """Yield legs with the numbers that they get in the booking: those that go on keep theirs."""
    fresh = booking.next_nth
    for plan in plans:
        was = target.was[plan.number]
        if was is None:
            yield Taken(plan, None, wanted(plan, fresh))
            fresh += 1
        else:
            kept = {"state": was.state, "arrived_at": was.arrived_at and str(was.arrived_at)}
            yield Taken(plan, was, wanted(plan, was.nth, was.id) | kept)
