"""The slow, obvious oracle: every metre and every instant of a small world, straight from the definitions.

It shares nothing with the engine but the dataclasses. Instants are judged one by one: the worlds of the tests live in
whole hours, so every whole hour of a window is every instant at which anything can change.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from math import ceil

from service.availability import (
    DAY,
    HOUR,
    Berth,
    BerthAsk,
    FloorClaim,
    Limit,
    Quay,
    QuayClaim,
    Ship,
    StorageAsk,
    Warehouse,
)


def need_m(ship: Ship, quay: Quay) -> int:
    clearance_cm = max(quay.terms.clearance_least_cm, quay.terms.clearance_percent * ship.loa_cm / 100)
    return ceil(round((ship.loa_cm + clearance_cm) / 100, 6))


def berth_codes_of_metre(quay: Quay, metre: int) -> list[str]:
    return [berth.code for berth in quay.berths if berth.from_cm < 100 * (metre + 1) and 100 * metre < berth.to_cm]


def metre_fits_ship(quay: Quay, ship: Ship, metre: int, hour: int) -> bool:
    """Whether the ship may lie on a metre during one hour, claims and closures apart."""
    codes = berth_codes_of_metre(quay, metre)
    berths = [berth for berth in quay.berths if berth.code in codes]
    return bool(berths) and all(
        berth_takes_ship(berth, ship) and notice_permits(quay, berth, ship, hour) for berth in berths
    )


def berth_takes_ship(berth: Berth, ship: Ship) -> bool:
    return (
        berth.bookable
        and (ship.cargo is None or ship.cargo in berth.cargo)
        and (ship.hazard_class is None or ship.hazard_class in berth.hazard_classes)
        and (ship.dwt_t is None or berth.max_dwt_t is None or ship.dwt_t <= berth.max_dwt_t)
    )


def notice_permits(quay: Quay, berth: Berth, ship: Ship, hour: int) -> bool:
    rows = [row for row in quay.limits if row.berth == berth.code and row_speaks(row, ship, hour)]
    return bool(rows) and all(row_permits(row, ship) for row in rows)


def row_speaks(row: Limit, ship: Ship, hour: int) -> bool:
    return row.since <= hour < row.until and row.loa_from_cm <= ship.loa_cm < row.loa_until_cm


def row_permits(row: Limit, ship: Ship) -> bool:
    return (
        (row.max_loa_cm is None or ship.loa_cm <= row.max_loa_cm)
        and (row.max_beam_cm is None or ship.beam_cm is None or ship.beam_cm <= row.max_beam_cm)
        and (draws_at_most(ship, row.draught_cm) or draws_at_most(ship, row.draught_with_tide_cm or 0))
    )


def draws_at_most(ship: Ship, draught_cm: int) -> bool:
    return ship.draught_cm is None or ship.draught_cm <= draught_cm


def metre_wants_tide(quay: Quay, ship: Ship, metre: int, hour: int) -> bool:
    """Whether a notice in force in an hour permits the ship at a metre only with the tide."""
    codes = berth_codes_of_metre(quay, metre)
    rows = [row for row in quay.limits if row.berth in codes and row_speaks(row, ship, hour)]
    return any(not draws_at_most(ship, row.draught_cm) for row in rows)


def on_tide(quay: Quay, instant: int) -> bool:
    return any(low <= instant < high for low, high in quay.tides)


def metre_closed(quay: Quay, metre: int, hour: int) -> bool:
    return any(c.start <= hour < c.end and c.from_m <= metre < c.to_m for c in quay.closures)


def metre_kept(quay: Quay, by: str | None, metre: int, hour: int, now: int) -> bool:
    """Whether a metre is kept for others in an hour. The clock of Karachi is never set: each day has 24 hours."""
    for stretch in quay.kept:
        if by in stretch.members or not stretch.from_m <= metre < stretch.to_m:
            continue
        for days in range(0, 60, stretch.every_days) if stretch.every_days else [0]:
            start, end = stretch.start + days * DAY, stretch.end + days * DAY
            if start < stretch.until and start <= hour < end and start - stretch.release_before > now:
                return True
    return False


def metre_taken(claims: list[QuayClaim], metre: int, hour: int, now: int) -> bool:
    return any(c.expires_at > now and c.start <= hour < c.end and c.from_m <= metre < c.to_m for c in claims)


def hours_touched(start: int, end: int) -> range:
    return range(start // HOUR * HOUR, end, HOUR)


class World:
    """One quay and its claims at `now`, as it is for one ship of one asker, with every hour judged once."""

    def __init__(self, quay: Quay, claims: list[QuayClaim], ship: Ship, now: int, by: str | None = None) -> None:
        self.quay, self.claims, self.ship, self.now, self.by = quay, claims, ship, now, by
        self._clear: dict[int, set[int]] = {}
        self._fit: dict[int, set[int]] = {}
        self._tidal: dict[int, set[int]] = {}

    def free(self, start: int, stay: int) -> set[int]:
        """The metres free for a stay that begins at `start`, and for the turnaround after it."""
        end = start + stay
        stays = hours_touched(start, end)
        free = set(range(self.quay.length_m))
        for hour in hours_touched(start, end + self.quay.terms.turnaround):
            free &= self._judged(self._clear, hour, self._is_clear)
        for hour in stays:
            free &= self._judged(self._fit, hour, lambda m, h: metre_fits_ship(self.quay, self.ship, m, h))
        if not (on_tide(self.quay, start) and on_tide(self.quay, end)):
            for hour in stays:
                free -= self._judged(self._tidal, hour, lambda m, h: metre_wants_tide(self.quay, self.ship, m, h))
        return free

    def _judged(self, hours: dict[int, set[int]], hour: int, of_metre: Callable[[int, int], bool]) -> set[int]:
        if hour not in hours:
            hours[hour] = {metre for metre in range(self.quay.length_m) if of_metre(metre, hour)}
        return hours[hour]

    def _is_clear(self, metre: int, hour: int) -> bool:
        return not (
            metre_closed(self.quay, metre, hour)
            or metre_kept(self.quay, self.by, metre, hour, self.now)
            or metre_taken(self.claims, metre, hour, self.now)
        )


def starts_within(quay: Quay | Warehouse, ask: BerthAsk | StorageAsk, now: int) -> range:
    if not quay.terms.shortest_stay <= ask.stay <= quay.terms.longest_stay:
        return range(0)
    first = max(ask.start, now + quay.terms.least_notice)
    last = min(ask.end - ask.stay, now + quay.terms.horizon)
    return range(first, last + 1, HOUR)


def sampled(starts: range) -> list[int]:
    """Each whole hour, and the first instant after it, which stands for all until the next.

    A stay that ends as a limit begins does not meet it; one that begins an instant later does.
    """
    return [start + after for start in starts for after in (0, 1)][:-1]


def sample_of(start: int) -> int:
    """The sample that stands for a start."""
    return start if start % HOUR == 0 else start // HOUR * HOUR + 1


def slots(quay: Quay, claims: list[QuayClaim], ask: BerthAsk, now: int) -> list[tuple[int, int, int, int]]:
    """Every slot as (start, length of its run, from_m, latest_start), in the order in which they are offered.

    The latest start is the last sample of the run of starts that pass.
    """
    need = need_m(ask.ship, quay)
    world = World(quay, claims, ask.ship, now, ask.by)
    starts = sampled(starts_within(quay, ask, now))
    free = [world.free(start, ask.stay) for start in starts]
    found = []
    for from_m in range(quay.length_m - need + 1):
        place = set(range(from_m, from_m + need))
        for number, start in enumerate(starts):
            if not place <= free[number] or (number and place <= free[number - 1]):
                continue
            latest = number
            while latest + 1 < len(starts) and place <= free[latest + 1]:
                latest += 1
            low, high = run_around(from_m, need, free[number])
            if from_m == low or from_m + need == high:
                found.append((start, high - low, from_m, starts[latest]))
    return sorted(found)


def run_around(from_m: int, need: int, metres: set[int]) -> tuple[int, int]:
    low, high = from_m, from_m + need
    while low - 1 in metres:
        low -= 1
    while high in metres:
        high += 1
    return low, high


def storage_starts(warehouse: Warehouse, claims: list[FloorClaim], ask: StorageAsk, now: int) -> list[tuple[int, int]]:
    """Every maximal run of starts at which a quantity is free on all local days of the stay, as (first, last)."""
    runs: list[tuple[int, int]] = []
    for start in starts_within(warehouse, ask, now):
        if least_free(warehouse, claims, start, start + ask.stay, now, by=ask.by) < ask.quantity:
            continue
        if runs and runs[-1][1] == start - HOUR:
            runs[-1] = (runs[-1][0], start)
        else:
            runs.append((start, start))
    return runs


def least_free(
    warehouse: Warehouse, claims: list[FloorClaim], start: int, end: int, now: int, *, by: str | None = None
) -> int:
    standing = [claim for claim in claims if claim.expires_at > now]
    return min(
        warehouse.capacity
        - sum(c.quantity for c in warehouse.closures if c.first_on <= day < c.last_on)
        - sum(c.quantity for c in standing if c.first_on <= day < c.last_on)
        - kept_for_others(warehouse, standing, day, now, by)
        for day in days_touched(start, end, warehouse)
    )


def kept_for_others(warehouse: Warehouse, claims: list[FloorClaim], day: date, now: int, by: str | None) -> int:
    """What is left, on a day, of the allotments that are not released and of which the asker is no member."""
    begins = int(datetime(day.year, day.month, day.day, tzinfo=warehouse.zone).timestamp()) * 1_000_000
    kept = 0
    for each in warehouse.allotments:
        if by not in each.members and each.first_on <= day < each.last_on and begins - each.release_before > now:
            drawn = sum(c.quantity for c in claims if c.pool == each.pool and c.first_on <= day < c.last_on)
            kept += max(0, each.quantity - drawn)
    return kept


def goods_fit(warehouse: Warehouse, ask: StorageAsk) -> bool:
    return (
        warehouse.bookable
        and ask.unit in {None, warehouse.unit}
        and (warehouse.bonded or not ask.bonded)
        and (ask.hazard_class is None or ask.hazard_class in warehouse.hazard_classes)
    )


def days_touched(start: int, end: int, warehouse: Warehouse) -> set[date]:

    return {
        datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(warehouse.zone).date() for at in range(start, end, HOUR)
    }
