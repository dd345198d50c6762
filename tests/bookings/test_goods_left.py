"""Goods that have left: when all under a customs reference have, and what is counted at more than one gate."""

import pytest

from tests.asking import berth, rfc, storage
from tests.bookings.on_the_ground import begun, events_of, made, report
from tests.bookings.test_gates import fresh, gate, goods
from tests.bookings.test_ground import now


@pytest.mark.parametrize("way", ["cancel", "decline", "amend", "displace"])
async def test_goods_are_gated_out_when_what_was_still_to_come_under_their_reference_is_given_up(crowd, way):
    of = {"type": "TIR", "country": "KZ", "value": fresh()[-18:].upper()}
    there = await goods(crowd, customs_references=[of])
    floors = (storage(20, quantity=10), berth(40), storage(41, quantity=10))
    to_come = await made(crowd, *floors[:1] if way != "amend" else floors[1:], customs_references=[of])
    event = {"event_id": fresh(), "event_time": rfc(await now(crowd)), "reference": of}
    assert (await crowd.post("/v1/customs/events", event | {"event_type": "CUSR"}, role="customs")).status_code == 202
    for through in ("in", "out"):
        await gate(crowd, through, there)
    assert await customs_states(crowd, there) == ["RELEASED"]
    await given_up(crowd, to_come, way)
    assert await customs_states(crowd, there) == ["RELEASED", "GATED_OUT"]
    assert (await customs_states(crowd, to_come))[-1] == ("GATED_OUT" if way == "amend" else "RELEASED")


async def given_up(crowd, of, way: str) -> None:
    """Let goods that were still to come not come any more."""
    path = f"/v1/bookings/{of['id']}"
    if way == "cancel":
        answer = await crowd.post(f"{path}/cancel")
    elif way == "decline":
        answer = await crowd.post(f"{path}/decline", {"reason": "no room"}, role="operator_pkgwd")
    elif way == "amend":
        answer = await crowd.post(f"{path}/amend", {"legs": of["legs"][:1]}, **{"If-Match": "*"})
    else:
        closure = {
            "warehouse": of["legs"][0]["warehouse"], "window": of["legs"][0]["window"], "reason": "the roof leaks",
            "on_conflict": "displace",
        }  # fmt: skip
        plan = (await crowd.post("/v1/closures?validate_only=true", closure, role="operator_pkgwd")).json()["plan"]
        answer = await crowd.post("/v1/closures", closure, role="operator_pkgwd", **{"If-Match": f'"{plan}"'})
    assert answer.status_code in {200, 201}, answer.text


async def test_a_ship_that_comes_under_a_reference_brings_back_no_goods_and_more_goods_do(crowd):
    of = {"type": "TIR", "country": "KZ", "value": fresh()[-18:].upper()}
    there = await goods(crowd, customs_references=[of])
    event = {"event_id": fresh(), "event_time": rfc(await now(crowd)), "reference": of}
    assert (await crowd.post("/v1/customs/events", event | {"event_type": "CUSR"}, role="customs")).status_code == 202
    for through in ("in", "out"):
        await gate(crowd, through, there)
    ship = await made(crowd, berth(40), customs_references=[of])
    assert await customs_states(crowd, ship) == ["GATED_OUT"]
    hold = event | {"event_id": fresh(), "event_type": "HOLD", "hold_code": "A"}
    refused = await crowd.post("/v1/customs/events", hold, role="customs")
    assert (refused.status_code, refused.json()["code"]) == (409, "goods-have-left")
    more = await made(crowd, storage(20, quantity=10), customs_references=[of])
    assert await customs_states(crowd, more) == ["RELEASED"]
    assert (await crowd.post("/v1/customs/events", hold, role="customs")).status_code == 202


async def test_goods_that_may_go_from_one_floor_to_the_next_are_not_counted_at_both_gates(crowd):
    cargo = {"class": "general", "packages": 100, "weight_t": 50}
    legs = (storage(12, quantity=10, length=5), storage(18, quantity=10, length=5, warehouse="PKGWD-FZS-W2"))
    there = await begun(crowd, *legs, vessel=None, cargo=cargo, hours=24 * 8)
    for leg in (0, 1):
        for through in ("gate-in", "gate-out"):
            answer = await report(crowd, through, there, leg, packages=100, gross_weight_t=50)
            assert answer.status_code == 200, answer.text
    told = [each["type"] for each in await events_of(crowd, there["id"])]
    assert "booking.discrepancy" not in told
    assert told.count("booking.gated-out") == 2


async def customs_states(crowd, of) -> list[str]:
    """What customs' events have told of a booking's references, in order."""
    told = [each for each in await events_of(crowd, of["id"]) if each["type"].startswith("customs.")]
    return [each["data"]["current"]["state"] for each in told]
