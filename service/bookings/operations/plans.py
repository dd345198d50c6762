"""Legs that the rules let pass, in the form in which the guard takes them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from service import ids
from service.availability import BerthAsk, StorageAsk, closed_by_day, pools_of
from service.clock import moment
from service.ports.rules import Place


@dataclass(frozen=True, slots=True)
class Rectangle:
    """What a berth leg blocks of a quay: the metres `[from_m, to_m)` over `[start, until)`."""

    number: int
    place: Place
    from_m: int
    to_m: int
    start: int
    until: int

    def overlaps(self, other: "Rectangle") -> bool:
        """Say whether the two have a metre and a moment in common."""
        return (
            self.place.id == other.place.id
            and self.from_m < other.to_m
            and other.from_m < self.to_m
            and self.start < other.until
            and other.start < self.until
        )


@dataclass(frozen=True, slots=True)
class BerthPlan:
    """A berth leg as the guard takes it: `need_m` metres of the stretches, from `blocked_from` to `blocked_until`.

    `overridden` are the soft limits that it exceeds by leave of the operator.
    """

    number: int
    place: Place
    ask: BerthAsk
    from_m: int | None
    need_m: int
    stretches: list[tuple[int, int]]
    overridden: tuple[str, ...]
    blocked_from: int

    @property
    def blocked_until(self) -> int:
        """When the place is free again: the end of the stay and the turnaround."""
        return self.ask.end + self.place.quay.terms.turnaround

    def rectangles(self) -> list[Rectangle]:
        """Give what it blocks, if it names its metres."""
        if self.from_m is None:
            return []
        to_m = self.from_m + self.need_m
        return [Rectangle(self.number, self.place, self.from_m, to_m, self.blocked_from, self.blocked_until)]

    def wanted(self) -> dict[str, Any]:
        """Give the leg in the form of `take`."""
        return {
            "blocked": f"[{moment(self.blocked_from)},{moment(self.blocked_until)})",
            "need": self.need_m,
            "from_m": self.from_m,
            "stretches": "{" + ",".join(f"[{low},{high})" for low, high in self.stretches) + "}",
        }


@dataclass(frozen=True, slots=True)
class StoragePlan:
    """A storage leg as the guard takes it: a quantity on each of the local days `[first_on, last_on)`."""

    number: int
    place: Place
    ask: StorageAsk
    first_on: date
    last_on: date
    overridden: tuple[str, ...]

    def rectangles(self) -> list[Rectangle]:
        """Give what it blocks of a quay: nothing."""
        return []

    def wanted(self) -> dict[str, Any]:
        """Give the leg in the form of `take`."""
        floor = self.place.warehouse
        closed = closed_by_day(floor, self.first_on, self.last_on) if floor.closures else []
        return {
            "first_on": self.first_on.isoformat(),
            "last_on": self.last_on.isoformat(),
            "quantity": self.ask.quantity,
            "closed": closed if any(closed) else None,
            "pools": pools_of(floor, self.ask.by) or None,
        }


LegPlan = BerthPlan | StoragePlan


def wanted(leg: LegPlan, nth: int, leg_id: str | None = None) -> dict[str, Any]:
    """Give a leg of this number in the form of `take` with what is kept; a new one gets an id."""
    return {
        "leg": nth,
        "id": leg_id or ids.new("leg"),
        "place": leg.place.id,
        "starts_at": str(moment(leg.ask.start)),
        "ends_at": str(moment(leg.ask.end)),
        **leg.wanted(),
    }
