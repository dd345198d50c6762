"""What becomes of a booking: confirmed, extended, cancelled, and expired when nobody came back for it.

Everyone keeps one order of locks: idempotency key, booking, places. What is decided on is read after the lock.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.auth import Forwarder, Operator
from service.bookings import queries
from service.bookings.queries import Standing, ground
from service.bookings.rules import (
    Action,
    BookingNotFound,
    HoldAtItsLongest,
    HoldEndsSooner,
    HoldExpired,
    State,
    require,
)
from service.database import Tx
from service.errors import Fault, Outdated
from service.events.operations import Answer, Once, once


class BookingChanged(Outdated):
    """The booking has changed since you read it.

    `version` is what it is now. Read it again, and send its new ETag with `If-Match`.
    """


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of one booking, and the version it was asked of (None: any)."""

    booking_id: str
    version: int | None
    request: Once


async def confirm(tx: Tx, wish: Wish, *, by: Forwarder) -> Answer:
    """Make a reservation hold firm, or a request that waits for the operator where a place asks for approval.

    Raises HoldExpired if the hold has lapsed by the database's clock, read after the places were locked.
    """

    async def act() -> int:
        booking = await taken_up(tx, wish, by, Action.CONFIRM)
        await queries.lock_places(tx, booking.places)
        terms = await queries.terms(tx, booking.places)
        lapses = None if terms.pending_for is None else min(booking.at + terms.pending_for, booking.first_end)
        await keep_claims(tx, booking, lapses)
        state = State.CONFIRMED if lapses is None else State.PENDING
        if state is State.PENDING:
            await ground.ask_for_approval(tx, booking.number)
        return await become(tx, booking, state, lapses, by=by.organisation_id)

    return await once(tx, wish.request, act)


async def extend_hold(tx: Tx, wish: Wish, *, by: Forwarder, until: datetime | None) -> Answer:
    """Let a reservation hold live longer: to `until`, or as far as one extension goes; never past its longest life."""

    async def act() -> int:
        booking = await taken_up(tx, wish, by, Action.EXTEND_HOLD)
        await queries.lock_places(tx, booking.places)
        lapses = _extended(booking, (await queries.terms(tx, booking.places)).hold_for, until)
        await keep_claims(tx, booking, lapses)
        return await become(tx, booking, State.HELD, lapses, by=by.organisation_id, type_="booking.hold-extended")

    return await once(tx, wish.request, act)


async def cancel(tx: Tx, wish: Wish, *, by: Forwarder, reason: str | None) -> Answer:
    """Give the berth and the floor back."""

    async def act() -> int:
        booking = await taken_up(tx, wish, by, Action.CANCEL)
        await queries.lock_places(tx, booking.places)
        # It may have lapsed while the places were waited for; what has once read `expired` stays so.
        booking = await queries.standing(tx, booking.number)
        refuse_lapsed(booking)
        await queries.give_back(tx, booking.number)
        cause = {"reason": reason} if reason else None
        return await become(tx, booking, State.CANCELLED, None, by=by.organisation_id, cause=cause)

    return await once(tx, wish.request, act)


async def expire_one(tx: Tx) -> bool:
    """Tell the world of one booking that has lapsed, and free what nobody has reclaimed. False: there is none."""
    booking = await queries.next_lapsed(tx)
    if booking is None:
        return False
    await queries.lock_places(tx, booking.places)
    await queries.give_back(tx, booking.number)
    before = json.dumps(json.loads(booking.shown) | {"state": booking.stored})  # by now it reads `expired`
    await become(tx, replace(booking, shown=before), State.EXPIRED, booking.expires_at, by="service")
    return True


async def taken_up(tx: Tx, wish: Wish, by: Forwarder | Operator, action: Action) -> Standing:
    """Lock the booking and give it, if it may be asked for this now: by its owner, or at a facility of its own."""
    if isinstance(by, Operator):
        booking = await ground.locked_at(tx, wish.booking_id, sorted(by.facilities))
    else:
        booking = await queries.locked(tx, wish.booking_id, by.organisation_id)
    if booking is None:
        raise BookingNotFound
    refuse_lapsed(booking)
    if wish.version not in (None, booking.version):
        raise BookingChanged(version=booking.version)
    require(action, booking.state)
    return booking


def refuse_lapsed(booking: Standing) -> None:
    """Let a booking pass that has not lapsed; else HoldExpired."""
    if booking.state is State.EXPIRED:
        raise HoldExpired(expires_at=booking.expires_at)


async def keep_claims(tx: Tx, booking: Standing, lapses: datetime | None) -> None:
    """Move the lapse of all claims; fewer than legs means that some have lapsed while the locks were waited for."""
    if await queries.firm_up(tx, booking.number, lapses) != booking.legs:
        raise HoldExpired(expires_at=booking.expires_at)


def _extended(booking: Standing, hold_for: timedelta, until: datetime | None) -> datetime:
    """Give when an extended hold lapses; refuse what would go past its longest life, or would make it shorter."""
    longest, now = booking.hold_until, booking.expires_at
    assert longest is not None and now is not None  # noqa: S101, PT018  a held booking has both: a CHECK says so
    lapses = until or min(booking.at + hold_for, longest)
    if until is not None and until <= now:
        fault = Fault("/until", "hold-ends-sooner", "The hold lasts longer than that already.")
        raise HoldEndsSooner(faults=[fault], expires_at=now)
    if lapses > longest or lapses <= now:
        raise HoldAtItsLongest(hold_until=longest, expires_at=now)
    return lapses


async def become(
    tx: Tx,
    booking: Standing,
    state: State,
    lapses: datetime | None,
    *,
    by: str,
    type_: str | None = None,
    cause: Mapping[str, object] | None = None,
) -> int:
    """Store what has become of a booking, and record it as one event, whose id it gives."""
    await queries.store(tx, booking.number, state, lapses)
    why = None if cause is None else json.dumps(dict(cause))
    return await queries.record(
        tx, booking.number, type_ or f"booking.{state}", by=by, previous=booking.shown, cause=why
    )
