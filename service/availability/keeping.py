"""When a stretch of quay or a quantity of floor is kept for partners, and when what they have not used is open to all.

every 7 days, 08:00 to 20:00         ├──┤        ├──┤        ├──┤       │ until
released 3 days before            ↑           ↑           ↑
"""

from collections.abc import Iterator
from datetime import date
from itertools import count
from zoneinfo import ZoneInfo

from service.availability.measures import DAY, FOREVER, SECOND, day_begins, local_day, same_local_time
from service.availability.places import Allotment, KeptStretch, Quay, Warehouse

_CALENDAR_ENDS = 253_370_764_800 * SECOND  # the year 9999: there is no local time after it


def kept_times(stretch: KeptStretch, zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the times `[start, end)` at which a stretch is kept that meet a window, earliest first; also released ones.

    Nothing outside the window is worked out. The window must have an end, as what comes again may have none.
    """
    for low, high in _times(stretch, zone, start):
        if low >= end:
            return
        if high > start:
            yield low, high


def kept_days(allotment: Allotment, zone: ZoneInfo, now: int) -> range:
    """Give the local days (ordinals) of which an allotment still keeps what is left."""
    released = local_day(now + allotment.release_before, zone).toordinal()
    return range(max(allotment.first_on.toordinal(), released + 1), allotment.last_on.toordinal())


def day_released(allotment: Allotment, zone: ZoneInfo, day: int) -> int:
    """Give the moment at which what is left of a local day (an ordinal) of an allotment is open to all."""
    return day_begins(date.fromordinal(day), zone) - allotment.release_before


def next_release(place: Quay | Warehouse, now: int) -> int:
    """Give the first moment after `now` at which something that a place keeps is open to all; FOREVER if none comes."""
    if isinstance(place, Quay):
        return min((_next_time_released(stretch, place.zone, now) for stretch in place.kept), default=FOREVER)
    return min((_next_day_released(each, place.zone, now) for each in place.allotments), default=FOREVER)


def _times(stretch: KeptStretch, zone: ZoneInfo, after: int) -> Iterator[tuple[int, int]]:
    """Yield the times of a stretch, from one that ends before an instant on, if there is one."""
    if stretch.start < stretch.until:
        yield stretch.start, stretch.end
    if not stretch.every_days:
        return
    # Two days to spare: no clock is set by more.
    first = max(1, (after - stretch.end - 2 * DAY) // (stretch.every_days * DAY))
    for days in count(first * stretch.every_days, stretch.every_days):
        if stretch.end + days * DAY >= _CALENDAR_ENDS:
            return
        low, _ = same_local_time(stretch.start, days, zone)
        if low >= stretch.until:
            return
        yield low, same_local_time(stretch.end, days, zone)[1]


def _next_time_released(stretch: KeptStretch, zone: ZoneInfo, now: int) -> int:
    releases = (low - stretch.release_before for low, _ in _times(stretch, zone, now + stretch.release_before))
    return next((release for release in releases if release > now), FOREVER)


def _next_day_released(allotment: Allotment, zone: ZoneInfo, now: int) -> int:
    days = kept_days(allotment, zone, now)
    return day_released(allotment, zone, days[0]) if days else FOREVER
