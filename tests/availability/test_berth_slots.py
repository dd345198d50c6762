"""The search for berths, held against the oracle."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.availability import (
    BerthAsk,
    BerthSlot,
    Quay,
    QuayClaim,
    QuayTimetable,
    berth_slots,
    berths_touched,
    earliest,
)
from tests.availability import oracle, worlds

thorough = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def as_sampled(slots: list[BerthSlot]) -> list[tuple[int, int, int, int]]:
    return [(slot.start, slot.run_m, slot.from_m, oracle.sample_of(slot.latest_start)) for slot in slots]


@thorough
@given(worlds.quays(), worlds.claims(), worlds.berth_asks())
def test_the_search_finds_what_the_oracle_finds(quay: Quay, claims: list[QuayClaim], ask: BerthAsk):
    found = list(berth_slots(quay, QuayTimetable(claims), ask, worlds.NOW))
    assert as_sampled(found) == oracle.slots(quay, claims, ask, worlds.NOW)


@thorough
@given(worlds.quays(), worlds.claims(), worlds.berth_asks(worlds.easy_ships))
def test_easy_ships_are_given_what_the_oracle_gives(quay: Quay, claims: list[QuayClaim], ask: BerthAsk):
    quay = replace(quay, berths=tuple(replace(berth, bookable=True) for berth in quay.berths))
    found = list(berth_slots(quay, QuayTimetable(claims), ask, worlds.NOW))
    assert as_sampled(found) == oracle.slots(quay, claims, ask, worlds.NOW)
    for slot in found:
        metres = range(slot.from_m, slot.to_m)
        touched = {code for metre in metres for code in oracle.berth_codes_of_metre(quay, metre)}
        assert slot.berths == berths_touched(quay, slot.from_m, slot.to_m) == tuple(sorted(touched))
        assert slot.end - slot.start == ask.stay
        assert slot.to_m - slot.from_m == oracle.need_m(ask.ship, quay)


@thorough
@given(worlds.quays(), worlds.claims(most=25), worlds.berth_asks(worlds.easy_ships), st.data())
def test_a_timetable_that_changed_answers_like_one_that_was_built_so(
    quay: Quay, claims: list[QuayClaim], ask: BerthAsk, data: st.DataObject
):
    timetable = QuayTimetable(claims)
    gone = data.draw(st.sets(st.sampled_from([claim.claim_id for claim in claims]))) if claims else set()
    for claim_id in gone:
        timetable.remove(claim_id)
    kept = [claim for claim in claims if claim.claim_id not in gone]
    built = QuayTimetable(kept)
    assert list(berth_slots(quay, timetable, ask, worlds.NOW)) == list(berth_slots(quay, built, ask, worlds.NOW))
    for claim in kept:
        timetable.remove(claim.claim_id)
    assert timetable.slices.masks == [0, 0]


@thorough
@given(
    st.lists(st.tuples(worlds.quays(), worlds.claims()), min_size=1, max_size=3), worlds.berth_asks(worlds.easy_ships)
)
def test_many_quays_are_searched_as_one(places: list[tuple[Quay, list[QuayClaim]]], ask: BerthAsk):
    quays = [(replace(quay, code=f"Q{n}"), QuayTimetable(claims)) for n, (quay, claims) in enumerate(places)]
    each = [slot for quay, timetable in quays for slot in berth_slots(quay, timetable, ask, worlds.NOW)]
    each.sort(key=lambda slot: (slot.start, slot.run_m, slot.quay.code, slot.from_m))
    slots, without = earliest(quays, ask, worlds.NOW, 7)
    assert slots == each[:7]
    assert without == [pair for pair in quays if next(berth_slots(*pair, ask, worlds.NOW), None) is None]
