"""A timetable that has not changed is not sent again, and finding that out is one small query."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from service.auth import Forwarder
from service.clock import now
from service.ports.operations import Rulebook
from service.timetables.operations import Clerk
from service.timetables.queries import Asked
from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage
from tests.counting import CountingDb

PATHS = ("/v1/quays/PKGWD-MPT/timetable", "/v1/warehouses/PKGWD-FZS-W1/timetable")
WINDOW = {"from": rfc(ahead(8)), "to": rfc(ahead(24))}


async def looked(crowd, path: str, role: str = "forwarder", *, params: dict[str, str] | None = None, **headers: str):
    headers = {"Authorization": f"Bearer {crowd.keys[role]}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await crowd.clients[0].get(path, params=WINDOW if params is None else params, headers=headers)


async def tags(crowd, role: str = "forwarder", **headers: str) -> tuple[str, ...]:
    return tuple([(await looked(crowd, path, role, **headers)).headers["etag"] for path in PATHS])


async def still(crowd, known: tuple[str, ...], role: str = "forwarder") -> list[bool]:
    """Whether each timetable is the same as when it had this tag."""
    answers = [await looked(crowd, path, role, if_none_match=tag) for path, tag in zip(PATHS, known, strict=True)]
    assert {answer.status_code for answer in answers} <= {200, 304}
    return [answer.status_code == 304 for answer in answers]


async def test_a_timetable_is_sent_again_when_something_of_it_has_changed_and_not_before(crowd):
    before = await tags(crowd)
    assert await still(crowd, before) == [True, True]
    held = (await crowd.post("/v1/bookings", booking(berth(), storage()))).json()
    assert await still(crowd, before) == [False, False]
    with_hold = await tags(crowd)
    assert await still(crowd, with_hold) == [True, True]
    await crowd.post(f"/v1/bookings/{held['id']}/confirm")
    assert await still(crowd, with_hold) == [False, False]
    confirmed = await tags(crowd)
    await crowd.post(f"/v1/bookings/{held['id']}/cancel")
    assert await still(crowd, confirmed) == [False, False]


async def test_the_lapse_of_a_hold_changes_the_tag_though_nobody_has_written_anything(crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(), storage()))).json()
    number = (await crowd.sql("SELECT number FROM bookings WHERE id = $1", held["id"]))[0]["number"]
    for role in ("forwarder", "rival"):
        before = await tags(crowd, role)
        for table, expires_at in (("berth_claims", "clock_timestamp()"), ("storage_claims", "clock_timestamp()")):
            await crowd.sql(f"UPDATE {table} SET expires_at = {expires_at} WHERE booking = $1", number)
        assert await still(crowd, before, role) == [False, False]
        for table in ("berth_claims", "storage_claims"):
            await crowd.sql(f"UPDATE {table} SET expires_at = now() + interval '1 h' WHERE booking = $1", number)
        assert await still(crowd, before, role) == [True, True]


async def test_a_rule_that_moves_changes_the_tag(crowd):
    before = await tags(crowd, "rival")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    assert await still(crowd, before, "rival") == [False, False]


async def test_each_reader_form_and_window_has_a_tag_of_its_own(crowd):
    found = [await tags(crowd, role) for role in ("forwarder", "rival", "operator_pkgwd", "customs", "admin")]
    found.append(await tags(crowd, accept="image/svg+xml"))
    other = {"from": WINDOW["from"], "to": rfc(ahead(25))}
    found.append(tuple([(await looked(crowd, path, params=other)).headers["etag"] for path in PATHS]))
    assert len({tag for both in found for tag in both}) == 2 * len(found)
    for both in found:
        assert all(tag.startswith('"') for tag in both)


async def test_a_booking_that_changes_without_its_claims_changes_the_tag_of_those_who_see_its_name(crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(), storage(), hold=False))).json()
    mine, others = await tags(crowd), await tags(crowd, "rival")
    await crowd.sql(
        """UPDATE bookings SET version = version + 1, facts = jsonb_set(facts::jsonb, '{vessel,name}', '"RENAMED"')::json
           WHERE id = $1""",
        held["id"],
    )
    assert await still(crowd, mine) == [False, False]
    assert await still(crowd, others, "rival") == [True, True]
    assert (await looked(crowd, PATHS[0])).json()["taken"][0]["booking"]["vessel_name"] == "RENAMED"


@pytest.mark.parametrize("accept", ["application/json", "image/svg+xml"])
async def test_what_is_sent_says_how_it_may_be_kept(crowd, accept: str):
    for path in PATHS:
        whole = await looked(crowd, path, accept=accept)
        same = await looked(crowd, path, accept=accept, if_none_match=f'"x", W/{whole.headers["etag"]}')
        assert (whole.status_code, same.status_code, same.content) == (200, 304, b"")
        assert whole.headers["content-type"].startswith(accept)
        for answer in (whole, same):
            assert answer.headers["etag"] == whole.headers["etag"]
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["vary"] == "Accept, Authorization"


async def test_the_default_window_keeps_its_tag_within_the_hour(crowd):
    first, second = [await looked(crowd, PATHS[0], params={}) for _ in range(2)]
    if json.loads(first.content)["window"] == json.loads(second.content)["window"]:
        assert first.headers["etag"] == second.headers["etag"]


@pytest.fixture
def by() -> Forwarder:
    return Forwarder("org_1", "forwarder", "x", None, frozenset({"bookings:read"}), "key_1", frozenset())


async def test_a_check_is_one_query_and_so_is_a_whole_sheet_however_much_is_on_it(db, crowd, by):
    for day in range(8, 23):
        await crowd.post("/v1/bookings", booking(berth(day, hours=20), storage(day), vessel=SMALL_SHIP))
    counting = CountingDb(db)
    clerk = Clerk(counting, Rulebook(counting))
    for kind, code in (("quay", "PKGWD-MPT"), ("warehouse", "PKGWD-FZS-W1")):
        asked = Asked(kind, code, now(), now() + timedelta(days=90), by)
        await clerk.page(asked, drawn=False)  # the rules of the place are read once
        counting.reads = 0
        page = await clerk.page(asked, drawn=True)
        assert counting.reads == 1
        assert await clerk.tag(asked, drawn=True) == page.tag
        assert await clerk.tag(replace(asked, code=code), drawn=False) != page.tag
        assert counting.reads == 3
