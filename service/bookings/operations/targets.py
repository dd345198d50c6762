"""What a booking shall become: legs that stay as they are, legs that are changed or new, and legs that are dropped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service import clock
from service.availability import Ship, berths_touched
from service.bookings.operations.contradictions import (
    berth_contradictions,
    refuse_contradiction,
    storage_contradictions,
)
from service.bookings.operations.plan import code_of, ship_of
from service.bookings.operations.plans import Rectangle
from service.bookings.queries.altering import BookedLeg
from service.bookings.rules import LegState
from service.bookings.schemas import AmendedBerthLeg, AmendedStorageLeg, BerthLeg, Cargo, StorageLeg, Vessel
from service.errors import Conflict
from service.fields import Window
from service.ports.rules import Place

Leg = BerthLeg | StorageLeg


class LegUnderWay(Conflict):
    """The leg has arrived or is over, and can't be changed in that way.

    `leg` names it, `leg_state` is its state. Of a leg that has arrived the end may be moved, as long as it lies in the
    future; an operator may also shift the ship along the quay. What is over stays as it was.
    """


@dataclass(frozen=True, slots=True)
class Goods:
    """The ship of a booking, and what it carries."""

    vessel: Vessel | None
    cargo: Cargo | None

    @property
    def ship(self) -> Ship | None:
        """The ship as the engine judges it."""
        return None if self.vessel is None else ship_of(self.vessel, self.cargo)

    @property
    def hazard_class(self) -> str | None:
        """The hazard class of the goods."""
        return self.cargo.hazard_class if self.cargo else None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Goods":
        """Give those of a booking's facts, which were judged when they came in."""
        vessel, cargo = facts["vessel"], facts["cargo"]
        return cls(vessel and Vessel.model_construct(**vessel), cargo and Cargo.model_construct(**cargo))


@dataclass(frozen=True, slots=True)
class Target:
    """What a booking shall become. Of each of its `legs`, `was` has the leg that it continues, None for a new one.

    `facts` are what is kept of the booking beside its legs, None: as it was; `before` is what it was for until now.
    """

    legs: tuple[Leg, ...]
    was: tuple[BookedLeg | None, ...]
    dropped: tuple[BookedLeg, ...]
    facts: Mapping[str, Any] | None
    goods: Goods
    before: Goods

    @property
    def vessel(self) -> Vessel | None:
        """The ship."""
        return self.goods.vessel

    @property
    def cargo(self) -> Cargo | None:
        """What it carries."""
        return self.goods.cargo

    def stays(self, number: int) -> bool:
        """Say whether a leg stays as it is: place, window, metres or quantity, and all that rules judge of it."""
        asked, was = self.legs[number], self.was[number]
        if was is None or not same(asked, was):
            return False
        if was.is_over or self.goods is self.before:
            return True
        if was.kind == "storage":
            return self.goods.hazard_class == self.before.hazard_class
        return self.goods.ship == self.before.ship

    def gives(self) -> list[BookedLeg]:
        """Give the legs that are changed or dropped."""
        changed = [was for number, was in enumerate(self.was) if was is not None and not self.stays(number)]
        return [*self.dropped, *changed]

    def without_echoes(self, places: Mapping[str, Place]) -> "Target":
        """Give it without what legs repeat of how they were shown, and what follows from the rest anyway."""
        return replace(
            self,
            legs=tuple(
                leg if was is None else _without_echoes(leg, was, places.get(was.place))
                for leg, was in zip(self.legs, self.was, strict=True)
            ),
        )


def as_asked(leg: BookedLeg) -> Leg:
    """Give a leg as one would ask for it just so."""
    window = Window.model_construct(start=clock.moment(leg.start), end=clock.moment(leg.end))
    if leg.kind == "berth":
        return BerthLeg.model_construct(kind="berth", quay=leg.place, window=window, from_m=leg.from_m)
    return StorageLeg.model_construct(kind="storage", warehouse=leg.place, window=window, quantity=leg.quantity or 0)


def same(asked: Leg, was: BookedLeg) -> bool:
    """Say whether a leg is asked for just as it is booked; who names no metres means those that it has."""
    window = (clock.instant(asked.window.start), clock.instant(asked.window.end))
    if code_of(asked) != was.place or window != (was.start, was.end):
        return False
    return asked.from_m in (None, was.from_m) if isinstance(asked, BerthLeg) else asked.quantity == was.quantity


def rectangles(number: int, was: BookedLeg, place: Place) -> list[Rectangle]:
    """Give what a leg that stays blocks of a quay: nothing, if it is over."""
    if was.from_m is None or was.to_m is None or was.is_over:
        return []
    return [Rectangle(number, place, was.from_m, was.to_m, was.start, was.end + place.quay.terms.turnaround)]


def refuse_misquoted(number: int, asked: Leg, was: BookedLeg | None, place: Place) -> None:
    """Refuse a leg that says of its state what is not so, or that stays and is not what is said of it."""
    refuse_contradiction(number, _misquotations(asked, was))
    if was is not None and was.first_on and was.last_on and isinstance(asked, StorageLeg) and same(asked, was):
        refuse_contradiction(number, storage_contradictions(asked, place, was.first_on, was.last_on))
    if was is not None and was.to_m and isinstance(asked, BerthLeg) and same(asked, was):
        # Who names no metres means those that it has, and may repeat what belongs to them.
        as_it_is = asked.model_copy(update={"from_m": was.from_m})
        refuse_contradiction(number, berth_contradictions(as_it_is, place, was.to_m - (was.from_m or 0)))


def refuse_under_way(target: Target, number: int, now: int, *, may_move: bool) -> None:
    """Refuse a change of a leg that has arrived, but for an end in the future, and a ship moved by who may move it."""
    asked, was = target.legs[number], target.was[number]
    if was is None or was.state is LegState.PLANNED:
        return
    in_time = clock.instant(asked.window.start) == was.start and clock.instant(asked.window.end) > now
    then = asked.model_copy(update={"window": as_asked(was).window})
    stays_put = same(then, was) and (was.kind == "storage" or _as_long(target))
    if was.is_over or not in_time or not (stays_put or (may_move and was.kind == "berth")):
        raise LegUnderWay(leg=was.id, leg_state=was.state)


def _as_long(target: Target) -> bool:
    now, before = target.goods.ship, target.before.ship
    return now is not None and before is not None and now.loa_cm == before.loa_cm


def _misquotations(asked: Leg, was: BookedLeg | None) -> Iterator[tuple[str, str]]:
    if not isinstance(asked, AmendedBerthLeg | AmendedStorageLeg):
        return
    state = was.state if was else LegState.PLANNED
    if asked.state not in (None, state):
        yield "state", f"The leg is {state}."
    facts: list[tuple[str, datetime | int | None, datetime | int | None]] = [
        ("arrived_at", asked.arrived_at, was.arrived_at if was else None),
        ("ended_at", asked.ended_at, was.ended_at if was else None),
    ]
    if isinstance(asked, AmendedStorageLeg):
        gone = sum(quantity for _, quantity in was.gone) if was else 0
        facts += [("gated_in", asked.gated_in, was.gated_in if was else 0), ("gated_out", asked.gated_out, gone)]
    for field, said, known in facts:
        if said not in (None, known):
            yield (
                field,
                "It is for the operator to say when a leg has arrived or ended, and what went through the gate.",
            )


def _without_echoes(leg: Leg, was: BookedLeg, place: Place | None) -> Leg:
    shown: dict[str, object] = {"first_on": was.first_on, "last_on": was.last_on}
    if isinstance(leg, BerthLeg):
        shown = {"to_m": was.to_m}
        if leg.berths is not None and place is not None and was.from_m is not None and was.to_m is not None:
            touched = set(berths_touched(place.quay, was.from_m, was.to_m))
            shown["berths"] = leg.berths if set(leg.berths) == touched else None
    echoes: dict[str, object] = {field: None for field, value in shown.items() if getattr(leg, field) == value}
    if was.state is LegState.ARRIVED and isinstance(leg, BerthLeg) and leg.from_m is None and leg.quay == was.place:
        echoes["from_m"] = was.from_m  # a ship alongside lies where it lies: no other place is chosen for it
    return leg.model_copy(update=echoes) if echoes else leg
