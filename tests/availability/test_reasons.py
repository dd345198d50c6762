"""The reasons, one by one, at a quay like Gwadar's and in a warehouse like those of its free zone."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    Berth,
    BerthAsk,
    Closure,
    FloorClaim,
    FloorClosure,
    FloorTimetable,
    Limit,
    Need,
    Quay,
    QuayClaim,
    QuayTimetable,
    Reason,
    Ship,
    StorageAsk,
    Terms,
    Warehouse,
    berth_slots,
    earliest_storage,
    refusals,
    storage_refusals,
    storage_slots,
    why_no_berth,
    why_no_storage,
)

KARACHI = ZoneInfo("Asia/Karachi")
BERTHS = ((0, 20_070), (20_070, 40_140), (40_140, 60_200))
QUAY = Quay(
    "PKGWD-MPT",
    "PKGWD",
    KARACHI,
    602,
    tuple(
        Berth(f"MPT-{n}", low, high, frozenset({"general", "container"}), max_dwt_t=50_000)
        for n, (low, high) in enumerate(BERTHS, start=1)
    ),
    tuple(Limit(f"MPT-{n}", ALWAYS, FOREVER, 0, 99_999, 1_160, max_beam_cm=3_500) for n in (1, 2, 3)),
    (),
    Terms(2 * HOUR, 30 * DAY, 550 * DAY, 0, 1_000, 10, 2 * HOUR),
)
SHIP = Ship(19_000, 2_800, 1_050, 40_000, "general")
ASK = BerthAsk(SHIP, 36 * HOUR, 0, 5 * DAY)
EMPTY = QuayTimetable()


def why(ask: BerthAsk, quay: Quay = QUAY, timetable: QuayTimetable = EMPTY, now: int = 0) -> list[Reason]:
    assert next(berth_slots(quay, timetable, ask, now), None) is None
    return why_no_berth(quay, timetable, ask, now)


def with_ship(**facts) -> BerthAsk:
    return replace(ASK, ship=replace(SHIP, **facts))


def test_the_ship_of_the_brief_is_offered_both_ends_of_the_empty_quay():
    slots = list(berth_slots(QUAY, EMPTY, ASK, 0))
    assert [(s.berths, s.from_m, s.to_m) for s in slots] == [
        (("MPT-1", "MPT-2"), 0, 209),
        (("MPT-2", "MPT-3"), 393, 602),
    ]
    assert {(s.start, s.latest_start) for s in slots} == {(0, 5 * DAY - 36 * HOUR)}


def test_each_fact_that_is_too_large_is_given_its_limit():
    ask = with_ship(loa_cm=70_000, beam_cm=4_000, draught_cm=1_161, dwt_t=50_001)
    assert why(ask) == [
        Reason("vessel-too-long", Need("loa_cm", 54_727)),  # with 10 % on top 601.997 m, rounded up 602
        Reason("vessel-too-wide", Need("beam_cm", 3_500)),
        Reason("vessel-too-heavy", Need("dwt_t", 50_000)),
        Reason("draught-exceeded", Need("draught_cm", 1_160)),
    ]


def test_a_cargo_that_no_berth_takes_is_answered_with_those_that_one_does():
    assert why(with_ship(cargo="roro")) == [Reason("cargo-not-handled", Need("cargo", ("container", "general")))]


def test_a_hazard_class_where_none_is_approved_has_no_need():
    assert why(with_ship(hazard_class="3", draught_cm=1_200)) == [
        Reason("hazard-not-approved"),
        Reason("draught-exceeded", Need("draught_cm", 1_160)),
    ]


def test_only_the_values_of_berths_that_agree_in_all_else_are_listed():
    special = replace(QUAY.berths[2], cargo=frozenset({"liquid_bulk"}), max_dwt_t=10_000)
    quay = replace(QUAY, berths=(*QUAY.berths[:2], special))
    assert why(with_ship(cargo="roro"), quay) == [Reason("cargo-not-handled", Need("cargo", ("container", "general")))]


def test_a_quay_without_a_bookable_berth_says_only_that():
    quay = replace(QUAY, berths=tuple(replace(berth, bookable=False) for berth in QUAY.berths))
    assert why(with_ship(cargo="roro", draught_cm=2_000), quay) == [Reason("not-bookable")]


def test_a_full_quay_tells_when_the_ship_may_have_left():
    timetable = QuayTimetable([QuayClaim("c", 0, 602, 0, 9 * DAY)])
    assert why(ASK, timetable=timetable) == [Reason("full", Need("to", 9 * DAY + 36 * HOUR))]


def test_a_closed_quay_tells_when_it_opens():
    quay = replace(QUAY, closures=(Closure(0, 6 * DAY, 0, 602),))
    assert why(ASK, quay) == [Reason("closed", Need("to", 6 * DAY + 36 * HOUR))]


def test_a_quay_closed_for_good_has_no_need():
    assert why(ASK, replace(QUAY, closures=(Closure(0, FOREVER, 0, 602),))) == [Reason("closed")]


def test_claims_and_closures_that_fill_the_quay_only_together_are_both_named():
    quay = replace(QUAY, closures=(Closure(0, 6 * DAY, 0, 301),))
    timetable = QuayTimetable([QuayClaim("c", 301, 602, 0, 8 * DAY)])
    to = Need("to", 6 * DAY + 36 * HOUR)
    assert why(ASK, quay, timetable) == [Reason("closed", to), Reason("full", to)]


def test_a_gap_that_is_too_short_tells_the_longest_stay_that_it_holds():
    timetable = QuayTimetable([QuayClaim("c", 0, 602, 30 * HOUR, 9 * DAY)])
    assert why(ASK, timetable=timetable) == [Reason("no-gap-long-enough", Need("duration", 28 * HOUR))]


def test_a_window_shorter_than_the_stay_holds_a_stay_as_long_as_itself():
    assert why(replace(ASK, end=10 * HOUR)) == [Reason("no-gap-long-enough", Need("duration", 10 * HOUR))]


def test_a_time_without_notice_tells_when_the_next_one_has_served():
    quay = replace(QUAY, limits=tuple(replace(limit, since=7 * DAY) for limit in QUAY.limits))
    assert why(ASK, quay) == [Reason("limit-unknown", Need("to", 7 * DAY + 36 * HOUR))]


def test_a_later_and_shallower_notice_is_reckoned_with():
    quay = replace(QUAY, limits=tuple(replace(row, since=7 * DAY, draught_cm=900) for row in QUAY.limits))
    to = Need("to", 7 * DAY + 36 * HOUR)
    assert why(ASK, quay) == [Reason("draught-exceeded", Need("draught_cm", 900)), Reason("limit-unknown", to)]


def test_stays_out_of_bounds_are_told_the_bound():
    assert why(replace(ASK, stay=HOUR)) == [Reason("stay-too-short", Need("duration", 2 * HOUR))]
    long = replace(ASK, stay=31 * DAY, end=60 * DAY)
    assert why(long) == [Reason("stay-too-long", Need("duration", 30 * DAY))]


def test_a_window_that_has_passed_and_one_past_the_horizon_are_told_apart():
    assert why(ASK, now=6 * DAY) == [Reason("starts-in-the-past", Need("to", 6 * DAY + 36 * HOUR))]
    assert why(replace(ASK, start=551 * DAY, end=560 * DAY)) == [Reason("too-far-ahead")]


def test_a_window_that_has_passed_is_only_moved_and_its_stay_left_as_it_was():
    timetable = QuayTimetable([QuayClaim("c", 0, 602, 7 * DAY, 9 * DAY)])
    to = Need("to", 9 * DAY + 36 * HOUR)
    assert why(ASK, timetable=timetable, now=6 * DAY) == [Reason("starts-in-the-past", to), Reason("full", to)]


def test_a_closure_refuses_also_the_turnaround_after_a_stay():
    for closes_after, expected in ((HOUR, [Reason("closed")]), (2 * HOUR, [])):
        quay = replace(QUAY, closures=(Closure(36 * HOUR + closes_after, 5 * DAY, 100, 110),))
        assert refusals(quay, SHIP, from_m=0, start=0, end=36 * HOUR, now=0) == expected


FLOOR = Warehouse(
    "PKGWD-FZS-H1",
    "PKGWD",
    KARACHI,
    "m2",
    1_500,
    False,  # noqa: FBT003
    frozenset({"3", "9"}),
    True,  # noqa: FBT003
    (),
    Terms(DAY, 730 * DAY, 550 * DAY),
)
MIDNIGHT = 19 * HOUR  # of 2 January 1970 in Karachi
GOODS = StorageAsk(1_000, "m2", None, None, 10 * DAY, MIDNIGHT, MIDNIGHT + 20 * DAY)


def why_goods(ask: StorageAsk, floor: Warehouse = FLOOR, *claims: FloorClaim) -> list[Reason]:
    timetable = FloorTimetable(claims)
    assert not list(storage_slots(floor, timetable, ask, 0))
    return why_no_storage(floor, timetable, ask, 0)


def test_goods_that_do_not_suit_the_place_are_told_what_does():
    ask = replace(GOODS, unit="teu", bonded=True, hazard_class="7")
    assert why_goods(ask) == [
        Reason("unit-not-offered", Need("unit", ("m2",))),
        Reason("not-bonded", Need("bonded", (False,))),
        Reason("hazard-not-approved", Need("hazard_class", ("3", "9"))),
    ]
    assert {reason.code for reason in storage_refusals(FLOOR, ask, 0)} >= {"unit-not-offered", "not-bonded"}


def test_a_floor_that_is_partly_taken_tells_the_most_that_it_holds():
    taken = FloorClaim("c", date(1970, 1, 1), date(1970, 3, 1), 600)
    assert why_goods(GOODS, FLOOR, taken) == [Reason("storage-full", Need("quantity", 900))]


def test_a_floor_that_is_wholly_taken_tells_when_it_is_free():
    taken = FloorClaim("c", date(1970, 1, 1), date(1970, 3, 1), 1_500)
    to = Need("to", 58 * DAY + MIDNIGHT + 10 * DAY)  # 1 March is the 59th day after 1 January
    assert why_goods(GOODS, FLOOR, taken) == [Reason("storage-full", to)]


def test_a_closed_floor_tells_when_it_opens():
    floor = replace(FLOOR, closures=(FloorClosure(date(1970, 1, 1), date(1970, 3, 1), 1_500),))
    assert why_goods(GOODS, floor) == [Reason("closed", Need("to", 58 * DAY + MIDNIGHT + 10 * DAY))]
    leg = replace(GOODS, end=GOODS.start + GOODS.stay)
    assert storage_refusals(floor, leg, 0) == [Reason("closed")]
    assert not storage_refusals(FLOOR, leg, 0)


def test_more_goods_than_the_floor_holds_are_told_its_capacity():
    assert why_goods(replace(GOODS, quantity=2_000)) == [Reason("storage-full", Need("quantity", 1_500))]


def test_warehouses_are_offered_by_start_and_then_by_code():
    busy = FloorTimetable([FloorClaim("c", date(1970, 1, 1), date(1970, 1, 5), 1_500)])
    floors = [
        (replace(FLOOR, code=code), timetable)
        for code, timetable in (("B", FloorTimetable()), ("A", FloorTimetable()), ("C", busy))
    ]
    slots, _ = earliest_storage(floors, GOODS, 0, 3)
    assert [(s.warehouse.code, s.start) for s in slots] == [("A", MIDNIGHT), ("B", MIDNIGHT), ("C", MIDNIGHT + 3 * DAY)]
    assert (slots[0].free, slots[0].first_on, slots[0].last_on) == (1_500, date(1970, 1, 2), date(1970, 1, 12))


def test_a_leg_of_a_thousand_years_is_too_long_and_nothing_else():
    leg = replace(GOODS, end=GOODS.start + 365_000 * DAY)
    assert storage_refusals(FLOOR, leg, 0) == [Reason("stay-too-long", Need("duration", 730 * DAY))]


def test_the_latest_start_leaves_the_days_that_are_full_alone_also_when_the_clock_is_set_back():
    berlin = replace(FLOOR, zone=ZoneInfo("Europe/Berlin"))
    timetable = FloorTimetable([FloorClaim("c", date(2026, 10, 26), date(2026, 10, 27), 1_500)])
    midnight = 20_750 * DAY - 2 * HOUR  # of Saturday 24 October 2026, at +02:00; Sunday has 25 hours
    ask = replace(GOODS, stay=DAY, start=midnight, end=midnight + 5 * DAY)
    slots = list(storage_slots(berlin, timetable, ask, midnight))
    monday, tuesday = midnight + 49 * HOUR, midnight + 73 * HOUR
    assert [(s.start, s.latest_start) for s in slots] == [(midnight, monday - DAY), (tuesday, midnight + 4 * DAY)]
