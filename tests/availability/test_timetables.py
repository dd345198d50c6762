"""Timetables: what lapses, what is replaced, and what a search costs."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    Berth,
    BerthAsk,
    FloorClaim,
    FloorTimetable,
    Limit,
    Quay,
    QuayClaim,
    QuayTimetable,
    Ship,
    Terms,
    berth_slots,
)
from tests.availability import worlds

MORNING = QuayClaim("morning", 0, 40, 6 * HOUR, 12 * HOUR, expires_at=5 * HOUR)
QUAY = Quay(
    "Q",
    "P",
    worlds.KARACHI,
    60,
    (Berth("B", 0, 6_000),),
    (Limit("B", ALWAYS, FOREVER, 0, 99_999, 1_000),),
    (),
    Terms(HOUR, 30 * DAY, 550 * DAY),
)


def mask_at(timetable: QuayTimetable, hour: int, now: int) -> int:
    slices = timetable.at(now)
    return slices.masks[slices.at(hour * HOUR)]


def test_a_hold_blocks_until_the_instant_at_which_it_lapses():
    timetable = QuayTimetable([MORNING])
    assert mask_at(timetable, 6, MORNING.expires_at - 1) == (1 << 40) - 1
    assert mask_at(timetable, 6, MORNING.expires_at) == 0
    assert MORNING.claim_id not in timetable


def test_a_confirmed_hold_does_not_lapse_at_its_old_time():
    timetable = QuayTimetable([MORNING])
    timetable.add(replace(MORNING, expires_at=FOREVER))
    assert mask_at(timetable, 6, MORNING.expires_at + 1) == (1 << 40) - 1
    assert len(timetable) == 1


def test_of_two_claims_of_one_booking_the_other_stays_when_one_goes():
    timetable = QuayTimetable([MORNING, replace(MORNING, claim_id="amended", from_m=20, to_m=60)])
    timetable.remove("morning")
    assert mask_at(timetable, 6, 0) == (1 << 60) - (1 << 20)


def test_what_begins_where_another_ends_does_not_touch_it():
    timetable = QuayTimetable([replace(MORNING, to_m=60, expires_at=FOREVER)])
    ask = BerthAsk(Ship(6_000), 6 * HOUR, 0, 30 * HOUR)
    assert [(s.start // HOUR, s.latest_start // HOUR) for s in berth_slots(QUAY, timetable, ask, 0)] == [
        (0, 0),
        (12, 24),
    ]


def test_a_lapsed_hold_gives_its_floor_back():
    first = date(2026, 1, 1)
    timetable = FloorTimetable([FloorClaim("c", first, first + timedelta(days=2), 5, expires_at=7)])
    assert dict(timetable.at(6)) == {first.toordinal(): 5, first.toordinal() + 1: 5}
    assert dict(timetable.at(7)) == {}


@given(worlds.floor_claims(), st.data())
def test_the_floor_taken_is_the_sum_of_the_claims_that_are_left(claims: list[FloorClaim], data: st.DataObject):
    timetable = FloorTimetable(claims)
    gone = data.draw(st.sets(st.sampled_from([c.claim_id for c in claims]))) if claims else set()
    for claim_id in gone:
        timetable.remove(claim_id)
    left = [c for c in claims if c.claim_id not in gone and c.expires_at > worlds.NOW]
    taken = timetable.at(worlds.NOW)
    for day in range(worlds.FIRST_DAY.toordinal(), worlds.FIRST_DAY.toordinal() + 20):
        assert taken.get(day, 0) == sum(
            c.quantity for c in left if c.first_on.toordinal() <= day < c.last_on.toordinal()
        )


class Counting(list):
    """A list that counts how many of its items are read."""

    reads = 0

    def __getitem__(self, index):
        found = super().__getitem__(index)
        Counting.reads += len(found) if isinstance(index, slice) else 1
        return found


def reads_of_a_search(claims: list[QuayClaim]) -> tuple[int, int]:
    """How many slices a search over two full days looks at, and how many slots it finds."""
    timetable = QuayTimetable(claims)
    timetable.slices.masks = Counting(timetable.slices.masks)
    Counting.reads = 0
    found = len(list(berth_slots(QUAY, timetable, BerthAsk(Ship(1_000), HOUR, 400 * DAY, 402 * DAY), 0)))
    return Counting.reads, found


def hourly(days: range) -> list[QuayClaim]:
    hours = [day * 24 + hour for day in days for hour in range(0, 24, 2)]
    return [QuayClaim(f"c{hour}", hour % 30, hour % 30 + 30, hour * HOUR, (hour + 1) * HOUR) for hour in hours]


def test_a_search_costs_no_more_when_ten_times_as_much_is_stored_outside_its_window():
    few, found = reads_of_a_search(hourly(range(395, 407)))
    many, found_among_many = reads_of_a_search(hourly(range(340, 460)))
    assert many == few > 0
    assert found == found_among_many > 0


def test_the_search_of_one_slot_stops_at_it():
    timetable = QuayTimetable(hourly(range(500)))
    timetable.slices.masks = Counting(timetable.slices.masks)
    Counting.reads = 0
    next(berth_slots(QUAY, timetable, BerthAsk(Ship(1_000), HOUR, 0, 500 * DAY), 0))
    assert 0 < Counting.reads < 100
