"""Time along a picture: the local days of a port, the moment that is running, and what the marks mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from service.availability import day_begins, local_days
from service.clock import moment
from service.timetables.drawing.marks import box, line, text

_LEAST = 62  # room for a day's name, in units of the picture
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Axis:
    """The frame of a drawing: time runs from `left` to `right`, what is measured from `bottom` to `top`."""

    zone: ZoneInfo
    start: int
    end: int
    left: float
    right: float
    top: float
    bottom: float

    def x(self, at: int) -> float:
        """Give where a moment lies; what lies outside of the window, at its edge."""
        within = min(max(at, self.start), self.end) - self.start
        return self.left + (self.right - self.left) * within / (self.end - self.start)

    def local(self, at: int) -> str:
        """Give a moment as people at the port write it."""
        there = moment(at).astimezone(self.zone)
        return f"{there.day} {there:%b %H:%M}"


def days(axis: Axis) -> Iterator[str]:
    """Yield the local days: a rule where each begins, and as many names as there is room for."""
    first_on, last_on = local_days(axis.start, axis.end, axis.zone)
    shown = [date.fromordinal(each) for each in range(first_on.toordinal(), last_on.toordinal())]
    every = _every((axis.right - axis.left) / len(shown))
    begins = [axis.x(day_begins(day, axis.zone)) for day in shown]
    for x in begins[1:] if every < _WEEK else begins[every::every]:
        yield line("rule", x, axis.top, x, axis.bottom)
    for nth in range(0, len(shown), every):
        ends = begins[nth + every] if nth + every < len(shown) else axis.right
        if ends - begins[nth] >= _LEAST or len(shown) <= every:  # the first day may be half over
            yield text("small", begins[nth] + 4, axis.top - 8, _name(shown[nth], whole=every > 1 or nth == 0))


def _name(day: date, *, whole: bool) -> str:
    """Give the name of a day; of days side by side only the first of a month says which it is."""
    return f"{day:%a} {day.day} {day:%b}" if whole or day.day == 1 else f"{day:%a} {day.day}"


def _every(width: float) -> int:
    """Give how many days of a width share one name."""
    return next((each for each in (1, 2, _WEEK, 2 * _WEEK) if width * each >= _LEAST), 4 * _WEEK)


def now(axis: Axis, at: int) -> Iterator[str]:
    """Yield the moment that is running, if it lies in the window."""
    if axis.start <= at < axis.end:
        x = axis.x(at)
        yield line("now", x, axis.top, x, axis.bottom + 6)
        yield text("now-text", min(x + 4, axis.right - 24), axis.bottom + 14, "now")


def legend(x: float, y: float, entries: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """Yield what the kinds of marks mean, one after the other."""
    for kind, means in entries:
        yield box(kind, (x, y - 10, 22, 12))
        yield text("small", x + 28, y, means)
        x += 28 + 6.2 * len(means) + 24
