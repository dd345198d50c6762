"""Whom a change of rules touches: judged as the engine judges, old rules against new."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    Berth,
    Closure,
    FloorClosure,
    Limit,
    Quay,
    Ship,
    Terms,
    Warehouse,
)
from service.closures.rules import StandingLeg, moved_span, refused
from service.ports.rules import BookingTerms, Place

UTC = ZoneInfo("UTC")
TERMS = BookingTerms(*(timedelta(hours=1),) * 2, False, *(timedelta(hours=1),) * 3)  # noqa: FBT003
LIMIT = Limit("Q-1", ALWAYS, FOREVER, 0, 99_999, 1_000)
QUAY = Quay(
    "Q", "P", UTC, 100, (Berth("Q-1", 0, 10_000, frozenset({"general"})),), (LIMIT,), (),
    Terms(HOUR, 30 * DAY, 500 * DAY, clearance_least_cm=1_000, turnaround=2 * HOUR),
)  # fmt: skip
FLOOR = Warehouse("W", "P", UTC, "m2", 10, True, frozenset({"3"}), True, (), Terms(DAY, 90 * DAY, 500 * DAY))  # noqa: FBT003


def place(rules: Quay | Warehouse) -> Place:
    return Place(1, rules.code, "quay" if isinstance(rules, Quay) else "warehouse", "P", "F", UTC, 1, rules, TERMS)


def leg(start: int = 20, end: int = 40, **more: object) -> StandingLeg:
    """Forty metres that were enough when it was booked, and an hour of turnaround."""
    known = {
        "booking": 1, "booking_id": "bkg_1", "state": "confirmed", "owner": "org_1", "leg": 0, "leg_id": "leg_1",
        "leg_state": "planned", "change": False, "place_id": 1, "place": "Q", "kind": "quay", "start": start * HOUR,
        "end": end * HOUR, "blocked_until": (end + 1) * HOUR, "from_m": 10, "to_m": 50, "quantity": None,
        "ship": Ship(4_000, draught_cm=900), "hazard_class": None, "overridden": frozenset(),
    }  # fmt: skip
    return StandingLeg(**(known | more))  # type: ignore[arg-type]


def goods(**more: object) -> StandingLeg:
    return leg(kind="warehouse", place="W", from_m=None, to_m=None, ship=None, quantity=5, **more)


def shut(start: int, end: int, from_m: int = 0, to_m: int = 100) -> Quay:
    return replace(QUAY, closures=(Closure(start * HOUR, end * HOUR, from_m, to_m),))


@pytest.mark.parametrize(
    ("new", "now", "touched"),
    [
        (shut(0, 20), 0, False),
        (shut(0, 21), 0, True),
        (shut(40, 41), 0, True),  # the turnaround must keep clear too,
        (shut(41, 60), 0, False),  # the one that it has, not the one that a new stay would have
        (shut(20, 40, 0, 10), 0, False),
        (shut(20, 40, 50, 100), 0, False),  # and so with the metres
        (shut(20, 30), 30, False),  # what is past does not count
        (shut(20, 31), 30, True),
        (shut(20, 40), 41, False),  # it is over
        (replace(QUAY, limits=(replace(LIMIT, draught_cm=899),)), 0, True),
        (replace(QUAY, limits=(replace(LIMIT, draught_cm=900),)), 0, False),
        (replace(QUAY, limits=(replace(LIMIT, since=30 * HOUR),)), 0, True),  # nobody vouches for the start any more
        (replace(QUAY, berths=(replace(QUAY.berths[0], bookable=False),)), 0, True),
        (replace(QUAY, length_m=49), 0, True),
        (replace(QUAY, terms=replace(QUAY.terms, shortest_stay=30 * HOUR, least_notice=90 * HOUR)), 0, False),
    ],
)  # fmt: skip
def test_a_stay_is_touched_by_what_the_new_rules_refuse_and_the_old_ones_did_not(new, now, touched):
    assert refused(leg(), place(QUAY), place(new), now * HOUR) is touched


def test_what_was_refused_before_for_the_same_reason_is_not_touched():
    low = replace(QUAY, limits=(replace(LIMIT, draught_cm=800),))
    lower = replace(QUAY, limits=(replace(LIMIT, draught_cm=700),))
    assert not refused(leg(), place(low), place(lower), 0)
    assert refused(leg(), place(low), place(replace(lower, closures=shut(0, 90).closures)), 0)


def test_an_overridden_rule_does_not_touch():
    low = replace(QUAY, limits=(replace(LIMIT, draught_cm=800),))
    assert not refused(leg(overridden=frozenset({"draught-exceeded"})), place(QUAY), place(low), 0)


def test_a_ship_that_overstays_is_judged_where_it_lies_now():
    assert refused(leg(leg_state="arrived", blocked_until=60 * HOUR), place(QUAY), place(shut(50, 52)), 51 * HOUR)


def test_a_ship_under_way_came_in_on_its_tide():
    """It draws 9 m where 8 are permitted without tide: it came on one tide and leaves on another, now being between."""
    tidal = replace(LIMIT, draught_cm=800, draught_with_tide_cm=1_000)
    tides = ((20 * HOUR, 22 * HOUR), (39 * HOUR, 41 * HOUR))
    assert not refused(leg(), place(QUAY), place(replace(QUAY, limits=(tidal,), tides=tides)), 30 * HOUR)
    assert refused(leg(), place(QUAY), place(replace(QUAY, limits=(tidal,), tides=tides[:1])), 0)


def test_goods_are_touched_by_what_a_floor_no_longer_takes():
    assert refused(goods(hazard_class="3"), place(FLOOR), place(replace(FLOOR, hazard_classes=frozenset())), 0)
    assert refused(goods(), place(FLOOR), place(replace(FLOOR, bonded=False)), 0)
    assert refused(goods(), place(FLOOR), place(replace(FLOOR, bookable=False)), 0)
    assert not refused(goods(), place(FLOOR), place(replace(FLOOR, capacity=1)), 0)  # that is for `crowded_out`


def test_the_span_in_which_rules_have_moved_is_that_of_what_differs():
    def span(old: Quay | Warehouse, new: Quay | Warehouse):
        return moved_span(place(old), place(new))

    assert span(QUAY, QUAY) is None
    assert span(QUAY, shut(3, 9)) == span(shut(3, 9), QUAY) == (3 * HOUR, 9 * HOUR)
    split = (replace(LIMIT, until=5 * HOUR), replace(LIMIT, since=5 * HOUR, until=7 * HOUR, draught_cm=1),
             replace(LIMIT, since=7 * HOUR))  # fmt: skip
    assert span(QUAY, replace(QUAY, limits=split)) == (5 * HOUR, 7 * HOUR)
    assert span(QUAY, replace(QUAY, length_m=90)) == (ALWAYS, FOREVER)
    closed = replace(FLOOR, closures=(FloorClosure(date(1970, 1, 3), date(1970, 1, 5), 4),))
    assert span(FLOOR, closed) == (2 * DAY, 4 * DAY)
    open_end = replace(FLOOR, closures=(FloorClosure(date(1970, 1, 3), date.max, 4),))
    assert span(FLOOR, open_end) == (2 * DAY, FOREVER)
    assert span(FLOOR, replace(FLOOR, capacity=9)) == (ALWAYS, FOREVER)
