"""Who must go when a floor has become too small for all that stand on it.

    taken     900 900 600          700 are left: who booked last goes, until they are enough
    floor     700 700 700
    must go   200 200   .

What is kept for partners is a promise, and no closure makes bookings go to keep it. But less floor leaves it whole:
what is drawn from the general part must fit beside it.

    capacity  ├──────────── 700 ────────────┤
              ├ kept: 300 ┤├ general: 400 ──┤      500 drawn from it: 100 must go, whatever of the 300 is free
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from service.availability import Warehouse, closed_by_day, kept_days

Claimant = tuple[int, bool, int]  # a booking, whether it is the change that waits beside it, and the leg
Share = tuple[int, bool]  # a day (an ordinal): of all of the floor, or of its general part alone


def claimant(booking: int, leg: int, *, change: bool) -> Claimant:
    """Give who goes if a leg goes: the leg alone, but of a change that waits all of it."""
    return booking, change, 0 if change else leg


@dataclass(frozen=True, slots=True)
class FloorTaken:
    """A quantity that a leg, or a change that waits for it, has of a floor on the local days `[first_on, last_on)`.

    It is drawn from a pool: 0 is the general one, any other that of an allotment.
    """

    booking: int
    leg: int
    change: bool
    arrived: bool
    pool: int
    first_on: date
    last_on: date
    quantity: int

    @property
    def claimant(self) -> Claimant:
        """Who goes if it goes."""
        return claimant(self.booking, self.leg, change=self.change)

    def load(self, kept: Mapping[int, range]) -> Counter[Share]:
        """Give the quantity by share; `kept` are the days on which pools are still kept for partners."""
        of_pool = kept.get(self.pool, range(0))
        days = range(self.first_on.toordinal(), self.last_on.toordinal())
        shares = [(day, general) for day in days for general in (False, True) if not (general and day in of_pool)]
        return Counter(dict.fromkeys(shares, self.quantity))


def crowded_out(
    old: Warehouse, new: Warehouse, taken: Iterable[FloorTaken], now: int, disturbed: Collection[int] = ()
) -> set[Claimant]:
    """Give who must go so that what is left fits the floor on each day.

    Bookings that are disturbed anyway go first, then changes that wait, then who booked last; what has arrived goes
    last of all. None goes in vain: who would still fit beside those that booked earlier stays.
    """
    held: dict[Claimant, Counter[Share]] = {}
    arrived = set()
    kept = {each.pool: kept_days(each, new.zone, now) for each in new.allotments}
    for each in taken:
        held.setdefault(each.claimant, Counter()).update(each.load(kept))
        if each.arrived:
            arrived.add(each.claimant)
    load = sum(held.values(), Counter())
    room = _room(old, new, load, now)

    def last_to_go(one: Claimant) -> tuple[bool, bool, bool, int, int]:
        booking, change, leg = one
        return one in arrived, booking not in disturbed, not change, -booking, -leg

    going = [one for one in sorted(held, key=last_to_go) if _lighter(load, held[one], room)]
    return set(going) - set(_back(load, held, room, reversed(going)))


def _room(old: Warehouse, new: Warehouse, load: Mapping[Share, int], now: int) -> dict[Share, int]:
    """Give how much may stay of each share that is too small now.

    What was too much for the old floor already is left out.
    """
    room = {}
    before, after = (_left(each, {day for day, _ in load}, new, now) for each in (old, new))
    for share, much in load.items():
        excess = max(much - after[share], 0) - max(much - before[share], 0)
        if excess > 0:
            room[share] = much - excess
    return room


def _left(floor: Warehouse, days: Collection[int], new: Warehouse, now: int) -> dict[Share, int]:
    """Give what a floor leaves for bookings on some days: of all of it what is not closed, and its general part.

    What is kept for partners has not changed: it is that of the new rules.
    """
    if not days:
        return {}
    first, last = min(days), max(days) + 1
    closed = closed_by_day(floor, date.fromordinal(first), date.fromordinal(last))
    kept: Counter[int] = Counter()
    for each in new.allotments:
        kept.update(dict.fromkeys(set(kept_days(each, new.zone, now)) & {*days}, each.quantity))
    general = {(day, True): floor.capacity - kept[day] for day in days}
    return {(day, False): floor.capacity - closed[day - first] for day in days} | general


def _lighter(load: Counter[Share], held: Counter[Share], room: Mapping[Share, int]) -> bool:
    """Take what one has off the load, if it has something of a share in which there is not room for all."""
    if not any(load[share] > room[share] for share in held if share in room):
        return False
    load.subtract(held)
    return True


def _back(
    load: Counter[Share], held: Mapping[Claimant, Counter[Share]], room: Mapping[Share, int], gone: Iterable[Claimant]
) -> Iterator[Claimant]:
    """Yield those for whom there is room after all, and put what they have back on the load."""
    for one in gone:
        if all(load[share] + quantity <= room[share] for share, quantity in held[one].items() if share in room):
            load.update(held[one])
            yield one
