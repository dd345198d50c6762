"""Who must go when a floor has become too small for all that stand on it.

taken     900 900 600          700 are left: who booked last goes, until they are enough
floor     700 700 700
must go   200 200   .
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from service.availability import Warehouse, closed_by_day

Claimant = tuple[int, bool, int]  # a booking, whether it is the change that waits beside it, and the leg


def claimant(booking: int, leg: int, *, change: bool) -> Claimant:
    """Give who goes if a leg goes: the leg alone, but of a change that waits all of it."""
    return booking, change, 0 if change else leg


@dataclass(frozen=True, slots=True)
class FloorTaken:
    """A quantity that a leg, or a change that waits for it, has of a floor on the local days `[first_on, last_on)`."""

    booking: int
    leg: int
    change: bool
    arrived: bool
    first_on: date
    last_on: date
    quantity: int

    @property
    def claimant(self) -> Claimant:
        """Who goes if it goes."""
        return claimant(self.booking, self.leg, change=self.change)

    @property
    def load(self) -> Counter[int]:
        """The quantity by day, as ordinals."""
        return Counter(dict.fromkeys(range(self.first_on.toordinal(), self.last_on.toordinal()), self.quantity))


def crowded_out(
    old: Warehouse, new: Warehouse, taken: Iterable[FloorTaken], disturbed: Collection[int] = ()
) -> set[Claimant]:
    """Give who must go so that what is left fits the floor on each day.

    Bookings that are disturbed anyway go first, then changes that wait, then who booked last; what has arrived goes
    last of all. None goes in vain: who would still fit beside those that booked earlier stays.
    """
    held: dict[Claimant, Counter[int]] = {}
    arrived = set()
    for each in taken:
        held.setdefault(each.claimant, Counter()).update(each.load)
        if each.arrived:
            arrived.add(each.claimant)
    load = sum(held.values(), Counter())
    room = _room(old, new, load)

    def last_to_go(one: Claimant) -> tuple[bool, bool, bool, int, int]:
        booking, change, leg = one
        return one in arrived, booking not in disturbed, not change, -booking, -leg

    going = [one for one in sorted(held, key=last_to_go) if _lighter(load, held[one], room)]
    return set(going) - set(_back(load, held, room, reversed(going)))


def _room(old: Warehouse, new: Warehouse, load: Mapping[int, int]) -> dict[int, int]:
    """Give how much may stay on each day on which the new floor has less room than is taken.

    What was too much for the old floor already is left out.
    """
    if not load:
        return {}
    first, last = min(load), max(load) + 1
    span = date.fromordinal(first), date.fromordinal(last)
    closed = zip(range(first, last), closed_by_day(old, *span), closed_by_day(new, *span), strict=True)
    room = {}
    for day, before, after in closed:
        much = load.get(day, 0)
        excess = max(much - new.capacity + after, 0) - max(much - old.capacity + before, 0)
        if excess > 0:
            room[day] = much - excess
    return room


def _lighter(load: Counter[int], held: Counter[int], room: Mapping[int, int]) -> bool:
    """Take what one has off the load, if it has something on a day on which there is not room for all."""
    if not any(load[day] > room[day] for day in held if day in room):
        return False
    load.subtract(held)
    return True


def _back(
    load: Counter[int], held: Mapping[Claimant, Counter[int]], room: Mapping[int, int], gone: Iterable[Claimant]
) -> Iterator[Claimant]:
    """Yield those for whom there is room after all, and put what they have back on the load."""
    for one in gone:
        if all(load[day] + quantity <= room[day] for day, quantity in held[one].items() if day in room):
            load.update(held[one])
            yield one
