"""The search for a berth and floor together, against the search for the berth alone: two ports, ten quays, ten warehouses.

In one process, without HTTP: what both have in common would only flatter the ratio.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import islice
from zoneinfo import ZoneInfo

from benchmarks.engine import microseconds
from service.availability import (
    AFTER,
    ALWAYS,
    BEFORE,
    DAY,
    EARLIEST,
    FEWEST_METRES,
    FOREVER,
    HOUR,
    MINUTE,
    SHORTEST_WAIT,
    Berth,
    BerthAsk,
    FloorClaim,
    FloorTimetable,
    ItineraryAsk,
    Limit,
    Quay,
    QuayClaim,
    QuayTimetable,
    Ship,
    StorageAsk,
    Terms,
    Warehouse,
    earliest,
    itineraries,
)

PORTS, EACH, LANES, FOUND = ("XXONE", "XXTWO"), 5, 4, 20
ZONE = ZoneInfo("Asia/Karachi")
BERTH = BerthAsk(Ship(11_500, draught_cm=1_000, cargo="general"), 10 * HOUR, 0, 90 * DAY)
GOODS = StorageAsk(2_500, "m2", None, None, 10 * DAY, 0, 90 * DAY)


def run(claims: int) -> list[dict[str, object]]:
    """Measure every rank and order, with half of the claims on the quays and half of them on the floors."""
    chance = random.Random(5)
    quays = [(quay, QuayTimetable(ships(chance, claims // 20))) for port in PORTS for quay in quays_of(port)]
    floors = [(floor, FloorTimetable(goods(chance, claims // 20))) for port in PORTS for floor in floors_of(port)]
    rows: list[dict[str, object]] = []
    for order in (AFTER, BEFORE):
        for rank in (EARLIEST, SHORTEST_WAIT, FEWEST_METRES):
            ask = ItineraryAsk(BERTH, GOODS, 12 * HOUR, order, rank)
            alone, together = in_turn(partial(earliest, quays, BERTH, 0, FOUND), partial(_found, quays, floors, ask))
            rows.append(
                {
                    "claims": claims, "order": order, "rank": rank, "found": len(_found(quays, floors, ask)),
                    "berth us": round(alone), "itinerary us": round(together), "ratio": round(together / alone, 2),
                }
            )  # fmt: skip
    return rows


def in_turn(one: Callable[[], object], other: Callable[[], object], rounds: int = 60) -> tuple[float, float]:
    """The best of some rounds of each, in turn, so that a machine that drifts drifts for both; microseconds."""
    best = [(microseconds(one, 1), microseconds(other, 1)) for _ in range(rounds)]
    return min(first for first, _ in best), min(second for _, second in best)


def _found(
    quays: list[tuple[Quay, QuayTimetable]], floors: list[tuple[Warehouse, FloorTimetable]], ask: ItineraryAsk
) -> list[object]:
    return list(islice(itineraries(quays, floors, ask, 0), FOUND))


def quays_of(port: str) -> Iterator[Quay]:
    """Five quays of 600 m."""
    berths, limits = (Berth("B", 0, 60_000, frozenset({"general"})),), (Limit("B", ALWAYS, FOREVER, 0, 40_000, 1_160),)
    terms = Terms(HOUR, 30 * DAY, 550 * DAY, clearance_least_cm=1_000, clearance_percent=10, turnaround=2 * HOUR)
    plain = Quay("", "", ZONE, 600, berths, limits, (), terms)
    yield from (replace(plain, code=f"{port}-Q{n}", port=port) for n in range(EACH))


def floors_of(port: str) -> Iterator[Warehouse]:
    """Five warehouses of 10,000 m2."""
    terms = Terms(DAY, 730 * DAY, 550 * DAY)
    plain = Warehouse(
        "", "", ZONE, "m2", 10_000, bonded=True, hazard_classes=frozenset(), bookable=True, closures=(), terms=terms
    )
    yield from (replace(plain, code=f"{port}-W{n}", port=port) for n in range(EACH))


def ships(chance: random.Random, claims: int) -> Iterator[QuayClaim]:
    """Four lanes of 150 m along the quay, three quarters full."""
    for lane in range(LANES):
        at = 0
        for number in range(claims // LANES):
            at += round(chance.expovariate(1 / 130)) * MINUTE
            end = at + chance.randrange(120, 660) * MINUTE
            yield QuayClaim(f"{lane}-{number}/0", lane * 150, lane * 150 + 130, at, end)
            at = end


def goods(chance: random.Random, claims: int) -> Iterator[FloorClaim]:
    """Goods of two to four weeks that take three quarters of the floor on an average day of as long as the ships come."""
    days = max(30, claims * 8 // (24 * LANES))
    each = 7_500 * days // (21 * claims) or 1
    for number in range(claims):
        first = date(1970, 1, 1) + timedelta(days=chance.randrange(-20, days))
        yield FloorClaim(f"{number}/0", first, first + timedelta(days=chance.randrange(14, 29)), each)
