"""What waits for operators: a request, or a change beside a booking. Each facility that asks says yes, or one says no.

The booking's row is locked first and what is decided on is read after that: of two operators at once one decides, and
the other finds it decided.
"""

from service.auth import Operator
from service.bookings import queries
from service.bookings.operations import changes
from service.bookings.operations.life import Wish, become, keep_claims, refuse_lapsed, taken_up
from service.bookings.queries import Standing, ground
from service.bookings.rules import Action, State
from service.database import Tx
from service.errors import Conflict
from service.events.operations import Answer, once


class NothingAwaited(Conflict):
    """Nothing of this booking waits for your decision.

    `state` is its state, `awaits` the facilities that have yet to decide. Perhaps a colleague was faster.
    """


class AlreadyThere(Conflict):
    """The booking has arrived and can't be declined any more.

    `state` is its state. Only a change that waits for approval can still be declined.
    """


async def approve(tx: Tx, wish: Wish, *, by: Operator, reason: str | None) -> Answer:
    """Say yes for all facilities of this operator; once nobody is awaited any more the booking, or its change, is firm.

    Raises HoldExpired, or ChangeLapsed, if that has lapsed by the database's clock, read after the places were locked.
    """

    async def act() -> int:
        booking = await taken_up(tx, wish, by, Action.APPROVE)
        left = _left(booking, by)
        cause = {"reason": reason} if reason else None
        if booking.state is not State.PENDING:
            return await changes.approve_change(tx, booking, by=by, cause=cause)
        await ground.await_only(tx, booking.number, left)
        if left:
            return await _approved_in_part(tx, booking, {"reason": reason, "awaits": left}, by)
        await queries.lock_places(tx, booking.places)
        await keep_claims(tx, booking, None)
        return await become(tx, booking, State.CONFIRMED, None, by=by.organisation_id, cause=cause)

    return await once(tx, wish.request, act)


async def decline(tx: Tx, wish: Wish, *, by: Operator, reason: str) -> Answer:
    """Say no: to a change that waits, and the booking stands as it was; else to the booking, and its places are free.

    A request is rejected, a confirmed booking declined, unless somebody has arrived: AlreadyThere.
    """

    async def act() -> int:
        booking = await taken_up(tx, wish, by, Action.DECLINE)
        cause = {"reason": reason}
        if booking.change_expires_at is not None:
            _left(booking, by)
            if booking.change_expires_at <= booking.at:
                raise changes.ChangeLapsed(change_expires_at=booking.change_expires_at)
            return await changes.drop_change(tx, booking, "booking.change-declined", by=by.organisation_id, cause=cause)
        if booking.state is State.ARRIVED:
            raise AlreadyThere(state=booking.state)
        if booking.state is State.PENDING:
            _left(booking, by)
        return await _turned_away(tx, booking, cause, by)

    return await once(tx, wish.request, act)


def _left(booking: Standing, by: Operator) -> list[str]:
    """Give the facilities that are awaited besides those of an operator; NothingAwaited if none of his is."""
    left = [each for each in booking.awaits if each not in by.facilities]
    waits = booking.state is State.PENDING or booking.change_expires_at is not None
    if not waits or left == booking.awaits:
        raise NothingAwaited(state=booking.state, awaits=booking.awaits)
    return left


async def _turned_away(tx: Tx, booking: Standing, cause: dict[str, str], by: Operator) -> int:
    """Free the places of a booking that may not be."""
    await queries.lock_places(tx, booking.places)
    # It may have lapsed while the places were waited for; what has once read `expired` stays so.
    booking = await queries.standing(tx, booking.number)
    refuse_lapsed(booking)
    await queries.give_back(tx, booking.number)
    state = State.REJECTED if booking.state is State.PENDING else State.DECLINED
    return await become(tx, booking, state, None, by=by.organisation_id, cause=cause)


async def _approved_in_part(tx: Tx, booking: Standing, cause: dict[str, object], by: Operator) -> int:
    return await become(
        tx, booking, booking.state, booking.expires_at, by=by.organisation_id, type_="booking.approved", cause=cause
    )
