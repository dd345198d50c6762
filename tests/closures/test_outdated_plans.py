"""A plan is outdated when another would be made now: not by whatever else changes of a booking."""

from typing import Any

import pytest

from tests.asking import storage, window
from tests.closures.closing import moving, slot


async def amended(port, made: dict[str, Any], **body: Any) -> dict[str, Any]:
    path = f"/v1/bookings/{made['id']}/amend"
    answer = await port.post(path, body, who="forwarder", If_Match=f'"{made["version"]}"')
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    assert after["version"] == made["version"] + 1
    return after


@pytest.mark.parametrize(
    "body",
    [
        {"remark": "fragile"},
        {"contact": {"name": "Aigerim"}},
        {"vessel": {"name": "RENAMED", "loa_m": 90, "beam_m": 15, "draught_m": 5.4}},
    ],
)
async def test_what_makes_no_other_plan_of_it_does_not_spoil_it(port, crowd, body):
    made = await port.ship(from_m=0)
    asked = moving(from_m=0, to_m=150)
    plan = await port.preview(asked)
    await amended(port, made, **body)
    done = await port.applied(asked, plan["plan"])
    assert done["touched"] == plan["touched"]
    now = await port.booking(made["id"])
    assert (slot(now["legs"][0]), now["version"]) == (plan["touched"][0]["to"], 3)
    assert await crowd.broken() == {}


async def test_a_leg_that_is_amended_to_stand_elsewhere_spoils_it(port):
    made = await port.ship(from_m=0)
    asked = moving(from_m=0, to_m=150)
    plan = await port.preview(asked)
    leg = made["legs"][0]
    moved = {name: leg[name] for name in ("kind", "id", "quay")} | {"from_m": 10, "window": window(10, 25)}
    after = await amended(port, made, legs=[moved])
    outdated = await port.post("/v1/closures", asked, If_Match=f'"{plan["plan"]}"')
    assert (outdated.status_code, outdated.json()["code"]) == (412, "plan-outdated")
    assert outdated.json()["touched"][0]["from"] == slot(after["legs"][0])
    assert outdated.json()["plan"] != plan["plan"]


async def test_a_quantity_that_is_amended_spoils_it(port):
    made = await port.goods(quantity=1_000)
    asked = moving(9, 24 * 20, warehouse="PKGWD-FZS-W1", tolerance="PT1H")
    plan = await port.preview(asked)
    await amended(port, made, legs=[storage(10, quantity=900, length=5) | {"id": made["legs"][0]["id"]}])
    outdated = await port.post("/v1/closures", asked, If_Match=f'"{plan["plan"]}"')
    assert (outdated.status_code, outdated.json()["touched"][0]["from"]["quantity"]) == (412, 900)
