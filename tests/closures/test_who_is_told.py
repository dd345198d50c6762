"""Who is told of a change of rules: whoever made it of all that it does, each facility of its own bookings alone."""

import json
from datetime import timedelta
from typing import Any

import pytest

from service import clock
from tests.asking import berth, booking, rfc, storage, window
from tests.bookings.on_the_ground import operator_of
from tests.closures.closing import closure
from tests.ports.test_tides import DEEP

ALL, HERE, THERE = "operator_pkkhi", "sapt", "ewn"
OURS, THEIRS = "PKKHI-SAPT", "PKKHI-EWN"  # quays of two terminals, each with the terminal's code


@pytest.fixture
async def karachi(crowd):
    """A port whose operator runs it all, and two of its terminals with an operator of their own besides."""
    notice = {"window": {"start": rfc(clock.now() - timedelta(days=1)), "end": None}, "draught_m": 13, "source": "x"}
    for quay in (OURS, THEIRS):
        answer = await crowd.post("/v1/draught-notices", notice | {"quay": quay, "reference": quay}, role=ALL)
        assert answer.status_code == 201, answer.text
    await operator_of(crowd, HERE, OURS)
    await operator_of(crowd, THERE, THEIRS)
    return crowd


async def ship(crowd, quay: str, *more: dict[str, Any]) -> dict[str, Any]:
    answer = await crowd.post("/v1/bookings", booking(berth(10, quay=quay, hours=24), *more, vessel=DEEP, hold=False))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def told(crowd, role: str, type_: str) -> list[dict[str, Any]]:
    items = (await crowd.get("/v1/events", role=role, limit=500)).json()["items"]
    return [each["data"]["current"] for each in items if each["type"] == type_]


async def test_an_operator_is_told_of_a_closure_at_other_terminals_too_and_only_of_his_own_bookings(karachi):
    ours, theirs = await ship(karachi, OURS), await ship(karachi, THEIRS)
    body = closure(places=[{"quay": OURS}, {"quay": THEIRS}], on_conflict="displace")
    made = await karachi.post("/v1/closures", body, role=ALL, key="once", **{"If-Match": "*"})
    assert made.status_code == 201, made.text
    assert {each["booking"] for each in made.json()["touched"]} == {ours["id"], theirs["id"]}
    for role, own, other in ((HERE, ours, theirs), (THERE, theirs, ours)):
        (said,) = await told(karachi, role, "closure.made")
        assert said["id"] == made.json()["id"]
        assert [each["booking"] for each in said["touched"]] == [own["id"]]
        assert other["id"] not in json.dumps(said)
        assert not {"totals", "plan"} & said.keys()
        assert other["id"] not in (await karachi.get("/v1/events", role=role, limit=500)).text
    assert made.json() in await told(karachi, ALL, "closure.made")
    again = await karachi.post("/v1/closures", body, role=ALL, key="once", **{"If-Match": "*"})
    assert again.text == made.text


async def test_what_concerns_one_terminal_alone_is_one_event(karachi):
    ours = await ship(karachi, OURS)
    body = closure(quay=OURS, on_conflict="displace")
    made = await karachi.post("/v1/closures", body, role=ALL, **{"If-Match": "*"})
    assert [each["booking"] for each in made.json()["touched"]] == [ours["id"]]
    for role in (ALL, HERE):
        assert await told(karachi, role, "closure.made") == [made.json()]
    assert await told(karachi, THERE, "closure.made") == []


async def test_of_a_booking_that_goes_a_terminal_is_told_the_leg_that_was_its_own(karachi):
    """The goods go to a free zone; a notice for the quay that displaces the ship takes them along."""
    made = await ship(karachi, OURS, storage(12, warehouse="PKKHI-KTA-W1", quantity=10))
    notice = {
        "quay": OURS, "window": window(9, 240), "draught_m": 5, "reference": "r", "source": "s", "on_conflict": "displace"
    }  # fmt: skip
    done = await karachi.post("/v1/draught-notices", notice, role=ALL, **{"If-Match": "*"})
    assert [each["leg"] for each in done.json()["touched"]] == [leg["id"] for leg in made["legs"]]
    said = (await told(karachi, HERE, "draught-notice.published"))[-1]
    assert [each["leg"] for each in said["touched"]] == [made["legs"][0]["id"]]
    assert done.json() in await told(karachi, ALL, "draught-notice.published")
