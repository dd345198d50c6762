"""Goods in parts through the gate, in any order and however late they are reported: their floor is what a sum over days says."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.availability import DAY, HOUR
from service.invariants.operations import look
from tests.asking import ahead, new_key, rfc, storage
from tests.bookings.on_the_ground import made, report, time_passes
from tests.bookings.test_ground import today
from tests.ports.partnering import ALLOTMENTS, FLOOR, grouped, kept, local, quantity

PAST, SHOWN = 8, 20  # days of the model: the first ones have passed, today is the one after them
MIDNIGHT = -5 / 24  # in Karachi, not in Greenwich


@dataclass
class Goods:
    """A storage leg on the days `[first, last)`; moments are microseconds from the midnight with which day 0 begins."""

    booked: int
    first: int
    last: int
    moves: list[tuple[int, int]] = field(default_factory=list)  # when, and how much came; below zero: left
    completed_at: int | None = None

    def moved(self, action: str, at: int, quantity: int | None) -> bool:
        """Let goods move, unless that can't be; says whether they have."""
        came = sum(much for _, much in self.moves if much > 0)
        there = sum(much for _, much in self.moves)
        most = self.booked - came if action == "gate-in" else there
        much = most if quantity is None else quantity
        moves = sorted([*self.moves, (at, much if action == "gate-in" else -much)], key=lambda move: move[0])
        arrived = min((when for when, _ in self.moves), default=at)
        began = at >= (self.first * DAY if action == "gate-in" else arrived)
        needed = 0 if action == "complete" and self.moves else 1
        sums = [sum(each for _, each in moves[: nth + 1]) for nth in range(len(moves))]
        if self.completed_at is not None or not began or not needed <= much <= most or min(sums) < 0:
            return False
        self.moves = [move for move in moves if move[1]]
        if action == "complete" or sum(-each for _, each in self.moves if each < 0) == self.booked:
            self.completed_at = max(at, *(when for when, _ in self.moves))
        return True

    def taken_on(self, day: int) -> int:
        """Give what was booked less what had left before that day; nothing, once all was over."""
        over = self.completed_at is not None and self.completed_at < day * DAY
        left = sum(-much for at, much in self.moves if much < 0 and at < day * DAY)
        return self.booked - left if self.first <= day < self.last and not over else 0


legs = st.builds(
    lambda booked, first, length: Goods(booked, first, first + length),
    st.sampled_from([60, 100]), st.integers(0, 2), st.integers(3, 14),
)  # fmt: skip


def steps(action: str, first: int, last: int) -> st.SearchStrategy[tuple[str, int, int, int | None]]:
    """Reports of either leg: at the first, the last or another moment of a local day, of a part or of all."""
    moments = st.builds(
        lambda day, of_day: day * DAY + of_day, st.integers(first, last), st.sampled_from([0, 12 * HOUR, DAY - 1])
    )
    return st.tuples(st.just(action), st.integers(0, 1), moments, st.sampled_from([1, 20, 30, 40, 50, 70, None]))


came, left, ended = steps("gate-in", 1, 4), steps("gate-out", 3, PAST - 1), steps("complete", 3, PAST - 1)
reports = st.lists(came | left | left | left | ended, min_size=4, max_size=9)


@pytest.fixture
async def calm(crowd):
    """A database in which nobody is asked to slow down."""
    await crowd.sql("UPDATE organisations SET rate_per_s = NULL")
    return crowd


async def cleared(crowd) -> None:
    """Leave the floor as it was before the first booking."""
    await crowd.sql("TRUNCATE bookings, storage_claims, floor_days CASCADE")
    await crowd.sql("UPDATE places SET version = version + 1")


async def begun(crowd, goods: list[Goods], begins: datetime) -> dict:
    """Book a leg for each of the goods, and let so much time pass that day 0 begins at a moment of the past."""
    wanted = [
        storage(12 + MIDNIGHT + each.first, quantity=each.booked, length=each.last - each.first) for each in goods
    ]
    booked = await made(crowd, *wanted, vessel=None)
    await time_passes(crowd, booked["id"], ahead(12 + MIDNIGHT) - begins)
    return booked


async def taken(crowd, begins: datetime) -> list[int]:
    """What is taken of the floor on each day of the model, as everybody is shown it."""
    span = {"from": rfc(begins), "to": rfc(begins + timedelta(days=SHOWN))}
    shown = (await crowd.get(f"/v1/warehouses/{FLOOR}/timetable", role="rival", **span)).json()["days"]
    assert {day["taken"] + day["free"] for day in shown} == {12_000}
    return [day["taken"] for day in shown]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(goods=st.lists(legs, min_size=1, max_size=2), first=st.sampled_from([50, 60, None]), reports=reports)
async def test_what_goods_have_of_a_floor_is_what_was_booked_less_what_had_left_before_that_day(
    calm, db, goods, first, reports
):
    await cleared(calm)
    begins = datetime.combine(await today(calm) - timedelta(days=PAST), time(), ZoneInfo("Asia/Karachi"))
    booked = await begun(calm, goods, begins)
    arrivals = [("gate-in", nth, 2 * DAY, first) for nth in range(len(goods))]
    for action, nth, at, asked in [*arrivals, *reports]:
        of = goods[nth % len(goods)]
        much = None if action == "complete" else asked
        said = {"at": rfc(begins + timedelta(microseconds=at))} | ({} if much is None else {"quantity": much})
        answer = await report(calm, action, booked, nth % len(goods), **said)
        expected = of.moved(action, at, much)
        assert (answer.status_code == 200) == expected, answer.text
        assert answer.status_code in {200, 409, 422}
        assert await taken(calm, begins) == [sum(each.taken_on(day) for each in goods) for day in range(SHOWN)]
        assert [each for each in (await look(db)).invariants if not each.holds] == []


@pytest.mark.parametrize("last", ["gate-out", "complete"])
async def test_a_part_that_is_reported_last_but_left_first_takes_no_floor_from_what_left_after_it(calm, last):
    begins = datetime.combine(await today(calm) - timedelta(days=PAST), time(), ZoneInfo("Asia/Karachi"))
    there = await begun(calm, [Goods(100, 0, 14)], begins)
    evening = rfc(begins + timedelta(days=6, hours=20))
    assert (await report(calm, "gate-in", there, at=rfc(begins))).status_code == 200
    assert (await report(calm, "gate-out", there, at=evening, quantity=60)).status_code == 200
    (done,) = (await report(calm, last, there, at=rfc(begins + timedelta(days=3)))).json()["legs"]
    assert (done["state"], done["gated_out"], done["ended_at"]) == ("completed", 100, evening)
    assert await taken(calm, begins) == [100] * 4 + [60] * 3 + [0] * (SHOWN - 7)


POOLED, LENGTH = 50, 6  # what is booked on each of so many days, from day 10 of those ahead
promises = st.tuples(st.integers(0, 4), st.integers(1, 6), st.sampled_from([10, 30, 60]))
gone = st.lists(st.tuples(st.integers(1, 40), st.integers(-1, LENGTH)), min_size=1, max_size=4)


def drawn(promised: dict[int, tuple[int, int, int]], day: int) -> dict[int, int]:
    """Give by pool what is drawn on a day: of pools in their order, of the general floor the rest."""
    parts, missing = {}, POOLED
    for pool, (first, length, much) in sorted(promised.items()):
        parts[pool] = min(much, missing) if first <= day < first + length else 0
        missing -= parts[pool]
    return {0: missing, **parts}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(promised=st.lists(promises, max_size=3), parts=gone)
async def test_a_part_that_goes_goes_day_by_day_of_the_general_floor_first_and_then_of_each_pool(
    calm, db, promised, parts
):
    await cleared(calm)
    await calm.sql("TRUNCATE allotments")
    group = await grouped(calm, "forwarder", name=new_key())
    for first, length, much in promised:
        await kept(calm, ALLOTMENTS, quantity(group, 10 + first, length, much))
    pools = [row["number"] for row in await calm.sql("SELECT number FROM allotments ORDER BY number")]
    await made(calm, storage(10 + MIDNIGHT, quantity=POOLED, length=LENGTH), vessel=None)
    oracle = {(day, pool): much for day in range(LENGTH)
              for pool, much in drawn(dict(zip(pools, promised, strict=True)), day).items()}  # fmt: skip
    for much, first in parts:
        await calm.sql("SELECT give_part(number, 0::smallint, $1, $2) FROM bookings", much, local(10 + first))
        for day in range(max(first, 0), LENGTH):
            left_over = much
            for pool in (0, *pools):
                less = min(left_over, oracle[day, pool])
                oracle[day, pool] -= less
                left_over -= less
        claims = await calm.sql(
            """SELECT each::date - $1::date, pool, quantity FROM storage_claims,
               generate_series(lower(days), upper(days) - 1, interval '1 day') AS each""",
            local(10),
        )
        assert sorted(map(tuple, claims)) == sorted((*which, much) for which, much in oracle.items() if much)
        assert {each.name for each in (await look(db)).invariants if not each.holds} <= {"firm-legs-have-claims"}
