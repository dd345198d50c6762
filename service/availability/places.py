"""The facts that a slot is judged by: ships, quays with their berths and dated limits, warehouses, and their terms."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Self
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Ship:
    """A vessel as far as a berth must know it. Centimetres and tonnes; a fact that is None is not judged."""

    loa_cm: int
    beam_cm: int | None = None
    draught_cm: int | None = None
    dwt_t: int | None = None
    cargo: str | None = None
    hazard_class: str | None = None

    @classmethod
    def in_metres(
        cls,
        loa_m: Decimal,
        beam_m: Decimal | None,
        draught_m: Decimal | None,
        *,
        dwt_t: int | None,
        cargo: str | None,
        hazard_class: str | None,
    ) -> Self:
        """Give a vessel by its measures in exact metres: a float of them may fall a centimetre short."""
        return cls(
            loa_cm=int(loa_m * 100),
            beam_cm=None if beam_m is None else int(beam_m * 100),
            draught_cm=None if draught_m is None else int(draught_m * 100),
            dwt_t=dwt_t,
            cargo=cargo,
            hazard_class=hazard_class,
        )


@dataclass(frozen=True, slots=True)
class Berth:
    """A label on a stretch of quay, `[from_cm, to_cm)`, and what may lie there at any time."""

    code: str
    from_cm: int
    to_cm: int
    cargo: frozenset[str] = frozenset()
    hazard_classes: frozenset[str] = frozenset()
    max_dwt_t: int | None = None
    bookable: bool = True


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of a dated notice: what one berth permits from `since` to `until` to ships of one LOA band.

    The band is `[loa_from_cm, loa_until_cm)`. Rows of one berth and band do not overlap in time. A ship that draws more
    than `draught_cm`, up to `draught_with_tide_cm`, must come and go with the tide. What is None does not limit.
    """

    berth: str
    since: int
    until: int
    loa_from_cm: int
    loa_until_cm: int
    draught_cm: int
    draught_with_tide_cm: int | None = None
    max_loa_cm: int | None = None
    max_beam_cm: int | None = None


@dataclass(frozen=True, slots=True)
class Closure:
    """Metres `[from_m, to_m)` of a quay out of use from `start` to `end` (FOREVER if nobody knows)."""

    start: int
    end: int
    from_m: int
    to_m: int


@dataclass(frozen=True, slots=True)
class FloorClosure:
    """A quantity of floor out of use on the local days `[first_on, last_on)` (`date.max` if nobody knows)."""

    first_on: date
    last_on: date
    quantity: int


@dataclass(frozen=True, slots=True)
class KeptStretch:
    """Metres `[from_m, to_m)` of a quay kept for `members` at recurring times, until shortly before each of them.

    The first time is `[start, end)`; it comes again every `every_days` at the same local time, if that is not 0, as
    long as it starts before `until`. Each time is released to all `release_before` before it starts.
    """

    from_m: int
    to_m: int
    start: int
    end: int
    every_days: int
    until: int
    release_before: int
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Allotment:
    """A quantity of floor kept for `members` on the local days `[first_on, last_on)`: the pool `pool` of the floor.

    What is left of it on a day is released to all `release_before` before that day begins.
    """

    pool: int
    first_on: date
    last_on: date
    quantity: int
    release_before: int
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """The parameters of a place. Durations in microseconds; clearance and turnaround matter to quays only."""

    shortest_stay: int
    longest_stay: int
    horizon: int
    least_notice: int = 0
    clearance_least_cm: int = 0
    clearance_percent: int = 0
    turnaround: int = 0


@dataclass(frozen=True, slots=True)
class Quay:
    """A wall of `length_m` whole metres: its berths, and the rules of the place. Metre k is `[k, k+1)`.

    `tides` are the tidal windows `[start, end)` of its port, earliest first, no two of which overlap.
    """

    code: str
    port: str
    zone: ZoneInfo
    length_m: int
    berths: tuple[Berth, ...]
    limits: tuple[Limit, ...]
    closures: tuple[Closure, ...]
    terms: Terms
    tides: tuple[tuple[int, int], ...] = ()
    kept: tuple[KeptStretch, ...] = ()

    def stretches(self) -> Iterator[tuple[Berth, int, int]]:
        """Yield each berth with the metres `[from_m, to_m)` that it touches.

        berth 1      [0.0 ............ 200.7)
        berth 2                      [200.7 .......... 401.4)
        metres       0 ............. 200 ............. 401      metre 200 belongs to both
        """
        for berth in self.berths:
            from_m, to_m = berth.from_cm // 100, min(-(-berth.to_cm // 100), self.length_m)
            if from_m < to_m:
                yield berth, from_m, to_m


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A floor: `capacity` of one `unit` (m2, pallet, teu), the same on every local day unless part of it is closed."""

    code: str
    port: str
    zone: ZoneInfo
    unit: str
    capacity: int
    bonded: bool
    hazard_classes: frozenset[str]
    bookable: bool
    closures: tuple[FloorClosure, ...]
    terms: Terms
    allotments: tuple[Allotment, ...] = ()


def berths_touched(quay: Quay, from_m: int, to_m: int) -> tuple[str, ...]:
    """Give the codes of the berths that the metres `[from_m, to_m)` touch, along the quay."""
    touched = [(low, berth.code) for berth, low, high in quay.stretches() if low < to_m and from_m < high]
    return tuple(code for _, code in sorted(touched))
