"""The slow, obvious oracle: every metre and every instant of a small world, straight from the definitions.

It shares nothing with the engine but the dataclasses. Instants are judged one by one: the worlds of the tests live in
whole hours, so every whole hour of a window is every instant at which anything can change.
"""

from datetime import UTC, date, datetime
from math import ceil

from service.availability import (
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
        and (ship.draught_cm is None or ship.draught_cm <= row.draught_cm)
    )


def metre_closed(quay: Quay, metre: int, hour: int) -> bool:
    return any(c.start <= hour < c.end and c.from_m <= metre < c.to_m for c in quay.closures)


def metre_taken(claims: list[QuayClaim], metre: int, hour: int, now: int) -> bool:
    return any(c.expires_at > now and c.start <= hour < c.end and c.from_m <= metre < c.to_m for c in claims)


class World:
    """One quay and its claims at `now`, with every hour judged once."""

    def __init__(self, quay: Quay, claims: list[QuayClaim], ship: Ship, now: int) -> None:
        self.quay, self.claims, self.ship, self.now = quay, claims, ship, now
        self._clear: dict[tuple[int, int], tuple[bool, bool]] = {}

    def clear(self, metre: int, hour: int) -> tuple[bool, bool]:
        """Whether a metre is clear in an hour of what a stay, and of what its turnaround, must keep clear of."""
        if (metre, hour) not in self._clear:
            free = not metre_closed(self.quay, metre, hour) and not metre_taken(self.claims, metre, hour, self.now)
            self._clear[metre, hour] = (free and metre_fits_ship(self.quay, self.ship, metre, hour), free)
        return self._clear[metre, hour]

    def free(self, start: int, stay: int) -> list[int]:
        """The metres free for a stay that begins at `start`."""
        stays = range(start, start + stay, HOUR)
        turns = range(start + stay, start + stay + self.quay.terms.turnaround, HOUR)
        return [
            metre
            for metre in range(self.quay.length_m)
            if all(self.clear(metre, hour)[0] for hour in stays) and all(self.clear(metre, hour)[1] for hour in turns)
        ]


def starts_within(quay: Quay | Warehouse, ask: BerthAsk | StorageAsk, now: int) -> range:
    if not quay.terms.shortest_stay <= ask.stay <= quay.terms.longest_stay:
        return range(0)
    first = max(ask.start, now + quay.terms.least_notice)
    last = min(ask.end - ask.stay, now + quay.terms.horizon)
    return range(first, last + 1, HOUR)


def slots(quay: Quay, claims: list[QuayClaim], ask: BerthAsk, now: int) -> list[tuple[int, int, int, int]]:
    """Every slot as (start, length of its run, from_m, latest_start), in the order in which they are offered."""
    need = need_m(ask.ship, quay)
    world = World(quay, claims, ask.ship, now)
    free = {start: set(world.free(start, ask.stay)) for start in starts_within(quay, ask, now)}
    found = []
    for from_m in range(quay.length_m - need + 1):
        place = set(range(from_m, from_m + need))
        for start, metres in free.items():
            if not place <= metres or place <= free.get(start - HOUR, set()):
                continue
            latest = start
            while place <= free.get(latest + HOUR, set()):
                latest += HOUR
            low, high = run_around(from_m, need, metres)
            if from_m == low or from_m + need == high:
                found.append((start, high - low, from_m, latest))
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
        if least_free(warehouse, claims, start, start + ask.stay, now) < ask.quantity:
            continue
        if runs and runs[-1][1] == start - HOUR:
            runs[-1] = (runs[-1][0], start)
        else:
            runs.append((start, start))
    return runs


def least_free(warehouse: Warehouse, claims: list[FloorClaim], start: int, end: int, now: int) -> int:
    return min(
        warehouse.capacity
        - sum(c.quantity for c in warehouse.closures if c.first_on <= day < c.last_on)
        - sum(c.quantity for c in claims if c.expires_at > now and c.first_on <= day < c.last_on)
        for day in days_touched(start, end, warehouse)
    )


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
