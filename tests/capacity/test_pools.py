"""Pools of a floor: whatever is set apart, drawn, given back, lapsed and released, the ledger is that of a plain model."""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import clock
from tests.crowd import INVARIANTS

FLOOR, CAPACITY = "PKGWD-FZS-W1", 12_000
SOUND = [query for name, query in INVARIANTS.items() if "floor" in name or "counters" in name]


def day(number: int) -> date:
    return clock.now().date() + timedelta(days=40 + number)


@dataclass
class Kept:
    """An allotment of the model; from the day `open_to` on nothing is released yet."""

    number: int
    first: int
    last: int
    quantity: int
    open_to: int = -100
    ended: bool = False

    def keeps(self, on: int) -> bool:
        return not self.ended and self.first <= on < self.last and on >= self.open_to


@dataclass
class Model:
    """What is taken, by holder, day and pool, and what is kept: free is the one formula of docs/decisions/0012."""

    kept: list[Kept] = field(default_factory=list)
    taken: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def taken_on(self, on: int, pool: int | None = None) -> int:
        return sum(q for (_, d, p), q in self.taken.items() if d == on and pool in (None, p))

    def left(self, kept: Kept, on: int) -> int:
        return kept.quantity - self.taken_on(on, kept.number) if kept.keeps(on) else 0

    def free(self, on: int, mine: list[int]) -> int:
        others = sum(self.left(each, on) for each in self.kept if each.number not in mine)
        return CAPACITY - self.taken_on(on) - others

    def take(self, holder: int, first: int, last: int, quantity: int, mine: list[int]) -> bool:
        days = range(first, last)
        if any(self.free(on, mine) < quantity for on in days):
            return False
        for on in days:
            missing = quantity
            for each in sorted(self.kept, key=lambda one: one.number):
                drawn = min(missing, self.left(each, on)) if each.number in mine else 0
                self._add(holder, on, each.number, drawn)
                missing -= drawn
            self._add(holder, on, 0, missing)
        return True

    def _add(self, holder: int, on: int, pool: int, quantity: int) -> None:
        if quantity:
            self.taken[holder, on, pool] = self.taken.get((holder, on, pool), 0) + quantity

    def give(self, holder: int) -> None:
        self.taken = {key: quantity for key, quantity in self.taken.items() if key[0] != holder}


class Ledger:
    """The real one."""

    def __init__(self, connection: Any, floor: int, group: str) -> None:
        self.connection, self.floor, self.group = connection, floor, group

    async def clear(self) -> None:
        await self.connection.execute("SELECT clear_places(ARRAY[$1::int], NULL)", self.floor)

    async def set_apart(self, first: int, last: int, quantity: int, *, keep: bool = True) -> int | None:
        """Make an allotment as the service does; gives its number, None if it does not fit."""
        transaction = self.connection.transaction()
        await transaction.start()
        await self.clear()
        number = await self.connection.fetchval(
            """INSERT INTO allotments (id, place_id, group_id, days, quantity, release_before)
               VALUES (gen_random_uuid(), $1, $2, daterange($3, $4), $5, '1 h') RETURNING number""",
            self.floor, self.group, day(first), day(last), quantity,
        )  # fmt: skip
        short = await self.connection.fetchrow(
            "SELECT * FROM set_apart($1, $2, $3, $4, $5, $6)",
            self.floor, number, day(first), day(last), quantity, [0] * (last - first),
        )  # fmt: skip
        if short["short_on"] is not None or not keep:
            await transaction.rollback()
            return None
        await transaction.commit()
        return int(number)

    async def take(
        self, holder: int, first: int, last: int, quantity: int, mine: list[int], *, leg: int = 0, change: bool = False
    ) -> bool:
        want = {
            "leg": leg, "place": self.floor, "first_on": str(day(first)), "last_on": str(day(last)), "quantity": quantity,
            "pools": mine or None,
        }  # fmt: skip
        try:
            async with self.connection.transaction():
                await self.clear()
                await self.connection.execute(
                    "SELECT take($1, 'infinity', $2, '{}', $3)", holder, change, json.dumps([want])
                )
        except asyncpg.CheckViolationError as full:
            if full.constraint_name == "storage_full":
                return False
            raise
        return True

    async def give(self, holder: int, legs: list[int] | None = None) -> None:
        async with self.connection.transaction():
            await self.clear()
            await self.connection.execute("SELECT give_back($1, $2)", holder, legs)

    async def lapse(self, holder: int) -> None:
        await self.connection.execute(
            "UPDATE storage_claims SET expires_at = clock_timestamp() - interval '1 s' WHERE booking = $1", holder
        )

    async def end(self, number: int) -> None:
        await self.connection.execute("UPDATE allotments SET ended_at = clock_timestamp() WHERE number = $1", number)

    async def let_time_pass(self, number: int, open_to: int) -> None:
        """Release the days before one, as if it were so late: the day before it begins in less than this."""
        length = day(open_to - 1) - clock.now().astimezone(ZoneInfo("Asia/Karachi")).date()
        await self.connection.execute(
            "UPDATE allotments SET release_before = greatest(release_before, $2) WHERE number = $1", number, length
        )

    async def claims(self) -> dict[tuple[int, int, int], int]:
        rows = await self.connection.fetch(
            """SELECT booking, each::date AS day, pool, sum(quantity) AS quantity FROM storage_claims,
                      generate_series(lower(days), upper(days) - 1, interval '1 day') AS each GROUP BY 1, 2, 3"""
        )
        return {(row["booking"], (row["day"] - day(0)).days, row["pool"]): row["quantity"] for row in rows}

    async def unsound(self) -> list[str]:
        return [query for query in SOUND if await self.connection.fetchval(query)]

    async def emptied(self) -> None:
        await self.connection.execute("TRUNCATE storage_claims, floor_days, allotments")


@pytest.fixture
async def ledger(url):
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
    floor = await connection.fetchval("SELECT id FROM places WHERE code = $1", FLOOR)
    facility = await connection.fetchval("SELECT facility FROM places WHERE code = $1", FLOOR)
    await connection.execute(
        "INSERT INTO partner_groups (id, facility, name) VALUES ('pgr_1', $1, 'transit')", facility
    )
    yield Ledger(connection, floor, "pgr_1")
    await connection.close()


spans = st.tuples(st.integers(0, 5), st.integers(1, 4)).map(lambda each: (each[0], each[0] + each[1]))
quantities = st.sampled_from([1, 2_000, 3_000, 5_000, 7_000, CAPACITY])
holders = st.integers(1, 5)
some = st.integers(0, 2)  # which allotment, and up to which a member draws on
acts = st.lists(
    st.one_of(
        st.tuples(st.just("set apart"), spans, st.sampled_from([2_000, 4_000, 9_000])),
        st.tuples(st.just("take"), holders, spans, quantities, st.sets(some)),
        st.tuples(st.just("give"), holders),
        st.tuples(st.just("lapse"), holders),
        st.tuples(st.just("end"), some),
        st.tuples(st.just("pass"), some, st.integers(0, 9)),
    ),
    max_size=14,
)


async def done(ledger: Ledger, model: Model, act: tuple[Any, ...], nth: int) -> None:
    """Do one thing to the ledger and the model; what one refuses the other must refuse too."""
    what, *rest = act
    numbers = [each.number for each in model.kept]
    if what == "set apart":
        (first, last), quantity = rest
        fits = all(model.free(on, []) >= quantity for on in range(first, last))
        number = await ledger.set_apart(first, last, quantity)
        assert (number is not None) == fits
        if number is not None:
            model.kept.append(Kept(number, first, last, quantity))
    elif what == "take":
        holder, (first, last), quantity, which = rest
        mine = [numbers[each] for each in sorted(which) if each < len(numbers)]
        fits = model.take(holder, first, last, quantity, mine)
        assert await ledger.take(holder, first, last, quantity, mine, leg=nth) == fits
    elif what in {"give", "lapse"}:
        await (ledger.give(rest[0]) if what == "give" else ledger.lapse(rest[0]))
        model.give(rest[0])
    elif rest[0] < len(numbers):
        kept = model.kept[rest[0]]
        if what == "end":
            await ledger.end(kept.number)
            kept.ended = True
        else:
            await ledger.let_time_pass(kept.number, rest[1])
            kept.open_to = max(kept.open_to, rest[1])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(acts=acts)
async def test_random_lives_of_pools_leave_the_ledger_that_the_model_has(ledger, acts):
    await ledger.emptied()
    model = Model()
    for nth, act in enumerate(acts):
        await done(ledger, model, act, nth)
        await ledger.clear()
        assert await ledger.claims() == model.taken, act
        assert await ledger.unsound() == [], act
    general = await ledger.connection.fetch("SELECT day, capacity - taken AS room FROM floor_days WHERE pool = 0")
    assert {(row["day"] - day(0)).days: row["room"] for row in general} == {
        (on := (row["day"] - day(0)).days): model.free(on, []) for row in general
    }


async def taken(ledger: Ledger) -> dict[int, list[int]]:
    """What of which pool is taken, day by day."""
    rows = await ledger.connection.fetch(
        "SELECT pool, array_agg(taken ORDER BY day) AS taken FROM floor_days GROUP BY pool ORDER BY pool"
    )
    return {row["pool"]: row["taken"] for row in rows}


async def test_a_member_draws_on_its_pool_first_and_on_the_rest_for_what_is_missing(ledger):
    pool = await ledger.set_apart(0, 3, 4_000)
    assert await ledger.take(1, 0, 2, 3_000, [pool])
    assert await ledger.take(2, 0, 4, 2_000, [pool])
    assert await taken(ledger) == {0: [1_000, 1_000, 0, 2_000], pool: [4_000, 4_000, 2_000]}


async def test_what_a_member_gives_back_returns_to_where_it_came_from(ledger):
    pool = await ledger.set_apart(0, 2, 4_000)
    await ledger.take(1, 0, 2, 5_000, [pool])
    await ledger.take(2, 0, 2, 6_000, [])
    await ledger.give(1)
    assert await taken(ledger) == {0: [6_000, 6_000], pool: [0, 0]}
    assert not await ledger.take(3, 0, 1, 2_001, [])
    assert await ledger.take(3, 0, 1, 2_000, [])


async def test_two_pools_are_drawn_on_in_order_and_by_the_day(ledger):
    first = await ledger.set_apart(0, 2, 2_000)
    second = await ledger.set_apart(1, 3, 3_000)
    assert await ledger.take(1, 0, 3, 4_000, [second, first])
    assert await taken(ledger) == {0: [2_000, 0, 1_000], first: [2_000, 2_000], second: [2_000, 3_000]}


async def test_what_is_left_of_a_day_is_released_to_all_and_what_is_given_back_later_follows(ledger):
    pool = await ledger.set_apart(0, 3, 10_000)
    await ledger.take(1, 0, 3, 4_000, [pool])
    assert not await ledger.take(2, 0, 1, 2_001, [])
    await ledger.let_time_pass(pool, 2)
    assert not await ledger.take(2, 0, 2, 8_001, [])
    assert not await ledger.take(2, 2, 3, 2_001, [])
    assert await ledger.take(2, 0, 2, 8_000, [])
    await ledger.give(1)
    assert not await ledger.take(3, 0, 2, 4_001, [])
    assert await ledger.take(3, 0, 2, 4_000, [])
    assert await ledger.unsound() == []


async def test_a_change_that_waits_draws_on_a_pool_beside_the_booking_and_goes_back_to_it(ledger):
    pool = await ledger.set_apart(0, 2, 4_000)
    await ledger.take(1, 0, 1, 3_000, [pool])
    assert await ledger.take(1, 0, 2, 500, [pool], change=True)
    assert await taken(ledger) == {0: [0, 0], pool: [3_500, 500]}
    await ledger.give(1, [])
    assert await taken(ledger) == {0: [0, 0], pool: [3_000, 0]}


async def test_what_does_not_fit_is_not_set_apart_on_any_day(ledger):
    await ledger.take(1, 1, 2, 9_000, [])
    assert await ledger.set_apart(0, 3, 3_001) is None
    assert await ledger.set_apart(0, 3, 3_000) is not None
    assert await taken(ledger) == {0: [0, 9_000, 0], 1 + await lowest(ledger): [0, 0, 0]}


async def lowest(ledger: Ledger) -> int:
    number: int = await ledger.connection.fetchval("SELECT min(number) FROM allotments")
    return number - 1
