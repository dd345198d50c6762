"""Lists of bookings: narrowed to whatever a person looks for, in any order, and whole however they are paged."""

import itertools
import random
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from service.bookings import queries
from service.bookings.schemas import SORTS
from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage
from tests.contract.test_statements import Recorder, principals

GD = {"type": "GD", "country": "PK", "value": "KAPW-HC-22012-18-08-2022"}


async def made(crowd, *legs, role: str = "forwarder", **more: Any) -> dict[str, Any]:
    answer = await crowd.post("/v1/bookings", booking(*legs, **more), role=role)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def whole(crowd, *, role: str = "forwarder", limit: int = 200, **params: Any) -> list[dict[str, Any]]:
    """Every page of a list, one after the other."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        answer = await crowd.get("/v1/bookings", role=role, limit=limit, **params, **more)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def found(crowd, **params: Any) -> set[str]:
    return {each["id"] for each in await whole(crowd, **params)}


def first_start(shown: dict[str, Any]) -> datetime:
    return min(datetime.fromisoformat(leg["window"]["start"]) for leg in shown["legs"])


@pytest.fixture
async def many(crowd) -> list[dict[str, Any]]:
    """Fourteen bookings that start in another order than they were made in, some at one moment, some changed since."""
    dice = random.Random(7)
    days = [dice.randrange(10, 20) for _ in range(14)]
    bookings = [
        await made(crowd, berth(day, hours=6), vessel=SMALL_SHIP, hold=nth % 2 == 0) for nth, day in enumerate(days)
    ]
    for each in dice.sample(bookings, 5):
        answer = await crowd.post(f"/v1/bookings/{each['id']}/cancel")
        assert answer.status_code == 200
    return bookings


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_of_every_size_make_up_the_whole_list_in_its_order(many, crowd, sort: str):
    expected = await whole(crowd, sort=sort)
    assert {each["id"] for each in expected} == {each["id"] for each in many}
    for limit in (1, 2, 3, 5, 13, 14, 15):
        assert [each["id"] for each in await whole(crowd, sort=sort, limit=limit)] == [each["id"] for each in expected]


async def test_each_order_is_what_it_says(many, crowd):
    made_in_order = [each["id"] for each in many]
    assert [each["id"] for each in await whole(crowd)] == made_in_order[::-1]
    assert [each["id"] for each in await whole(crowd, sort="newest")] == made_in_order[::-1]
    for sort, key in (("start", first_start), ("updated", lambda each: datetime.fromisoformat(each["updated_at"]))):
        forwards, backwards = await whole(crowd, sort=sort), await whole(crowd, sort=f"-{sort}")
        assert forwards == backwards[::-1]
        keys = [key(each) for each in forwards]
        assert keys == sorted(keys)
    assert len({first_start(each) for each in many}) < len(many)  # some start at one moment: pages must not lose them


async def test_bookings_made_meanwhile_shift_nothing(many, crowd):
    first = (await crowd.get("/v1/bookings", limit=5, sort="start")).json()
    await made(crowd, berth(9, hours=6), vessel=SMALL_SHIP)
    late = await made(crowd, berth(25, hours=6), vessel=SMALL_SHIP)
    rest = (await crowd.get("/v1/bookings", limit=100, sort="start", cursor=first["next"])).json()
    shown = [each["id"] for each in first["items"] + rest["items"]]
    assert len(shown) == len(set(shown)) == len(many) + 1
    assert shown[-1] == late["id"]


async def test_a_cursor_fits_the_order_that_gave_it_and_no_other(many, crowd):
    del many
    cursor = (await crowd.get("/v1/bookings", limit=5, sort="start")).json()["next"]
    for params in ({}, {"sort": "-start"}, {"sort": "updated"}, {"sort": "start", "state": "held"}):
        answer = await crowd.get("/v1/bookings", cursor=cursor, **params)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor-does-not-fit")


async def test_an_order_that_is_none_is_refused(crowd):
    for sort in ("start,updated", "START", "", "+start", "vessel"):
        answer = await crowd.get("/v1/bookings", sort=sort)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "?sort"


async def test_a_list_is_narrowed_to_a_facility_a_place_and_a_port(crowd):
    ship = await made(crowd, berth(10))
    goods = await made(crowd, storage(10))
    both = await made(crowd, berth(14), storage(16))
    karachi = await made(crowd, berth(10, quay="PKKHI-EWN"))
    assert await found(crowd, facility="PKGWD-GMT") == {ship["id"], both["id"]}
    assert await found(crowd, place="PKGWD-FZS-W1") == {goods["id"], both["id"]}
    assert await found(crowd, port="PKKHI") == {karachi["id"]}
    assert await found(crowd, facility="PKGWD-GMT", place="PKGWD-FZS-W1") == {both["id"]}
    assert await found(crowd, facility="PKGWD") == set()


async def test_a_ship_is_found_by_part_of_its_name_in_any_case_or_by_its_imo_number(crowd):
    trader = await made(crowd, berth(10))
    star = await made(crowd, berth(14), vessel=SMALL_SHIP | {"name": "Star_100% of Makran"})
    goods = await made(crowd, storage(10), vessel=None)
    for words in ("caspian", "IAN TRA", "CASPIAN TRADER", "9074729", "IMO 9074729"):
        assert await found(crowd, vessel=words) == {trader["id"]}, words
    for words in ("_100%", "star", "MAKRAN"):
        assert await found(crowd, vessel=words) == {star["id"]}, words
    for words in ("%", "_"):
        assert await found(crowd, vessel=words) == {star["id"]}, words
    for words in ("9074730", "a%n", "caspian\\", "'; DROP TABLE legs --"):
        assert await found(crowd, vessel=words) == set(), words
    assert goods["id"] in await found(crowd)


async def test_a_booking_is_found_by_a_customs_reference_however_it_is_typed(crowd):
    with_gd = await made(crowd, berth(10), customs_references=[GD, {"type": "TIR", "country": "KZ", "value": "XC-12"}])
    await made(crowd, berth(14))
    await made(crowd, berth(18), customs_references=[])
    for reference in (GD["value"], GD["value"].lower(), "XC-12"):
        assert await found(crowd, customs_reference=reference) == {with_gd["id"]}
    assert await found(crowd, customs_reference="GD") == set()


async def test_a_list_is_narrowed_to_what_has_changed_since(crowd):
    first = await made(crowd, berth(10))
    second = await made(crowd, berth(14))
    since = second["updated_at"]
    assert await found(crowd, updated_since=since) == {second["id"]}
    changed = (await crowd.post(f"/v1/bookings/{first['id']}/confirm")).json()
    assert await found(crowd, updated_since=since) == {first["id"], second["id"]}
    assert await found(crowd, updated_since=changed["updated_at"]) == {first["id"]}


async def test_a_window_finds_bookings_of_which_some_leg_meets_it(crowd):
    early = await made(crowd, berth(10), storage(12, length=5))
    late = await made(crowd, berth(20, hours=12))
    for start, end, expected in (
        (10, 11, {early["id"]}), (11.5, 12, set()), (13, 14, {early["id"]}), (16, 30, {early["id"], late["id"]}),
        (20.5, 30, set()), (0, 10, set()), (0, 10.1, {early["id"]}),
    ):  # fmt: skip
        assert await found(crowd, **{"from": rfc(ahead(start)), "to": rfc(ahead(end))}) == expected, (start, end)
    assert await found(crowd, **{"from": rfc(ahead(17.5))}) == {late["id"]}
    assert await found(crowd, to=rfc(ahead(11))) == {early["id"]}


async def test_all_that_is_asked_must_hold_and_every_role_sees_only_its_own(crowd):
    mine = await made(crowd, berth(10), hold=False)
    theirs = await made(crowd, berth(14), role="rival", hold=False)
    held = await made(crowd, berth(18))
    for who, sees in (
        ("forwarder", {mine["id"], held["id"]}), ("rival", {theirs["id"]}), ("operator_pkkhi", set()),
        ("operator_pkgwd", {mine["id"], theirs["id"], held["id"]}), ("customs", {mine["id"], theirs["id"]}),
    ):  # fmt: skip
        for sort in SORTS:
            assert await found(crowd, role=who, vessel="caspian", facility="PKGWD-GMT", sort=sort) == sees
    assert await found(crowd, state="confirmed", vessel="caspian", client_reference=mine["client_reference"]) == {
        mine["id"]
    }


async def test_no_list_reads_a_large_table_from_end_to_end_or_sorts_it(url, crowd):
    await made(crowd, berth(10))
    await crowd.sql(
        """INSERT INTO bookings (id, organisation_id, client_reference, port, facilities, state, facts, starts_at, created_at,
                                 updated_at)
           SELECT 'bkg_' || n, organisation_id, 'C' || n, port, facilities, 'cancelled', facts, starts_at + n * interval '1 s',
                  now(), now() + n * interval '1 ms' FROM bookings, generate_series(1, 20000) AS n"""
    )
    await crowd.sql("ANALYZE bookings")
    connection = await asyncpg.connect(url, server_settings={"enable_seqscan": "off"})
    by = next(each for each in principals() if each.role == "admin")
    narrow = (
        queries.Filters(),
        queries.Filters(window=(ahead(10), ahead(20))),
        queries.Filters(updated_since=ahead(0)),
    )
    for (sort, order), filters in itertools.product(queries.ORDERS.items(), narrow):
        recorder = Recorder()
        await queries.listed(recorder, by, filters, order, after=None, limit=50)
        ((text, values),) = recorder.asked
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {text}", *values))
        assert "Seq Scan on bookings" not in plan, (sort, plan)
        if filters == queries.Filters():
            assert "Sort" not in plan, (sort, plan)
    await connection.close()
