"""A plan for many bookings asks the database no more often than one for few."""

import pytest

from tests.asking import SMALL_SHIP, berth, storage
from tests.closures.closing import closure
from tests.counting import rehearsed

MOST = 40


async def touched(port, days: float, many: int) -> None:
    """So many ships within four days, six abreast; every third has goods that follow it."""
    for nth in range(many):
        day = days + nth // 6 * 1.5
        goods = [storage(day + 1, quantity=100, length=3)] if nth % 3 == 0 else []
        await port.booked(berth(day, hours=24, from_m=nth % 6 * 100), *goods, vessel=SMALL_SHIP)


@pytest.mark.parametrize("on_conflict", ["refuse", "displace", "move"])
async def test_a_preview_asks_as_often_for_twelve_bookings_as_for_three(port, monkeypatch, on_conflict):
    asked = rehearsed(monkeypatch)
    counts = {}
    for many, days in ((3, 10), (12, 40)):
        await touched(port, days, many)
        asked.clear()
        body = closure(days, 96, on_conflict=on_conflict, tolerance="P10D")
        plan = await port.preview(body)
        assert plan["totals"]["bookings"] == many
        counts[many] = len(asked)
    assert counts[3] == counts[12] <= MOST, counts
