"""Moments, windows, durations and numbers: read exactly, or refused with a sentence; never rounded, cut or guessed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from service.fields import Day, Duration, Flag, Line, Metres, Moment, OpenWindow, Prose, Tonnes, Whole, duration_text


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as error:
        read(kind, value)
    return str(error.value.errors()[0]["type"])


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-01T06:00:00Z", datetime(2026, 12, 1, 6, tzinfo=UTC)),
        ("2026-12-01t06:00:00z", datetime(2026, 12, 1, 6, tzinfo=UTC)),
        ("2026-12-01T06:00:00+05:00", datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("2026-12-01T06:00:00.123456-00:30", datetime(2026, 12, 1, 6, 30, 0, 123456, tzinfo=UTC)),
        ("2026-12-01T06:00:00.1234560000Z", datetime(2026, 12, 1, 6, 0, 0, 123456, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2200-12-31T23:59:59.999999Z", datetime(2200, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_to_the_microsecond_and_turned_to_utc(text: str, at: datetime) -> None:
    assert read(Moment, text) == at
    assert read(Moment, text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("2026-12-01T06:00:00", "moment_without_offset"),
        ("2026-12-01T06:00:00.1234567Z", "moment_too_fine"),
        ("0001-01-01T00:00:00+05:00", "moment_out_of_range"),
        ("0001-01-01T00:00:00Z", "moment_out_of_range"),
        ("9999-12-31T23:59:59-05:00", "moment_out_of_range"),
        ("2201-01-01T00:00:00Z", "moment_out_of_range"),
        ("1970-01-01T00:00:00+00:01", "moment_out_of_range"),
        ("0000-01-01T00:00:00Z", "moment_malformed"),
        ("2026-02-30T00:00:00Z", "moment_malformed"),
        ("2026-12-01T24:00:00Z", "moment_malformed"),
        ("2026-12-01T06:00:60Z", "moment_malformed"),
        ("2026-12-01T06:00Z", "moment_malformed"),
        ("2026-12-01 06:00:00Z", "moment_malformed"),
        ("2026-12-01T06:00:00 05:00", "moment_malformed"),
        ("2026-12-01T06:00:00+0500", "moment_malformed"),
        ("2026-12-01T06:00:00+25:00", "moment_malformed"),
        ("٢٠٢٦-12-01T06:00:00Z", "moment_malformed"),
        ("2026-12-01T06:00:00Z\n", "moment_malformed"),
        ("2026-12-01", "moment_malformed"),
        ("1764568800", "moment_malformed"),
        (1764568800, "moment_malformed"),
        (Decimal("1764568800.5"), "moment_malformed"),
        (None, "moment_malformed"),
        (datetime(2026, 12, 1), "moment_without_offset"),  # noqa: DTZ001
    ],
)
def test_what_is_no_clear_moment_is_refused(value: object, why: str) -> None:
    assert refused(Moment, value) == why


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_every_moment_comes_back_as_it_went_out(at: datetime) -> None:
    adapter: TypeAdapter[datetime] = TypeAdapter(Moment)
    whole_offset = at.astimezone(UTC)
    assert adapter.validate_python(adapter.dump_python(whole_offset, mode="json")) == whole_offset


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT36H", timedelta(hours=36)),
        ("P30D", timedelta(30)),
        ("P2W", timedelta(14)),
        ("P1DT2H3M4.5S", timedelta(1, 4.5, hours=2, minutes=3)),
        ("PT0.000001S", timedelta(microseconds=1)),
        ("PT90M", timedelta(minutes=90)),
    ],
)
def test_a_duration_is_read_exactly(text: str, length: timedelta) -> None:
    assert read(Duration, text) == length


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("P1Y", "duration_malformed"),
        ("P1M", "duration_malformed"),
        ("P", "duration_malformed"),
        ("PT", "duration_malformed"),
        ("P1DT", "duration_malformed"),
        ("-PT1H", "duration_malformed"),
        ("PT-1H", "duration_malformed"),
        ("PT1.5H", "duration_malformed"),
        ("PT0.0000001S", "duration_malformed"),
        ("PT٣H", "duration_malformed"),
        ("pt36h", "duration_malformed"),
        ("36:00:00", "duration_malformed"),
        ("129600", "duration_malformed"),
        (129600, "duration_malformed"),
        ("PT0S", "duration_out_of_range"),
        ("P0D", "duration_out_of_range"),
        ("P999999D", "duration_out_of_range"),
        ("PT" + "9" * 50 + "H", "duration_malformed"),
    ],
)
def test_what_is_no_clear_duration_is_refused(value: object, why: str) -> None:
    assert refused(Duration, value) == why


@given(st.timedeltas(timedelta(microseconds=1), timedelta(36_500)))
def test_every_duration_comes_back_as_it_went_out(length: timedelta) -> None:
    assert read(Duration, duration_text(length)) == length


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(hours=36), "PT36H"),
        (timedelta(30), "P30D"),
        (timedelta(minutes=90), "PT90M"),
        (timedelta(seconds=0.5), "PT0.5S"),
        (timedelta(0), "PT0S"),
    ],
)
def test_a_duration_is_written_in_its_largest_whole_unit(length: timedelta, text: str) -> None:
    assert duration_text(length) == text


@pytest.mark.parametrize("value", [Decimal("190.00"), Decimal("190.000"), 190, "190", "190.00", Decimal("1.9E+2")])
def test_metres_are_exact_however_many_zeros_follow(value: object) -> None:
    assert read(Metres, value) == 190


@pytest.mark.parametrize(
    "value",
    ["190.005", Decimal("190.005"), "0", "-1", "10000", "1e2", "NaN", "inf", " 1", "1_0", "٣", True, None, [], 190.5],
)
def test_what_is_not_metres_to_the_centimetre_is_refused(value: object) -> None:
    refused(Metres, value)


def test_metres_and_tonnes_are_written_as_numbers() -> None:
    assert TypeAdapter(Metres).dump_json(Decimal("190.25")) == b"190.25"
    assert TypeAdapter(Tonnes).dump_json(Decimal("24000.125")) == b"24000.125"


@pytest.mark.parametrize(
    ("value", "plain"), [(5, 5), ("5", 5), ("-5", -5), (Decimal("209.0"), 209), (Decimal("1E+2"), 100)]
)
def test_a_whole_number_is_one_however_written(value: object, plain: int) -> None:
    assert read(Whole, value) == plain


@pytest.mark.parametrize(
    "value",
    [Decimal("0.5"), "0.5", "5.0", " 5", "1_000", "٣", True, None, 2**31, -(2**31) - 1, "9" * 5000, Decimal("1E+30")],
)
def test_what_is_not_a_whole_number_of_four_bytes_is_refused(value: object) -> None:
    refused(Whole, value)


def test_a_flag_is_true_or_false_and_nothing_like_it() -> None:
    assert read(Flag, "true") is True
    assert read(Flag, "false") is False
    for value in (True, False):
        assert read(Flag, value) is value
    for value in ("yes", "1", "True", "", 1, 0, None):
        refused(Flag, value)


def test_a_day_is_a_day_of_the_calendar() -> None:
    assert read(Day, "2028-02-29") == date(2028, 2, 29)
    assert read(Day, date(2026, 1, 1)) == date(2026, 1, 1)
    for value in (
        "2026-02-29",
        "20260101",
        "2026-W01-1",
        "1969-12-31",
        "2201-01-01",
        "0001-01-01",
        5,
        None,
        datetime(2026, 1, 1, tzinfo=UTC),
    ):
        refused(Day, value)


def test_a_line_is_trimmed_and_has_no_control_characters() -> None:
    assert read(Line, "  Қазақ می‌خواهم  ") == "Қазақ می‌خواهم"
    for value in ("", "   ", "a\nb", "a\x00b", "a\x85b", "x" * 201, 5):
        refused(Line, value)
    assert read(Prose, "two\nlines\tand a tab ") == "two\nlines\tand a tab"
    refused(Prose, "a\x1bb")


def test_a_window_without_an_end_is_open_and_one_that_goes_back_is_refused() -> None:
    start = "2026-12-01T06:00:00Z"
    assert read(OpenWindow, {"start": start}).end is None
    assert refused(OpenWindow, {"start": start, "end": start}) == "window_backwards"
