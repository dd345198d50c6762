"""The search for floor, held against the oracle."""

from hypothesis import given, settings

from service.availability import (
    FloorClaim,
    FloorTimetable,
    StorageAsk,
    Warehouse,
    storage_slots,
)
from tests.availability import oracle, worlds

thorough = settings(max_examples=300, deadline=None)


@thorough
@given(worlds.warehouses(), worlds.floor_claims(), worlds.storage_asks())
def test_the_search_finds_what_the_oracle_finds(warehouse: Warehouse, claims: list[FloorClaim], ask: StorageAsk):
    found = list(storage_slots(warehouse, FloorTimetable(claims), ask, worlds.NOW))
    if oracle.goods_fit(warehouse, ask):
        assert [(s.start, s.latest_start) for s in found] == oracle.storage_starts(warehouse, claims, ask, worlds.NOW)
    else:
        assert not found
    for slot in found:
        assert slot.free == oracle.least_free(warehouse, claims, slot.start, slot.end, worlds.NOW, by=ask.by)
        assert slot.end - slot.start == ask.stay
        touched = oracle.days_touched(slot.start, slot.end, warehouse)
        assert (slot.first_on, slot.last_on.toordinal() - 1) == (min(touched), max(touched).toordinal())
