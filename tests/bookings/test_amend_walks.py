"""Random walks of bookings on one floor that asks for approval of changes, against a plain model of who holds what.

A booking holds its quantity on each of its days; while a change of it waits, the larger of what it has and what it would
have. An amendment can be had if and only if that fits beside all others.
"""

import random
from dataclasses import dataclass, field

import pytest

from service.bookings.jobs import lapse_changes
from tests.asking import storage
from tests.bookings.on_the_ground import asks_approval, made
from tests.bookings.test_amend_approval import decide, lapse_change
from tests.bookings.test_shift import GWD

CAPACITY, DAYS = 12_000, range(10, 24)


@dataclass
class Goods:
    """What one booking has, and what the change that waits would make of it: (quantity, first day, days) of each leg."""

    shown: dict
    legs: list[tuple[int, int, int]]
    change: list[tuple[int, int, int]] | None = None

    @staticmethod
    def load(legs, day: int) -> int:
        # A stay of n whole days from midnight UTC touches one local day more at Gwadar.
        return sum(quantity for quantity, first, days in legs if first <= day <= first + days)

    def holds(self, day: int, change=None) -> int:
        return max(self.load(self.legs, day), self.load(change or self.change or [], day))


@dataclass
class Floor:
    """The floor as it should be."""

    standing: dict[str, Goods] = field(default_factory=dict)

    def fits(self, booking_id: str, legs) -> bool:
        others = [goods for each, goods in self.standing.items() if each != booking_id]
        own = self.standing[booking_id]
        return all(sum(each.holds(day) for each in others) + own.holds(day, legs) <= CAPACITY for day in DAYS)


def asked(legs):
    return [storage(first, quantity=quantity, length=days) for quantity, first, days in legs]


def some_legs(chance: random.Random):
    return [
        (chance.choice([500, 2000, 4000, 7000]), chance.randrange(10, 18), chance.randrange(1, 5))
        for _ in range(chance.choice([1, 1, 2]))
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_a_floor_is_what_the_model_says_after_any_walk(crowd, db, seed):
    chance, floor = random.Random(seed), Floor()
    for _ in range(4):
        legs = [(1500, chance.randrange(10, 18), chance.randrange(1, 5))]
        shown = await made(crowd, *asked(legs), vessel=None)
        floor.standing[shown["id"]] = Goods(shown, legs)
    await asks_approval(crowd, "PKGWD-FZS-W1")
    for _ in range(40):
        booking_id = chance.choice([*floor.standing])
        goods = floor.standing[booking_id]
        step = chance.choice(["amend", "amend", "approve", "decline", "lapse"])
        if step == "amend":
            await amended(crowd, floor, booking_id, some_legs(chance), chance)
        elif goods.change is not None and step == "lapse":
            await lapse_change(crowd, goods.shown)
            assert await lapse_changes(db) == 1
            goods.change = None
        elif goods.change is not None:
            answer = await decide(crowd, step, goods.shown, role=GWD)
            assert answer.status_code == 200, answer.text
            goods.legs, goods.change = goods.change if step == "approve" else goods.legs, None
        assert await crowd.broken() == {}
        await as_the_model_says(crowd, floor)


async def amended(crowd, floor: Floor, booking_id: str, legs, chance: random.Random) -> None:
    goods = floor.standing[booking_id]
    before = (await crowd.get(f"/v1/bookings/{booking_id}")).json()
    wish = asked(legs)
    if chance.random() < 0.5:
        wish[0]["id"] = before["legs"][0]["id"]
    answer = await crowd.post(f"/v1/bookings/{booking_id}/amend", {"legs": wish}, **{"If-Match": "*"})
    if floor.fits(booking_id, legs):
        assert answer.status_code == 200, answer.text
        goods.change = legs if answer.json()["change"] else None
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "storage-full")
        assert (await crowd.get(f"/v1/bookings/{booking_id}")).json() == before


async def as_the_model_says(crowd, floor: Floor) -> None:
    rows = await crowd.sql("SELECT booking, leg, change, days, quantity FROM storage_claims")
    numbers = {row["id"]: row["number"] for row in await crowd.sql("SELECT id, number FROM bookings")}
    taken = sum(row["quantity"] * (row["days"].upper - row["days"].lower).days for row in rows)
    assert taken == sum(goods.holds(day) for goods in floor.standing.values() for day in DAYS)
    for booking_id, goods in floor.standing.items():
        own = sum(
            row["quantity"] * (row["days"].upper - row["days"].lower).days
            for row in rows
            if row["booking"] == numbers[booking_id] and not row["change"]
        )
        assert own == sum(goods.load(goods.legs, day) for day in DAYS)
