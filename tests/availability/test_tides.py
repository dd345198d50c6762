"""Ships that come and go with the tide: the search for places, the reasons of none, and the longest stay."""

from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    Berth,
    BerthAsk,
    Limit,
    Need,
    Quay,
    QuayClaim,
    QuayTimetable,
    Reason,
    Ship,
    Terms,
    berth_slots,
    permitted_stretches,
    refusals,
    why_no_berth,
)
from service.availability.stays import longest_stay
from tests.availability import worlds
from tests.availability.test_needs import check_needs

thorough = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
EMPTY = QuayTimetable()
TIDES = ((10 * HOUR, 14 * HOUR), (22 * HOUR, 26 * HOUR), (34 * HOUR, 38 * HOUR))
QUAY = Quay(
    "Q",
    "P",
    worlds.KARACHI,
    602,
    (Berth("B1", 0, 30_000), Berth("B2", 30_000, 60_200)),
    (
        Limit("B1", ALWAYS, FOREVER, 0, 99_999, 1_160, draught_with_tide_cm=1_450),
        Limit("B2", ALWAYS, FOREVER, 0, 99_999, 900, draught_with_tide_cm=1_450),
    ),
    (),
    Terms(2 * HOUR, 30 * DAY, 550 * DAY, 0, 1_000, 10, 2 * HOUR),
    TIDES,
)
DEEP = Ship(19_000, draught_cm=1_300)
ASK = BerthAsk(DEEP, 9 * HOUR, 0, 5 * DAY)


def starts(ask: BerthAsk, quay: Quay = QUAY) -> list[tuple[int, int]]:
    """The first and the latest start of the slots at the low end of the quay."""
    return [(slot.start, slot.latest_start) for slot in berth_slots(quay, EMPTY, ask, 0) if slot.from_m == 0]


def why(ask: BerthAsk, quay: Quay = QUAY) -> list[Reason]:
    assert next(berth_slots(quay, EMPTY, ask, 0), None) is None
    return why_no_berth(quay, EMPTY, ask, 0)


def test_a_deep_ship_comes_and_goes_inside_tidal_windows_and_lies_through_the_ebb():
    assert starts(ASK) == [(13 * HOUR, 14 * HOUR - 1), (25 * HOUR, 26 * HOUR - 1)]


def test_a_window_of_the_tide_holds_its_start_and_not_its_end():
    stay = replace(ASK, stay=12 * HOUR)
    assert starts(stay) == [(10 * HOUR, 14 * HOUR - 1), (22 * HOUR, 26 * HOUR - 1)]
    for start, passes in ((10 * HOUR - 1, False), (10 * HOUR, True), (14 * HOUR - 1, True), (14 * HOUR, False)):
        found = refusals(QUAY, DEEP, from_m=0, start=start, end=start + 12 * HOUR, now=0)
        assert found == ([] if passes else [Reason("no-tide")])


def test_a_ship_that_floats_at_ebb_waits_for_no_tide_there_and_does_elsewhere():
    shallow = replace(ASK, ship=Ship(19_000, draught_cm=1_100))
    assert starts(shallow) == [(0, 5 * DAY - 9 * HOUR)]
    assert permitted_stretches(QUAY, shallow.ship, 0, 9 * HOUR, now=0) == [(0, 300)]
    assert permitted_stretches(QUAY, shallow.ship, 13 * HOUR, 22 * HOUR, now=0) == [(0, 602)]


def test_a_limit_that_the_stay_does_not_meet_asks_for_no_tide():
    deep_until = tuple(replace(row, until=30 * HOUR, draught_cm=1_450) for row in QUAY.limits)
    quay = replace(QUAY, limits=(*deep_until, *(replace(row, since=30 * HOUR) for row in QUAY.limits)))
    assert starts(replace(ASK, end=60 * HOUR), quay) == [(0, 21 * HOUR), (25 * HOUR, 26 * HOUR - 1)]


def test_a_stay_that_no_tide_serves_in_its_window_is_told_when_one_does():
    assert why(replace(ASK, end=20 * HOUR)) == [Reason("no-tide", Need("to", 22 * HOUR))]


def test_a_draught_that_no_tide_serves_is_told_the_draught_that_needs_none():
    for quay in (replace(QUAY, tides=()), replace(QUAY, tides=((10 * HOUR, 11 * HOUR),))):
        assert why(ASK, quay) == [Reason("draught-exceeded", Need("draught_cm", 1_160))]


def test_whom_the_tide_keeps_out_is_told_of_the_draught_even_where_a_shorter_ship_would_need_none():
    bands = tuple(replace(row, loa_until_cm=15_000, draught_cm=1_450) for row in QUAY.limits)
    quay = replace(QUAY, limits=(*bands, *(replace(row, loa_from_cm=15_000) for row in QUAY.limits)), tides=())
    assert why(ASK, quay) == [Reason("draught-exceeded", Need("draught_cm", 1_160))]


def test_deeper_than_with_tide_is_too_deep_and_the_deepest_waits_for_the_tide():
    ask = replace(ASK, ship=Ship(19_000, draught_cm=1_600))
    assert why(ask) == [Reason("draught-exceeded", Need("draught_cm", 1_450))]
    wished = refusals(QUAY, ask.ship, from_m=0, start=0, end=9 * HOUR, now=0)
    assert wished == [Reason("draught-exceeded", Need("draught_cm", 1_160))]


def test_an_operator_may_let_a_ship_come_and_go_at_ebb():
    stay = {"start": 0, "end": 9 * HOUR, "now": 0}
    assert [each.code for each in refusals(QUAY, DEEP, from_m=0, **stay)] == ["no-tide"]
    assert not refusals(QUAY, DEEP, from_m=0, **stay, ignoring={"no-tide"})
    assert permitted_stretches(QUAY, DEEP, 0, 9 * HOUR, now=0, ignoring={"no-tide"}) == [(0, 602)]


tidal_ships = st.builds(Ship, loa_cm=st.integers(300, 3_000), draught_cm=st.sampled_from([950, 1_050, 1_100, 1_250]))


@st.composite
def tidal_quays(draw: st.DrawFn) -> Quay:
    """Quays whose notices permit something with tide, and nothing else that keeps such ships out at any time."""
    quay = draw(worlds.quays())
    berths = tuple(replace(berth, bookable=True, max_dwt_t=None) for berth in quay.berths)
    limits = tuple(replace(row, draught_with_tide_cm=draw(st.sampled_from([1_100, 1_400]))) for row in quay.limits)
    return replace(quay, berths=berths, limits=limits, kept=quay.kept[:1], closures=quay.closures[:1])


@thorough
@given(tidal_quays(), worlds.claims(most=6), worlds.berth_asks(tidal_ships))
def test_a_ship_that_waits_for_the_tide_is_told_what_passes_and_no_cheaper(
    quay: Quay, claims: list[QuayClaim], ask: BerthAsk
):
    timetable = QuayTimetable(claims)
    assume(next(berth_slots(quay, timetable, ask, worlds.NOW), None) is None)
    reasons = why_no_berth(quay, timetable, ask, worlds.NOW)
    check_needs(ask, reasons, lambda one: next(berth_slots(quay, timetable, one, worlds.NOW), None) is not None)


@thorough
@given(tidal_quays(), worlds.claims(most=6), worlds.berth_asks(tidal_ships), st.data())
def test_no_stay_passes_that_is_longer_than_the_longest(
    quay: Quay, claims: list[QuayClaim], ask: BerthAsk, data: st.DataObject
):
    timetable = QuayTimetable(claims)

    def passes(stay: int) -> bool:
        return next(berth_slots(quay, timetable, replace(ask, stay=stay), worlds.NOW), None) is not None

    ask = replace(ask, stay=min(ask.stay, quay.terms.longest_stay))
    assume(not passes(ask.stay))
    longest = longest_stay(quay, timetable, ask, worlds.NOW)
    assert longest is None or passes(longest)
    known = longest or 0
    longer = {known + 1, *range(known // HOUR * HOUR + HOUR, ask.stay + 1, HOUR), data.draw(st.integers(1, ask.stay))}
    longer |= {stay - 1 for stay in longer}
    assert not any(map(passes, (stay for stay in longer if known < stay <= ask.stay)))
