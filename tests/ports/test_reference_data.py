"""The reference data: what the sources tell, guesses marked, and what an operator changed left alone."""

import asyncio
from datetime import timedelta

import pytest

from service.database import Db
from service.ports.operations import Rulebook, seed
from service.ports.queries import versions, versions_of_ports
from service.ports.rules import Place
from tests.counting import CountingDb


async def rows(db: Db, query: str) -> list[tuple]:
    async def ask(read):
        return [tuple(row) for row in await read.fetch(query)]

    return await db.read(ask)


async def places_of(db: Db, *ports: str) -> dict[str, Place]:
    _, standings = await db.read(versions_of_ports, ports)
    return await Rulebook(db).as_of(standings)


@pytest.mark.parametrize(
    ("quay", "length_m"),
    [("PKKHI-EWN", 821), ("PKKHI-KGTL", 603), ("PKKHI-KGTML", 1243), ("PKKHI-SAPT", 1500), ("PKGWD-MPT", 602),
     ("PKKHI-WWN", 0)],
)  # fmt: skip
async def test_a_quay_is_as_long_as_its_berths_rounded_down(db: Db, quay, length_m):
    assert (await Rulebook(db).of([quay]))[quay].quay.length_m == length_m


async def test_gwadar_has_the_draught_of_a_ship_that_lay_there_not_that_of_its_design(db: Db):
    quay = (await Rulebook(db).of(["PKGWD-MPT"]))["PKGWD-MPT"].quay
    assert {limit.draught_cm for limit in quay.limits} == {1160}


async def test_berths_without_a_known_draught_have_no_limit(db: Db):
    book = await Rulebook(db).of(["PKKHI-KICT", "PKGWD-RORO", "PKGWD-SVC", "PKKHI-WWN"])
    assert len(book) == 4
    for place in book.values():
        assert place.quay.limits == ()
        assert not any(berth.bookable for berth in place.quay.berths)


async def test_oil_piers_ask_for_approval_and_need_no_clearance(db: Db):
    for place in (await places_of(db, "PKKHI", "PKGWD")).values():
        is_oil = place.code.startswith("PKKHI-OP")
        assert place.terms.asks_approval is is_oil
        if place.kind == "quay":
            terms = place.quay.terms
            clearance = (terms.clearance_least_cm, terms.clearance_percent)
            assert clearance == ((0, 0) if is_oil else (1000, 10))
            assert terms.turnaround == 2 * 3600 * 1_000_000


async def test_terms_are_those_of_the_api(db: Db):
    places = await places_of(db, "PKGWD")
    terms = places["PKGWD-MPT"].terms
    assert (terms.hold_for, terms.hold_at_most) == (timedelta(minutes=15), timedelta(hours=2))
    assert terms.pending_for == timedelta(hours=48)
    berth, floor = places["PKGWD-MPT"].rules.terms, places["PKGWD-FZS-W1"].rules.terms
    hour = 3600 * 1_000_000
    assert (berth.shortest_stay, berth.longest_stay, berth.horizon) == (2 * hour, 720 * hour, 550 * 24 * hour)
    assert (floor.shortest_stay, floor.longest_stay) == (24 * hour, 730 * 24 * hour)


async def test_goods_for_the_hazardous_floor_can_be_landed(db: Db):
    places = await places_of(db, "PKGWD")
    stored = places["PKGWD-FZS-H1"].warehouse.hazard_classes
    assert stored == {"3", "4.1", "8", "9"}
    assert all(stored <= berth.hazard_classes for berth in places["PKGWD-MPT"].quay.berths)
    assert await rows(db, "SELECT DISTINCT hazard_confidence FROM berths") == [("assumed",)]


async def test_every_figure_has_a_source_and_every_floor_is_marked_as_a_guess(db: Db):
    for table in ("ports", "berths", "warehouses", "draught_notices"):
        found = await rows(db, f"SELECT count(*), count(*) FILTER (WHERE source <> '') FROM {table}")
        assert found[0][0] == found[0][1] > 0
    assert await rows(db, "SELECT DISTINCT confidence, terms_confidence FROM warehouses") == [("assumed", "assumed")]


async def test_seeding_again_changes_nothing(db: Db):
    tables = ("ports", "facilities", "places", "quays", "berths", "warehouses", "draught_notices", "berth_limits")
    before = [sorted(await rows(db, f"SELECT t::text FROM {table} t")) for table in tables]
    await db.write(seed)
    assert [sorted(await rows(db, f"SELECT t::text FROM {table} t")) for table in tables] == before


async def test_what_an_operator_changed_or_took_away_stays(db: Db):
    async def change(tx):
        await tx.execute("UPDATE warehouses SET capacity = 9, confidence = 'operator'")
        await tx.execute("UPDATE ports SET name = 'Gawadar' WHERE unlocode = 'PKGWD'")
        await tx.execute("DELETE FROM berth_limits WHERE berth = 'PKGWD-MPT-2'")

    await db.write(change)
    await db.write(seed)
    assert await rows(db, "SELECT DISTINCT capacity, confidence FROM warehouses") == [(9, "operator")]
    assert await rows(db, "SELECT name FROM ports WHERE unlocode = 'PKGWD'") == [("Gawadar",)]
    assert await rows(db, "SELECT 1 FROM berth_limits WHERE berth = 'PKGWD-MPT-2'") == []


async def test_two_that_seed_at_once_make_one_set(db: Db):
    async def clear(tx):
        await tx.execute(
            """TRUNCATE ports, facilities, places, quays, berths, warehouses, draught_notices, berth_limits,
                        mandates CASCADE"""
        )

    expected = await rows(db, "SELECT (SELECT count(*) FROM places), (SELECT count(*) FROM berth_limits)")
    await db.write(clear)
    await asyncio.gather(*(db.write(seed) for _ in range(4)))
    found = await rows(db, "SELECT (SELECT count(*) FROM places), (SELECT count(*) FROM berth_limits)")
    assert found == expected


async def test_the_rulebook_reads_a_place_once(db: Db):
    counting = CountingDb(db)
    book = Rulebook(counting)
    first = await book.of(["PKGWD-MPT", "PKGWD-FZS-W1", "NOWHERE"])
    assert first.keys() == {"PKGWD-MPT", "PKGWD-FZS-W1"}
    again = await book.of(["PKGWD-FZS-W1", "PKGWD-MPT"])
    assert (again, counting.reads) == (first, 1)
    book.forget(["PKGWD-MPT"])
    assert await book.of(["PKGWD-MPT"]) == {"PKGWD-MPT": first["PKGWD-MPT"]}
    assert counting.reads == 2


async def test_the_rulebook_reads_anew_what_has_moved_and_nothing_else(db: Db):
    counting = CountingDb(db)
    book = Rulebook(counting)
    _, standings = await db.read(versions_of_ports, ["PKGWD", "PKKHI"])
    everything = await book.as_of(standings)
    assert len(everything) == len(standings) == 18

    async def move(tx):
        await tx.execute("UPDATE quays SET length_m = 601 WHERE place_id = $1", everything["PKGWD-MPT"].id)
        await tx.execute("UPDATE places SET rules_version = rules_version + 1 WHERE code = 'PKGWD-MPT'")

    await db.write(move)
    assert (await book.of(["PKGWD-MPT"]))["PKGWD-MPT"].quay.length_m == 602
    _, standings = await db.read(versions_of_ports, ["PKGWD"])
    assert (await book.as_of(standings))["PKGWD-MPT"].quay.length_m == 601
    assert counting.reads == 2


async def test_the_rulebook_keeps_no_more_than_its_bound(db: Db):
    book = Rulebook(db, bound=2)
    found = await book.of(["PKGWD-MPT", "PKGWD-FZS-W1", "PKKHI-SAPT"])
    assert len(found) == 3
    assert len(book._places) == 2


async def test_the_time_comes_also_when_no_place_is_known(db: Db):
    at, standings = await db.read(versions, ["NOWHERE"])
    assert at.tzinfo is not None
    assert standings == []


async def test_closures_are_read_as_the_engine_wants_them(db: Db):
    async def close(tx):
        await tx.execute(
            """INSERT INTO closures (id, closure, kind, made_by, place_id, during, metres, quantity, reason)
               SELECT 'clo_' || code, 'cls_' || code, 'planned', (SELECT min(id) FROM organisations WHERE role = 'operator'), id, tstzrange('2027-01-01 20:00Z', '2027-01-03 19:00Z'),
                      CASE kind WHEN 'quay' THEN int4range(10, 20) END, CASE kind WHEN 'warehouse' THEN 50 END, 'paint'
               FROM places WHERE code IN ('PKGWD-MPT', 'PKGWD-FZS-W1')"""
        )

    await db.write(close)
    places = await Rulebook(db).of(["PKGWD-MPT", "PKGWD-FZS-W1"])
    (quay,) = places["PKGWD-MPT"].quay.closures
    assert (quay.from_m, quay.to_m, quay.end - quay.start) == (10, 20, 47 * 3600 * 1_000_000)
    (floor,) = places["PKGWD-FZS-W1"].warehouse.closures
    # 20:00 UTC is one o'clock of the next day in Karachi; 19:00 UTC its midnight, which the window does not touch.
    assert (str(floor.first_on), str(floor.last_on), floor.quantity) == ("2027-01-02", "2027-01-04", 50)
