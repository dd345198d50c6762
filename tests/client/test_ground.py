"""What an operator reports of ships and goods whose time has come."""

from tests.asking import berth
from tests.bookings.on_the_ground import begun


async def test_a_ship_arrives_and_sails(shells, crowd):
    there = await begun(crowd, berth(10), hours=3)
    operator = await shells("operator_pkgwd")
    report = {"leg": there["legs"][0]["id"]}
    assert (await operator.arrive(there["id"], report, version=there["version"]))["state"] == "arrived"
    assert (await operator.complete(there["id"], {**report, "reason": "early"}))["state"] == "completed"


async def test_a_ship_that_never_came_is_reported(shells, crowd):
    there = await begun(crowd, berth(10), hours=30)
    operator = await shells("operator_pkgwd")
    assert (await operator.no_show(there["id"], {"leg": there["legs"][0]["id"]}))["state"] == "no_show"
