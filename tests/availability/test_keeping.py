"""What is kept for partners: when, for whom, until when, and what everybody else is told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    Allotment,
    Berth,
    BerthAsk,
    FloorClaim,
    FloorTimetable,
    KeptStretch,
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
    closed_by_day,
    day_begins,
    kept_times,
    next_release,
    permitted_stretches,
    pools_of,
    refusals,
    storage_refusals,
    storage_slots,
    why_no_berth,
    why_no_storage,
)
from tests.availability import worlds

PARTNERS = frozenset({worlds.PARTNER})
ZONES = ("Asia/Karachi", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
SHIP = Ship(19_000, draught_cm=900)
TUESDAYS = KeptStretch(0, 602, 5 * DAY, 6 * DAY, 7, FOREVER, 2 * DAY, PARTNERS)  # 6 January 1970, 05:00 in Karachi
QUAY = Quay(
    "Q",
    "P",
    worlds.KARACHI,
    602,
    (Berth("B", 0, 60_200),),
    (Limit("B", ALWAYS, FOREVER, 0, 99_999, 1_000),),
    (),
    Terms(2 * HOUR, 30 * DAY, 550 * DAY, 0, 1_000, 10, 2 * HOUR),
    kept=(TUESDAYS,),
)
ASK = BerthAsk(SHIP, 12 * HOUR, 5 * DAY, 6 * DAY)


def starts(ask: BerthAsk, quay: Quay = QUAY, now: int = 0) -> list[tuple[int, int]]:
    """The first and the latest start of the slots at the low end of the quay."""
    return [
        (slot.start, slot.latest_start) for slot in berth_slots(quay, QuayTimetable(), ask, now) if slot.from_m == 0
    ]


def test_a_stranger_comes_when_the_partners_time_is_over_and_leaves_the_turnaround_before_it():
    assert starts(replace(ASK, end=12 * DAY)) == [(6 * DAY, 12 * DAY - 14 * HOUR)]
    assert starts(replace(ASK, by=worlds.PARTNER)) == [(5 * DAY, 6 * DAY - 12 * HOUR)]


def test_a_stranger_is_told_when_he_may_come_and_when_the_place_is_open_to_all():
    reason = Reason("kept-for-partners", Need("to", 6 * DAY + 12 * HOUR), released_at=3 * DAY)
    assert why_no_berth(QUAY, QuayTimetable(), ASK, 0) == [reason]
    wished = refusals(QUAY, SHIP, from_m=0, start=5 * DAY, end=6 * DAY, now=0)
    assert wished == [Reason("kept-for-partners", released_at=3 * DAY)]


def test_a_gap_beside_what_is_kept_does_not_hide_that_it_is_kept():
    half_a_day = replace(ASK, start=4 * DAY + 12 * HOUR)
    assert [each.code for each in why_no_berth(QUAY, QuayTimetable(), half_a_day, 0)] == ["kept-for-partners"]


def test_what_partners_have_not_used_is_open_to_all_from_its_release_on():
    assert starts(ASK, now=3 * DAY - 1) == []
    assert starts(ASK, now=3 * DAY) == [(5 * DAY, 6 * DAY - 12 * HOUR)]
    assert permitted_stretches(QUAY, SHIP, 5 * DAY, 6 * DAY, now=3 * DAY) == [(0, 602)]
    assert permitted_stretches(QUAY, SHIP, 5 * DAY, 6 * DAY, now=0) == []


def test_an_operator_may_give_a_kept_stretch_to_another():
    stay = {"start": 5 * DAY, "end": 6 * DAY, "now": 0, "ignoring": {"kept-for-partners"}}
    assert not refusals(QUAY, SHIP, from_m=0, **stay)
    assert permitted_stretches(QUAY, SHIP, **stay) == [(0, 602)]


def test_a_quay_kept_for_ever_has_no_need_and_a_stay_of_a_thousand_years_is_not_counted_out():
    quay = replace(QUAY, kept=(replace(TUESDAYS, every_days=1, end=TUESDAYS.start + DAY),))
    assert why_no_berth(quay, QuayTimetable(), ASK, 0) == [Reason("kept-for-partners", released_at=3 * DAY)]
    found = refusals(quay, SHIP, from_m=0, start=5 * DAY, end=365_000 * DAY, now=0)
    assert {each.code for each in found} == {"stay-too-long", "kept-for-partners"}
    assert not list(kept_times(quay.kept[0], quay.zone, 2_932_900 * DAY, FOREVER))  # nothing after the last calendar


def walls(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(zone).replace(tzinfo=None)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(ZONES).map(ZoneInfo),
    st.integers(0, 2 * 365 * 24 * 4).map(lambda quarter: 20_000 * DAY + quarter * 15 * MINUTE),
    st.integers(1, 80).map(lambda quarters: quarters * 15 * MINUTE),
    st.sampled_from([1, 2, 7]),
    st.integers(0, 500),
)
def test_a_time_comes_again_at_the_same_local_time_also_when_the_clock_is_set(zone, start, lasts, every_days, on):
    stretch = KeptStretch(0, 10, start, start + lasts, every_days, FOREVER, 0, PARTNERS)
    low = start + on * DAY
    times = list(kept_times(stretch, zone, low, low + 9 * DAY))
    assert times == sorted(times)
    assert all(begins < ends and begins < low + 9 * DAY and low < ends for begins, ends in times)
    first, last = walls(start, zone), walls(start + lasts, zone)
    for at in range(low, low + 9 * DAY, 15 * MINUTE):
        whole, rest = divmod((walls(at, zone) - first).days, every_days)
        gone = timedelta(days=whole * every_days)
        meant = rest == 0 and whole >= 0 and first + gone <= walls(at, zone) < last + gone
        kept = any(begins <= at < ends for begins, ends in times)
        near_a_change = walls(at + 3 * HOUR, zone) - walls(at - 3 * HOUR, zone) != timedelta(hours=6)
        first_time = start <= at < start + lasts
        if not near_a_change:
            assert kept == (meant or first_time)
        assert kept or not meant or whole == 0


@given(st.data())
def test_the_next_release_is_the_first_moment_at_which_something_more_is_open(data: st.DataObject):
    quay, now = data.draw(worlds.quays()), data.draw(worlds.hours)
    moments = {
        begins - stretch.release_before
        for stretch in quay.kept
        for begins, _ in kept_times(stretch, quay.zone, ALWAYS, 100 * DAY)
    }
    assert next_release(quay, now) == min((at for at in moments if at > now), default=FOREVER)

    floor = data.draw(worlds.warehouses())
    begun = {
        day_begins(each.first_on + timedelta(days=n), floor.zone) - each.release_before
        for each in floor.allotments
        for n in range((each.last_on - each.first_on).days)
    }
    assert next_release(floor, now) == min((at for at in begun if at > now), default=FOREVER)


JANUARY, FEBRUARY, MARCH = date(1970, 1, 1), date(1970, 2, 1), date(1970, 3, 1)
FLOOR = Warehouse(
    "W",
    "P",
    worlds.KARACHI,
    "m2",
    1_500,
    True,  # noqa: FBT003
    frozenset(),
    True,  # noqa: FBT003
    (),
    Terms(DAY, 730 * DAY, 550 * DAY),
    (Allotment(7, JANUARY, FEBRUARY, 1_000, 2 * DAY, PARTNERS), Allotment(3, FEBRUARY, MARCH, 200, 0, PARTNERS)),
)
MIDNIGHT = 9 * DAY + 19 * HOUR  # of 11 January 1970 in Karachi
GOODS = StorageAsk(600, "m2", None, None, 5 * DAY, MIDNIGHT, MIDNIGHT + 10 * DAY)


def free(by: str | None, *claims: FloorClaim, now: int = 0) -> int:
    """What a search for a single square metre is told to be free."""
    ask = replace(GOODS, quantity=1, by=by)
    return next(slot.free for slot in storage_slots(FLOOR, FloorTimetable(claims), ask, now))


def test_of_what_is_kept_for_others_only_the_part_that_they_have_not_taken_counts():
    drawn = FloorClaim("1/0/7", JANUARY, FEBRUARY, 400, pool=7)
    general = FloorClaim("2/0/0", JANUARY, FEBRUARY, 100)
    assert (free(None), free(worlds.PARTNER)) == (500, 1_500)
    assert (free(None, drawn), free(worlds.PARTNER, drawn)) == (500, 1_100)
    assert (free(None, drawn, general), free(worlds.PARTNER, drawn, general)) == (400, 1_000)


def test_a_stranger_to_a_floor_is_told_until_when_it_is_kept_and_when_the_first_day_is_released():
    to = day_begins(FEBRUARY, FLOOR.zone) + 5 * DAY
    kept = Reason("kept-for-partners", Need("to", to), released_at=MIDNIGHT - 2 * DAY)
    assert why_no_storage(FLOOR, FloorTimetable(), GOODS, 0) == [kept]
    leg = replace(GOODS, end=GOODS.start + GOODS.stay)
    assert storage_refusals(FLOOR, leg, 0) == [replace(kept, need=None)]
    assert not storage_refusals(FLOOR, replace(leg, by=worlds.PARTNER), 0)
    assert not storage_refusals(FLOOR, leg, 0, ignoring={"kept-for-partners"})


def test_days_whose_release_has_come_are_open_to_all_one_by_one():
    day = replace(GOODS, stay=DAY, end=MIDNIGHT + 3 * DAY)
    released = MIDNIGHT - 2 * DAY  # of 11 January
    for now, expected in ((released - 1, []), (released, [(MIDNIGHT, MIDNIGHT)])):
        slots = storage_slots(FLOOR, FloorTimetable(), day, now)
        assert [(slot.start, slot.latest_start) for slot in slots] == expected


def test_a_floor_kept_for_as_long_as_it_is_bookable_is_told_how_much_there_is_beside():
    floor = replace(FLOOR, allotments=(replace(FLOOR.allotments[0], last_on=date(1972, 1, 1)),))
    assert why_no_storage(floor, FloorTimetable(), GOODS, 0) == [
        Reason("kept-for-partners", released_at=MIDNIGHT - 2 * DAY),
        Reason("storage-full", Need("quantity", 500)),
    ]


def test_claims_are_not_named_where_it_would_be_enough_but_for_what_is_kept():
    taken = FloorTimetable([FloorClaim("1/0/0", JANUARY, FEBRUARY, 400)])
    to = day_begins(FEBRUARY, FLOOR.zone) + 5 * DAY
    asked = replace(GOODS, quantity=400)
    assert why_no_storage(FLOOR, taken, asked, 0) == [
        Reason("kept-for-partners", Need("to", to), released_at=MIDNIGHT - 2 * DAY)
    ]


def test_claims_are_named_where_it_would_not_be_enough_without_what_is_kept():
    taken = FloorTimetable([FloorClaim("1/0/0", JANUARY, MARCH, 400)])
    assert why_no_storage(FLOOR, taken, replace(GOODS, quantity=1_200), 0) == [
        Reason("kept-for-partners", released_at=MIDNIGHT - 2 * DAY),
        Reason("storage-full", Need("quantity", 100)),
    ]
    member = replace(GOODS, quantity=1_200, by=worlds.PARTNER)
    assert why_no_storage(FLOOR, taken, member, 0) == [Reason("storage-full", Need("quantity", 1_100))]


def test_what_is_kept_is_not_closed():
    assert closed_by_day(FLOOR, JANUARY, date(1970, 1, 3)) == [0, 0]


def test_a_member_draws_on_all_pools_of_its_groups_and_nobody_else_on_any():
    assert pools_of(FLOOR, worlds.PARTNER) == [3, 7]
    assert pools_of(FLOOR, "org_stranger") == pools_of(FLOOR, None) == []


def test_the_claims_of_one_holder_can_be_taken_out_and_put_back():
    mine = [QuayClaim("12/0", 0, 40, 0, DAY), QuayClaim("12/1/change", 0, 40, DAY, 2 * DAY)]
    timetable = QuayTimetable([*mine, QuayClaim("1/0", 50, 60, 0, DAY), QuayClaim("123/0", 50, 60, DAY, 2 * DAY)])
    floor = FloorTimetable([FloorClaim("12/1/7", JANUARY, MARCH, 3, pool=7), FloorClaim("123/1/0", JANUARY, MARCH, 4)])
    assert timetable.claims_of("12") == mine
    for claim in floor.claims_of("12"):
        floor.remove(claim.claim_id)
    assert (dict(floor.drawn_at(0)), floor.at(0)[JANUARY.toordinal()]) == ({}, 4)
