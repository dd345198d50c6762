"""Storage slots: the earliest days on which a quantity of floor is free, in one warehouse or in many."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from service.availability.berths import starts_allowed
from service.availability.floors import FloorTimetable
from service.availability.judging import start_refusals, stay_refusals
from service.availability.measures import day_begins, day_settles, local_days
from service.availability.merging import merged
from service.availability.places import Warehouse
from service.availability.reasons import (
    CLOSED,
    HAZARD,
    NOT_BONDED,
    NOT_BOOKABLE,
    STORAGE_FULL,
    WRONG_UNIT,
    Need,
    Reason,
)
from service.availability.slots import StorageAsk, StorageSlot


def storage_slots(warehouse: Warehouse, timetable: FloorTimetable, ask: StorageAsk, now: int) -> Iterator[StorageSlot]:
    """Yield the slots of one warehouse lazily, the earliest first: one for each run of starts that all pass.

    days free     │ ▓ │   │   │   │ ▓ │   │   │        ▓ less than the quantity asked
    stays             ├───────┤   ┊   ├───────┤
                          ├───────┤
    slots             start..latest   start..latest
    """
    if any(floor_refusals(warehouse, ask)):
        return
    floor = Floor(warehouse, timetable, now)
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
    """Give the quantity out of use on each of the local days `[first_on, last_on)`."""
    floor = Floor(warehouse, FloorTimetable(), 0)
    days = range(first_on.toordinal(), last_on.toordinal())
    return [warehouse.capacity - floor.free(day) for day in days]


def storage_refusals(warehouse: Warehouse, ask: StorageAsk, now: int) -> list[Reason]:
    """Give every rule, claims apart, that refuses the stay `[ask.start, ask.end)`; none if it may be booked.

    `ask.stay` is `ask.end - ask.start`. Where part of the floor is closed, the need is the quantity that is left.
    """
    bounds = [*stay_refusals(ask.end - ask.start, warehouse.terms), *start_refusals(ask.start, warehouse.terms, now)]
    reasons = [*bounds, *floor_refusals(warehouse, ask)]
    if bounds:
        return reasons  # a window of a thousand years is too long, and its days are not worth counting
    left = Floor(warehouse, FloorTimetable(), now).least(ask.start, ask.end)
    if left < ask.quantity:
        code = STORAGE_FULL if ask.quantity > warehouse.capacity else CLOSED
        reasons.append(Reason(code, Need("quantity", left) if left > 0 else None))
    return reasons


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


@dataclass(frozen=True, slots=True)
class Span:
    """Starts `[first, last]`, both included, that all pass."""

    first: int
    last: int


class Floor:
    """The quantity free in a warehouse day by day, as if the rules of the codes ignored were not there."""

    __slots__ = ("_capacity", "_closures", "_taken", "_zone")

    def __init__(
        self, warehouse: Warehouse, timetable: FloorTimetable, now: int, ignoring: Collection[str] = ()
    ) -> None:
        self._capacity, self._zone = warehouse.capacity, warehouse.zone
        self._taken = {} if STORAGE_FULL in ignoring else timetable.at(now)
        closures = () if CLOSED in ignoring else warehouse.closures
        self._closures = [(shut.first_on.toordinal(), shut.last_on.toordinal(), shut.quantity) for shut in closures]

    def free(self, day: int) -> int:
        """Give the quantity that is neither taken nor closed on a day (an ordinal); below 0 if closed over claims."""
        closed = sum(quantity for first, last, quantity in self._closures if first <= day < last)
        return self._capacity - closed - self._taken.get(day, 0)

    def least(self, start: int, end: int) -> int:
        """Give the least quantity free on any local day of a window."""
        first_on, last_on = local_days(start, end, self._zone)
        return min(map(self.free, range(first_on.toordinal(), last_on.toordinal())))


def spans(
    warehouse: Warehouse, timetable: FloorTimetable, ask: StorageAsk, now: int, ignoring: Collection[str] = ()
) -> Iterator[Span]:
    """Yield the runs of starts at which the quantity is free on every day of the stay, the earliest first."""
    first, last = starts_allowed(ask.stay, ask.start, ask.end, warehouse.terms, now)
    if first > last:
        return
    floor = Floor(warehouse, timetable, now, ignoring)
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
