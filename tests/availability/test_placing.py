"""Bookings placed anew together: always allowed, never worse than first come first served, never given up too soon."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    Berth,
    BerthAsk,
    Closure,
    FloorClaim,
    FloorClosure,
    FloorTimetable,
    Havens,
    Limit,
    Quay,
    QuayClaim,
    QuayTimetable,
    Ship,
    Stay,
    StorageAsk,
    Terms,
    Touched,
    Warehouse,
    local_days,
    placed,
    refusals,
)

UTC = ZoneInfo("UTC")
TURNAROUND = HOUR
TERMS = Terms(HOUR, 100 * HOUR, 500 * HOUR, turnaround=TURNAROUND)
TOLERANCE = 6 * HOUR


def quay(code: str, length_m: int, *closures: Closure, draught_cm: int = 1_000) -> Quay:
    berth = Berth(f"{code}-1", 0, 100 * length_m, frozenset({"general"}))
    return Quay(
        code,
        "P",
        UTC,
        length_m,
        (berth,),
        (Limit(berth.code, ALWAYS, FOREVER, 0, 99_999, draught_cm),),
        closures,
        TERMS,
    )


def floor(code: str, capacity: int, *closures: FloorClosure) -> Warehouse:
    return Warehouse(code, "P", UTC, "m2", capacity, True, frozenset(), True, closures, replace(TERMS, turnaround=0))  # noqa: FBT003


def berth_stay(
    leg: int, place: str, metres: tuple[int, int], hours: tuple[int, int], *, booking: int, goes: bool
) -> Stay:
    start, end = hours[0] * HOUR, hours[1] * HOUR
    ask = BerthAsk(Ship(100 * (metres[1] - metres[0]), draught_cm=900), end - start, start, end)
    claim = QuayClaim(f"{booking}/{leg}", *metres, start, end + TURNAROUND)
    return Stay(leg, place, ask, (claim,), must_go=goes)


def floor_stay(leg: int, place: str, quantity: int, hours: tuple[int, int], *, booking: int, goes: bool) -> Stay:
    start, end = hours[0] * HOUR, hours[1] * HOUR
    ask = StorageAsk(quantity, "m2", bonded=None, hazard_class=None, stay=end - start, start=start, end=end)
    claim = FloorClaim(f"{booking}/{leg}", *local_days(start, end, UTC), quantity)
    return Stay(leg, place, ask, (claim,), must_go=goes)


def havens(*quays: Quay, floors: tuple[Warehouse, ...] = (), claims: dict[str, list] | None = None) -> Havens:
    taken = claims or {}
    return Havens(
        {each.code: (each, QuayTimetable(taken.get(each.code, []))) for each in quays},
        {each.code: (each, FloorTimetable(taken.get(each.code, []))) for each in floors},
    )


def shut(start: int, end: int, from_m: int = 0, to_m: int = 1_000) -> Closure:
    return Closure(start * HOUR, end * HOUR, from_m, to_m)


def one(booking: int, place: str, metres: tuple[int, int], hours: tuple[int, int]) -> Touched:
    return Touched(booking, (berth_stay(0, place, metres, hours, booking=booking, goes=True),))


def test_a_ship_goes_along_the_quay_before_it_goes_later():
    moves = placed([one(1, "A", (0, 10), (20, 30))], havens(quay("A", 40, shut(20, 24, 0, 10))), TOLERANCE, 0)
    spot = moves[1][0]
    assert (spot.start, spot.place) == (20 * HOUR, "A")
    assert (spot.from_m or 0) >= 10


def test_two_ships_are_never_sent_to_one_slot():
    both = [one(1, "A", (0, 10), (20, 24)), one(2, "A", (10, 20), (20, 24))]
    moves = placed(both, havens(quay("A", 20, shut(20, 22)), quay("B", 10)), TOLERANCE, 0)
    assert sorted((spots[0].place, spots[0].start // HOUR) for spots in moves.values()) == [("A", 22), ("B", 20)]


def test_past_the_tolerance_there_is_no_place():
    touched = [one(1, "A", (0, 10), (20, 24))]
    assert placed(touched, havens(quay("A", 10, shut(20, 26))), TOLERANCE, 0)[1][0].start == 26 * HOUR
    assert placed(touched, havens(quay("A", 10, shut(20, 27))), TOLERANCE, 0) == {}


def test_the_stay_of_a_ship_that_is_late_goes_to_a_whole_hour_after_now():
    now = 21 * HOUR + 7
    moves = placed([one(1, "A", (0, 10), (20, 30))], havens(quay("A", 20, shut(20, 40, 0, 10))), TOLERANCE, now)
    assert moves[1][0].start == 22 * HOUR


def test_storage_that_would_begin_before_the_ship_has_gone_goes_later_by_as_much():
    stays = (
        berth_stay(0, "A", (0, 10), (20, 24), booking=1, goes=True),
        floor_stay(1, "W", 5, (24, 72), booking=1, goes=False),
        floor_stay(2, "W", 5, (30, 72), booking=1, goes=False),
        floor_stay(3, "W", 5, (2, 22), booking=1, goes=False),
    )
    taken = havens(quay("A", 10, shut(20, 24)), floors=(floor("W", 15),))
    spots = placed([Touched(1, stays)], taken, TOLERANCE, 0)[1]
    assert {leg: spot.start // HOUR for leg, spot in spots.items()} == {0: 24, 1: 28}


def test_what_cannot_be_moved_whole_is_not_moved_and_leaves_its_other_legs_where_they_are():
    stays = (
        berth_stay(0, "A", (0, 10), (20, 24), booking=1, goes=True),
        floor_stay(1, "W", 5, (24, 48), booking=1, goes=False),
    )
    full = FloorClaim("9/0", date(1970, 1, 3), date(1970, 1, 9), 10)
    taken = havens(quay("A", 10, shut(20, 24)), floors=(floor("W", 10),), claims={"W": [full]})
    assert placed([Touched(1, stays)], taken, TOLERANCE, 0) == {}
    assert taken.floors["W"][1].at(0) == {date(1970, 1, 2).toordinal(): 5} | dict.fromkeys(
        range(date(1970, 1, 3).toordinal(), date(1970, 1, 9).toordinal()), 10
    )


def test_a_leg_at_somebody_else_s_place_is_not_moved():
    stays = (
        berth_stay(0, "A", (0, 10), (20, 24), booking=1, goes=True),
        floor_stay(1, "THEIRS", 5, (24, 48), booking=1, goes=False),
    )
    assert placed([Touched(1, stays)], havens(quay("A", 10, shut(20, 24))), TOLERANCE, 0) == {}


def test_goods_go_to_a_floor_of_the_same_unit_only():
    stays = (floor_stay(0, "W", 5, (20, 40), booking=1, goes=True),)
    closed = floor("W", 10, FloorClosure(date(1970, 1, 1), date(1970, 2, 1), 10))
    pallets = replace(floor("V", 10), unit="pallet")
    assert placed([Touched(1, stays)], havens(floors=(closed, pallets)), TOLERANCE, 0) == {}
    moves = placed([Touched(1, stays)], havens(floors=(closed, pallets, floor("X", 10))), TOLERANCE, 0)
    assert (moves[1][0].place, moves[1][0].start) == ("X", 20 * HOUR)


def test_two_that_are_better_off_the_other_way_round_change_turns():
    """The first to come would take the only metres that the second can have within its tolerance.

    A 20 m   │░░░░░░1░░░░░│          1: 10 m, B is as good for it an hour later
    B 10 m   │      2     │          2: 10 m, draws too much for A
    """
    deep = replace(one(2, "C", (0, 10), (21, 41)).stays[0].ask, ship=Ship(1_000, draught_cm=1_200))
    second = Touched(2, (replace(one(2, "C", (0, 10), (21, 41)).stays[0], ask=deep),))
    first = one(1, "A", (0, 10), (20, 40))
    places = (
        quay("A", 10, shut(20, 23)),
        quay("B", 10, draught_cm=1_300),
        quay("C", 10, shut(20, 90), draught_cm=1_300),
    )
    greedy = placed([first, second], havens(*places), TOLERANCE, 0, improve=False)
    assert greedy.keys() == {1}
    better = placed([first, second], havens(*places), TOLERANCE, 0)
    assert {number: spots[0].place for number, spots in better.items()} == {1: "A", 2: "B"}


@st.composite
def worlds(draw: st.DrawFn):
    """Two small quays, a floor, closures, and touched bookings of one or two legs that stood there without overlap."""
    closures = draw(st.lists(st.tuples(st.integers(8, 20), st.integers(1, 10), st.integers(0, 3)), max_size=2))
    quays = (
        quay("A", 4, *(shut(start, start + hours, low, 4) for start, hours, low in closures)),
        quay("B", 3, draught_cm=draw(st.sampled_from([800, 1_000]))),
    )
    low_capacity = FloorClosure(date(1970, 1, 1), date(1970, 1, 9), draw(st.integers(0, 3)))
    others = [
        QuayClaim(f"90{number}/0", low, low + 1, start * HOUR, (start + hours) * HOUR)
        for number, (low, start, hours) in enumerate(
            draw(st.lists(st.tuples(st.integers(0, 2), st.integers(8, 22), st.integers(1, 6)), max_size=4))
        )
    ]
    touched = []
    at = draw(st.integers(8, 12))
    for number in range(draw(st.integers(1, 4))):
        size, hours = draw(st.integers(1, 3)), draw(st.integers(1, 5))
        stays = [berth_stay(0, "A", (0, size), (at, at + hours), booking=number, goes=True)]
        if draw(st.booleans()):
            begins = at + hours + draw(st.integers(0, 2))
            stays.append(floor_stay(1, "W", 2, (begins, begins + 20), booking=number, goes=draw(st.booleans())))
        touched.append(Touched(number, tuple(stays)))
        at += draw(st.sampled_from([0, 1, hours + 1]))
    return quays, floor("W", 5, low_capacity), others, touched


def fresh(world) -> Havens:
    quays, warehouse, others, _ = world
    return havens(*quays, floors=(warehouse,), claims={"B": others})


def rectangles(world, moves):
    """What each moved ship blocks, and the quay it is at."""
    for each in world[3]:
        if spots := moves.get(each.booking):
            ask = each.stays[0].ask
            spot = spots[0]
            yield spot.place, (spot.from_m, spot.from_m + ask.ship.loa_cm // 100), (spot.start, spot.end + TURNAROUND)


def load(world, moves) -> dict[int, int]:
    """What is taken of the floor by day: the legs that stay and those that were moved; a leg without a spot has gone."""
    taken: dict[int, int] = {}
    for each in world[3]:
        for stay in each.stays[1:]:
            spot = moves.get(each.booking, {}).get(1)
            if spot is None and stay.must_go:
                continue
            span = (spot.start, spot.end) if spot else (stay.start, stay.end)
            first, last = local_days(*span, UTC)
            for day in range(first.toordinal(), last.toordinal()):
                taken[day] = taken.get(day, 0) + stay.ask.quantity
    return taken


def overlap(one, other) -> bool:
    return one[0] == other[0] and all(a[0] < b[1] and b[0] < a[1] for a, b in zip(one[1:], other[1:], strict=True))


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_what_is_placed_is_always_allowed(world):
    quays, warehouse, others, touched = world
    moves = placed(touched, fresh(world), TOLERANCE, 0)
    by_code = {each.code: each for each in quays}
    taken = [("B", (claim.from_m, claim.to_m), (claim.start, claim.end)) for claim in others]
    ships = list(rectangles(world, moves))
    for number, ship in enumerate(ships):
        assert not any(overlap(ship, other) for other in ships[number + 1 :] + taken)
    for each in touched:
        spots = moves.get(each.booking, {})
        for stay in each.stays:
            if spots:
                spot = spots.get(stay.leg)
                assert (spot is not None) >= stay.must_go
            if spots and (spot := spots.get(stay.leg)):
                assert 0 <= spot.start - stay.start <= TOLERANCE
                assert spot.end - spot.start == stay.ask.stay
            if spots and spot and stay.leg == 0:
                where = by_code[spot.place]
                assert not refusals(where, stay.ask.ship, from_m=spot.from_m, start=spot.start, end=spot.end, now=0)
        if len(each.stays) == 2 and spots:
            storage = spots[1].start if 1 in spots else each.stays[1].start
            assert spots[0].end <= storage
    room = warehouse.capacity - warehouse.closures[0].quantity
    stayed = load(world, {})
    for day, quantity in load(world, moves).items():
        closed = warehouse.closures[0].first_on.toordinal() <= day < warehouse.closures[0].last_on.toordinal()
        # Legs that need not go may have been too many before: nobody asked for them to go.
        assert quantity <= max(room if closed else warehouse.capacity, stayed.get(day, 0))


def worth(touched, moves) -> tuple[int, int]:
    late = sum(
        moves[each.booking][stay.leg].start - stay.start
        for each in touched
        for stay in each.stays
        if stay.leg in moves.get(each.booking, {})
    )
    return len(touched) - len(moves), late


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_changing_turns_never_makes_it_worse(world):
    touched = world[3]
    greedy = placed(touched, fresh(world), TOLERANCE, 0, improve=False)
    assert worth(touched, placed(touched, fresh(world), TOLERANCE, 0)) <= worth(touched, greedy)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.randoms())
def test_the_order_in_which_they_are_named_does_not_matter(world, chance):
    touched = world[3]
    moves = placed(touched, fresh(world), TOLERANCE, 0)
    chance.shuffle(touched)
    assert placed(touched, fresh(world), TOLERANCE, 0) == moves


def could_go(world, touched: Touched) -> bool:
    """Brute force over every quay, metre and whole hour for one booking of one or two legs."""
    quays, warehouse, others, _ = world
    berth = touched.stays[0]
    size, stay = berth.ask.ship.loa_cm // 100, berth.ask.stay
    for start in range(berth.start, berth.start + TOLERANCE + 1, HOUR):
        for where in quays:
            for from_m in range(where.length_m - size + 1):
                here = (where.code, (from_m, from_m + size), (start, start + stay + TURNAROUND))
                taken = [("B", (claim.from_m, claim.to_m), (claim.start, claim.end)) for claim in others]
                free = not any(overlap(here, other) for other in taken)
                ship = berth.ask.ship
                if free and not refusals(where, ship, from_m=from_m, start=start, end=start + stay, now=0):
                    # The earliest start leaves most for the storage after it.
                    return len(touched.stays) == 1 or floor_could_go(warehouse, touched.stays[1], start, berth)
    return False


def floor_could_go(warehouse: Warehouse, stay: Stay, start: int, berth: Stay) -> bool:
    delay = start - berth.start if stay.start < start + berth.ask.stay else 0
    if not stay.must_go and not delay:
        return True
    for begins in range(stay.start + delay, stay.start + TOLERANCE + 1, HOUR):
        first, last = local_days(begins, begins + stay.ask.stay, UTC)
        shut_down = warehouse.closures[0]
        left = [
            warehouse.capacity - (shut_down.quantity if shut_down.first_on <= day < shut_down.last_on else 0)
            for day in (first + timedelta(days=n) for n in range((last - first).days))
        ]
        if min(left) >= stay.ask.quantity:
            return True
    return False


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_a_booking_that_could_be_moved_if_it_were_alone_is_moved_if_it_is_alone(world):
    for each in world[3]:
        moves = placed([each], fresh(world), TOLERANCE, 0)
        assert (each.booking in moves) == could_go(world, each)


@pytest.mark.parametrize("ships", [50])
def test_a_quay_full_of_ships_is_shifted_in_order(ships):
    """A closure of two hours at the head of a tight row: every ship goes two hours later, none overtakes."""
    row = [one(number, "A", (0, 10), (20 + 6 * number, 25 + 6 * number)) for number in range(ships)]
    moves = placed(row, havens(quay("A", 10, shut(20, 22))), TOLERANCE, 0)
    starts = [moves[number][0].start for number in range(ships)]
    assert starts == [(22 + 6 * number) * HOUR for number in range(ships)]
    assert all(later - sooner >= 6 * HOUR for sooner, later in pairwise(starts))
    assert max(starts) < 20 * DAY
