"""What is kept for partners is on the timetable until it is given to all, and members are told that it is theirs."""

import asyncio
from datetime import timedelta

import pytest

from tests.asking import ahead, booking, rfc, storage
from tests.timetables.test_pictures import boxes, drawn
from tests.timetables.test_tags import tags

QUAY, FLOOR = "/v1/quays/PKGWD-MPT/timetable", "/v1/warehouses/PKGWD-FZS-W1/timetable"
WINDOW = {"from": rfc(ahead(8)), "to": rfc(ahead(24))}


@pytest.fixture
async def kept(crowd):
    """A stretch kept every week, and 3,000 m2 for ten days, both for a group in which the forwarder is."""
    await crowd.sql(
        "INSERT INTO partner_groups (id, facility, name) SELECT 'pgr_1', facility, 'x' FROM places WHERE code = 'PKGWD-MPT'"
    )
    await crowd.sql(
        """INSERT INTO partners SELECT 'pgr_1', organisation_id FROM api_keys
           WHERE digest = sha256(convert_to($1, 'UTF8'))""",
        crowd.keys["forwarder"],
    )
    await crowd.sql(
        """INSERT INTO berth_windows (id, place_id, group_id, metres, first, every_days, release_before)
           SELECT 'bwn_1', id, 'pgr_1', '[100,300)', tstzrange($1::timestamptz, $2::timestamptz), 7, '3 days'
           FROM places WHERE code = 'PKGWD-MPT'""",
        ahead(9, 6), ahead(9, 18),
    )  # fmt: skip
    first = ahead(12).date()
    await crowd.sql(
        """INSERT INTO allotments (id, place_id, group_id, days, quantity, release_before)
           SELECT 'alt_1', id, 'pgr_1', daterange($1::date, $1::date + 10), 3000, '2 days' FROM places WHERE code = 'PKGWD-FZS-W1'""",
        first,
    )
    await crowd.sql(
        """INSERT INTO floor_days (place_id, pool, day, taken, capacity)
           SELECT a.place_id, each.pool, $1::date + n, 0, each.capacity FROM allotments a, generate_series(0, 9) AS n,
           LATERAL (VALUES (a.number, 3000), (0, 9000)) AS each (pool, capacity)""",
        first,
    )
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")


async def test_a_kept_stretch_is_shown_each_time_it_comes_with_the_moment_of_its_release(kept, crowd):
    del kept
    for who, yours in (("forwarder", True), ("rival", False), ("operator_pkgwd", False)):
        shown = (await crowd.get(QUAY, role=who, **WINDOW)).json()["kept"]
        assert shown == [
            {
                "from_m": 100, "to_m": 300, "window": {"start": rfc(ahead(day, 6)), "end": rfc(ahead(day, 18))},
                "released_at": rfc(ahead(day - 3, 6)), "yours": yours,
            }
            for day in (9, 16, 23)
        ]  # fmt: skip


async def test_a_kept_quantity_is_free_to_members_and_to_nobody_else(kept, crowd):
    del kept
    made = await crowd.post("/v1/bookings", booking(storage(14, quantity=1000, length=1), hold=False))
    assert made.status_code == 201, made.text
    day = str(ahead(14).date())
    seen = {
        who: next(each for each in (await crowd.get(FLOOR, role=who, **WINDOW)).json()["days"] if each["on"] == day)
        for who in ("forwarder", "rival")
    }
    whole = {"on": day, "capacity": 12000, "taken": 1000, "closed": 0}
    assert seen["forwarder"] == whole | {"kept": 0, "yours": 2000, "free": 11000}
    assert seen["rival"] == whole | {"kept": 2000, "yours": 0, "free": 9000}


async def test_what_is_given_to_all_leaves_the_timetable_and_changes_its_tag(kept, crowd):
    del kept
    before = await tags(crowd, "rival")
    await crowd.sql("UPDATE berth_windows SET release_before = $1", timedelta(days=15))
    await crowd.sql("UPDATE allotments SET release_before = $1", timedelta(days=18))
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    quay = (await crowd.get(QUAY, role="rival", **WINDOW)).json()
    assert len(quay["kept"]) == 2
    floor = (await crowd.get(FLOOR, role="rival", **WINDOW)).json()
    assert {each["kept"] for each in floor["days"]} == {0, 3000}
    assert len([each for each in floor["days"] if each["kept"]]) < 10
    assert not set(before) & set(await tags(crowd, "rival"))


async def test_the_release_of_a_stretch_changes_the_tag_though_nobody_has_written_anything(kept, crowd):
    del kept
    await crowd.sql("UPDATE berth_windows SET release_before = lower(first) - clock_timestamp() - interval '4 s'")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    before, _ = await tags(crowd, "rival")
    assert before == (await tags(crowd, "rival"))[0]
    await asyncio.sleep(4.2)
    assert (await tags(crowd, "rival"))[0] != before
    assert len((await crowd.get(QUAY, role="rival", **WINDOW)).json()["kept"]) == 2


async def test_what_is_kept_is_drawn(kept, crowd):
    del kept
    assert len(boxes(await drawn(crowd, QUAY, "rival"), "kept")) == 2
    assert len(boxes(await drawn(crowd, FLOOR, "rival"), "kept")) == 10
    assert boxes(await drawn(crowd, FLOOR, "forwarder"), "kept") == []
