"""Draught notices over HTTP, on real rows."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from service.auth import Operator
from service.availability import FOREVER
from service.clock import instant
from service.closures.operations import BookingsRipple
from service.database import STALE_RULES, Db
from service.ports.operations import Rulebook, Wording, publish
from service.ports.operations.consequences import OnConflict, Policy
from service.ports.queries import rules_of
from service.ports.queries.notices import Notice
from service.ports.rules import Carried
from service.ports.schemas.notices import DraughtNotice

NOTICES = "/v1/draught-notices"
MPT = "PKGWD-MPT"
KEEP = Policy(OnConflict.KEEP, "notice")
MAY, NOVEMBER = "2027-05-16T00:00:00Z", "2027-11-15T00:00:00Z"
NOTICE = {
    "quay": MPT, "window": {"start": MAY, "end": NOVEMBER}, "draught_m": 10.7,
    "reference": "GPA/HM/2027/3", "source": "harbour master",
}  # fmt: skip


async def limits_of(db: Db, berth: str) -> list:
    (quay,) = await db.read(rules_of, [berth.rsplit("-", 1)[0]])
    return [limit for limit in quay.quay.limits if limit.berth == berth]


async def test_a_notice_holds_for_its_time_and_the_older_one_around_it(client, as_, db: Db):
    answer = await client.post(NOTICES, json=NOTICE, headers=as_("operator_pkgwd"))
    assert answer.status_code == 201
    notice = answer.json()
    assert [each["berth"] for each in notice["limits"]] == [f"{MPT}-1", f"{MPT}-2", f"{MPT}-3"]
    assert notice["limits"][0]["window"] == {"start": MAY, "end": NOVEMBER}
    assert (notice["confidence"], notice["quay"]) == ("operator", MPT)
    limits = await limits_of(db, f"{MPT}-2")
    assert [limit.draught_cm for limit in limits] == [1160, 1070, 1160]
    assert limits[1].since == instant(datetime.fromisoformat(MAY)) == limits[0].until
    assert limits[1].until == instant(datetime.fromisoformat(NOVEMBER)) == limits[2].since


async def test_a_notice_without_an_end_holds_until_further_notice(client, as_, db: Db):
    await client.post(NOTICES, json=NOTICE | {"window": {"start": MAY}}, headers=as_("operator_pkgwd"))
    assert [limit.until for limit in await limits_of(db, f"{MPT}-1")][-1] == FOREVER


async def test_a_notice_for_one_berth_leaves_its_neighbours_alone(client, as_, db: Db):
    one = {key: value for key, value in NOTICE.items() if key != "quay"} | {"berth": f"{MPT}-2"}
    answer = await client.post(NOTICES, json=one, headers=as_("operator_pkgwd"))
    assert [each["berth"] for each in answer.json()["limits"]] == [f"{MPT}-2"]
    assert len(await limits_of(db, f"{MPT}-1")) == 1


async def test_a_maximum_that_is_left_out_stays_and_null_lifts_it(client, as_, db: Db):
    sapt = NOTICE | {"quay": "PKKHI-SAPT", "max_beam_m": None}
    answer = await client.post(NOTICES, json=sapt, headers=as_("operator_pkkhi"))
    first = answer.json()["limits"][0]
    assert (first["max_loa_m"], first["max_beam_m"]) == (400, None)
    limits = await limits_of(db, "PKKHI-SAPT-1")
    assert [limit.max_loa_cm for limit in limits] == [40_000] * 3
    assert [limit.max_beam_cm for limit in limits] == [5_500, None, 5_500]


async def test_a_notice_for_an_loa_band_leaves_other_lengths_as_they_were(client, as_, db: Db):
    band = NOTICE | {"loa_band": {"from_m": 200, "to_m": 250.5}}
    answer = await client.post(NOTICES, json=band, headers=as_("operator_pkgwd"))
    assert answer.json()["limits"][0]["loa_band"] == {"from_m": 200, "to_m": 250.5}
    limits = await limits_of(db, f"{MPT}-1")
    in_summer = [each for each in limits if each.since == instant(datetime.fromisoformat(MAY))]
    drawn = sorted((each.loa_from_cm, each.loa_until_cm, each.draught_cm) for each in in_summer)
    assert drawn == [(0, 20_000, 1160), (20_000, 25_050, 1070), (25_050, FOREVER, 1160)]


async def test_a_notice_may_start_in_the_past(client, as_):
    past = NOTICE | {"window": {"start": "2020-01-01T00:00:00Z"}}
    assert (await client.post(NOTICES, json=past, headers=as_("operator_pkgwd"))).status_code == 201


@pytest.mark.parametrize(
    ("who", "where"),
    [
        ("operator_pkkhi", {"quay": MPT}),
        ("operator_pkkhi", {"berth": f"{MPT}-1"}),
        ("operator_pkgwd", {"quay": "PKGWD-NONE"}),
        ("operator_pkgwd", {"quay": "PKGWD-FZS-W1"}),
        ("operator_pkgwd", {"berth": MPT}),
        ("operator_pkgwd", {"quay": f"{MPT}-1"}),
    ],
)
async def test_what_is_no_quay_of_the_operators_own_is_not_found(client, as_, db: Db, who, where):
    elsewhere = {key: value for key, value in NOTICE.items() if key != "quay"} | where
    answer = await client.post(NOTICES, json=elsewhere, headers=as_(who))
    assert (answer.status_code, answer.json()["code"]) == (404, "quay-not-found")
    assert len(await limits_of(db, f"{MPT}-1")) == 1


@pytest.mark.parametrize("who", ["forwarder", "customs", "admin"])
async def test_nobody_but_an_operator_publishes(client, as_, who):
    answer = await client.post(NOTICES, json=NOTICE, headers=as_(who))
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong-role")


@pytest.mark.parametrize(
    "wrong",
    [
        {"draught_m": 0}, {"draught_m": 10.705}, {"draught_m": "10.7"}, {"draught_with_tide_m": 10.6},
        {"window": {"start": NOVEMBER, "end": MAY}}, {"window": {"start": "2027-05-16T00:00:00"}},
        {"berth": f"{MPT}-1"}, {"quay": None}, {"loa_band": {"from_m": 250, "to_m": 200}}, {"reference": ""},
        {"max_beam": 40}, {"draught_m": 100},
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(client, as_, wrong):
    answer = await client.post(NOTICES, json=NOTICE | wrong, headers=as_("operator_pkgwd"))
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_a_repeated_notice_is_published_once(client, as_, db: Db):
    headers = as_("operator_pkgwd", **{"Idempotency-Key": "may"})
    first = await client.post(NOTICES, json=NOTICE, headers=headers)
    again = await client.post(NOTICES, json=NOTICE, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"

    async def published(read):
        return await read.fetchval("SELECT count(*) FROM events WHERE type = 'draught-notice.published'")

    assert await db.read(published) == 1


async def test_a_rehearsal_publishes_nothing_and_leaves_the_key_free(client, as_, db: Db):
    headers = as_("operator_pkgwd", **{"Idempotency-Key": "may"})
    rehearsed = await client.post(NOTICES, params={"validate_only": "true"}, json=NOTICE, headers=headers)
    assert rehearsed.status_code == 200
    assert len(rehearsed.json()["limits"]) == 3
    assert len(await limits_of(db, f"{MPT}-1")) == 1
    real = await client.post(NOTICES, json=NOTICE, headers=headers)
    assert "idempotency-replayed" not in real.headers


async def test_after_a_notice_the_guard_refuses_rules_read_before_it(client, as_, db: Db):
    book = Rulebook(db)
    before = (await book.of([MPT]))[MPT]
    await client.post(NOTICES, json=NOTICE, headers=as_("operator_pkgwd"))

    async def lock(tx):
        await tx.execute("SELECT lock_places($1, $2)", [before.id], [before.rules_version])

    with pytest.raises(asyncpg.PostgresError) as stale:
        await db.write(lock)
    assert stale.value.sqlstate == STALE_RULES
    book.forget([MPT])
    assert (await book.of([MPT]))[MPT].rules_version == before.rules_version + 1


async def test_the_notice_is_an_event_of_its_terminal(client, as_, db: Db):
    notice = (await client.post(NOTICES, json=NOTICE, headers=as_("operator_pkgwd"))).json()

    async def told(read):
        return await read.fetchrow("SELECT subject, facilities, current::text FROM events ORDER BY id DESC LIMIT 1")

    subject, facilities, current = await db.read(told)
    assert (subject, facilities) == (notice["id"], ["PKGWD-GMT"])
    assert notice["reference"] in current


async def test_notices_are_listed_for_all_to_read_the_newest_first(client, as_):
    ids = []
    for month in ("01", "02", "03"):
        window = {"start": f"2027-{month}-01T00:00:00Z", "end": f"2027-{month}-20T00:00:00Z"}
        answer = await client.post(NOTICES, json=NOTICE | {"window": window}, headers=as_("operator_pkgwd"))
        ids.append(answer.json()["id"])
    found, cursor = [], None
    while True:
        query = {"quay": MPT, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(NOTICES, params=query, headers=as_("forwarder"))).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [each["id"] for each in found][:3] == ids[::-1]
    assert found[-1]["reference"] == "reference data"
    assert len(found[-1]["limits"]) == 12


async def test_of_a_notice_that_was_replaced_nothing_stands(client, as_):
    first = (await client.post(NOTICES, json=NOTICE, headers=as_("operator_pkgwd"))).json()
    await client.post(NOTICES, json=NOTICE | {"draught_m": 11}, headers=as_("operator_pkgwd"))
    items = (await client.get(NOTICES, params={"quay": MPT}, headers=as_("rival"))).json()["items"]
    (shown,) = (each for each in items if each["id"] == first["id"])
    assert shown["limits"] == []


def harbour_master() -> Operator:
    return Operator("org_x", "operator", "Harbour master", None, frozenset(), "key_x", frozenset({"PKGWD-GMT"}))


def random_wording(dice: random.Random) -> Wording:
    start = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=dice.randrange(30))
    low = dice.choice([0, 0, 5_000, 10_000])
    return Wording(
        **dice.choice([{"quay": MPT, "berth": None}, {"quay": None, "berth": f"{MPT}-1"}]),
        since=start,
        until=dice.choice([None, start + timedelta(days=dice.randrange(1, 15))]),
        low_cm=low,
        high_cm=dice.choice([None, low + 7_000]),
        draught_m=Decimal(dice.randrange(800, 1400)) / 100,
        draught_with_tide_m=None,
        max_loa_m=dice.choice([None, Decimal(250)]),
        max_beam_m=None,
        carried=Carried(max_loa=dice.random() < 0.5, max_beam=True),
        reference="random",
        source="dice",
    )


@pytest.mark.parametrize("seed", range(3))
async def test_on_real_rows_the_last_published_wins_too(db: Db, seed):
    dice = random.Random(seed)
    by = await registered(db)
    said: list[Wording] = []
    for _ in range(25):
        said.append(random_wording(dice))
        await db.write(publish, said[-1], shown, KEEP, BookingsRipple(), by=by)
    for limit_day in range(45):
        at = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=limit_day)
        for loa_cm in (2_000, 6_000, 11_000, 16_999, 17_000, 30_000):
            assert await draughts(db, at, loa_cm) == [last_said(said, berth, at, loa_cm) for berth in (1, 2, 3)]


def last_said(said: list[Wording], berth: int, at: datetime, loa_cm: int) -> Decimal:
    for each in reversed(said):
        here = each.quay == MPT or each.berth == f"{MPT}-{berth}"
        in_time = each.since <= at and (each.until is None or at < each.until)
        if here and in_time and each.low_cm <= loa_cm and (each.high_cm is None or loa_cm < each.high_cm):
            return each.draught_m
    return Decimal("11.6")


async def draughts(db: Db, at: datetime, loa_cm: int) -> list[Decimal]:
    async def ask(read):
        rows = await read.fetch(
            """SELECT draught_m FROM berth_limits WHERE berth LIKE 'PKGWD-MPT-%' AND valid @> $1::timestamptz
               AND loa_band_cm @> $2::int ORDER BY berth""",
            at,
            loa_cm,
        )
        return [row["draught_m"] for row in rows]

    return await db.read(ask)


def shown(notice: Notice) -> dict[str, Any]:
    return DraughtNotice.of(notice).model_dump(mode="json")


async def registered(db: Db) -> Operator:
    by = harbour_master()

    async def add(tx):
        await tx.execute("INSERT INTO organisations (id, name, role) VALUES ($1, $2, 'operator')", "org_x", by.name)

    await db.write(add)
    return by


async def test_notices_published_at_the_same_moment_all_take_their_turn(db: Db):
    by, dice = await registered(db), random.Random(7)
    await asyncio.gather(
        *(db.write(publish, random_wording(dice), shown, KEEP, BookingsRipple(), by=by) for _ in range(16))
    )
    (quay,) = await db.read(rules_of, [MPT])
    assert quay.rules_version == 17
