"""A plain model of one port: every claim a rectangle or a row of days in a list, every rule a loop over all of them.

It knows nothing of the service but what api.md promises. Hours are counted from `ahead(0)`, days likewise.
"""

from dataclasses import dataclass, field, replace
from typing import Any

QUAY, FLOOR = "PKGWD-MPT", "PKGWD-FZS-W1"
LENGTH_M, TURNAROUND_H = 602, 2
DRAUGHT_DM = 116  # the seeded notice of Gwadar, in decimetres


@dataclass(frozen=True)
class Ship:
    """A ship of so many metres and so many decimetres of draught."""

    loa_m: int
    draught_dm: int

    @property
    def need_m(self) -> int:
        return self.loa_m + max(10, -(-self.loa_m // 10))


@dataclass(frozen=True)
class Stay:
    """A berth leg: metres from `from_m`, hours `[start, end)`."""

    from_m: int
    start: int
    end: int


@dataclass(frozen=True)
class Goods:
    """A storage leg: a quantity on the days `[first, last)`."""

    quantity: int
    first: int
    last: int


@dataclass(frozen=True)
class Booked:
    """A booking as the model believes it to be."""

    id: str
    version: int
    state: str
    ship: Ship
    stay: Stay | None
    goods: Goods | None

    @property
    def stands(self) -> bool:
        return self.state in {"held", "confirmed"}


@dataclass(frozen=True)
class Shut:
    """A closure: metres of the quay or a quantity of the floor, hours or days, `end` None: open."""

    id: str
    low: int
    high: int
    start: int
    end: int | None

    def during(self, start: int, end: int) -> bool:
        return self.start < end and (self.end is None or start < self.end)


@dataclass
class Port:
    """Who has what, and what is closed."""

    capacity: int
    booked: dict[str, Booked] = field(default_factory=dict)
    quay_shut: list[Shut] = field(default_factory=list)
    floor_shut: list[Shut] = field(default_factory=list)
    notices: list[tuple[int, int | None, int]] = field(default_factory=list)  # hours, decimetres; the last one counts

    def permitted_dm(self, hour: int) -> int:
        for start, end, draught_dm in reversed(self.notices):
            if start <= hour and (end is None or hour < end):
                return draught_dm
        return DRAUGHT_DM

    def rules_allow(self, ship: Ship, stay: Stay | None, goods: Goods | None) -> bool:
        """Whether nothing but what others have taken is in the way."""
        return (stay is None or self._quay_allows(ship, stay)) and (goods is None or self._open_floor(goods))

    def _quay_allows(self, ship: Ship, stay: Stay) -> bool:
        high = stay.from_m + ship.need_m
        return (
            stay.from_m >= 0
            and high <= LENGTH_M
            and all(ship.draught_dm <= self.permitted_dm(hour) for hour in range(stay.start, stay.end))
            and not any(
                shut.low < high and stay.from_m < shut.high and shut.during(stay.start, stay.end + TURNAROUND_H)
                for shut in self.quay_shut
            )
        )

    def _open_floor(self, goods: Goods) -> bool:
        return all(goods.quantity <= self.capacity - self.closed_on(day) for day in range(goods.first, goods.last))

    def closed_on(self, day: int) -> int:
        return sum(shut.high for shut in self.floor_shut if shut.during(day, day + 1))

    def is_free(self, ship: Ship, stay: Stay | None, goods: Goods | None, besides: str = "") -> bool:
        """Whether it could be had if `besides` had nothing."""
        others = [each for each in self.booked.values() if each.stands and each.id != besides]
        return (stay is None or self._quay_free(ship, stay, others)) and (
            goods is None
            or all(
                self._taken(day, others) + goods.quantity <= self.capacity - self.closed_on(day)
                for day in range(goods.first, goods.last)
            )
        )

    @staticmethod
    def _quay_free(ship: Ship, stay: Stay, others: list[Booked]) -> bool:
        return not any(
            other.stay is not None
            and other.stay.from_m < stay.from_m + ship.need_m
            and stay.from_m < other.stay.from_m + other.ship.need_m
            and other.stay.start < stay.end + TURNAROUND_H
            and stay.start < other.stay.end + TURNAROUND_H
            for other in others
        )

    @staticmethod
    def _taken(day: int, others: list[Booked]) -> int:
        return sum(
            other.goods.quantity
            for other in others
            if other.goods is not None and other.goods.first <= day < other.goods.last
        )

    def put(self, booking_id: str, **facts: Any) -> None:
        known = self.booked[booking_id]
        self.booked[booking_id] = replace(known, version=known.version + 1, **facts)
