"""Last published wins, per berth, day and length: held against a model that keeps every day and length apart."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from service.ports.rules import BEGINNING, END, LONGEST_CM, BerthLimit, Carried, joined, superseded

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAYS, LENGTHS = 8, 6


def on(day: int) -> datetime:
    return FIRST + timedelta(days=day)


@dataclass(frozen=True)
class Wording:
    since: int | None
    until: int | None
    low: int
    high: int | None
    draught: int
    max_loa: int | None
    max_beam: int | None
    carried: Carried

    def limit(self, number: int) -> BerthLimit:
        return BerthLimit(
            notice_id=f"dn_{number}",
            berth="B",
            since=BEGINNING if self.since is None else on(self.since),
            until=END if self.until is None else on(self.until),
            low_cm=self.low,
            high_cm=LONGEST_CM if self.high is None else self.high,
            draught_m=Decimal(self.draught),
            max_loa_m=None if self.max_loa is None else Decimal(self.max_loa),
            max_beam_m=None if self.max_beam is None else Decimal(self.max_beam),
        )

    def covers(self, day: int, length: int) -> bool:
        in_time = (self.since is None or self.since <= day) and (self.until is None or day < self.until)
        return in_time and self.low <= length and (self.high is None or length < self.high)


@st.composite
def wordings(draw) -> Wording:
    maxima = st.none() | st.integers(1, 2)
    since = draw(st.none() | st.integers(0, DAYS - 1))
    until = draw(st.none() | st.integers((since or 0) + 1, DAYS))
    low = draw(st.integers(0, LENGTHS - 1))
    carried = Carried(draw(st.booleans()), draw(st.booleans()))
    return Wording(
        since, until, low, draw(st.none() | st.integers(low + 1, LENGTHS)), draw(st.integers(1, 3)),
        None if carried.max_loa else draw(maxima), None if carried.max_beam else draw(maxima), carried,
    )  # fmt: skip


def modelled(published: list[Wording]) -> dict[tuple[int, int], tuple]:
    """Keep what holds for every day and length by itself."""
    holds: dict[tuple[int, int], tuple] = {}
    for number, wording in enumerate(published):
        for cell in ((day, length) for day in range(-1, DAYS + 1) for length in range(LENGTHS + 1)):
            if wording.covers(*cell):
                before = holds.get(cell, (None, None, None, None))
                loa = before[2] if wording.carried.max_loa else wording.max_loa
                beam = before[3] if wording.carried.max_beam else wording.max_beam
                holds[cell] = (f"dn_{number}", wording.draught, loa, beam)
    return holds


def seen(limits: list[BerthLimit]) -> dict[tuple[int, int], tuple]:
    """Look up every day and length in the rows; each must be in one at most."""
    found: dict[tuple[int, int], tuple] = {}
    for row in limits:
        for day in range(-1, DAYS + 1):
            for length in range(LENGTHS + 1):
                if row.since <= on(day) < row.until and row.low_cm <= length < row.high_cm:
                    assert (day, length) not in found
                    found[day, length] = (row.notice_id, row.draught_m, row.max_loa_m, row.max_beam_m)
    return found


def published_all(wordings: list[Wording]) -> list[BerthLimit]:
    rows: list[BerthLimit] = []
    for number, wording in enumerate(wordings):
        rows = superseded(rows, wording.limit(number), wording.carried)
    return rows


@given(st.lists(wordings(), max_size=8))
def test_the_last_published_wins_on_every_day_and_for_every_length(published):
    rows = published_all(published)
    assert seen(rows) == modelled(published)
    assert not any(one.overlaps(other) for one, other in combinations(rows, 2))
    assert all(row.since < row.until and row.low_cm < row.high_cm for row in rows)


@given(st.lists(wordings(), max_size=6), wordings())
def test_publishing_the_same_again_leaves_no_more_rows(published, again):
    once = published_all([*published, again])
    twice = superseded(once, again.limit(len(published)), again.carried)
    assert seen(twice) == seen(once)
    assert len(twice) <= len(once)


def test_pieces_that_say_the_same_become_one():
    whole = BerthLimit("dn_1", "B", BEGINNING, END, 0, LONGEST_CM, Decimal("11.6"))
    middle = BerthLimit("dn_2", "B", on(2), on(4), 2, 4, Decimal(9))
    pieces = [*whole.outside(middle), whole.shared(middle)]
    assert len(pieces) == 5
    assert joined(pieces) == [whole]


def test_a_notice_in_the_middle_leaves_what_is_around_it():
    whole = BerthLimit("dn_1", "B", BEGINNING, END, 0, LONGEST_CM, Decimal("11.6"), max_loa_m=Decimal(305))
    summer = BerthLimit("dn_2", "B", on(2), on(4), 0, LONGEST_CM, Decimal(10))
    before, during, after = sorted(
        superseded([whole], summer, Carried(max_loa=True, max_beam=True)), key=lambda r: r.since
    )
    assert (before.until, after.since) == (on(2), on(4))
    assert (during.draught_m, during.max_loa_m) == (10, 305)
    assert (before.notice_id, during.notice_id, after.notice_id) == ("dn_1", "dn_2", "dn_1")
