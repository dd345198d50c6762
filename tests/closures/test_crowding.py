"""Who goes when a floor has become too small: enough of them, none in vain, and first who is disturbed anyway."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.availability import Allotment, FloorClosure, day_begins
from service.closures.crowding import FloorTaken, crowded_out
from tests.closures.test_touching import FLOOR

DAY_ONE = date(2027, 1, 1)
DAYS = [DAY_ONE + timedelta(days=number) for number in range(12)]
taken = st.builds(
    lambda booking, leg, change, first, days, quantity: FloorTaken(
        booking, leg, change, False, 0, DAY_ONE + timedelta(days=first), DAY_ONE + timedelta(days=first + days), quantity  # noqa: FBT003
    ),
    st.integers(1, 6), st.integers(0, 1), st.sampled_from([False, False, True]), st.integers(0, 6), st.integers(1, 4),
    st.integers(1, 4),
)  # fmt: skip


def goods(booking: int, quantity: int, leg: int = 0, days: int = 3, pool: int = 0, **more: bool) -> FloorTaken:
    said = {"change": False, "arrived": False} | more
    return FloorTaken(
        booking, leg, said["change"], said["arrived"], pool, DAY_ONE, DAY_ONE + timedelta(days=days), quantity
    )


def load(claims, day: date) -> int:
    return sum(each.quantity for each in claims if each.first_on <= day < each.last_on)


@given(st.lists(taken, max_size=8), st.integers(1, 12), st.integers(0, 12), st.sets(st.integers(1, 6)))
def test_after_those_who_are_crowded_out_have_gone_the_rest_fits_and_none_went_in_vain(
    claims, closed, capacity, disturbed
):
    first, last = DAY_ONE + timedelta(days=2), DAY_ONE + timedelta(days=5)
    old = replace(FLOOR, capacity=32)
    new = replace(FLOOR, capacity=12 + capacity, closures=(FloorClosure(first, last, closed),))
    gone = crowded_out(old, new, claims, 0, disturbed)

    def fits(kept) -> bool:
        return all(load(kept, day) <= new.capacity - (closed if first <= day < last else 0) for day in DAYS)

    kept = [each for each in claims if each.claimant not in gone]
    assert fits(kept)
    for one in gone:
        assert not fits(kept + [each for each in claims if each.claimant == one])
    assert gone == crowded_out(old, new, claims[::-1], 0, disturbed)


def test_a_leg_goes_alone_and_a_change_whole():
    shut = replace(FLOOR, capacity=5)
    legs = [goods(1, 3, leg=0), goods(1, 3, leg=1)]
    assert crowded_out(FLOOR, shut, legs, 0) == {(1, False, 1)}
    waiting = [goods(2, 3, leg=0, change=True), goods(2, 3, leg=1, change=True)]
    assert crowded_out(FLOOR, shut, [goods(1, 4), *waiting], 0) == {(2, True, 0)}


def test_who_is_disturbed_anyway_goes_first_unless_it_has_arrived():
    shut = replace(FLOOR, capacity=5)
    assert crowded_out(FLOOR, shut, [goods(1, 5), goods(2, 5)], 0, {1}) == {(1, False, 0)}
    assert crowded_out(FLOOR, shut, [goods(1, 5), goods(2, 5, change=True)], 0, {1}) == {(1, False, 0)}
    assert crowded_out(FLOOR, shut, [goods(1, 5, arrived=True), goods(2, 5)], 0, {1}) == {(2, False, 0)}


def keeping(quantity: int, release_before: int = 0) -> Allotment:
    return Allotment(7, DAY_ONE, DAY_ONE + timedelta(days=9), quantity, release_before, frozenset({"org_1"}))


def test_less_floor_leaves_whole_what_is_kept_for_partners():
    """Of 10, 4 are kept and 3 of these drawn; 5 are drawn from the general part, for which 8 in all leave 4."""
    old = replace(FLOOR, allotments=(keeping(4),))
    stand = [goods(1, 2), goods(2, 3), goods(3, 3, pool=7)]
    assert crowded_out(old, replace(old, capacity=9), stand, 0) == set()
    assert crowded_out(old, replace(old, capacity=8), stand, 0) == {(2, False, 0)}
    # Once released, what is drawn counts as the rest does, and what is not drawn is open to all.
    released = day_begins(DAY_ONE + timedelta(days=9), FLOOR.zone)
    assert crowded_out(old, replace(old, capacity=8), stand, released) == set()
    assert crowded_out(old, replace(old, capacity=7), stand, released) == {(3, False, 0)}


def test_nobody_goes_for_the_sake_of_a_promise_when_a_floor_is_closed_in_part():
    old = replace(FLOOR, allotments=(keeping(4),))
    shut = replace(old, closures=(FloorClosure(DAY_ONE, DAY_ONE + timedelta(days=9), 7),))
    assert crowded_out(old, shut, [goods(1, 3)], 0) == set()
    assert crowded_out(old, shut, [goods(1, 3), goods(2, 1, pool=7)], 0) == {(2, False, 0)}
