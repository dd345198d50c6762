"""A lane's agreed rate passes, more is refused with the moment to come back, and memory stays bounded."""

from typing import Any

import httpx
import pytest

from service.ratelimit import Buckets, FailedAttempts, Limits, TooManyFailedAttempts, TooManyRequests, neighbourhood

from .test_problems import is_problem


def spend(
    limits: Limits, at: float, *, times: int = 1, lane: str = "booking", by: str = "org_a", rate: int = 5
) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    for _ in range(times):
        scope = {}
        limits.spend(scope, by, lane, rate, at)
    return {name.decode(): value.decode() for name, value in scope["answer_headers"]}


def test_a_seconds_worth_passes_and_one_more_is_refused() -> None:
    limits = Limits()
    told = spend(limits, at=100, times=5)
    assert told == {"ratelimit-policy": '"booking";q=5;w=1', "ratelimit": '"booking";r=0;t=1'}
    with pytest.raises(TooManyRequests) as refused:
        spend(limits, at=100)
    assert refused.value.members == {"retry_after": 1, "lane": "booking", "quota": 5, "window_s": 1}


def test_the_bucket_fills_at_the_rate_and_no_higher_than_its_brim() -> None:
    limits = Limits()
    spend(limits, at=100, times=5)
    assert spend(limits, at=100.2)["ratelimit"] == '"booking";r=0;t=1'
    assert spend(limits, at=900)["ratelimit"] == '"booking";r=4;t=1'


def test_being_refused_costs_nothing() -> None:
    limits = Limits()
    spend(limits, at=100, times=5)
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            spend(limits, at=100.1)
    spend(limits, at=100.21)


def test_organisations_and_lanes_do_not_take_from_each_other() -> None:
    limits = Limits()
    spend(limits, at=100, times=5)
    spend(limits, at=100, times=5, by="org_b")
    assert spend(limits, at=100, lane="reports", rate=5)["ratelimit-policy"] == '"reports";q=5;w=1'


def test_who_has_no_rate_is_neither_limited_nor_told_so() -> None:
    scope: dict[str, Any] = {}
    limits = Limits()
    for _ in range(1000):
        limits.spend(scope, "org_bench", "booking", None, 1.0)
    assert scope == {}


async def test_the_answer_says_how_things_stand_and_the_refusal_when_to_come_back(client: httpx.AsyncClient) -> None:
    passed = await client.get("/limited/2")
    assert passed.headers["ratelimit-policy"] == '"booking";q=2;w=1'
    assert passed.headers["ratelimit"] == '"booking";r=1;t=1'
    await client.get("/limited/2")
    refused = await client.get("/limited/2")
    is_problem(refused, 429, "too-many-requests")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit"] == '"booking";r=0;t=1'


def test_an_address_that_guesses_is_refused_until_it_has_rested() -> None:
    attempts = FailedAttempts(burst=3, rate_per_s=1)
    for _ in range(3):
        attempts.refuse("192.0.2.1", 10)
        attempts.count("192.0.2.1", 10)
    with pytest.raises(TooManyFailedAttempts) as refused:
        attempts.refuse("192.0.2.1", 10)
    assert refused.value.members["retry_after"] == 1
    attempts.refuse("192.0.2.2", 10)
    attempts.refuse("192.0.2.1", 11)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix", "unix", True),
    ],
)
def test_an_address_of_ipv6_counts_with_its_neighbours(one: str, other: str, *, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same


def test_a_million_addresses_take_no_more_memory_than_agreed() -> None:
    buckets = Buckets(most=100)
    for number in range(5000):
        buckets.keep(number, 0, 1)
    assert buckets.left(4999, 1, 5, 1) == 0
    assert buckets.left(4899, 1, 5, 1) == 5
    assert len(buckets._left) == 100
