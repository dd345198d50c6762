"""Storage slots: the earliest days on which a quantity of floor is free, in one warehouse or in many."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from service.availability.berths import starts_allowed
from service.availability.floors import FloorTimetable
from service.availability.judging import start_refusals, stay_refusals
from service.availability.keeping import day_released, kept_days
from service.availability.measures import DAY, day_begins, day_settles, local_days
from service.availability.merging import merged
from service.availability.places import Allotment, Warehouse
from service.availability.reasons import (
    CLOSED,
    HAZARD,
    KEPT,
    NOT_BONDED,
    NOT_BOOKABLE,
    STORAGE_FULL,
    WRONG_UNIT,
    Need,
    Reason,
)
from service.availability.slots import StorageAsk, StorageSlot

_COUNTED = 3_660 * DAY


def storage_slots(warehouse: Warehouse, timetable: FloorTimetable, ask: StorageAsk, now: int) -> Iterator[StorageSlot]:
    """Yield the slots of one warehouse lazily, the earliest first: one for each run of starts that all pass.

    days free     │ ▓ │   │   │   │ ▓ │   │   │        ▓ less than the quantity asked
    stays             ├───────┤   ┊   ├───────┤
                          ├───────┤
    slots             start..latest   start..latest
    """
    if any(floor_refusals(warehouse, ask)):
        return
    floor = Floor(warehouse, timetable, now, ask.by)
    for span in spans(warehouse, timetable, ask, now):
        end = span.first + ask.stay
        first_on, last_on = local_days(span.first, end, warehouse.zone)
        yield StorageSlot(
            warehouse=warehouse,
            quantity=ask.quantity,
            free=floor.least(span.first, end),
            start=span.first,
            end=end,
            latest_start=span.last,
            first_on=first_on,
            last_on=last_on,
        )


def earliest_storage(
    warehouses: Iterable[tuple[Warehouse, FloorTimetable]], ask: StorageAsk, now: int, limit: int
) -> tuple[list[StorageSlot], list[tuple[Warehouse, FloorTimetable]]]:
    """Give the first `limit` slots over any number of warehouses, and the warehouses that have none at all.

    Order: by start, then by the code of the warehouse.
    """
    offers = (((warehouse, taken), storage_slots(warehouse, taken, ask, now)) for warehouse, taken in warehouses)
    return merged(offers, lambda slot: (slot.start, slot.warehouse.code), limit)


def closed_by_day(warehouse: Warehouse, first_on: date, last_on: date) -> list[int]:
    """Give the quantity out of use on each of the local days `[first_on, last_on)`, what is kept for partners apart."""
    floor = Floor(warehouse, FloorTimetable(), 0, ignoring={KEPT})
    # Closures may overlap; together they close no more than there is.
    return [
        min(warehouse.capacity, warehouse.capacity - floor.free(day))
        for day in range(first_on.toordinal(), last_on.toordinal())
    ]


def pools_of(warehouse: Warehouse, by: str | None) -> list[int]:
    """Give the pools of the floor on which `by` may draw before the general one, in the order of their numbers."""
    return sorted(each.pool for each in warehouse.allotments if by in each.members)


def storage_refusals(warehouse: Warehouse, ask: StorageAsk, now: int, ignoring: Collection[str] = ()) -> list[Reason]:
    """Give every rule, claims apart, that refuses the stay `[ask.start, ask.end)`; none if it may be booked.

    `ask.stay` is `ask.end - ask.start`. Where part of the floor is closed, the need is the quantity that is left.
    `ignoring` are the codes of rules that an operator overrides.
    """
    bounds = [*stay_refusals(ask.end - ask.start, warehouse.terms), *start_refusals(ask.start, warehouse.terms, now)]
    reasons = [*bounds, *floor_refusals(warehouse, ask)]
    if ask.end - ask.start <= _COUNTED:  # of a window of a thousand years the days are not worth counting
        reasons.extend(_lack_of_floor(warehouse, ask, now))
    return [reason for reason in reasons if reason.code not in ignoring]


def _lack_of_floor(warehouse: Warehouse, ask: StorageAsk, now: int) -> Iterator[Reason]:
    """Yield what leaves too little of the floor on some day of a stay, if something does."""
    empty = FloorTimetable()
    left = Floor(warehouse, empty, now, ask.by).least_beside(ask)
    if left >= ask.quantity:
        return
    if Floor(warehouse, empty, now, ask.by, {KEPT}).least_beside(ask) >= ask.quantity:
        yield Reason(KEPT, released_at=first_release(warehouse, ask, now))
        return
    code = STORAGE_FULL if ask.quantity > warehouse.capacity else CLOSED
    yield Reason(code, Need("quantity", left) if left > 0 else None)


def first_release(warehouse: Warehouse, ask: StorageAsk, now: int) -> int | None:
    """Give when the first day of what is kept for others in the window is open to all; None if nothing is kept."""
    first_on, last_on = local_days(ask.start, ask.end, warehouse.zone)
    releases = []
    for each in _kept_for_others(warehouse, ask.by):
        kept = kept_days(each, warehouse.zone, now)
        first = max(kept.start, first_on.toordinal())
        if first < min(kept.stop, last_on.toordinal()):
            releases.append(day_released(each, warehouse.zone, first))
    return min(releases, default=None)


def floor_refusals(warehouse: Warehouse, ask: StorageAsk) -> Iterator[Reason]:
    """Yield what speaks against these goods in this warehouse at any time."""
    if not warehouse.bookable:
        yield Reason(NOT_BOOKABLE)
    if ask.unit is not None and ask.unit != warehouse.unit:
        yield Reason(WRONG_UNIT, Need("unit", (warehouse.unit,)))
    if ask.bonded and not warehouse.bonded:
        yield Reason(NOT_BONDED, Need("bonded", (False,)))
    if ask.hazard_class is not None and ask.hazard_class not in warehouse.hazard_classes:
        approved = tuple(sorted(warehouse.hazard_classes))
        yield Reason(HAZARD, Need("hazard_class", approved) if approved else None)


def _kept_for_others(warehouse: Warehouse, by: str | None) -> list[Allotment]:
    return [each for each in warehouse.allotments if by not in each.members]


@dataclass(frozen=True, slots=True)
class Span:
    """Starts `[first, last]`, both included, that all pass."""

    first: int
    last: int


class Floor:
    """The quantity free for `by` in a warehouse day by day, as if the rules of the codes ignored were not there.

    capacity    ├────────────────────────────────────────┤
                ├ closed ┤├── taken ──┤├ kept for others ┤├ free ┤      of an allotment what its members have not drawn
    """

    __slots__ = ("_capacity", "_closures", "_drawn", "_kept", "_taken", "_zone")

    def __init__(
        self,
        warehouse: Warehouse,
        timetable: FloorTimetable,
        now: int,
        by: str | None = None,
        ignoring: Collection[str] = (),
    ) -> None:
        self._capacity, self._zone = warehouse.capacity, warehouse.zone
        self._taken = {} if STORAGE_FULL in ignoring else timetable.at(now)
        self._drawn = {} if STORAGE_FULL in ignoring else timetable.drawn_at(now)
        closures = () if CLOSED in ignoring else warehouse.closures
        self._closures = [(shut.first_on.toordinal(), shut.last_on.toordinal(), shut.quantity) for shut in closures]
        others = () if KEPT in ignoring else _kept_for_others(warehouse, by)
        self._kept = [(each.pool, kept_days(each, warehouse.zone, now), each.quantity) for each in others]

    def free(self, day: int) -> int:
        """Give the quantity that is neither taken, closed nor kept for others on a day (an ordinal).

        It is below 0 where so much is closed or kept that what is taken has no room.
        """
        closed = sum(quantity for first, last, quantity in self._closures if first <= day < last)
        kept = sum(max(0, most - self._drawn.get((pool, day), 0)) for pool, days, most in self._kept if day in days)
        return self._capacity - closed - kept - self._taken.get(day, 0)

    def least(self, start: int, end: int) -> int:
        """Give the least quantity free on any local day of a window."""
        first_on, last_on = local_days(start, end, self._zone)
        return min(map(self.free, range(first_on.toordinal(), last_on.toordinal())))

    def least_beside(self, ask: StorageAsk) -> int:
        """Give the least quantity free on any local day of a stay, what its own goods have left by then included."""
        if not ask.gone:
            return self.least(ask.start, ask.end)
        first_on, last_on = local_days(ask.start, ask.end, self._zone)
        gone = [(day.toordinal(), quantity) for day, quantity in ask.gone]
        return min(
            self.free(day) + sum(quantity for free_on, quantity in gone if free_on <= day)
            for day in range(first_on.toordinal(), last_on.toordinal())
        )


def spans(
    warehouse: Warehouse, timetable: FloorTimetable, ask: StorageAsk, now: int, ignoring: Collection[str] = ()
) -> Iterator[Span]:
    """Yield the runs of starts at which the quantity is free on every day of the stay, the earliest first."""
    first, last = starts_allowed(ask.stay, ask.start, ask.end, warehouse.terms, now)
    if first > last:
        return
    floor = Floor(warehouse, timetable, now, ask.by, ignoring)
    for low, high in _free_days(floor, warehouse, ask.quantity, first, last + ask.stay):
        earliest = first if low is None else max(first, day_settles(low, warehouse.zone))
        latest = last if high is None else min(last, day_begins(high, warehouse.zone) - ask.stay)
        if earliest <= latest:
            yield Span(earliest, latest)


def _free_days(
    floor: Floor, warehouse: Warehouse, quantity: int, start: int, end: int
) -> Iterator[tuple[date | None, date | None]]:
    """Yield the runs of local days on which the quantity is free: the first day, and the one after the last.

    None stands for an end of the window.
    """
    first_on, last_on = local_days(start, end, warehouse.zone)
    low: date | None = None
    free_before = True
    for day in range(first_on.toordinal(), last_on.toordinal()):
        free = floor.free(day) >= quantity
        if free and not free_before:
            low = date.fromordinal(day)
        elif free_before and not free:
            yield low, date.fromordinal(day)
        free_before = free
    if free_before:
        yield low, None
