"""No two limits of one berth speak of the same moment and the same length: the database refuses, whoever writes."""

from datetime import datetime
from typing import Any

import asyncpg
import pytest

from tests.asking import ahead

BERTH = "PKGWD-MPT-1"
ALL, SHORT, LONG = asyncpg.Range(0, None), asyncpg.Range(0, 20_000), asyncpg.Range(20_000, None)


@pytest.fixture
async def limits(url):
    """A connection on which a berth has one limit only: for ships under 200 m, for ten days."""
    connection = await asyncpg.connect(url)
    await connection.execute("DELETE FROM berth_limits WHERE berth = $1", BERTH)
    await limit(connection, ahead(10), ahead(20), SHORT)
    yield connection
    await connection.close()


async def limit(connection: Any, start: datetime | None, end: datetime | None, band: Any, berth: str = BERTH) -> None:
    await connection.execute(
        """INSERT INTO berth_limits (notice_id, berth, valid, loa_band_cm, draught_m)
           SELECT min(id), $1, $2, $3, 11.6 FROM draught_notices""",
        berth, asyncpg.Range(start, end), band,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end"), [(ahead(10), ahead(20)), (ahead(19), ahead(30)), (ahead(5), ahead(11)), (None, None)]
)
@pytest.mark.parametrize("band", [SHORT, ALL, asyncpg.Range(19_999, 30_000)], ids=["same", "all", "a centimetre"])
async def test_two_limits_of_one_berth_and_band_that_share_a_moment_are_refused(limits, start, end, band):
    with pytest.raises(asyncpg.ExclusionViolationError) as refused:
        await limit(limits, start, end, band)
    assert refused.value.constraint_name == "berth_limit_overlaps"


@pytest.mark.parametrize(
    ("start", "end", "band", "berth"),
    [
        (ahead(20), ahead(30), SHORT, BERTH),
        (None, ahead(10), ALL, BERTH),
        (ahead(10), ahead(20), LONG, BERTH),
    ],
    ids=["after it", "before it", "longer ships"],
)
async def test_limits_that_only_touch_stand_side_by_side(limits, start, end, band, berth):
    await limit(limits, start, end, band, berth)
    assert await limits.fetchval("SELECT count(*) FROM berth_limits WHERE berth = $1", BERTH) == 2


async def test_the_same_limit_stands_for_another_berth(limits):
    await limits.execute("DELETE FROM berth_limits WHERE berth = 'PKGWD-MPT-2'")
    await limit(limits, ahead(10), ahead(20), SHORT, "PKGWD-MPT-2")
    assert await limits.fetchval("SELECT count(*) FROM berth_limits WHERE loa_band_cm = $1", SHORT) == 2
