"""Small random worlds for the property tests: quays of up to 60 m, whole hours, one week."""

import itertools
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    Allotment,
    Berth,
    BerthAsk,
    Closure,
    FloorClaim,
    FloorClosure,
    KeptStretch,
    Limit,
    Quay,
    QuayClaim,
    Ship,
    StorageAsk,
    Terms,
    Warehouse,
)

KARACHI = ZoneInfo("Asia/Karachi")
NOW = 12 * HOUR
CARGOES = ("container", "general", "liquid_bulk")
HAZARDS = ("3", "9")
BAND_CM = 2_000
LAST_HOUR = 96
PARTNER = "org_partner"

hours = st.integers(0, LAST_HOUR).map(lambda hour: hour * HOUR)
expiries = st.sampled_from([NOW - HOUR, NOW, NOW + 1, FOREVER, FOREVER, FOREVER])
askers = st.sampled_from([None, PARTNER])
partners = st.sampled_from([frozenset[str](), frozenset({PARTNER, "org_another"})])


@st.composite
def quays(draw: st.DrawFn) -> Quay:
    edges = [0, *sorted(draw(st.sets(st.integers(10, 55), max_size=2))), draw(st.integers(56, 60))]
    partial_cm = draw(st.sampled_from([0, 70]))
    berths = tuple(
        Berth(
            f"B{number}",
            100 * low + (partial_cm if low else 0),
            100 * high + partial_cm,
            draw(st.frozensets(st.sampled_from(CARGOES), min_size=1)),
            draw(st.frozensets(st.sampled_from(HAZARDS))),
            draw(st.sampled_from([None, 10_000, 50_000])),
            draw(st.sampled_from([True, True, True, False])),
        )
        for number, (low, high) in enumerate(itertools.pairwise(edges))
    )
    limits = tuple(row for berth in berths for row in draw(notices(berth.code)))
    terms = Terms(
        shortest_stay=2 * HOUR,
        longest_stay=48 * HOUR,
        horizon=draw(st.sampled_from([60 * HOUR, 400 * HOUR])),
        least_notice=draw(st.sampled_from([0, 5 * HOUR])),
        clearance_least_cm=draw(st.sampled_from([0, 150])),
        clearance_percent=draw(st.sampled_from([0, 10])),
        turnaround=draw(st.sampled_from([0, 2 * HOUR])),
    )
    shut, kept = draw(st.lists(closures(), max_size=2)), draw(st.lists(kept_stretches(), max_size=2))
    return Quay("Q", "P", KARACHI, edges[-1], berths, limits, tuple(shut), terms, draw(tides()), tuple(kept))


@st.composite
def tides(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Tidal windows of some hours, some of them end to end, or none at all."""
    edges = sorted(draw(st.one_of(st.just(set()), st.sets(hours, max_size=16))))
    return tuple((low, high) for low, high in itertools.pairwise(edges) if draw(st.booleans()))


@st.composite
def kept_stretches(draw: st.DrawFn) -> KeptStretch:
    start, low = draw(hours) - 24 * HOUR, draw(st.integers(0, 55))
    return KeptStretch(
        low,
        draw(st.integers(low + 1, 60)),
        start,
        start + draw(st.sampled_from([3, 10, 24, 30])) * HOUR,
        draw(st.sampled_from([0, 1, 2])),
        draw(st.sampled_from([start + 3 * DAY, FOREVER])),
        draw(st.sampled_from([0, 6 * HOUR, 2 * DAY, 30 * DAY])),
        draw(partners),
    )


@st.composite
def notices(draw: st.DrawFn, berth: str) -> list[Limit]:
    """Rows of one berth for one band of any LOA or for two, each band with its own succession of dates."""
    rows = []
    for low, high in draw(st.sampled_from([[(0, 99_999)], [(0, BAND_CM), (BAND_CM, 99_999)]])):
        cuts = [ALWAYS, *sorted(draw(st.sets(hours, max_size=2))), FOREVER]
        for since, until in itertools.pairwise(cuts):
            if draw(st.sampled_from([True, True, True, True, False])):
                rows.append(
                    Limit(
                        berth,
                        since,
                        until,
                        low,
                        high,
                        draw(st.sampled_from([900, 1_000, 1_100])),
                        draw(st.sampled_from([None, 1_100, 1_400])),
                        draw(st.sampled_from([None, None, 1_500, 2_400])),
                        draw(st.sampled_from([None, None, 300])),
                    )
                )
    return rows


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    start, low = draw(hours), draw(st.integers(0, 55))
    end = draw(st.sampled_from([start + 6 * HOUR, start + 20 * HOUR, FOREVER]))
    return Closure(start, end, low, draw(st.integers(low + 1, 60)))


@st.composite
def claims(draw: st.DrawFn, most: int = 12) -> list[QuayClaim]:
    """Claims that may overlap each other, as two of one booking may, some of them lapsed."""
    made = []
    for number in range(draw(st.integers(0, most))):
        start, low = draw(hours), draw(st.integers(0, 50))
        end, high = start + draw(st.integers(1, 30)) * HOUR, min(low + draw(st.integers(3, 40)), 56)
        made.append(QuayClaim(f"c{number}", low, max(high, low + 1), start, end, draw(expiries)))
    return made


ships = st.builds(
    Ship,
    loa_cm=st.one_of(st.integers(300, 5_500), st.sampled_from([1_500, 1_999, 2_000, 2_400])),
    beam_cm=st.sampled_from([None, 250, 300, 320]),
    draught_cm=st.sampled_from([None, 850, 900, 1_050, 1_250]),
    dwt_t=st.sampled_from([None, 9_000, 60_000]),
    cargo=st.sampled_from([None, *CARGOES, "livestock"]),
    hazard_class=st.sampled_from([None, None, None, *HAZARDS, "7"]),
)
easy_ships = st.builds(Ship, loa_cm=st.integers(300, 3_000), draught_cm=st.sampled_from([None, 850, 1_000]))


@st.composite
def berth_asks(draw: st.DrawFn, of: st.SearchStrategy[Ship] = ships) -> BerthAsk:
    start = draw(hours)
    stay, window = draw(st.integers(1, 49)) * HOUR, draw(st.integers(1, 90)) * HOUR
    return BerthAsk(draw(of), stay, start, start + window, draw(askers))


FIRST_DAY = date(1970, 1, 1)
days = st.integers(0, 12).map(lambda day: FIRST_DAY + timedelta(days=day))


@st.composite
def warehouses(draw: st.DrawFn, zone: ZoneInfo = KARACHI) -> Warehouse:
    shut = [
        FloorClosure(first, first + timedelta(days=draw(st.integers(1, 4))), draw(st.sampled_from([3, 10])))
        for first in draw(st.lists(days, max_size=2))
    ]
    return Warehouse(
        "W",
        "P",
        zone,
        "m2",
        10,
        draw(st.booleans()),
        draw(st.frozensets(st.sampled_from(HAZARDS))),
        True,  # noqa: FBT003
        tuple(shut),
        Terms(DAY, 6 * DAY, draw(st.sampled_from([5 * DAY, 20 * DAY]))),
        draw(st.sampled_from([1, 2]).flatmap(lambda most: st.tuples(*map(allotments, range(1, most + 1))))),
    )


@st.composite
def allotments(draw: st.DrawFn, pool: int) -> Allotment:
    first = draw(days)
    return Allotment(
        pool,
        first,
        first + timedelta(days=draw(st.integers(1, 8))),
        draw(st.sampled_from([2, 4, 6])),
        draw(st.sampled_from([0, 2 * DAY, 60 * HOUR, 30 * DAY])),
        draw(partners),
    )


@st.composite
def floor_claims(draw: st.DrawFn) -> list[FloorClaim]:
    return [
        FloorClaim(
            f"c{number}",
            first,
            first + timedelta(days=draw(st.integers(1, 5))),
            draw(st.integers(1, 6)),
            draw(expiries),
            draw(st.sampled_from([0, 0, 1, 2])),
        )
        for number, first in enumerate(draw(st.lists(days, max_size=8)))
    ]


@st.composite
def storage_asks(draw: st.DrawFn) -> StorageAsk:
    start = draw(st.integers(0, 150)) * HOUR
    return StorageAsk(
        draw(st.integers(1, 12)),
        draw(st.sampled_from([None, "m2", "teu"])),
        draw(st.sampled_from([None, True, False])),
        draw(st.sampled_from([None, None, "3", "7"])),
        draw(st.integers(10, 160)) * HOUR,
        start,
        start + draw(st.integers(10, 220)) * HOUR,
        draw(askers),
    )
