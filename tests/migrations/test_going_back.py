"""Going back from the working port with bookings in it: every claim is kept, and every counter is right."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from alembic import command

from tests.asking import ahead, rfc, storage
from tests.bookings.on_the_ground import change_waits, made
from tests.migrations.test_migrations import alembic
from tests.ports.partnering import ALLOTMENTS, grouped, kept, quantity

CLAIMS = "SELECT booking, leg, lower(days), upper(days), quantity FROM storage_claims ORDER BY 1, 2"
COUNTED = """
    SELECT count(*) FROM floor_days f WHERE taken <> (
        SELECT coalesce(sum(c.quantity), 0) FROM storage_claims c WHERE c.place_id = f.place_id AND c.days @> f.day)"""


async def back_and_forth(url: str, crowd) -> list[asyncpg.Record]:
    """Go back to the ledger alone and forth again; gives the claims as they were in between."""
    await asyncio.to_thread(command.downgrade, alembic(url), "0002")
    claims: list[asyncpg.Record] = await crowd.sql(CLAIMS)
    assert (await crowd.sql(COUNTED))[0][0] == 0
    await asyncio.to_thread(command.upgrade, alembic(url), "head")
    assert await crowd.broken() == {}
    return claims


@pytest.mark.parametrize(("first", "days"), [(22, 2), (18, 12)], ids=["partly from a pool", "wholly from a pool"])
async def test_what_was_drawn_from_a_pool_is_one_claim_again(crowd, url, first, days):
    group = await grouped(crowd, "forwarder")
    await kept(crowd, ALLOTMENTS, quantity(group, first, days, 1000))
    await made(crowd, storage(20, quantity=1500, length=6), vessel=None)
    claims = await back_and_forth(url, crowd)
    assert [tuple(each)[4] for each in claims] == [1500]
    assert claims[0][3] - claims[0][2] == timedelta(days=7)  # of the port, which touches one more than of UTC


async def test_warehouses_that_were_there_get_the_clocks_of_the_seed_unless_their_operator_has_set_terms(crowd, url):
    clocks = """SELECT p.code, w.free_for, w.transit_for, w.zone_stay_for, w.terms_confidence
                FROM warehouses w JOIN places p ON p.id = w.place_id ORDER BY 1"""
    seeded = await crowd.sql(clocks)
    await crowd.sql(
        """UPDATE warehouses w SET terms_confidence = 'operator' FROM places p
           WHERE p.id = w.place_id AND p.code = 'PKGWD-FZS-W2'"""
    )
    await asyncio.to_thread(command.downgrade, alembic(url), "0007")
    assert await crowd.sql("SELECT FROM pg_attribute WHERE attname = 'free_for'") == []
    await asyncio.to_thread(command.upgrade, alembic(url), "head")
    expected = {row["code"]: tuple(row)[1:] for row in seeded}
    assert {free for free, *_ in expected.values()} == {timedelta(days=90), timedelta(days=5)}
    expected["PKGWD-FZS-W2"] = (None, None, None, "operator")
    assert {row["code"]: tuple(row)[1:] for row in await crowd.sql(clocks)} == expected


async def test_a_change_that_waits_is_let_go_with_what_it_holds(crowd, url):
    there = await made(crowd, storage(20, quantity=100, length=3), vessel=None)
    await change_waits(crowd, there, "PKGWD-FZS-W1", 0, quantity=300)
    assert [each[4] for each in await back_and_forth(url, crowd)] == [100]


async def test_bookings_under_customs_references_are_matched_again(crowd, url):
    of = {"type": "MRN", "country": "KZ", "value": "26KZ1"}
    there = await made(crowd, storage(20, quantity=1), vessel=None, customs_references=[of])
    event = {"event_id": "1", "event_type": "HOLD", "event_time": rfc(ahead(-100)), "reference": of, "hold_code": "A"}
    assert (await crowd.post("/v1/customs/events", event, role="customs")).status_code == 202
    await back_and_forth(url, crowd)
    again = await crowd.post("/v1/customs/events", event, role="customs")
    assert (again.status_code, again.json()["matched"]) == (202, True)
    assert there["customs_references"] == [of]
