"""A soft limit that an operator lets one booking exceed, with a reason that stays on it; what is physical, nobody may."""

import pytest

from service.bookings.rules import SOFT
from service.capacity.rules import EVERY_RULE
from tests.asking import ahead, berth, booking, rfc, storage, window
from tests.bookings.on_the_ground import events_of, made
from tests.bookings.test_on_behalf import on_behalf
from tests.bookings.test_shift import GWD, shift

DEEP = {"name": "DEEP", "loa_m": 190, "beam_m": 28, "draught_m": 13}


def override(*rules, reason="the channel was sounded this morning"):
    return {"rules": list(rules), "reason": reason}


async def lower_draught(crowd, draught_m=9.0):
    body = {"quay": "PKGWD-MPT", "window": {"start": rfc(ahead(0)), "end": rfc(ahead(300))}, "draught_m": draught_m,
            "reference": f"NtM {draught_m}", "source": "test"}  # fmt: skip
    assert (await crowd.post("/v1/draught-notices", body, role=GWD)).status_code == 201


def test_what_is_soft_is_a_rule_and_what_is_physical_is_not_soft():
    assert {each.code() for each in EVERY_RULE} >= SOFT
    assert not SOFT & {
        "slot-taken",
        "storage-full",
        "closed",
        "off-the-quay",
        "full",
        "starts-in-the-past",
        "not-bookable",
    }


async def test_an_overridden_limit_and_its_reason_stay_on_the_booking(crowd):
    subject = await made(crowd, berth(from_m=0), storage())
    await lower_draught(crowd)
    refused = await shift(crowd, subject, {"from_m": 100}, status=422)
    assert refused["code"] == "draught-exceeded"
    moved = await shift(crowd, subject, {"from_m": 100, "override": override("draught-exceeded", "no-tide")})
    assert moved["overrides"] == [
        {
            "leg": subject["legs"][0]["id"],
            "rules": ["draught-exceeded"],
            "reason": "the channel was sounded this morning",
            "by": moved["overrides"][0]["by"],
            "at": moved["overrides"][0]["at"],
        }
    ]
    told = (await events_of(crowd, subject["id"], role="forwarder"))[-1]["data"]["cause"]
    assert told["override"] == moved["overrides"]
    seen = await crowd.get(f"/v1/bookings/{subject['id']}", role="customs")
    assert "overrides" not in seen.json()
    assert "sounded" not in str((await events_of(crowd, subject["id"], role="customs"))[-1])
    path = f"/v1/bookings/{subject['id']}/amend"
    other = (await crowd.post(path, {"legs": [moved["legs"][0], storage(quantity=7)]}, **{"If-Match": "*"})).json()
    assert other["overrides"] == moved["overrides"]
    again = await crowd.post(path, {"legs": [other["legs"][0] | {"window": window(20)}]}, **{"If-Match": "*"})
    assert (again.status_code, again.json()["code"]) == (422, "draught-exceeded")
    assert await crowd.broken() == {}


async def test_a_limit_that_is_kept_is_not_noted_as_overridden(crowd):
    subject = await made(crowd, berth(from_m=0))
    moved = await shift(crowd, subject, {"from_m": 100, "override": override("draught-exceeded")})
    assert moved["overrides"] is None


async def test_a_free_choice_of_metres_may_exceed_a_limit_too(crowd):
    await lower_draught(crowd)
    body = booking(berth(), hold=False, override=override("draught-exceeded"))
    made_so = await crowd.post("/v1/bookings", await on_behalf(crowd, body), role=GWD)
    assert made_so.status_code == 201, made_so.text
    assert made_so.json()["overrides"][0]["rules"] == ["draught-exceeded"]


@pytest.mark.parametrize(
    ("leg", "vessel", "rules", "code"),
    [
        (berth(from_m=590), None, ["vessel-too-long"], "off-the-quay"),
        (berth(), {"name": "LONG", "loa_m": 600, "beam_m": 28, "draught_m": 9}, ["vessel-too-long"], "vessel-too-long"),
        (berth(from_m=0), DEEP, ["vessel-too-wide"], "draught-exceeded"),
        (storage(quantity=12_001), None, sorted(SOFT), "storage-full"),
        (storage(unit="teu"), None, sorted(SOFT), "unit-not-offered"),
    ],
)
async def test_what_is_not_soft_or_not_named_still_refuses(crowd, leg, vessel, rules, code):
    body = booking(leg, hold=False, override=override(*rules), **({"vessel": vessel} if vessel else {}))
    refused = await crowd.post("/v1/bookings", await on_behalf(crowd, body), role=GWD)
    assert refused.json()["code"] == code


async def test_neither_a_ship_nor_a_closure_is_overridden(crowd):
    await made(crowd, berth(from_m=0))
    body = booking(berth(from_m=100), hold=False, override=override(*sorted(SOFT)))
    refused = await crowd.post("/v1/bookings", await on_behalf(crowd, body), role=GWD)
    assert refused.json()["code"] == "slot-taken"
    for rule in ("slot-taken", "closed", "storage-full", "off-the-quay", "nonsense"):
        body = booking(berth(40), override=override(rule))
        assert (await crowd.post("/v1/bookings", await on_behalf(crowd, body), role=GWD)).status_code == 422


async def test_a_century_of_floor_is_not_a_matter_of_leave(crowd):
    body = booking(storage(length=36_000), override=override("stay-too-long"), hold=False)
    refused = await crowd.post("/v1/bookings", await on_behalf(crowd, body), role=GWD)
    assert refused.json()["code"] == "stay-too-long"


async def test_a_forwarder_overrides_nothing(crowd):
    refused = await crowd.post("/v1/bookings", booking(berth(), override=override("draught-exceeded")))
    assert (refused.status_code, refused.json()["code"]) == (403, "override-is-for-operators")
