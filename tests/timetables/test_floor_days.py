"""What a floor's timetable says of a day never adds up to more than there is."""

from dataclasses import replace
from datetime import date

import pytest

from service.availability import FloorClosure
from service.timetables.rules import floor_days
from tests.availability.test_keeping import FLOOR

FIRST, LAST = date(1970, 1, 1), date(1970, 1, 4)
SECOND, THIRD = date(1970, 1, 2), date(1970, 1, 3)


@pytest.mark.parametrize(
    ("capacity", "closed"),
    [(1_500, [900, 1_500, 800]), (700, [700, 700, 700])],
    ids=["closures overlap", "the capacity became less"],
)
def test_closures_close_no_more_of_a_floor_than_there_is(capacity, closed):
    closures = (FloorClosure(FIRST, THIRD, 900), FloorClosure(SECOND, LAST, 800))
    floor = replace(FLOOR, capacity=capacity, closures=closures, allotments=())
    days = floor_days(floor, {}, FIRST, LAST, by="", now=0)
    assert [day.closed for day in days] == closed
    assert [day.free for day in days] == [capacity - each for each in closed]
