"""One wished slot explained, held against the engine's own judgement of it and of what it is said to need."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.availability import (
    ALWAYS,
    DAY,
    FOREVER,
    HOUR,
    Allotment,
    Berth,
    BerthAsk,
    BerthWish,
    Closure,
    FloorTimetable,
    KeptStretch,
    Limit,
    Margin,
    Need,
    Quay,
    QuayClaim,
    QuayTimetable,
    Ship,
    StorageWish,
    Terms,
    Verdict,
    best_place,
    explain_berth,
    explain_storage,
    refusals,
    storage_refusals,
    storage_slots,
)
from tests.availability import worlds

thorough = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def tides(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    starts = sorted(draw(st.sets(st.integers(0, 30), max_size=12)))
    return tuple((5 * start * HOUR, (5 * start + draw(st.integers(1, 4))) * HOUR) for start in starts)


@st.composite
def kept_stretches(draw: st.DrawFn) -> KeptStretch:
    start, low = draw(worlds.hours), draw(st.integers(0, 55))
    members = draw(st.sampled_from([frozenset(), frozenset({"org_a"})]))
    return KeptStretch(low, draw(st.integers(low + 1, 60)), start, start + draw(st.integers(1, 20)) * HOUR,
                       draw(st.sampled_from([0, 1, 3])), draw(st.sampled_from([start + HOUR, 20 * DAY])),
                       draw(st.sampled_from([0, 40 * HOUR])), members)  # fmt: skip


@st.composite
def wishes(draw: st.DrawFn) -> BerthWish:
    kept = tuple(draw(st.lists(kept_stretches(), max_size=1)))
    quay = replace(draw(worlds.quays()), tides=draw(tides()), kept=kept)
    claims = draw(worlds.claims(most=6))
    start = draw(worlds.hours)
    stay = draw(st.integers(1, 50)) * HOUR
    ship = draw(st.one_of(worlds.ships, worlds.easy_ships))
    ask = BerthAsk(ship, stay, start, start + stay, draw(st.sampled_from([None, "org_a"])))
    return BerthWish(quay, QuayTimetable(claims), ask, draw(st.integers(-2, 60)), worlds.NOW, worlds.NOW + 6 * HOUR)


def judged(wish: BerthWish) -> set[str]:
    """The codes of what refuses a wish, from the judgement that a booking gets and from what is taken."""
    ask = wish.ask
    found = refusals(
        wish.quay, ask.ship, from_m=wish.from_m, start=ask.start, end=ask.end, now=wish.now, by=ask.by
    )  # fmt: skip
    until = ask.end + wish.quay.terms.turnaround
    taken = wish.timetable.at(wish.now).over(ask.start, until)
    full = any(taken >> metre & 1 for metre in range(max(wish.from_m, 0), max(wish.to_m, 0)))
    return {reason.code for reason in found} | ({"full"} if full else set())


def failing(verdicts: list[Verdict]) -> set[str]:
    return {each.code for each in verdicts if not each.passes}


def fulfilled(wish: BerthWish, need: Need, value: Any) -> BerthWish:
    ask = wish.ask
    if need.field == "from_m":
        return replace(wish, from_m=value)
    if need.field == "start":
        return replace(wish, ask=replace(ask, start=value, end=value + ask.stay))
    if need.field == "end":
        return replace(wish, ask=replace(ask, end=value, stay=value - ask.start))
    return replace(wish, ask=replace(ask, ship=replace(ask.ship, **{need.field: value})))


@thorough
@given(wishes())
def test_a_wish_passes_where_nothing_refuses_it_and_nobody_is_there(wish: BerthWish):
    verdicts = explain_berth(wish)
    refused = judged(wish)
    assert (not failing(verdicts)) == (not refused)
    if any(berth.bookable for berth in wish.quay.berths):
        assert failing(verdicts) == refused
    assert len({each.code for each in verdicts}) == len(verdicts)
    assert all(each.need is None for each in verdicts if each.passes)


@thorough
@given(wishes())
def test_a_need_alone_makes_its_rule_pass_and_no_rule_worse(wish: BerthWish):
    before = failing(explain_berth(wish))
    for each in explain_berth(wish):
        if each.need is None or each.need.field == "ask":
            continue
        values = each.need.value if isinstance(each.need.value, tuple) else (each.need.value,)
        for value in values:
            after = failing(explain_berth(fulfilled(wish, each.need, value)))
            assert after <= before - {each.code}, (each, after, before)


@thorough
@given(wishes())
def test_no_nearer_place_and_no_earlier_start_would_do(wish: BerthWish):
    verdicts = explain_berth(wish)
    before = failing(verdicts)
    for each in verdicts:
        if each.need is None or each.code in ("starts-in-the-past", "too-far-ahead"):
            continue
        nearer: Iterable[int] = ()
        if each.need.field == "start":
            nearer = range(wish.ask.start + HOUR, each.need.value, HOUR)
        elif each.need.field == "from_m":
            reach = abs(each.need.value - wish.from_m)
            on_the_quay = range(wish.quay.length_m - (wish.to_m - wish.from_m) + 1)
            nearer = [metre for metre in on_the_quay if abs(metre - wish.from_m) < reach]
        for value in nearer:
            assert not fulfilled(wish, each.need, value).failing() <= before - {each.code}, (each, value)


@thorough
@given(wishes())
def test_a_margin_is_what_is_left_or_lacking(wish: BerthWish):
    for each in explain_berth(wish):
        if each.margin is None:
            continue
        assert each.passes == (each.margin.value >= 0), each
        if each.margin.field in ("loa_cm", "beam_cm", "draught_cm", "dwt_t") and each.code != "vessel-too-long":
            most = getattr(wish.ask.ship, each.margin.field) + each.margin.value
            for value in (most, most + 1):
                other = fulfilled(wish, Need(each.margin.field, 0), value)
                assert (each.code in failing(explain_berth(other))) == (value > most)
        if each.code in ("no-tide", "limit-unknown", "closed", "kept-for-partners", "full"):
            passing = each.margin.value if each.passes else -each.margin.value
            for later, passes in ((passing, True), (passing + 1 if each.passes else passing - 1, False)):
                moved = fulfilled(wish, Need("start", 0), wish.ask.start + later)
                assert (each.code not in failing(explain_berth(moved))) == passes, (each, later)


@thorough
@given(wishes())
def test_no_place_is_refused_less_than_the_best_one_and_a_free_one_is_taken(wish: BerthWish):
    best = replace(wish, from_m=best_place(wish))
    last = wish.quay.length_m - (wish.to_m - wish.from_m)
    refused = [judged(replace(wish, from_m=from_m)) for from_m in range(max(last, 0) + 1)]
    if not all(refused):
        assert not judged(best)
    permitted = [codes - {"full"} for codes in refused]
    if not all(permitted):
        assert not judged(best) - {"full"}
    assert last < 0 or 0 <= best.from_m <= last


QUAY = Quay(
    "Q", "P", worlds.KARACHI, 600,
    (Berth("B1", 0, 30_000, frozenset({"general"})), Berth("B2", 30_000, 60_000, frozenset({"general", "container"}))),
    (Limit("B1", ALWAYS, FOREVER, 0, 99_999, 1_000, 1_200), Limit("B2", ALWAYS, FOREVER, 0, 99_999, 1_100)),
    (Closure(100 * HOUR, 130 * HOUR, 0, 600),),
    Terms(2 * HOUR, 720 * HOUR, 13_200 * HOUR, turnaround=2 * HOUR), ((0, 30 * HOUR), (200 * HOUR, 204 * HOUR), (240 * HOUR, 250 * HOUR)),
)  # fmt: skip


def said(code: str, *, from_m: int = 0, start: int = 20, stay: int = 40, claims: Any = (), **facts: Any) -> Verdict:
    ship = Ship(**{"loa_cm": 10_000, "draught_cm": 900} | facts)
    ask = BerthAsk(ship, stay * HOUR, start * HOUR, (start + stay) * HOUR)
    wish = BerthWish(QUAY, QuayTimetable(claims), ask, from_m, worlds.NOW, worlds.NOW + HOUR)
    return next(each for each in explain_berth(wish) if each.code == code)


def test_what_is_said_of_a_wish_is_what_a_harbour_master_would_say():
    there = [QuayClaim("1/0", 50, 170, 0, 62 * HOUR)]
    assert said("full", claims=there) == Verdict(
        "full", passes=False, margin=Margin("start", -42 * HOUR), need=Need("from_m", 170)
    )
    assert said("full", claims=[QuayClaim("1/0", 0, 600, 0, 36 * HOUR)], stay=10).need == Need("start", 36 * HOUR)
    assert said("full") == Verdict("full", passes=True)
    assert said("closed", start=70) == Verdict(
        "closed", passes=False, margin=Margin("start", -60 * HOUR), need=Need("start", 130 * HOUR)
    )
    assert said("closed", start=20).margin == Margin("start", 38 * HOUR)
    assert said("draught-exceeded", draught_cm=1_240).need == Need("draught_cm", 1_000)
    assert said("draught-exceeded", draught_cm=1_240).margin == Margin("draught_cm", -40)
    assert said("no-tide", draught_cm=1_150).need == Need("start", 200 * HOUR)
    assert said("no-tide", draught_cm=1_050).need == Need("start", 200 * HOUR)
    assert said("cargo-not-handled", cargo="container").need == Need("from_m", 300)
    assert said("cargo-not-handled", cargo="livestock").need == Need("ask", ("operator",))
    assert said("off-the-quay", from_m=550) == Verdict(
        "off-the-quay", passes=False, margin=Margin("from_m", -50), need=Need("from_m", 500)
    )
    assert said("stay-too-short", stay=1) == Verdict(
        "stay-too-short", passes=False, margin=Margin("duration", -HOUR), need=Need("end", 22 * HOUR)
    )
    assert said("starts-in-the-past", start=3).need == Need("start", 13 * HOUR)
    assert said("vessel-too-long", loa_cm=60_500).margin == Margin("loa_cm", -500)


@st.composite
def storage_wishes(draw: st.DrawFn) -> StorageWish:
    first = draw(worlds.days)
    allotment = Allotment(7, first, first + timedelta(days=4), draw(st.integers(1, 6)), draw(st.sampled_from([0, 3 * DAY])),
                          draw(st.sampled_from([frozenset(), frozenset({"org_a"})])))  # fmt: skip
    warehouse = replace(draw(worlds.warehouses()), allotments=(allotment,) * draw(st.integers(0, 1)))
    ask = replace(draw(worlds.storage_asks()), by=draw(st.sampled_from([None, "org_a"])))
    ask = replace(ask, end=ask.start + ask.stay)
    claims = [replace(claim, pool=draw(st.sampled_from([0, 0, 7]))) for claim in draw(worlds.floor_claims())]
    return StorageWish(warehouse, FloorTimetable(claims), ask, worlds.NOW, worlds.NOW + 6 * HOUR)


@thorough
@given(storage_wishes())
def test_goods_pass_where_the_search_would_offer_just_this_slot(wish: StorageWish):
    verdicts = explain_storage(wish)
    offered = next(storage_slots(wish.warehouse, wish.timetable, wish.ask, wish.now), None)
    assert (not failing(verdicts)) == (offered is not None)
    assert {reason.code for reason in storage_refusals(wish.warehouse, wish.ask, wish.now)} - {
        "kept-for-partners"
    } <= failing(verdicts)
    for each in verdicts:
        assert each.margin is None or each.passes == (each.margin.value >= 0), each
        assert each.need is None or not each.passes


@thorough
@given(storage_wishes())
def test_a_need_of_goods_alone_makes_its_rule_pass_and_no_rule_worse(wish: StorageWish):
    verdicts = explain_storage(wish)
    before = failing(verdicts)
    for each in verdicts:
        if each.need is None or each.need.field == "ask":
            continue
        value, others = each.need.value, before - {each.code}
        assert failing(explain_storage(wish.changed(each.need))) <= others, each
        if each.need.field == "quantity":
            for more in range(value + 1, wish.ask.quantity):
                assert not failing(explain_storage(wish.changed(Need("quantity", more)))) <= others, (each, more)
        if each.need.field == "start" and each.code not in ("starts-in-the-past", "too-far-ahead"):
            for start in range(wish.ask.start + HOUR, value, HOUR):
                assert not failing(explain_storage(wish.changed(Need("start", start)))) <= others, (each, start)
