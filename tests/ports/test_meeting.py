"""When stretches kept for two groups first meet: the walk along both finds what looking at every pair finds."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from service.availability import DAY, FOREVER, HOUR, KeptStretch
from service.availability.keeping import kept_times
from service.ports.operations.keeping import COMPARED, _first_meeting

NOW = 20_500 * DAY
ZONES = [ZoneInfo(name) for name in ("Asia/Karachi", "Europe/Berlin", "America/Santiago")]

stretches = st.builds(
    lambda start, hours, every, until: KeptStretch(
        0, 100, NOW + start * HOUR, NOW + (start + hours) * HOUR, every, FOREVER if until is None else NOW + until * DAY,
        DAY, frozenset(),
    ),
    st.integers(-500, 5_000), st.integers(1, 20), st.sampled_from([0, 1, 5, 7, 30, 366]),
    st.none() | st.integers(0, 700),
)  # fmt: skip


@given(one=stretches, other=stretches, zone=st.sampled_from(ZONES))
def test_the_first_meeting_is_the_earliest_moment_that_two_of_their_times_share(one, other, zone):
    until = max(NOW, one.start, other.start) + COMPARED
    mine, theirs = (list(kept_times(each, zone, NOW, until)) for each in (one, other))
    shared = [max(a[0], b[0]) for a in mine for b in theirs if a[0] < b[1] and b[0] < a[1]]
    assert _first_meeting(one, other, zone, NOW) == (min(shared) if shared else None)
    assert _first_meeting(other, one, zone, NOW) == _first_meeting(one, other, zone, NOW)
