"""Who stays past the end of a leg: the place stays taken as long as it is needed, and whoever is hit by it is told.

A ship's claim always ends an hour and the turnaround from now at least, or where the next claim on its metres begins:

    booked     ├──── stay ────┤ turnaround ┤
    now                           ┊
    claim      ├─────────────────────────────────────────┤      an hour and a turnaround after now
    next                                      ├───              ... but never into the next one, which is hit

Goods take the local days up to today, if the floor has room for them; else whoever is to come on these days is hit.
"""

import json
from collections.abc import Mapping

from service.availability import closed_by_day, pools_of
from service.bookings import queries
from service.bookings.queries import overstay
from service.bookings.queries.overstay import Goods, Ship
from service.clock import utc
from service.database import Tx
from service.ports.queries import rules_of
from service.ports.queries.locking import clear_places


async def keep_ship(tx: Tx, number: int, nth: int) -> bool:
    """Let the claim of a ship grow, and tell whom it hits. False: nothing to do, or one of them is busy just now."""
    ship = await overstay.ship(tx, number, nth)
    if ship is None or not (ship.can_grow or _news(ship)):
        return False
    locked = {number, *ship.hit}
    if not await overstay.lock(tx, sorted(locked)):
        return False
    await clear_places(tx, [ship.place_id])
    ship = await overstay.ship(tx, number, nth)
    # Somebody may have booked in between: his booking is not locked, and comes with the next look.
    if ship is None or not locked.issuperset(ship.hit):
        return False
    until = await overstay.grow_claim(tx, number, nth, ship.target)
    await _tell(tx, number, nth, ship, utc(until))
    return True


async def keep_goods(tx: Tx, number: int, nth: int) -> bool:
    """Take the days up to today for goods that lie there still; StorageFull if the floor has no room for them."""
    if not await overstay.lock(tx, [number]):
        return False
    goods = await overstay.goods_of(tx, number, nth)
    if goods is None:
        return False
    await clear_places(tx, [goods.place_id])
    (place,) = await rules_of(tx, [goods.place])
    floor = place.warehouse
    closed = closed_by_day(floor, goods.first_on, goods.last_on) if floor.closures else None
    await overstay.take_days(tx, number, nth, goods, closed=closed, pools=pools_of(floor, goods.owner))
    await _tell(tx, number, nth, goods, goods.last_on.isoformat(), hit={})
    return True


async def tell_of_goods(tx: Tx, number: int, nth: int) -> bool:
    """Tell whom goods hit that lie on a full floor. False: it has been told, or one of them is busy just now."""
    goods = await overstay.goods_of(tx, number, nth)
    if goods is None or not _news(goods):
        return False
    locked = {number, *goods.hit}
    if not await overstay.lock(tx, sorted(locked)):
        return False
    goods = await overstay.goods_of(tx, number, nth)
    if goods is None or not locked.issuperset(goods.hit):
        return False
    await _tell(tx, number, nth, goods, goods.first_on.isoformat())
    return True


def _news(stays: Ship | Goods) -> bool:
    return stays.told is None or set(stays.told) != set(stays.hit.values())


async def _tell(
    tx: Tx, number: int, nth: int, stays: Ship | Goods, until: str, *, hit: dict[int, str] | None = None
) -> None:
    """Record the overstay, the first time and whenever it hits others than before; and tell each that is newly hit.

    `until` is how far the place is taken for it now. Whoever is hit is not told who is in the way.
    """
    hit = stays.hit if hit is None else hit
    if stays.told is not None and set(stays.told) == set(hit.values()):
        return
    await overstay.note(tx, number, nth)
    cause = {"leg": stays.leg_id, "clock": "window", "hits": list(hit.values()), "until": until}
    await record_as_it_is(tx, number, "booking.overstay", cause)
    for other in (other for other, id_ in hit.items() if id_ not in (stays.told or ())):
        legs = await overstay.legs_hit(tx, other, stays.place_id)
        await record_as_it_is(tx, other, "booking.hindered", {"legs": legs, "reason": "overstay", "until": until})


async def record_as_it_is(tx: Tx, number: int, type_: str, cause: Mapping[str, object]) -> None:
    """Record what changes nothing of a booking itself."""
    as_it_is = await queries.shown(tx, number)
    await queries.record(tx, number, type_, by="service", previous=as_it_is, cause=json.dumps(dict(cause)))
