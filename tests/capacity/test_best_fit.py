"""The gap that the database chooses under the lock is the one that the engine would choose."""

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.availability import best_fit
from tests.asking import ahead

QUAY_M = 120
WINDOW = (ahead(10), ahead(12))
# A claim's time lies before the window, touches its start, overlaps it, touches its end, or lies after it.
DAYS = st.sampled_from([(5, 9), (8, 10), (9, 11), (11, 11.5), (10, 12), (11, 14), (12, 15), (13, 14)])


@st.composite
def stretches(draw, most: int):
    edges = sorted(draw(st.sets(st.integers(0, QUAY_M), max_size=2 * most)))
    return list(zip(edges[::2], edges[1::2], strict=False))


claims = st.lists(st.tuples(st.integers(0, QUAY_M - 1), st.integers(1, 40), DAYS), max_size=8)


@pytest.fixture
async def quay(url):
    connection = await asyncpg.connect(url)
    place = await connection.fetchval("SELECT id FROM places WHERE code = 'PKGWD-MPT'")
    yield connection, place
    await connection.close()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(permitted=stretches(3), taken=claims, need=st.integers(1, 60))
async def test_the_database_and_the_engine_choose_the_same_gap(quay, permitted, taken, need):
    connection, place = quay
    # One booking may overlap itself, so that any mixture of rectangles can stand.
    rows = [
        (7, leg, place, asyncpg.Range(low, min(low + length, QUAY_M)), asyncpg.Range(ahead(start), ahead(end)))
        for leg, (low, length, (start, end)) in enumerate(taken)
    ]
    await connection.execute("DELETE FROM berth_claims")
    await connection.executemany(
        "INSERT INTO berth_claims (booking, leg, place_id, metres, during) VALUES ($1, $2, $3, $4, $5)", rows
    )
    chosen = await connection.fetchval(
        "SELECT best_fit($1, $2::text::int4multirange, tstzrange($3, $4), $5, 0, '{}')",
        place, "{" + ",".join(f"[{low},{high})" for low, high in permitted) + "}", *WINDOW, need,
    )  # fmt: skip
    in_the_way = [
        (low, min(low + length, QUAY_M))
        for low, length, (start, end) in taken
        if ahead(start) < WINDOW[1] and WINDOW[0] < ahead(end)
    ]
    assert chosen == best_fit(permitted, in_the_way, need)
