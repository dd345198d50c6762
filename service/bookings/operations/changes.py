"""The change that waits for approval beside a booking: approved, declined, lapsed. Until then both slots are safe."""

import json
from collections.abc import Mapping

from service.auth import Operator
from service.bookings import queries
from service.bookings.queries import Standing, changes, ground
from service.database import Tx
from service.errors import Conflict
from service.ports.queries.locking import clear_places


class ChangeLapsed(Conflict):
    """The change that waited for approval has lapsed; the booking stands as it was.

    `change_expires_at` says when, `server_time` what the service's clock says now. Its owner may ask again.
    """


async def approve_change(tx: Tx, booking: Standing, *, by: Operator, cause: Mapping[str, object] | None) -> int:
    """Say yes to a waiting change for all facilities of an operator; once nobody is awaited any more it is done.

    The booking's row is locked. Raises ChangeLapsed if the change has lapsed by the database's clock, read after the
    places were locked. Gives the id of the event.
    """
    booking = await _cleared(tx, booking)
    if booking.change_expires_at is None or booking.change_expires_at <= booking.at:
        raise ChangeLapsed(change_expires_at=booking.change_expires_at)
    left = [facility for facility in booking.awaits if facility not in by.facilities]
    if not left:
        return await changes.settle_change(tx, booking.number, by=by.organisation_id, cause=_text(cause))
    await ground.await_only(tx, booking.number, left)
    await queries.store(tx, booking.number, booking.state, booking.expires_at)
    why = json.dumps({**(cause or {}), "awaits": left})
    return await queries.record(
        tx, booking.number, "booking.approved", by=by.organisation_id, previous=booking.shown, cause=why
    )


async def drop_change(
    tx: Tx, booking: Standing, type_: str, *, by: str, cause: Mapping[str, object] | None = None
) -> int:
    """Give back what a waiting change holds and forget it; the booking stands as it was.

    The booking's row is locked. Gives the id of the event, which is of this type.
    """
    booking = await _cleared(tx, booking)
    return await changes.drop_change(tx, booking.number, type_, by=by, cause=_text(cause))


async def lapse_one_change(tx: Tx) -> bool:
    """Tell the world of one waiting change that has lapsed, and free what it held. False: there is none."""
    booking = await changes.next_lapsed_change(tx)
    if booking is None:
        return False
    await drop_change(tx, booking, "booking.change-lapsed", by="service")
    return True


async def _cleared(tx: Tx, booking: Standing) -> Standing:
    """Lock and clear the places of a booking and of its change, and give it as it stands then."""
    await clear_places(tx, booking.places)
    return await queries.standing(tx, booking.number)


def _text(cause: Mapping[str, object] | None) -> str | None:
    return None if cause is None else json.dumps(dict(cause))
