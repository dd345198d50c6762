"""Closures of several places at once: a booking that has a ship at one and goods at another is seen at both."""

import pytest

from tests.asking import ahead, berth, storage, window
from tests.closures.closing import closure

FLOOR = "PKGWD-FZS-W1"
CLAIMS = """
    SELECT booking FROM storage_claims c JOIN places p ON p.id = c.place_id
    WHERE p.code = 'PKGWD-FZS-W1' AND c.days && daterange($1::date, $2::date)
    UNION ALL
    SELECT booking FROM berth_claims c JOIN places p ON p.id = c.place_id
    WHERE p.code = 'PKGWD-MPT' AND c.metres && int4range(0, 100) AND c.during && tstzrange($3, $4)"""


def both(on_conflict: str, **more) -> dict:
    places = [{"quay": "PKGWD-MPT", "from_m": 0, "to_m": 100}, {"warehouse": FLOOR, **more}]
    return closure(10, 24 * 10, places=places, on_conflict=on_conflict, tolerance="P30D")


@pytest.mark.parametrize("on_conflict", ["move", "displace"])
async def test_of_a_quay_and_a_floor_closed_together_nothing_is_left_on_either(port, crowd, on_conflict):
    made = await port.booked(berth(10, hours=24, from_m=0), storage(11, quantity=1_000, length=5))
    closed = await port.done(both(on_conflict))
    assert {each["leg"] for each in closed["touched"]} == {leg["id"] for leg in made["legs"]}
    days = ahead(10).date(), ahead(20).date()
    assert await crowd.sql(CLAIMS, *days, ahead(10), ahead(20)) == []
    state = (await port.booking(made["id"]))["state"]
    assert state == ("confirmed" if on_conflict == "move" else "displaced")
    assert await crowd.broken() == {}


async def test_goods_of_a_ship_that_is_moved_anyway_make_room_before_others_do(port, crowd):
    """12,000 m2, of which 5,000 and 5,000 are taken: the first to book has the ship that must go."""
    first = await port.booked(berth(10, hours=24, from_m=0), storage(11, quantity=5_000, length=5))
    second = await port.goods(11, quantity=5_000)
    closed = await port.done(both("displace", quantity=5_000))
    assert {each["booking"] for each in closed["touched"]} == {first["id"]}
    assert (await port.booking(second["id"]))["state"] == "confirmed"
    assert await crowd.broken() == {}


async def test_goods_on_two_floors_displaced_for_one_make_room_on_the_other(port, crowd):
    """Of 12,000 m2, 5,000 and 5,000 are taken: the first to book has goods on the smaller floor too, which closes."""
    legs = (storage(11, quantity=700, length=5, warehouse="PKGWD-FZS-H1"), storage(11, quantity=5_000, length=5))
    first, second = await port.booked(*legs, vessel=None), await port.goods(11, 5_000)
    places = [{"warehouse": "PKGWD-FZS-H1"}, {"warehouse": FLOOR, "quantity": 5_000}]
    closed = await port.done(closure(10, 24 * 10, places=places, on_conflict="displace"))
    assert {each["booking"] for each in closed["touched"]} == {first["id"]}
    assert (await port.booking(second["id"]))["state"] == "confirmed"
    assert await crowd.broken() == {}


async def test_nobody_goes_in_vain_from_a_floor_that_is_looked_at_before_the_one_for_which_another_goes(port, crowd):
    """Half of H1 and part of W1 close: the second to book goes for W1, and leaves the third his room at H1."""
    hall = "PKGWD-FZS-H1"
    half = (
        await crowd.sql("SELECT w.capacity FROM warehouses w JOIN places p ON p.id = place_id WHERE code = $1", hall)
    )[0]["capacity"] // 2
    in_hall = storage(11, quantity=half, length=5, warehouse=hall)
    await port.goods(11, quantity=6_000, length=5)
    second = await port.booked(storage(11, quantity=6_000, length=5), in_hall, vessel=None)
    await port.booked(in_hall, vessel=None)
    places = [{"warehouse": hall, "quantity": half}, {"warehouse": FLOOR, "quantity": 5_000}]
    closed = await port.done(closure(10, 24 * 10, places=places, on_conflict="displace"))
    assert {each["booking"] for each in closed["touched"]} == {second["id"]}
    assert await crowd.broken() == {}


async def test_a_closure_over_the_berth_alone_leaves_the_goods(port):
    made = await port.booked(berth(10, hours=24, from_m=0), storage(30, quantity=1_000, length=5))
    closed = await port.done(both("move"))
    assert [each["leg"] for each in closed["touched"]] == [made["legs"][0]["id"]]
    assert (await port.booking(made["id"]))["legs"][1] == made["legs"][1]
    assert window(30, 120) == made["legs"][1]["window"]
