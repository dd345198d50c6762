"""The joint search, held against brute force over all starts of the ship and of the goods."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import takewhile
from typing import Any

import pytest
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
    BerthSlot,
    FloorClaim,
    FloorTimetable,
    Itinerary,
    ItineraryAsk,
    KeptStretch,
    Limit,
    Quay,
    QuayClaim,
    QuayTimetable,
    Ship,
    StorageAsk,
    Terms,
    Warehouse,
    berth_slots,
    itineraries,
    storage_slots,
    why_no_itinerary,
)
from tests.availability import oracle, worlds

ORDERS = ("after", "before")
RANKS = ("earliest", "shortest_wait", "fewest_metres")
thorough = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class World:
    """Quays and warehouses of two ports with what is taken of them, and what is asked."""

    quays: list[tuple[Quay, list[QuayClaim]]]
    floors: list[tuple[Warehouse, list[FloorClaim]]]
    ask: ItineraryAsk

    def found(self, ask: ItineraryAsk | None = None) -> list[Itinerary]:
        return list(itineraries(*self.places(), ask or self.ask, worlds.NOW))

    def places(self) -> tuple[list[Any], list[Any]]:
        quays = [(quay, QuayTimetable(claims)) for quay, claims in self.quays]
        return quays, [(floor, FloorTimetable(claims)) for floor, claims in self.floors]

    def pairs(self) -> Iterator[tuple[Quay, list[QuayClaim], Warehouse, list[FloorClaim]]]:
        for quay, claims in self.quays:
            for floor, taken in self.floors:
                if quay.port == floor.port and oracle.goods_fit(floor, self.ask.storage):
                    yield quay, claims, floor, taken


ports = st.sampled_from(["P", "P", "P", "O"])


def day(number: int) -> date:
    return worlds.FIRST_DAY + timedelta(days=number)


@st.composite
def quays(draw: st.DrawFn) -> Quay:
    """A quay of many places: bookable, and without rules that are not told in whole hours."""
    quay = draw(worlds.quays())
    berths = tuple(replace(berth, bookable=True) for berth in quay.berths)
    terms = replace(quay.terms, horizon=draw(st.sampled_from([60, 400, 400])) * HOUR)
    return replace(quay, port=draw(ports), berths=berths, closures=quay.closures[:1], terms=terms, tides=(), kept=())


@st.composite
def floors(draw: st.DrawFn) -> Warehouse:
    floor = draw(worlds.warehouses())
    return replace(floor, port=draw(ports), closures=floor.closures[:1], allotments=())


@st.composite
def apart(draw: st.DrawFn, order: str) -> tuple[QuayClaim, FloorClaim]:
    """A whole quay and a whole floor taken so that the ship must come days before the goods, or after them."""
    days, hours = draw(st.integers(2, 5)), draw(st.integers(-30, 30)) * HOUR
    between = days * DAY + hours
    if order == "after":
        return QuayClaim("q", 0, 60, between, 30 * DAY), FloorClaim("f", day(0), day(days), 10)
    return QuayClaim("q", 0, 60, 0, between), FloorClaim("f", day(days), day(30), 10)


@st.composite
def some_worlds(draw: st.DrawFn) -> World:
    start = draw(st.integers(0, 30)) * HOUR
    end = start + draw(st.integers(30, 260)) * HOUR
    quantity, goods_stay = draw(st.integers(1, 8)), draw(st.integers(24, 60)) * HOUR
    storage = StorageAsk(quantity, None, None, None, goods_stay, start, end)
    ask = ItineraryAsk(
        BerthAsk(draw(worlds.easy_ships), draw(st.integers(2, 20)) * HOUR, start, end),
        storage,
        draw(st.sampled_from([0, 3, 12, 40, 300])) * HOUR,
        draw(st.sampled_from(ORDERS)),
        draw(st.sampled_from(RANKS)),
    )
    along = draw(st.lists(st.tuples(quays(), worlds.claims(most=8)), min_size=1, max_size=2))
    inland = draw(st.lists(st.tuples(floors(), worlds.floor_claims()), min_size=1, max_size=2))
    if draw(st.booleans()):
        along, inland = along[:1], inland[:1]
        for places, taken in zip((along, inland), draw(apart(ask.order)), strict=True):
            places[0][1].append(taken)
    return World(
        [(replace(quay, code=f"Q{n}"), claims) for n, (quay, claims) in enumerate(along)],
        [
            (replace(floor, code=f"W{n}"), [replace(c, pool=0) for c in taken])
            for n, (floor, taken) in enumerate(inland)
        ],
        ask,
    )


def wait(ask: ItineraryAsk, berth: int, storage: int) -> int:
    """The time between the end of the one and the start of the other; below 0 where they overlap or are reversed."""
    return storage - berth - ask.berth.stay if ask.order == "after" else berth - storage - ask.storage.stay


def rank(ask: ItineraryAsk, quay: Quay, berth: int, storage: int) -> tuple[int, ...]:
    first = {
        "earliest": (),
        "shortest_wait": (wait(ask, berth, storage),),
        "fewest_metres": (oracle.need_m(ask.berth.ship, quay),),
    }
    return (*first[ask.rank], berth, storage)


def open_starts(quay: Quay, claims: list[QuayClaim], ask: BerthAsk) -> list[int]:
    """Every start at which there is a place somewhere on the quay."""
    world, need = oracle.World(quay, claims, ask.ship, worlds.NOW), "1" * oracle.need_m(ask.ship, quay)

    def drawn(start: int) -> str:
        free = set(world.free(start, ask.stay))
        return "".join("1" if metre in free else "0" for metre in range(quay.length_m))

    return [start for start in oracle.starts_within(quay, ask, worlds.NOW) if need in drawn(start)]


def every_pair(world: World) -> Iterator[tuple[int, ...]]:
    """The ranks of all starts of ship and goods that go together, whatever is around them."""
    ask = world.ask
    for quay, claims, floor, taken in world.pairs():
        berths = open_starts(quay, claims, ask.berth)
        for first, last in oracle.storage_starts(floor, taken, ask.storage, worlds.NOW):
            for storage in range(first, last + 1, HOUR):
                for berth in berths:
                    if 0 <= wait(ask, berth, storage) <= ask.within:
                        yield rank(ask, quay, berth, storage)


@thorough
@given(some_worlds())
def test_the_first_itinerary_is_the_best_of_all_pairs_of_starts_and_none_is_missed(world: World):
    best = min(every_pair(world), default=None)
    found = next(iter(world.found()), None)
    assert (found and rank(world.ask, found.berth.quay, found.berth.start, found.storage.start)) == best


@thorough
@given(some_worlds(), st.data())
def test_with_tides_and_what_is_kept_none_is_missed_either(world: World, data: st.DataObject):
    """Held against the searches themselves, asked for every start there may be: tides also end within the hour."""
    tides = tuple(
        (9 * n * HOUR, (9 * n + 4) * HOUR) for n in sorted(data.draw(st.sets(st.integers(0, 25), min_size=4)))
    )
    kept = KeptStretch(
        0, 30, 20 * HOUR, 40 * HOUR, 2, 20 * DAY, 0, data.draw(st.sampled_from([frozenset(), frozenset({"org_a"})]))
    )
    allotment = Allotment(7, day(1), day(6), data.draw(st.integers(1, 9)), DAY, kept.members)
    ask = world.ask
    berth = replace(
        ask.berth, ship=replace(ask.berth.ship, draught_cm=data.draw(st.sampled_from([850, 1_050]))), by="org_a"
    )
    tidal = World(
        [(replace(quay, tides=tides, kept=(kept,)), claims) for quay, claims in world.quays],
        [(replace(floor, allotments=(allotment,)), claims) for floor, claims in world.floors],
        replace(ask, berth=berth, storage=replace(ask.storage, by="org_a")),
    )
    found = next(iter(tidal.found()), None)
    best = min(every_pair_searched(tidal), default=None)
    assert (found and rank(tidal.ask, found.berth.quay, found.berth.start, found.storage.start)) == best


def every_pair_searched(world: World) -> Iterator[tuple[int, ...]]:
    ask, (quays, floors) = world.ask, world.places()
    starts = [start for hour in range(ask.berth.start, ask.berth.end, HOUR) for start in (hour, hour + HOUR - 1)]
    berths = [
        (quay, start) for quay, taken in quays for start in starts if offers(berth_slots, quay, taken, ask.berth, start)
    ]
    stores = [
        (floor, start)
        for floor, taken in floors
        for start in starts
        if offers(storage_slots, floor, taken, ask.storage, start)
    ]
    for quay, berth in berths:
        for floor, storage in stores:
            if quay.port == floor.port and 0 <= wait(ask, berth, storage) <= ask.within:
                yield rank(ask, quay, berth, storage)


def offers(search: Any, place: Any, taken: Any, ask: Any, start: int) -> bool:
    """Whether a search of one place that may only start just then finds something."""
    within = start + ask.stay <= ask.end
    return (
        within
        and next(search(place, taken, replace(ask, start=start, end=start + ask.stay), worlds.NOW), None) is not None
    )


def expected(world: World) -> list[tuple[Any, ...]]:
    """Every itinerary as its key: for each run of floor starts, the berth slots of the window that it serves."""
    ask, keys = world.ask, []
    for quay, claims, floor, taken in world.pairs():
        for first, last in oracle.storage_starts(floor, taken, ask.storage, worlds.NOW):
            joined = [(b, s) for b in oracle.starts_within(quay, ask.berth, worlds.NOW)
                      for s in range(first, last + 1, HOUR) if 0 <= wait(ask, b, s) <= ask.within]  # fmt: skip
            for berth, run_m in slots_of_starts(quay, claims, ask, [b for b, _ in joined]):
                storage = min((s for b, s in joined if b == berth), key=lambda s: rank(ask, quay, berth, s))
                keys.append((*rank(ask, quay, berth, storage), run_m, quay.code, floor.code))
    return sorted(keys)


def slots_of_starts(quay: Quay, claims: list[QuayClaim], ask: ItineraryAsk, starts: list[int]) -> list[tuple[int, int]]:
    """The starts of slots in a window of starts, each with the length of its tightest run."""
    if not starts:
        return []
    cut = replace(ask.berth, start=min(starts), end=max(starts) + ask.berth.stay)
    tightest: dict[int, int] = {}
    for start, run_m, _, _ in oracle.slots(quay, claims, cut, worlds.NOW):
        tightest.setdefault(start, run_m)
    return list(tightest.items())


@thorough
@given(some_worlds().filter(lambda world: world.ask.rank != "shortest_wait"))
def test_there_is_one_itinerary_for_each_start_that_comes_free_in_order_and_no_two_are_alike(world: World):
    found = world.found()
    keys = [(*rank(world.ask, i.berth.quay, i.berth.start, i.storage.start), i.berth.run_m, i.berth.quay.code,
             i.storage.warehouse.code) for i in found]  # fmt: skip
    assert keys == expected(world)
    assert len(set(keys)) == len(keys)


def starts_at(start: int, slot: BerthSlot) -> bool:
    return slot.start == start


@thorough
@given(some_worlds(), st.sampled_from(RANKS))
def test_both_places_of_an_itinerary_are_slots_of_their_own_at_one_port_in_the_window(world: World, ranked: str):
    ask = replace(world.ask, rank=ranked)
    quays, floors = ({place.code: taken for place, taken in places} for places in world.places())
    waits = []
    for each in world.found(ask)[:20]:
        berth, storage = each.berth, each.storage
        of_berth = replace(ask.berth, start=berth.start)
        then = berth_slots(berth.quay, quays[berth.quay.code], of_berth, worlds.NOW)
        assert berth in takewhile(partial(starts_at, berth.start), then)
        of_storage = replace(ask.storage, start=storage.start)
        assert storage == next(storage_slots(storage.warehouse, floors[storage.warehouse.code], of_storage, worlds.NOW))
        assert berth.quay.port == storage.warehouse.port
        assert each.wait == wait(ask, berth.start, storage.start)
        assert 0 <= each.wait <= ask.within
        waits.append(each.wait)
    assert ranked != "shortest_wait" or waits == sorted(waits)


@thorough
@given(some_worlds())
def test_where_nothing_goes_together_the_need_passes_and_anything_less_does_not(world: World):
    if world.found():
        return
    ask, need = world.ask, why_no_itinerary(*world.places(), world.ask, worlds.NOW).need

    def with_need(field: str, value: int) -> ItineraryAsk:
        if field == "within":
            return replace(ask, within=value)
        return replace(ask, berth=replace(ask.berth, end=value), storage=replace(ask.storage, end=value))

    if need is None:
        assert not world.found(with_need("to", 100 * DAY))
        assert not world.found(with_need("within", 100 * DAY))
        return
    assert world.found(with_need(need.field, need.value))
    assert not world.found(with_need(need.field, need.value - 1))


QUAY = Quay(
    "Q", "P", worlds.KARACHI, 60, (Berth("B", 0, 6_000),), (Limit("B", ALWAYS, FOREVER, 0, 99_999, 1_000),), (),
    Terms(HOUR, 60 * HOUR, 400 * HOUR),
)  # fmt: skip
FLOOR = Warehouse("W", "P", worlds.KARACHI, "m2", 10, True, frozenset(), True, (), Terms(DAY, 6 * DAY, 400 * HOUR))  # noqa: FBT003


@pytest.mark.parametrize(("order", "ranked", "full"), [
    ("after", "earliest", (0, 4)), ("before", "earliest", (0, 2)), ("after", "shortest_wait", (0, 4)),
    ("before", "shortest_wait", (0, 2)),
])  # fmt: skip
def test_a_place_that_is_no_end_of_the_quay_when_it_comes_free_is_found_when_the_floor_asks_for_it(order, ranked, full):
    """At first the ship may lie anywhere; from the third day on only in the middle."""
    claims = [QuayClaim("1/0", 0, 20, 40 * HOUR, 200 * HOUR), QuayClaim("2/0", 40, 60, 40 * HOUR, 200 * HOUR)]
    taken = [FloorClaim("3/0", day(full[0]), day(full[1]), 10)]
    berth = BerthAsk(Ship(1_800), 10 * HOUR, 0, 300 * HOUR)
    storage = StorageAsk(5, None, None, None, 24 * HOUR, 0, 300 * HOUR)
    world = World([(QUAY, claims)], [(FLOOR, taken)], ItineraryAsk(berth, storage, 20 * HOUR, order, ranked))
    first = world.found()[0]
    assert (first.berth.from_m, first.berth.to_m) == (20, 38)
    assert first.berth.start > 40 * HOUR
    assert rank(world.ask, QUAY, first.berth.start, first.storage.start) == min(every_pair(world))
