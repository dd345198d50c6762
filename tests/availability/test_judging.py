"""Judging one wished place, held against the search and the oracle."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from service.availability import (
    HOUR,
    BerthAsk,
    Quay,
    QuayTimetable,
    Ship,
    berth_slots,
    best_fit,
    permitted_stretches,
    refusals,
)
from service.availability.reasons import Need
from tests.availability import oracle, worlds

thorough = settings(max_examples=300, deadline=None)
NUMBERS = ("loa_cm", "beam_cm", "dwt_t", "draught_cm")
windows = st.tuples(worlds.hours, st.integers(1, 50)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1] * HOUR))


@thorough
@given(worlds.quays(), worlds.ships, windows, st.integers(-1, 60), worlds.askers)
def test_what_is_not_refused_is_what_the_oracle_lets_lie(
    quay: Quay, ship: Ship, window: tuple[int, int], from_m: int, by: str | None
):
    start, end = window
    codes = [r.code for r in refusals(quay, ship, from_m=from_m, start=start, end=end, now=worlds.NOW, by=by)]
    ask = BerthAsk(ship, end - start, start, end)
    place = set(range(from_m, from_m + oracle.need_m(ship, quay)))
    free = oracle.World(quay, [], ship, worlds.NOW, by).free(start, end - start)
    assert (not codes) == (place <= free and start in oracle.starts_within(quay, ask, worlds.NOW))
    assert len(codes) == len(set(codes))


@thorough
@given(worlds.quays(), worlds.ships, windows, st.integers(0, 40))
def test_a_need_of_a_wished_place_satisfies_its_rule_there_and_no_larger_one_does(
    quay: Quay, ship: Ship, window: tuple[int, int], from_m: int
):
    def judged(one: Ship) -> dict[str, Need | None]:
        found = refusals(quay, one, from_m=from_m, start=window[0], end=window[1], now=worlds.NOW)
        return {reason.code: reason.need for reason in found}

    before = judged(ship)
    for code, need in before.items():
        if need is None or need.field == "duration":
            continue
        for value in need.value if isinstance(need.value, tuple) else (need.value,):
            after = judged(replace(ship, **{need.field: value}))
            assert code not in after
            assert set(after) <= set(before)
        if need.field in NUMBERS:
            larger = judged(replace(ship, **{need.field: need.value + 1}))
            assert code in larger or not set(larger) <= set(before)


@thorough
@given(worlds.quays(), worlds.berth_asks(worlds.easy_ships))
def test_an_empty_quay_offers_places_where_the_rules_permit_them(quay: Quay, ask: BerthAsk):
    for slot in berth_slots(quay, QuayTimetable(), ask, worlds.NOW):
        stretches = permitted_stretches(quay, ask.ship, slot.start, slot.end, now=worlds.NOW, by=ask.by)
        assert any(low == slot.from_m or high == slot.to_m for low, high in stretches)
        for start in (slot.start, slot.latest_start):
            stay = {"start": start, "end": start + ask.stay, "now": worlds.NOW, "by": ask.by}
            assert not refusals(quay, ask.ship, from_m=slot.from_m, **stay)
        after = {"start": slot.latest_start + 1, "end": slot.latest_start + 1 + ask.stay, "now": worlds.NOW}
        if after["end"] <= min(ask.end, worlds.NOW + quay.terms.horizon + ask.stay):
            assert refusals(quay, ask.ship, from_m=slot.from_m, by=ask.by, **after)


@thorough
@given(worlds.quays(), worlds.ships, windows, worlds.askers)
def test_the_permitted_stretches_are_the_metres_that_the_oracle_lets_lie(
    quay: Quay, ship: Ship, window: tuple[int, int], by: str | None
):
    start, end = window
    free = oracle.World(quay, [], ship, worlds.NOW, by).free(start, end - start)
    need = oracle.need_m(ship, quay)
    places = {from_m for from_m in range(quay.length_m) if set(range(from_m, from_m + need)) <= free}
    stretches = permitted_stretches(quay, ship, start, end, now=worlds.NOW, by=by)
    assert {from_m for low, high in stretches for from_m in range(low, high - need + 1)} == places


stretches = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda drawn: (drawn[0], sum(drawn))), max_size=5
)


@given(stretches, stretches, st.integers(1, 15))
def test_the_best_fit_is_the_smallest_gap_and_the_lowest_of_equal_ones(permitted, taken, need_m):
    free = {m for low, high in permitted for m in range(low, high)} - {
        m for low, high in taken for m in range(low, high)
    }
    lows = [metre for metre in free if metre - 1 not in free]
    gaps = [(next(m for m in range(low, 99) if m not in free) - low, low) for low in lows]
    fitting = sorted(gap for gap in gaps if gap[0] >= need_m)
    assert best_fit(permitted, taken, need_m) == (fitting[0][1] if fitting else None)
