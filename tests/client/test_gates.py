"""Goods through the gate, as an operator reports them with the client."""

import pytest

from slotway_client import Refused
from tests.asking import storage
from tests.bookings.on_the_ground import begun


async def test_goods_come_in_and_go_out_in_parts(shells, crowd):
    there = await begun(crowd, storage(12, quantity=100), vessel=None, hours=50)
    operator = await shells("operator_pkgwd")
    report = {"leg": there["legs"][0]["id"]}
    inside = (await operator.gate_in(there["id"], {**report, "quantity": 60}))["legs"][0]
    assert (inside["gated_in"], inside["gated_out"]) == (60, 0)
    outside = (await operator.gate_out(there["id"], {**report, "quantity": 25}))["legs"][0]
    assert (outside["gated_in"], outside["gated_out"]) == (60, 25)
    with pytest.raises(Refused, match="409"):
        await operator.gate_out(there["id"], {**report, "quantity": 36})
