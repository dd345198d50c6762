"""Partner groups over HTTP: who may found one, who sees what of it, and what moves with its members."""

import asyncio
from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant

from service import ids
from service.ports.routes import keeping, partners, tides
from tests.asking import new_key
from tests.ports.partnering import (
    ALLOTMENTS,
    FLOOR,
    GROUPS,
    OPERATOR,
    QUAY,
    TERMINAL,
    WINDOWS,
    ZONE,
    changed,
    grouped,
    kept,
    organisation_of,
    quantity,
    rules_versions,
    stretch,
)


@pytest.fixture
async def group(crowd) -> dict[str, Any]:
    return await grouped(crowd, "forwarder")


async def test_a_group_is_made_with_its_members_and_its_etag(crowd):
    member = await organisation_of(crowd, "forwarder")
    body = {"facility": ZONE, "name": "Kazakh transit", "organisations": [member, member]}
    answer = await crowd.post(GROUPS, body, role=OPERATOR)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    made = answer.json()
    assert made == {
        "id": made["id"],
        "facility": ZONE,
        "name": "Kazakh transit",
        "organisations": [member],
        "version": 1,
    }
    events = await crowd.sql("SELECT type, owner_id, facilities FROM events WHERE subject = $1", made["id"])
    assert [(each["type"], each["facilities"]) for each in events] == [("partner-group.made", [ZONE])]


async def test_a_group_may_begin_with_nobody_and_come_to_nobody(crowd, group):
    assert (await grouped(crowd, name="later"))["organisations"] == []
    answer = await changed(crowd, group, organisations=[])
    assert (answer.status_code, answer.json()["organisations"]) == (200, [])
    assert (await crowd.get(f"{GROUPS}/{group['id']}")).status_code == 404


async def test_the_operator_sees_all_of_a_group_a_member_only_itself_and_a_rival_nothing(crowd):
    ours = await grouped(crowd, "forwarder", "rival")
    theirs = await grouped(crowd, "rival", name="others")
    me = await organisation_of(crowd, "forwarder")
    for who, seen in ((OPERATOR, [theirs, ours]), ("admin", [theirs, ours]), ("customs", []), ("operator_pkkhi", [])):
        assert (await crowd.get(GROUPS, role=who)).json()["items"] == seen, who
    mine = ours | {"organisations": [me]}
    assert (await crowd.get(GROUPS)).json()["items"] == [mine]
    assert (await crowd.get(f"{GROUPS}/{ours['id']}")).json() == mine
    for group_id in (theirs["id"], ids.new("pgr"), "nil", "pgr_%E2%82%AC"):
        answer = await crowd.get(f"{GROUPS}/{group_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "partner-group-not-found")


async def test_a_list_of_groups_goes_from_page_to_page_and_can_be_of_one_facility(crowd):
    made = [await grouped(crowd, name=f"group {number}") for number in range(5)]
    made.append(await grouped(crowd, facility=TERMINAL, name="ships"))
    first = (await crowd.get(GROUPS, role=OPERATOR, limit=4)).json()
    rest = (await crowd.get(GROUPS, role=OPERATOR, limit=4, cursor=first["next"])).json()
    assert first["items"] + rest["items"] == made[::-1]
    assert (await crowd.get(GROUPS, role=OPERATOR, facility=TERMINAL)).json()["items"] == made[-1:]


@pytest.mark.parametrize("facility", ["PKKHI-SAPT", "PKGWD-NONE", "PKGWD-MPT"])
async def test_a_group_is_of_a_facility_of_one_s_own(crowd, facility):
    answer = await crowd.post(GROUPS, {"facility": facility, "name": "x", "organisations": []}, role=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (404, "facility-not-found")


async def test_partners_are_forwarders_and_each_id_that_is_none_is_pointed_at(crowd, group):
    members = [await organisation_of(crowd, who) for who in ("forwarder", "customs", OPERATOR)] + [ids.new("org")]
    answer = await crowd.post(GROUPS, {"facility": ZONE, "name": "x", "organisations": members}, role=OPERATOR)
    for refused in (answer, await changed(crowd, group, organisations=members)):
        assert (refused.status_code, refused.json()["code"]) == (422, "partner-unknown")
        pointers = [each["pointer"] for each in refused.json()["errors"]]
        assert pointers == [f"/organisations/{number}" for number in (1, 2, 3)]
    assert (await crowd.get(GROUPS, role=OPERATOR)).json()["items"] == [group]


async def test_two_groups_of_a_facility_have_two_names(crowd, group):
    body = {"facility": ZONE, "name": group["name"], "organisations": []}
    answers = [await crowd.post(GROUPS, body, role=OPERATOR)]
    other = await grouped(crowd, name="other")
    answers.append(await changed(crowd, other, name=group["name"]))
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (409, "partner-group-name-taken")
    assert (await crowd.post(GROUPS, body | {"facility": TERMINAL}, role=OPERATOR)).status_code == 201


@pytest.mark.parametrize("module", [keeping, partners, tides])
def test_no_route_of_these_leaves_for_a_thread_to_find_out_what_it_is_asked(module):
    def below(dependant: Dependant) -> Iterator[Dependant]:
        for each in dependant.dependencies:
            yield each
            yield from below(each)

    asked = [each.call for route in module.router.routes for each in below(route.dependant)]
    assert len(asked) > 3
    assert [each for each in asked if not (iscoroutinefunction(each) or iscoroutinefunction(type(each).__call__))] == []


async def test_a_change_names_the_version_it_is_made_for(crowd, group, as_):
    path, client = f"{GROUPS}/{group['id']}", crowd.clients[0]
    missing = await client.patch(path, json={"name": "x"}, headers=as_(OPERATOR))
    assert (missing.status_code, missing.json()["code"]) == (428, "version-missing")
    for tag in ('"2"', '"0"', "W/x", '"'):
        stale = await changed(crowd, group, tag, name="x")
        assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "partner-group-changed", 1)
    done = await changed(crowd, group, name="x")
    assert (done.status_code, done.headers["etag"], done.json()["name"]) == (200, '"2"', "x")
    assert done.json()["organisations"] == group["organisations"]
    known = await client.get(path, headers=as_(OPERATOR) | {"If-None-Match": '"2"'})
    assert (known.status_code, known.content) == (304, b"")
    previous = await crowd.sql("SELECT previous::text FROM events WHERE type = 'partner-group.changed'")
    assert '"version":1' in previous[0]["previous"]


async def test_of_many_changes_for_one_version_exactly_one_is_made(crowd, group):
    answers = await asyncio.gather(*(changed(crowd, group, name=f"name {number}") for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


async def test_only_the_operator_of_the_facility_changes_a_group(crowd, group):
    for role, status in (("operator_pkkhi", 404), ("forwarder", 403), ("admin", 403), ("customs", 403)):
        assert (await changed(crowd, group, role=role, name="mine")).status_code == status, role
    assert (await crowd.get(f"{GROUPS}/{group['id']}", role=OPERATOR)).json() == group


@pytest.mark.parametrize(
    "change",
    [
        {}, {"name": None}, {"organisations": None}, {"name": ""}, {"name": "a\u0007"}, {"organisations": "all"},
        {"organisations": [7]}, {"organisations": ["org"] * 201}, {"facility": TERMINAL}, {"version": 3},
    ],
)  # fmt: skip
async def test_a_change_that_is_not_well_formed_is_refused(crowd, group, change):
    answer = await changed(crowd, group, **change)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


async def test_a_rehearsal_changes_nothing_and_a_repetition_changes_once(crowd):
    body, key = {"facility": ZONE, "name": "twice", "organisations": []}, new_key()
    tried = await crowd.post(f"{GROUPS}?validate_only=true", body, role=OPERATOR)
    assert (tried.status_code, tried.json()["name"]) == (200, "twice")
    first = await crowd.post(GROUPS, body, role=OPERATOR, key=key)
    again = await crowd.post(GROUPS, body, role=OPERATOR, key=key)
    assert (first.status_code, again.text) == (201, first.text)
    assert again.headers["idempotency-replayed"] == "true"
    assert (await crowd.get(GROUPS, role=OPERATOR)).json()["items"] == [first.json()]


async def test_new_members_move_the_rules_of_every_place_that_keeps_something_for_them_and_a_name_none(crowd):
    ships, goods = await grouped(crowd, facility=TERMINAL), await grouped(crowd)
    await kept(crowd, WINDOWS, stretch(ships))
    await kept(crowd, ALLOTMENTS, quantity(goods))
    before, rival = await rules_versions(crowd), await organisation_of(crowd, "rival")
    ships = (await changed(crowd, ships, name="new name")).json()
    assert await rules_versions(crowd) == before
    await changed(crowd, ships, organisations=[rival])
    await changed(crowd, goods, organisations=[rival])
    moved = {code for code, version in (await rules_versions(crowd)).items() if version != before[code]}
    assert moved == {QUAY, FLOOR}


async def test_a_place_that_no_longer_keeps_anything_for_a_group_does_not_move_with_it(crowd, group):
    made = await kept(crowd, ALLOTMENTS, quantity(group))
    await kept(crowd, f"{ALLOTMENTS}/{made['id']}/release", {}, status=200)
    before = await rules_versions(crowd)
    assert (await changed(crowd, group, organisations=[])).status_code == 200
    assert await rules_versions(crowd) == before
