"""Clocks of goods on a floor: free days, transit, stay in the zone; each that runs out is told once, to the second."""

import asyncio
from datetime import timedelta

import pytest

from service.bookings.jobs import grow_overstays, tell_clocks
from service.bookings.queries import clocks
from service.database import Db
from tests.asking import rfc, storage
from tests.bookings.on_the_ground import begun, events_of, made, report, time_passes
from tests.bookings.test_ground import now
from tests.bookings.test_overstay import overdue
from tests.ports.opening import Opening

DAY = timedelta(days=1)
GWADAR, KARACHI = "PKGWD-FZS-W1", "PKKHI-KTA-W1"
CLOCKS = {"free": "free_for", "transit": "transit_for", "zone_stay": "zone_stay_for"}


def operator_of(code: str) -> str:
    return "operator_pkgwd" if code.startswith("PKGWD") else "operator_pkkhi"


async def goods(crowd, *, days: float, warehouse: str = KARACHI, regime: str | None = None, part: int = 100, **more):
    """Goods of which a part of the 100 that are booked came in so many days ago."""
    cargo = {"cargo": {"class": "general", "transit_regime": regime}} if regime else {}
    leg = storage(12, warehouse=warehouse, quantity=100, length=3)
    there = await begun(crowd, leg, vessel=None, hours=1, **cargo, **more)
    at = rfc(await now(crowd) - timedelta(minutes=30))
    await gate(crowd, "in", there, quantity=part, at=at)
    await time_passes(crowd, there["id"], days * DAY - timedelta(minutes=30))
    return (await crowd.get(f"/v1/bookings/{there['id']}")).json()


async def gate(crowd, way: str, of: dict, **more) -> dict:
    answer = await report(crowd, f"gate-{way}", of, role=operator_of(of["port"]), **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(crowd, of, *, role: str = "admin") -> list[dict]:
    """The causes of a booking's overstays, as somebody sees them."""
    items = await events_of(crowd, of["id"], role=role)
    return [each["data"]["cause"] for each in items if each["type"] == "booking.overstay"]


async def clocks_told(crowd, of) -> list[str]:
    return [cause["clock"] for cause in await told(crowd, of)]


async def set_terms(crowd, warehouse: str, **terms: str | None) -> dict:
    """Let the operator of a warehouse set its clocks; gives the warehouse."""
    operator = Opening(crowd.clients[0], crowd.keys[operator_of(warehouse)])
    return await operator.patch(f"/v1/warehouses/{warehouse}", {"terms": terms})


async def test_goods_that_have_lain_for_longer_than_their_free_days_are_told(crowd, db):
    there = await goods(crowd, days=5.01)
    assert await tell_clocks(db) == 1
    (cause,) = await told(crowd, there)
    (leg,) = there["legs"]
    ran_out_at = (await crowd.sql("SELECT arrived_at + interval '120 h' AS at FROM legs WHERE id = $1", leg["id"]))[0][
        0
    ]
    assert cause == {
        "leg": leg["id"], "clock": "free", "since": leg["arrived_at"], "limit": "P5D", "ran_out_at": rfc(ran_out_at),
        "still_there": 100, "unit": "m2",
    }  # fmt: skip
    assert await tell_clocks(db) == 0
    assert await crowd.broken() == {}


@pytest.mark.parametrize(
    ("warehouse", "regime", "days", "expected"),
    [
        (GWADAR, "TIR", 14.99, []),
        (GWADAR, "TIR", 15.01, ["transit"]),
        (GWADAR, None, 89.99, []),
        (GWADAR, None, 90.01, ["free"]),
        (GWADAR, None, 729.99, ["free"]),
        (GWADAR, "TIR", 730.01, ["transit", "free", "zone_stay"]),
        (KARACHI, None, 4.99, []),
        (KARACHI, "BILATERAL", 15.01, ["free", "transit"]),
    ],
)
async def test_each_clock_runs_out_in_its_own_time(crowd, db, *, warehouse, regime, days, expected):
    there = await goods(crowd, days=days, warehouse=warehouse, regime=regime)
    assert await tell_clocks(db) == bool(expected)
    assert await clocks_told(crowd, there) == expected


@pytest.mark.parametrize("clock", CLOCKS)
async def test_where_there_is_no_limit_none_runs_out_and_the_others_do(crowd, db, clock):
    await set_terms(crowd, GWADAR, **{CLOCKS[clock]: None})
    there = await goods(crowd, days=800, warehouse=GWADAR, regime="TIR")
    await tell_clocks(db)
    assert await clocks_told(crowd, there) == [each for each in ("transit", "free", "zone_stay") if each != clock]


async def test_where_there_is_no_limit_at_all_nothing_is_told(crowd, db):
    await crowd.sql("UPDATE warehouses SET (free_for, transit_for, zone_stay_for) = (NULL, NULL, NULL)")
    await goods(crowd, days=800, regime="TIR")
    assert await tell_clocks(db) == 0


@pytest.mark.parametrize(
    ("regime", "transit"),
    [("TIR", True), ("QTTA", True), ("BILATERAL", True), ("TRANSSHIPMENT", True), ("IMPORT", False), ("EXPORT", False),
     (None, False)],
)  # fmt: skip
async def test_the_transit_clock_counts_for_what_passes_through_the_country_alone(crowd, db, regime, transit):
    there = await goods(crowd, days=20, warehouse=GWADAR, regime=regime)
    await tell_clocks(db)
    assert await clocks_told(crowd, there) == ["transit"] * transit


async def test_whether_goods_are_in_transit_is_what_the_booking_says_now(crowd, db):
    there, other = [await goods(crowd, days=20, warehouse=GWADAR, regime=each) for each in ("IMPORT", "TIR")]
    for of, regime in ((there, "QTTA"), (other, "IMPORT")):
        cargo = {"cargo": {"class": "general", "transit_regime": regime}}
        amended = await crowd.post(f"/v1/bookings/{of['id']}/amend", cargo, **{"If-Match": "*"})
        assert amended.status_code == 200, amended.text
    assert await tell_clocks(db) == 1
    assert (await clocks_told(crowd, there), await clocks_told(crowd, other)) == (["transit"], [])


async def test_a_clock_runs_out_at_its_second_and_not_a_second_before(crowd, db):
    early, late = await goods(crowd, days=4.9), await goods(crowd, days=4.9)
    for of, seconds in ((early, 30), (late, -1)):
        await crowd.sql(
            "UPDATE legs SET arrived_at = clock_timestamp() - interval '120 h' + make_interval(secs => $2) WHERE id = $1",
            of["legs"][0]["id"], float(seconds),
        )  # fmt: skip
    assert await tell_clocks(db) == 1
    assert (await clocks_told(crowd, early), await clocks_told(crowd, late)) == ([], ["free"])


async def test_what_is_still_there_is_what_has_come_less_what_has_left(crowd, db):
    there = await goods(crowd, days=5.01, part=70)
    await gate(crowd, "out", there, quantity=25)
    assert await tell_clocks(db) == 1
    assert [cause["still_there"] for cause in await told(crowd, there)] == [45]


async def test_goods_that_have_all_left_are_not_told_until_more_of_the_leg_comes(crowd, db):
    over, part = await goods(crowd, days=5.01), await goods(crowd, days=5.01, part=60)
    await gate(crowd, "out", over)
    left = await gate(crowd, "out", part)
    assert left["legs"][0]["state"] == "arrived"  # forty are still to come
    assert await tell_clocks(db) == 0
    await gate(crowd, "in", part, quantity=10)
    assert await tell_clocks(db) == 1
    assert ([cause["still_there"] for cause in await told(crowd, part)], await told(crowd, over)) == ([10], [])


async def test_a_leg_that_has_not_come_and_a_ship_have_no_clock(crowd, db):
    await set_terms(crowd, KARACHI, free_for="PT1M")
    await begun(crowd, storage(12, warehouse=KARACHI, quantity=1, length=3), vessel=None, hours=2)
    ship = await begun(crowd, hours=30)
    await report(crowd, "arrive", ship)
    assert await tell_clocks(db) == 0


async def test_the_clock_starts_with_the_first_of_the_goods_however_late_they_are_reported(crowd, db):
    there = await begun(crowd, storage(12, warehouse=KARACHI, quantity=100, length=10), vessel=None, hours=24 * 5.5)
    await gate(crowd, "in", there, quantity=50, at=rfc(await now(crowd) - 4 * DAY))
    assert await tell_clocks(db) == 0
    first = rfc(await now(crowd) - 5.1 * DAY)
    await gate(crowd, "in", there, quantity=50, at=first)
    assert await tell_clocks(db) == 1
    assert [(cause["since"], cause["still_there"]) for cause in await told(crowd, there)] == [(first, 100)]


async def test_a_limit_set_by_the_operator_is_shown_and_counts_for_goods_that_are_there(crowd, db):
    there = await goods(crowd, days=6)
    terms = (await set_terms(crowd, KARACHI, free_for="P10D"))["terms"]
    assert (terms["free_for"], terms["transit_for"], terms["terms_confidence"]) == ("P10D", "P15D", "operator")
    port = (await crowd.get("/v1/ports/PKKHI")).json()
    floors = {each["code"]: each for zone in port["free_zones"] for each in zone["warehouses"]}
    assert floors[KARACHI]["terms"] == terms
    assert await tell_clocks(db) == 0
    await set_terms(crowd, KARACHI, free_for="PT130H")
    assert await tell_clocks(db) == 1
    assert [cause["limit"] for cause in await told(crowd, there)] == ["PT130H"]


async def test_a_longer_limit_after_it_was_told_takes_nothing_back_and_is_not_told_again(crowd, db):
    there = await goods(crowd, days=6)
    await tell_clocks(db)
    await set_terms(crowd, KARACHI, free_for="P10D")
    await time_passes(crowd, there["id"], 6 * DAY)
    assert await tell_clocks(db) == 0
    assert [cause["limit"] for cause in await told(crowd, there)] == ["P5D"]


async def test_a_window_moved_after_it_was_told_starts_no_clock_anew(crowd, db):
    there = await goods(crowd, days=6)
    await grow_overstays(db)
    await tell_clocks(db)
    window = {"start": there["legs"][0]["window"]["start"], "end": rfc(await now(crowd) + 9 * DAY)}
    body = {"leg": there["legs"][0]["id"], "window": window, "reason": "the lorries are late"}
    moved = await crowd.post(f"/v1/bookings/{there['id']}/shift", body, role="operator_pkkhi", **{"If-Match": "*"})
    assert moved.status_code == 200, moved.text
    assert await tell_clocks(db) == 0
    assert await clocks_told(crowd, there) == ["window", "free"]


async def test_the_end_of_the_window_and_the_clocks_are_told_each_for_itself(crowd, db):
    goods_first, window_first = await goods(crowd, days=5.01), await goods(crowd, days=4.5)
    assert (await tell_clocks(db), await grow_overstays(db)) == (1, 2)
    await set_terms(crowd, KARACHI, free_for="P4D")
    assert (await tell_clocks(db), await grow_overstays(db)) == (1, 0)
    assert await clocks_told(crowd, goods_first) == ["free", "window"]
    assert await clocks_told(crowd, window_first) == ["window", "free"]
    assert await crowd.broken() == {}


async def test_a_clock_that_runs_out_does_not_tell_anew_whom_the_goods_hit(crowd, db):
    there = await overdue(crowd, storage(12, length=4, quantity=5_000), vessel=None, hours=24 * 5.2)
    rival = await made(crowd, storage(40, length=20, quantity=8_000), vessel=None)
    start = "SELECT starts_at - clock_timestamp() FROM legs WHERE id = $1"
    first = (await crowd.sql(start, rival["legs"][0]["id"]))[0][0]
    await time_passes(crowd, rival["id"], first - timedelta(minutes=1))
    assert await grow_overstays(db) == 1
    await crowd.sql("UPDATE legs SET arrived_at = arrived_at - interval '91 d' WHERE id = $1", there["legs"][0]["id"])
    assert await tell_clocks(db) == 1
    assert await grow_overstays(db) == 0
    assert [cause.get("hits") for cause in await told(crowd, there)] == [[rival["id"]], None]
    hindered = [each["type"] for each in await events_of(crowd, rival["id"])].count("booking.hindered")
    assert hindered == 1


async def test_several_workers_tell_each_clock_once(crowd, db):
    there = [await goods(crowd, days=20, regime="TIR") for _ in range(5)]
    await asyncio.gather(*(tell_clocks(db) for _ in range(6)))
    await tell_clocks(db)
    for each in there:
        assert await clocks_told(crowd, each) == ["free", "transit"]
    assert await crowd.broken() == {}


async def test_a_busy_booking_is_left_for_the_next_look_and_holds_up_no_other(crowd, db: Db):
    busy, other = await goods(crowd, days=6), await goods(crowd, days=5.5)

    async def look_while_locked(tx) -> int:
        await tx.fetch("SELECT FROM bookings WHERE id = $1 FOR NO KEY UPDATE", busy["id"])
        return await asyncio.wait_for(tell_clocks(db), 2)

    assert await db.write(look_while_locked) == 1
    assert (await clocks_told(crowd, busy), await clocks_told(crowd, other)) == ([], ["free"])
    assert await tell_clocks(db) == 1
    assert await clocks_told(crowd, busy) == ["free"]


async def test_of_many_the_longest_there_are_told_first(crowd, db: Db):
    for days in (6, 8, 7):
        await goods(crowd, days=days)
    since = "SELECT booking, leg FROM legs ORDER BY arrived_at"
    longest = [tuple(each) for each in await crowd.sql(since)]
    assert [tuple(each) for each in await db.read(clocks.legs, 2)] == longest[:2]


async def test_it_is_told_to_forwarder_operator_and_customs_and_to_no_rival(crowd, db):
    there = await goods(crowd, days=5.01)
    await tell_clocks(db)
    causes = [await told(crowd, there, role=role) for role in ("forwarder", "operator_pkkhi", "customs", "admin")]
    assert len(causes[0]) == 1
    assert causes == [causes[0]] * 4
    for role in ("rival", "operator_pkgwd"):
        assert await told(crowd, there, role=role) == []
    again = (await crowd.get(f"/v1/bookings/{there['id']}")).json()
    assert (again["version"], again["legs"]) == (there["version"], there["legs"])


SOME = 20_000


async def test_however_many_goods_have_come_and_gone_the_look_reads_those_that_are_there(crowd, db: Db):
    """The plan is asked of a connection that may read whole tables, too."""
    there = await goods(crowd, days=6)
    await crowd.sql(
        """INSERT INTO legs (booking, leg, id, kind, place_id, state, starts_at, ends_at, quantity, first_on, last_on, arrived_at)
           SELECT l.booking, n % 30000, l.id || n, 'storage', l.place_id, 'completed', l.starts_at, l.ends_at, 1, l.first_on,
                  l.last_on, l.arrived_at - make_interval(hours => n)
           FROM legs l, generate_series(1, $1::int) AS n WHERE l.id = $2""",
        SOME, there["legs"][0]["id"],
    )  # fmt: skip
    await crowd.sql("ANALYZE legs")
    asked: list[tuple[str, tuple[object, ...]]] = []

    class Recorder:
        async def fetch(self, text: str, *values: object) -> list:
            asked.append((text, values))
            return []

    await clocks.legs(Recorder(), 500)
    ((text, values),) = asked
    plan = "\n".join(row[0] for row in await crowd.sql(f"EXPLAIN {text}", *values))
    assert "Index Scan using legs_on_floors" in plan or "Bitmap Index Scan on legs_on_floors" in plan, plan
    assert "Seq Scan on legs" not in plan, plan
    assert await tell_clocks(db) == 1
