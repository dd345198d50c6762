"""A part of a floor that is closed: what the search offers can be booked, and one unit more can not."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.asking import ahead, booking, rfc, storage
from tests.capacity.test_needs_over_http import closed

FLOOR, CAPACITY = "PKGWD-FZS-W1", 12_000


async def offered(crowd, start: float, quantity: int, length: float) -> bool:
    """Say whether the search offers a quantity of the floor for just these days."""
    query = {"port": "PKGWD", "quantity": quantity, "duration": f"P{length}D", "from": rfc(ahead(start)),
             "to": rfc(ahead(start + length)), "limit": 100}  # fmt: skip
    answer = await crowd.get("/v1/storage-slots", **query)
    assert answer.status_code == 200, answer.text
    return FLOOR in {slot["warehouse"] for slot in answer.json()["slots"]}


async def asked(crowd, start: float, quantity: int, length: float, path: str = "/v1/bookings?validate_only=true"):
    return await crowd.post(path, booking(storage(start, quantity=quantity, length=length), vessel=None, hold=False))


async def test_what_is_closed_of_a_floor_is_neither_offered_nor_booked_beside_what_is_taken(crowd):
    assert (await asked(crowd, 12, 4000, 10, "/v1/bookings")).status_code == 201
    await closed(crowd, FLOOR, ahead(10), ahead(40), quantity=6000)
    assert (await offered(crowd, 12, 2000, 10), await offered(crowd, 12, 2001, 10)) == (True, False)
    refused = await asked(crowd, 12, 2001, 10, "/v1/bookings")
    assert (refused.status_code, refused.json()["code"]) == (409, "storage-full")
    assert (await asked(crowd, 12, 2000, 10, "/v1/bookings")).status_code == 201
    assert (await asked(crowd, 12, 1, 10)).status_code == 409
    assert await crowd.broken() == {}


async def test_a_floor_that_was_closed_over_what_is_taken_takes_no_more_and_keeps_what_it_has(crowd):
    """It was closed behind the back of the ripple, and is told of."""
    assert (await asked(crowd, 12, 10_000, 10, "/v1/bookings")).status_code == 201
    await closed(crowd, FLOOR, ahead(10), ahead(40), quantity=6000)
    assert await offered(crowd, 12, 2000, 10) is False
    refused = await asked(crowd, 12, 2000, 10, "/v1/bookings")
    assert (refused.status_code, refused.json()["code"]) == (409, "storage-full")
    assert (await asked(crowd, 12, 1, 10)).status_code == 409
    assert (await asked(crowd, 45, 12_000, 10)).status_code == 200
    assert list(await crowd.broken()) == ["on days to come, what is taken of a floor fits beside what is closed of it"]


async def test_a_hold_on_a_floor_closed_since_can_still_be_confirmed_and_given_back(crowd):
    """A changed rule is for new claims."""
    held = await crowd.post("/v1/bookings", booking(storage(12, quantity=10_000), vessel=None))
    await closed(crowd, FLOOR, ahead(10), ahead(40), quantity=6000)
    for action in ("extend-hold", "confirm", "cancel"):
        assert (await crowd.post(f"/v1/bookings/{held.json()['id']}/{action}")).status_code == 200, action
    assert (await asked(crowd, 12, 6000, 10)).status_code == 200
    assert await crowd.broken() == {}


quantities = st.sampled_from([1, 500, 3000, 6000, 9000, CAPACITY])
spans = st.tuples(st.integers(0, 10), st.integers(1, 5), quantities)


@pytest.fixture
async def calm(crowd):
    """A database in which nobody is asked to slow down."""
    await crowd.sql("UPDATE organisations SET rate_per_s = NULL")
    return crowd


async def cleared(crowd) -> None:
    """Leave the floor as it was before the first claim and the first closure."""
    await crowd.sql("TRUNCATE closures, storage_claims, floor_days")
    await crowd.sql("UPDATE places SET version = version + 1, rules_version = rules_version + 1")


def free_on(day: int, taken: list[tuple[int, int, int]], shut: list[tuple[int, int, int]]) -> int:
    """Give what is free on a day of the model: all that is neither taken nor closed then."""
    return CAPACITY - sum(quantity for first, length, quantity in taken + shut if first <= day < first + length)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(claims=st.lists(spans, max_size=4), shut=st.lists(spans, max_size=3), wish=spans)
async def test_search_and_booking_agree_with_the_sum_of_claims_and_closures(calm, claims, shut, wish):
    await cleared(calm)
    base = 10 - 5 / 24  # midnight in Karachi, not in Greenwich
    taken = []
    for first, length, quantity in claims:
        answer = await asked(calm, base + first, quantity, length, "/v1/bookings")
        fits = all(free_on(day, taken, []) >= quantity for day in range(first, first + length))
        assert answer.status_code == (201 if fits else 409), answer.text
        taken += [(first, length, quantity)] if fits else []
    for first, length, quantity in shut:
        await closed(calm, FLOOR, ahead(base + first), ahead(base + first + length), quantity=quantity)
    first, length, _ = wish
    most = min(free_on(day, taken, shut) for day in range(first, first + length))
    for quantity in {most, most + 1, most // 2} - {0}:
        if quantity < 0:
            continue
        expected = quantity <= most
        assert await offered(calm, base + first, quantity, length) is expected
        assert (await asked(calm, base + first, quantity, length)).status_code == (200 if expected else 409)
