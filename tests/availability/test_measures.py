"""Metres and local days."""

from datetime import UTC, date, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.availability import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Berth,
    Quay,
    Terms,
    berths_touched,
    blocked_metres,
    local_days,
)

ZONES = (
    "Asia/Karachi",
    "Asia/Almaty",
    "Europe/Berlin",
    "America/Havana",
    "Asia/Beirut",
    "Pacific/Apia",
    "America/St_Johns",
)


def terms(*, least_cm: int = 1_000, percent: int = 10) -> Terms:
    return Terms(2 * HOUR, 30 * DAY, 550 * DAY, clearance_least_cm=least_cm, clearance_percent=percent)


def instant(*parts: int, zone: ZoneInfo, fold: int = 0) -> int:
    return int(datetime(*parts, tzinfo=zone, fold=fold).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("loa_cm", "metres"),
    [(19_000, 209), (19_001, 210), (10_000, 110), (9_999, 110), (9_000, 100), (9_001, 101), (1, 11), (30_500, 336)],
)
def test_a_ship_blocks_its_length_and_the_larger_clearance_rounded_up(loa_cm: int, metres: int):
    assert blocked_metres(loa_cm, terms()) == metres


def test_a_place_without_clearance_rounds_the_length_up():
    assert [blocked_metres(loa, terms(least_cm=0, percent=0)) for loa in (26_000, 26_001)] == [260, 261]


@given(st.integers(1, 50_000), st.integers(0, 3_000), st.integers(0, 30))
def test_what_a_ship_blocks_is_never_a_metre_too_much(loa_cm: int, least_cm: int, percent: int):
    blocked = blocked_metres(loa_cm, terms(least_cm=least_cm, percent=percent))
    exact_in_hundredths = 100 * loa_cm + max(100 * least_cm, percent * loa_cm)
    assert (blocked - 1) * 10_000 < exact_in_hundredths <= blocked * 10_000
    assert blocked >= ceil(loa_cm / 100)


def test_a_metre_that_two_berths_share_belongs_to_both():
    berths = (Berth("3", 40_140, 60_200), Berth("1", 0, 20_070), Berth("2", 20_070, 40_140))
    quay = Quay("Q", "P", ZoneInfo("Asia/Karachi"), 602, berths, (), (), terms())
    assert berths_touched(quay, 0, 200) == ("1",)
    assert berths_touched(quay, 0, 201) == ("1", "2")
    assert berths_touched(quay, 201, 401) == ("2",)
    assert berths_touched(quay, 401, 402) == ("2", "3")
    assert berths_touched(quay, 200, 602) == ("1", "2", "3")


def test_the_end_of_a_window_touches_no_day():
    zone = ZoneInfo("Asia/Karachi")
    midnight = instant(2026, 12, 2, zone=zone)
    assert local_days(midnight - HOUR, midnight, zone) == (date(2026, 12, 1), date(2026, 12, 2))
    assert local_days(midnight - HOUR, midnight + 1, zone) == (date(2026, 12, 1), date(2026, 12, 3))
    assert local_days(midnight, midnight + 1, zone) == (date(2026, 12, 2), date(2026, 12, 3))


def test_almaty_has_its_own_midnight_on_each_side_of_march_2024():
    zone = ZoneInfo("Asia/Almaty")
    before, after = (
        int(datetime(2024, 2, 1, 18, tzinfo=UTC).timestamp()),
        int(datetime(2024, 3, 2, 18, tzinfo=UTC).timestamp()),
    )
    assert local_days(before * SECOND, before * SECOND + 1, zone)[0] == date(2024, 2, 2)
    assert local_days(after * SECOND, after * SECOND + 1, zone)[0] == date(2024, 3, 2)


def test_a_clock_set_back_past_midnight_gives_the_day_before_once_more():
    zone = ZoneInfo("America/St_Johns")  # in 2006 the clock went from 00:01 back to 23:01
    first_minute = instant(2006, 10, 29, 0, 0, zone=zone)
    assert local_days(first_minute, first_minute + MINUTE, zone) == (date(2006, 10, 29), date(2006, 10, 30))
    assert local_days(first_minute, first_minute + 2 * MINUTE, zone) == (date(2006, 10, 28), date(2006, 10, 30))
    assert local_days(first_minute - HOUR, first_minute + 30 * MINUTE, zone) == (date(2006, 10, 28), date(2006, 10, 30))


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2004, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001 - read as UTC below
    st.integers(1, 60 * 24 * 4),
)
def test_the_days_are_those_of_every_minute_of_the_window(name: str, start: datetime, minutes: int):
    zone = ZoneInfo(name)
    start = start.replace(second=0, microsecond=0, tzinfo=UTC)
    days = {(start + timedelta(minutes=minute)).astimezone(zone).date() for minute in range(minutes)}
    begins = int(start.timestamp()) * SECOND
    assert local_days(begins, begins + minutes * MINUTE, zone) == (min(days), max(days) + timedelta(days=1))
