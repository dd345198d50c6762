"""Rules of measure: the metres that a ship blocks and the local days that a window touches.

Units everywhere in the engine: metres and tonnes are whole numbers, lengths of ships whole centimetres,
instants whole microseconds since the Unix epoch (UTC), durations whole microseconds, local days `datetime.date`.
The rules are those of docs/glossary.md.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from service.availability.places import Terms

ALWAYS = -(1 << 62)
FOREVER = 1 << 62
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


def blocked_metres(loa_cm: int, terms: Terms) -> int:
    """Give the metres of quay that a ship of this length blocks: LOA and mooring clearance, rounded up.

    The clearance is the larger of a least length and a percentage of the LOA. Kept in integers: as floats
    190.00 m and 10 % give 209.00000000000003 and so 210.
    """
    hundredths_of_cm = max(100 * terms.clearance_least_cm, terms.clearance_percent * loa_cm)
    return -(-(100 * loa_cm + hundredths_of_cm) // 10_000)


def local_day(at: int, zone: ZoneInfo) -> date:
    """Give the local day on which an instant falls."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone).date()


def day_begins(day: date, zone: ZoneInfo) -> int:
    """Give the first instant of a local day. Where the clock skips midnight, that is the instant of the skip."""
    return _midnight(day, zone, fold=0)


def day_settles(day: date, zone: ZoneInfo) -> int:
    """Give the instant from which on no earlier local day comes back.

    It is the first instant of the day, except where a clock set back just after midnight shows the day before again:

    instants     ──────────┬──┬─────────┬──────────►
    local day       D      │D+1    D    │   D+1
                       begins        settles
    """
    return max(_midnight(day, zone, fold=0), _midnight(day, zone, fold=1))


def local_days(start: int, end: int, zone: ZoneInfo) -> tuple[date, date]:
    """Give the local days that a half-open window touches: the first, and the one after the last.

    days         │    D    │   D+1   │   D+2   │
    window            ├──────────────┤               -> (D, D+2): the end is not part of it
    """
    first, last = local_day(start, zone), local_day(end - 1, zone)
    settled = day_settles(first, zone)
    if start < settled and (last < first or end > settled):
        first -= _ONE_DAY
    if start <= day_begins(last + _ONE_DAY, zone) < end or last < local_day(start, zone):
        last += _ONE_DAY
    return first, last + _ONE_DAY


@lru_cache(maxsize=50_000)  # what is kept at recurring times is asked for at the same ones again and again
def same_local_time(at: int, days: int, zone: ZoneInfo) -> tuple[int, int]:
    """Give the first and the last instant that may be called the local time of `at`, so many days later.

    They differ only where the clock is set. Set back it shows the time twice; set forward it skips it, and the two are
    what it would be by the offset after and by the offset before.
    """
    there = (_EPOCH + timedelta(microseconds=at)).astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
    both = [(there.replace(tzinfo=zone, fold=fold).astimezone(UTC) - _EPOCH) // _MICROSECOND for fold in (0, 1)]
    return min(both), max(both)


def _midnight(day: date, zone: ZoneInfo, *, fold: int) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=zone, fold=fold)
    return (local.astimezone(UTC) - _EPOCH) // _MICROSECOND
