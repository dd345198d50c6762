"""What the engine costs: microseconds for the first 20 slots on a 600 m quay with 2,000 claims in 90 days.

python -m benchmarks.engine
"""

import random
from collections.abc import Callable
from functools import partial
from time import perf_counter
from zoneinfo import ZoneInfo

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    Berth,
    BerthAsk,
    Limit,
    Quay,
    QuayClaim,
    QuayTimetable,
    Ship,
    Terms,
    best_fit,
    earliest,
    why_no_berth,
)
from service.availability.timetable import runs

DAYS, LENGTH_M, CLAIMS = 90, 600, 2_000
QUAY = Quay(
    "BENCH",
    "PKGWD",
    ZoneInfo("Asia/Karachi"),
    LENGTH_M,
    tuple(Berth(f"B{n}", 20_000 * n, 20_000 * (n + 1), frozenset({"general"}), max_dwt_t=50_000) for n in range(3)),
    tuple(Limit(f"B{n}", ALWAYS, FOREVER, 0, 40_000, 1_160) for n in range(3)),
    (),
    Terms(HOUR, 30 * DAY, 550 * DAY, clearance_least_cm=1_000, clearance_percent=10, turnaround=2 * HOUR),
)
ASKS = {
    "plenty: 40 m for 3 h": BerthAsk(Ship(4_000, draught_cm=1_000, cargo="general"), 3 * HOUR, 0, DAYS * DAY),
    "rare: 120 m for 10 h": BerthAsk(Ship(12_000, draught_cm=1_000, cargo="general"), 10 * HOUR, 0, DAYS * DAY),
    "none: 300 m for 36 h": BerthAsk(Ship(30_000, draught_cm=1_000, cargo="general"), 36 * HOUR, 0, DAYS * DAY),
}


def busy_quay() -> list[QuayClaim]:
    """Claims at random times, each in the gap that it fits best, until the quay is about three quarters full."""
    rng = random.Random(4)
    timetable = QuayTimetable()
    claims: list[QuayClaim] = []
    while len(claims) < CLAIMS:
        length, lasts = rng.randint(50, 130), rng.randint(3, 10) * HOUR
        start = rng.randrange(DAYS * 24 * 6) * 10 * MINUTE
        low = best_fit([(0, LENGTH_M)], list(runs(timetable.slices.over(start, start + lasts))), length)
        if low is not None:
            claims.append(QuayClaim(f"c{len(claims)}", low, low + length, start, start + lasts))
            timetable.add(claims[-1])
    return claims


def microseconds(call: Callable[[], object], rounds: int = 50) -> float:
    """The best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = perf_counter()
        call()
        best = min(best, perf_counter() - began)
    return 1e6 * best


def main() -> None:
    claims = busy_quay()
    timetable = QuayTimetable(claims)
    full = sum((c.to_m - c.from_m) * (c.end - c.start) for c in claims) / (LENGTH_M * DAYS * DAY)
    print(f"{len(claims)} claims, {len(timetable.slices.starts)} slices, {full:.0%} full")
    for name, ask in ASKS.items():
        found = len(earliest([(QUAY, timetable)], ask, 0, 20)[0])
        lasted = microseconds(partial(earliest, [(QUAY, timetable)], ask, 0, 20))
        print(f"{name:24}{lasted:10.0f} us  {found} slots")
    none = ASKS["none: 300 m for 36 h"]
    print(f"{'why none':24}{microseconds(lambda: why_no_berth(QUAY, timetable, none, 0), 5):10.0f} us")
    print(f"{'loading':24}{microseconds(lambda: QuayTimetable(claims), 5):10.0f} us")
    one = claims[CLAIMS // 2]
    print(f"{'replacing one claim':24}{microseconds(lambda: timetable.add(one)):10.0f} us")


if __name__ == "__main__":
    main()
