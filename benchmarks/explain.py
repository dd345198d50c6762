"""One wished slot explained, against the search that would have found one: a port with five quays or five warehouses.

In one process, without HTTP: what both have in common would only flatter the ratio.
"""

import random
from dataclasses import replace
from functools import partial

from benchmarks.itineraries import BERTH, FOUND, GOODS, floors_of, goods, in_turn, quays_of, ships
from service.availability import (
    DAY,
    HOUR,
    BerthWish,
    FloorTimetable,
    QuayTimetable,
    StorageWish,
    earliest,
    earliest_storage,
    explain_berth,
    explain_storage,
)

WISHED = {"early": 2 * DAY, "late": 60 * DAY}


def run(claims: int) -> list[dict[str, object]]:
    """Measure a ship as it is and one too deep, wished early and late, and goods that fit and that do not."""
    chance = random.Random(5)
    quays = [(quay, QuayTimetable(ships(chance, claims // 20))) for quay in quays_of("XXONE")]
    floors = [(floor, FloorTimetable(goods(chance, claims // 20))) for floor in floors_of("XXONE")]
    rows: list[dict[str, object]] = []
    for name, start in WISHED.items():
        for draught_cm in (1_000, 1_300):
            ship = replace(BERTH.ship, draught_cm=draught_cm)
            ask = replace(BERTH, ship=ship, start=start, end=start + BERTH.stay)
            wish = BerthWish(*quays[0], ask, 10, 0, HOUR)
            alone, wished = in_turn(partial(earliest, quays, BERTH, 0, FOUND), partial(explain_berth, wish))
            failing = ", ".join(sorted(wish.failing()))
            rows.append(_row(claims, f"ship, {name}", failing, alone, wished))
        for quantity in (GOODS.quantity, 9_999):
            lying = replace(GOODS, quantity=quantity, start=start, end=start + GOODS.stay)
            store = StorageWish(*floors[0], lying, 0, HOUR)
            alone, wished = in_turn(partial(earliest_storage, floors, GOODS, 0, FOUND), partial(explain_storage, store))
            rows.append(_row(claims, f"goods, {name}", ", ".join(sorted(store.failing())), alone, wished))
    return rows


def _row(claims: int, what: str, failing: str, alone: float, wished: float) -> dict[str, object]:
    return {
        "claims": claims, "wished": what, "in the way": failing or "nothing", "search us": round(alone),
        "explain us": round(wished), "ratio": round(wished / alone, 2),
    }  # fmt: skip
