"""What a refused booking is offered instead: put in place of the legs that can't be had, it books."""

import random
from typing import Any

import pytest

from tests.asking import SMALL_SHIP, berth, booking, storage

Legs = list[dict[str, Any]]


async def refused(crowd, legs: Legs, **more: Any) -> dict[str, Any]:
    """Ask for legs that can't all be had; gives the problem. It has alternatives, and names each of its legs once."""
    answer = await crowd.post("/v1/bookings", booking(*legs, **more))
    assert answer.status_code == 409, answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["legs"] == sorted(set(problem["legs"]))
    assert 1 <= len(problem["alternatives"]) <= 5
    return problem


async def passes(crowd, legs: Legs, **more: Any) -> bool:
    """Say whether legs could be booked at this moment, without booking them."""
    rehearsed = await crowd.post("/v1/bookings?validate_only=true", booking(*legs, **more))
    return bool(rehearsed.status_code == 200)


def instead(legs: Legs, number: int, offer: dict[str, Any]) -> Legs:
    return [offer if each == number else leg for each, leg in enumerate(legs)]


async def booked(crowd, *legs: dict[str, Any], **more: Any) -> None:
    answer = await crowd.post("/v1/bookings", booking(*legs, **more), role="rival")
    assert answer.status_code == 201, answer.text


async def test_two_legs_that_are_too_much_for_one_floor_together_are_told_what_fits(crowd):
    legs = [storage(12, quantity=8000), storage(12, quantity=8000)]
    problem = await refused(crowd, legs, vessel=None)
    assert (problem["code"], len(problem["legs"])) == ("storage-full", 1)
    for offer in problem["alternatives"]:
        assert await passes(crowd, instead(legs, problem["legs"][0], offer), vessel=None), offer
    mended = instead(legs, problem["legs"][0], problem["alternatives"][0])
    assert (await crowd.post("/v1/bookings", booking(*mended, vessel=None))).status_code == 201
    assert await crowd.broken() == {}


async def test_twin_legs_that_can_both_not_be_had_are_both_named(crowd):
    await booked(crowd, storage(12, quantity=8000), vessel=None)
    legs = [storage(12, quantity=8000), storage(12, quantity=8000)]
    problem = await refused(crowd, legs, vessel=None)
    assert problem["legs"] == [0, 1]
    offers = problem["alternatives"]
    mended = [offers[0], offers[len(offers) // 2]]  # the earliest for each of the two
    assert (await crowd.post("/v1/bookings", booking(*mended, vessel=None))).status_code == 201
    assert await crowd.broken() == {}


@pytest.mark.parametrize("taken", [0, 1])
async def test_a_berth_on_offer_never_lies_on_another_leg_of_the_same_booking(crowd, taken):
    legs = [berth(40, from_m=0), berth(40, from_m=209)]
    await booked(crowd, legs[taken])
    problem = await refused(crowd, legs)
    assert (problem["code"], problem["legs"]) == ("slot-taken", [taken])
    for offer in problem["alternatives"]:
        assert await passes(crowd, instead(legs, taken, offer)), offer


async def test_a_berth_on_offer_leaves_room_for_a_leg_that_names_no_metres(crowd):
    await booked(crowd, berth(40, from_m=393))
    legs = [berth(40, from_m=393), berth(40)]
    problem = await refused(crowd, legs)
    assert problem["legs"] == [0]
    for offer in problem["alternatives"]:
        assert await passes(crowd, instead(legs, 0, offer)), offer


async def test_legs_of_both_kinds_that_can_not_be_had_are_each_offered_something(crowd):
    await booked(crowd, berth(50, from_m=0), storage(52, quantity=12_000))
    legs = [storage(52), berth(50, from_m=300), berth(50, from_m=0)]
    problem = await refused(crowd, legs, vessel=SMALL_SHIP)
    assert problem["legs"] == [0, 2]
    first = {offer["kind"]: offer for offer in reversed(problem["alternatives"])}
    mended = instead(instead(legs, 0, first["storage"]), 2, first["berth"])
    assert await passes(crowd, mended, vessel=SMALL_SHIP)


async def test_a_refusal_leaves_nothing_behind_in_what_the_next_search_sees(crowd):
    """The legs that can be had are thought of as taken while alternatives are looked for, and only then."""
    await booked(crowd, berth(40, from_m=0))
    legs = [berth(40, from_m=0), berth(40, from_m=209), storage(42, quantity=12_000)]
    problems = [await refused(crowd, legs) for _ in range(4)]
    assert all(problem["alternatives"] == problems[0]["alternatives"] for problem in problems)
    assert await passes(crowd, legs[1:])


def wish(chance: random.Random) -> Legs:
    """Some legs within a few days; only the berths on one quay may name their metres."""
    legs: Legs = []
    for _ in range(chance.randint(1, 3)):
        day = 60 + chance.randrange(0, 24) / 8
        if chance.random() < 0.4:
            legs.append(storage(day, quantity=chance.choice([1, 4000, 9000, 12_000]), length=2))
        else:
            metres = {} if chance.random() < 0.5 else {"from_m": chance.randrange(0, 500)}
            legs.append(berth(day, hours=chance.randint(4, 40), **metres))
    return legs


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_an_alternative_in_place_of_its_leg_books_as_long_as_nobody_else_acts(crowd, seed):
    chance, mended = random.Random(seed), 0
    for _ in range(45):
        legs = wish(chance)
        answer = await crowd.post("/v1/bookings", booking(*legs, vessel=SMALL_SHIP))
        assert answer.status_code in (201, 409, 422), answer.text
        if answer.status_code != 409 or len(answer.json()["legs"]) != 1:
            continue
        (number,) = answer.json()["legs"]
        for offer in answer.json()["alternatives"]:
            assert await passes(crowd, instead(legs, number, offer), vessel=SMALL_SHIP), (legs, offer)
            mended += 1
    assert mended > 20
    assert await crowd.broken() == {}
