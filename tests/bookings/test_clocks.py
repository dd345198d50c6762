"""Clocks of goods on a floor: free days, transit, stay in the zone; each that runs out is told once, to the second."""

from datetime import timedelta

from service.bookings.jobs import tell_clocks
from tests.asking import rfc, storage
from tests.bookings.on_the_ground import begun, events_of, report, time_passes
from tests.bookings.test_ground import now

DAY = timedelta(days=1)
KARACHI = "PKKHI-KTA-W1"


async def goods(
    crowd, *, days: float, warehouse: str = KARACHI, quantity: int = 100, regime: str | None = None, **more
):
    """Goods that came in so many days ago, all at once."""
    cargo = {"cargo": {"class": "general", "transit_regime": regime}} if regime else {}
    leg = storage(12, warehouse=warehouse, quantity=quantity, length=3)
    there = await begun(crowd, leg, vessel=None, hours=1, **cargo, **more)
    operator = "operator_pkgwd" if warehouse.startswith("PKGWD") else "operator_pkkhi"
    at = rfc(await now(crowd) - timedelta(minutes=30))
    answer = await report(crowd, "gate-in", there, role=operator, at=at)
    assert answer.status_code == 200, answer.text
    await time_passes(crowd, there["id"], days * DAY - timedelta(minutes=30))
    return (await crowd.get(f"/v1/bookings/{there['id']}")).json()


async def told(crowd, of, *, role: str = "admin") -> list[dict]:
    """The causes of a booking's overstays, as somebody sees them."""
    items = await events_of(crowd, of["id"], role=role)
    return [each["data"]["cause"] for each in items if each["type"] == "booking.overstay"]


async def test_goods_that_have_lain_for_longer_than_their_free_days_are_told(crowd, db):
    there = await goods(crowd, days=5.01)
    assert await tell_clocks(db) == 1
    (cause,) = await told(crowd, there)
    (leg,) = there["legs"]
    ran_out_at = (await crowd.sql("SELECT arrived_at + interval '120 h' AS at FROM legs WHERE id = $1", leg["id"]))[0][
        0
    ]
    assert cause == {
        "leg": leg["id"], "clock": "free", "since": leg["arrived_at"], "limit": "P5D", "ran_out_at": rfc(ran_out_at),
        "still_there": 100, "unit": "m2",
    }  # fmt: skip
    assert await tell_clocks(db) == 0
    assert await crowd.broken() == {}
