"""The reasons of a place that yields nothing: sent back they pass, and a tenth of the way back they fail."""

from dataclasses import replace
from itertools import product

from hypothesis import HealthCheck, assume, event, given, settings

from service.availability import (
    FOREVER,
    BerthAsk,
    Closure,
    FloorClaim,
    FloorTimetable,
    Quay,
    QuayClaim,
    QuayTimetable,
    Reason,
    Ship,
    StorageAsk,
    Warehouse,
    berth_slots,
    storage_slots,
    why_no_berth,
    why_no_storage,
)
from tests.availability import worlds

thorough = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

ASK_FIELDS = {"duration": "stay", "to": "end"}
LISTS = {"cargo", "hazard_class", "unit", "bonded"}


def field_of(ask, name):
    return getattr(ask, ASK_FIELDS.get(name, name)) if not is_of_ship(ask, name) else getattr(ask.ship, name)


def is_of_ship(ask, name):
    return isinstance(ask, BerthAsk) and name not in ASK_FIELDS


def with_field(ask, name, value):
    if is_of_ship(ask, name):
        return replace(ask, ship=replace(ask.ship, **{name: value}))
    return replace(ask, **{ASK_FIELDS.get(name, name): value})


def merged(reasons: list[Reason]) -> dict:
    """All needs as one; two of one field must agree."""
    needs: dict = {}
    for reason in reasons:
        if reason.need is not None:
            assert needs.setdefault(reason.need.field, reason.need.value) == reason.need.value
    return needs


def asks_with(ask, needs):
    """The ask with the needs merged, once for every choice from the lists."""
    lists = [name for name in needs if name in LISTS]
    for values in product(*(needs[name] for name in lists)):
        changed = ask
        for name, value in {**needs, **dict(zip(lists, values, strict=True))}.items():
            changed = with_field(changed, name, value)
        yield changed


def tenth_back(asked: int, needed: int) -> int:
    step = max(abs(asked - needed) // 10, 1)
    return needed + step if asked > needed else needed - step


def check_needs(ask, reasons: list[Reason], finds) -> None:
    assert reasons
    needs = merged(reasons)
    assert all(needs[name] for name in needs if name in LISTS)
    if any(reason.need is None for reason in reasons):
        event("something that no change would help")
    event(" ".join(sorted(needs)) or "no needs")
    for changed in asks_with(ask, needs):
        if needs and all(reason.need for reason in reasons):
            assert finds(changed), "what the engine says does not pass"
        for name in needs:
            if name not in LISTS:
                back = with_field(changed, name, tenth_back(field_of(ask, name), field_of(changed, name)))
                assert not finds(back), f"{name} moved back still passes"


@thorough
@given(worlds.quays(), worlds.claims(), worlds.berth_asks())
def test_a_ship_that_changes_as_told_finds_a_berth_and_no_cheaper(quay: Quay, claims: list[QuayClaim], ask: BerthAsk):
    timetable = QuayTimetable(claims)
    assume(next(berth_slots(quay, timetable, ask, worlds.NOW), None) is None)
    reasons = why_no_berth(quay, timetable, ask, worlds.NOW)
    check_needs(ask, reasons, lambda one: next(berth_slots(quay, timetable, one, worlds.NOW), None) is not None)


@thorough
@given(worlds.quays(), worlds.claims(), worlds.berth_asks(worlds.easy_ships))
def test_a_ship_kept_out_by_time_is_told_when_it_may_come(quay: Quay, claims: list[QuayClaim], ask: BerthAsk):
    quay = replace(quay, berths=tuple(replace(berth, bookable=True, max_dwt_t=None) for berth in quay.berths))
    timetable = QuayTimetable(claims)
    assume(next(berth_slots(quay, timetable, ask, worlds.NOW), None) is None)
    reasons = why_no_berth(quay, timetable, ask, worlds.NOW)
    check_needs(ask, reasons, lambda one: next(berth_slots(quay, timetable, one, worlds.NOW), None) is not None)


@thorough
@given(worlds.warehouses(), worlds.floor_claims(), worlds.storage_asks())
def test_goods_that_change_as_told_find_a_floor_and_no_cheaper(
    warehouse: Warehouse, claims: list[FloorClaim], ask: StorageAsk
):
    timetable = FloorTimetable(claims)
    assume(next(storage_slots(warehouse, timetable, ask, worlds.NOW), None) is None)
    reasons = why_no_storage(warehouse, timetable, ask, worlds.NOW)
    check_needs(ask, reasons, lambda one: next(storage_slots(warehouse, timetable, one, worlds.NOW), None) is not None)


@thorough
@given(worlds.quays(), worlds.claims(), worlds.berth_asks(worlds.easy_ships))
def test_where_nothing_would_help_not_even_the_smallest_ship_finds_a_berth_up_to_the_horizon(
    quay: Quay, claims: list[QuayClaim], ask: BerthAsk
):
    quay = replace(quay, closures=(*quay.closures, Closure(ask.start, FOREVER, 0, 50)))
    timetable = QuayTimetable(claims)
    assume(next(berth_slots(quay, timetable, ask, worlds.NOW), None) is None)
    assume(not merged(why_no_berth(quay, timetable, ask, worlds.NOW)))
    stay = min(max(ask.stay, quay.terms.shortest_stay), quay.terms.longest_stay)
    for loa_cm in (1, min(worlds.BAND_CM, ask.ship.loa_cm)):
        least = BerthAsk(Ship(loa_cm, draught_cm=1), stay, ask.start, FOREVER, ask.by)
        assert next(berth_slots(quay, timetable, least, worlds.NOW), None) is None
