"""What happens on the ground, as the operator reports it of each leg: arrived, completed, or nobody came.

The worker finds those who have not come by itself. Whoever leaves early gives back what he no longer needs at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.auth import Operator
from service.bookings import queries
from service.bookings.operations import changes
from service.bookings.operations.discrepancies import tell_left
from service.bookings.operations.life import Wish, become, taken_up
from service.bookings.queries import Standing, customs, gates, ground
from service.bookings.queries.gates import Move
from service.bookings.queries.ground import Leg
from service.bookings.rules import STANDING, Action, LegState, require_leg, state_of
from service.clock import utc
from service.database import Tx
from service.errors import Conflict, Fault, NotFound, Unfit
from service.events.operations import Answer, once


class LegNotFound(NotFound):
    """The booking has no such leg at your facilities.

    `legs` of the booking have their ids. What happens to a leg is for the operator of its own place to report.
    """


class LegNotBegun(Conflict):
    """The leg's window has not begun.

    `starts_at` says when it does. If the ship or the cargo is there before its time, shift the leg first.
    """


class NoShowTooEarly(Conflict):
    """It is too early to say that nobody comes.

    `not_before` is the place's grace after the start, or the end of the window if that is earlier.
    """


class NotYetPast(Unfit):
    """What is reported lies in the future.

    `server_time` is the service's clock. Report a thing when it has happened; `at` left out is now.
    """


class LeftBeforeArrival(Unfit):
    """The leg would end before it arrived.

    `arrived_at` is the arrival that was reported.
    """


class CustomsHoldOpen(Conflict):
    """Customs holds these goods: they may not leave.

    `holds` lists the customs references under which they travel and the codes of the holds that are open on each. Only
    customs can release them; then report it again.
    """


@dataclass(frozen=True, slots=True)
class Happened:
    """What is reported of a leg: when it happened (None: now), and what is to be remembered of it."""

    leg: str
    at: datetime | None = None
    reason: str | None = None

    def cause(self, at: datetime, goods: int | None = None, unit: str | None = None) -> dict[str, object]:
        """Give what the event says of why: of goods also how much."""
        said: dict[str, object] = {"leg": self.leg, "at": utc(at), "reason": self.reason}
        return said if unit is None else said | {"quantity": goods, "unit": unit}


async def arrive(tx: Tx, wish: Wish, happened: Happened, *, by: Operator) -> Answer:
    """Note that a ship is alongside, or goods are in. LegNotBegun before the window: shift the leg first."""

    async def act() -> int:
        booking, leg, at = await at_hand(tx, wish, happened, Action.ARRIVE, by)
        refuse_early(leg, at)
        booking = await without_change(tx, booking, leg, LegState.ARRIVED, by=by.organisation_id)
        if leg.kind == "storage":
            await gates.add(tx, booking.number, leg.nth, Move(at, leg.to_come))
        cause = happened.cause(at, leg.to_come, leg.unit)
        return await note(
            tx, booking, leg, LegState.ARRIVED, at, type_="booking.arrived", cause=cause, by=by.organisation_id
        )

    return await once(tx, wish.request, act)


async def complete(tx: Tx, wish: Wish, happened: Happened, *, by: Operator) -> Answer:
    """Note that a ship has sailed, or all goods are out; what was booked beyond that is free at once.

    A quay is free after the turnaround that was booked with the stay, a floor from the next local day on. Goods that
    customs holds stay: CustomsHoldOpen.
    """

    async def act() -> int:
        booking, leg, at = await at_hand(tx, wish, happened, Action.COMPLETE, by)
        if leg.arrived_at is not None and at < leg.arrived_at:
            raise misdated(LeftBeforeArrival, "The leg arrived after that.", arrived_at=leg.arrived_at)
        booking = await without_change(tx, booking, leg, LegState.COMPLETED, by=by.organisation_id)
        await queries.lock_places(tx, [leg.place_id])
        if leg.kind == "storage":
            await let_out(tx, booking, leg, Move(at, leg.there, leg.free_on(at)), over=True)
        else:
            await ground.end_claims(tx, booking.number, leg.nth, at + (leg.turnaround or timedelta(0)), None)
        cause = happened.cause(at, leg.there, leg.unit)
        return await note(
            tx, booking, leg, LegState.COMPLETED, leg.last_left(at),
            type_="booking.completed", cause=cause, by=by.organisation_id,
        )  # fmt: skip

    return await once(tx, wish.request, act)


async def let_out(tx: Tx, booking: Standing, leg: Leg, move: Move, *, over: bool) -> None:
    """Store that goods have left, unless customs holds them or they left before they came, and free their floor.

    `over`: nothing is there or to come any more, and all that was booked beyond that is free. Their place is locked.
    """
    await _refuse_held(tx, booking.number)
    if move.quantity and await gates.add(tx, booking.number, leg.nth, move) < 0:
        raise misdated(LeftBeforeArrival, "So much had not come by then.", arrived_at=leg.arrived_at)
    free_on = leg.free_on(leg.last_left(move.at))
    # What is reported last may have left first: the others have their floor until they left.
    if move.quantity and move.frees_on and not (over and move.frees_on == free_on):
        await gates.give_part(tx, booking.number, leg.nth, move.quantity, move.frees_on)
    if over:
        await ground.end_claims(tx, booking.number, leg.nth, None, free_on)


async def _refuse_held(tx: Tx, number: int) -> None:
    """Refuse to let goods go that customs holds; a hold that comes at this moment waits, and finds them gone."""
    held = [each for each in await customs.locked_references(tx, number) if each.holds]
    if held:
        raise CustomsHoldOpen(holds=[{"reference": each.named, "hold_codes": each.holds} for each in held])


async def no_show(tx: Tx, wish: Wish, happened: Happened, *, by: Operator) -> Answer:
    """Note that nobody came; the place is free at once. NoShowTooEarly within the place's grace."""

    async def act() -> int:
        booking, leg, at = await at_hand(tx, wish, happened, Action.NO_SHOW, by)
        if at < leg.no_show_from:
            raise NoShowTooEarly(not_before=leg.no_show_from)
        return await _gone(tx, booking, leg, at, happened, by=by.organisation_id)

    return await once(tx, wish.request, act)


async def find_one_no_show(tx: Tx) -> bool:
    """Free one leg that nobody has come to in time, and tell the world. False: there is none."""
    found = await ground.next_no_show(tx)
    if found is None:
        return False
    number, leg_id = found
    booking = await queries.standing(tx, number)
    leg = await ground.leg(tx, number, leg_id, None)
    # Between the look and the lock an operator may have reported something else.
    if leg is None or leg.state is not LegState.PLANNED or booking.at < leg.no_show_from:
        return True
    await _gone(tx, booking, leg, booking.at, Happened(leg.id), by="service")
    return True


async def at_hand(
    tx: Tx, wish: Wish, happened: Happened, action: Action, by: Operator
) -> tuple[Standing, Leg, datetime]:
    """Lock the booking; give it with the leg, if this may be reported of it, and the moment it happened."""
    booking = await taken_up(tx, wish, by, action)
    leg = await ground.leg(tx, booking.number, happened.leg, sorted(by.facilities))
    if leg is None:
        raise LegNotFound
    require_leg(action, leg.state)
    if happened.at is not None and happened.at > booking.at:
        raise misdated(NotYetPast, "This moment is still to come.", server_time=booking.at)
    return booking, leg, happened.at or booking.at


def refuse_early(leg: Leg, at: datetime) -> None:
    """Let pass what has happened within a leg's window; before it: LegNotBegun."""
    if at < leg.starts_at:
        raise LegNotBegun(starts_at=leg.starts_at)


def misdated(refusal: type[Unfit], message: str, **members: object) -> Unfit:
    """Give the refusal of a moment that does not fit."""
    return refusal(message, faults=[Fault("/at", refusal.code(), message)], **members)


async def _gone(tx: Tx, booking: Standing, leg: Leg, at: datetime, happened: Happened, *, by: str) -> int:
    booking = await without_change(tx, booking, leg, LegState.NO_SHOW, by=by)
    await queries.lock_places(tx, [leg.place_id])
    await ground.end_claims(tx, booking.number, leg.nth, None, None)
    return await note(tx, booking, leg, LegState.NO_SHOW, at, type_="booking.no-show", cause=happened.cause(at), by=by)


async def without_change(tx: Tx, booking: Standing, leg: Leg, state: LegState, *, by: str) -> Standing:
    """Drop a waiting change that would move just this leg, or any once the booking is over. Gives the booking then."""
    over = state_of([state, *leg.others]) not in STANDING
    if booking.change_expires_at is None or not (over or leg.to_change):
        return booking
    await changes.drop_change(
        tx, booking, "booking.change-lapsed", by=by, cause={"leg": leg.id, "reason": f"the leg is {state}"}
    )
    return await queries.standing(tx, booking.number)


async def note(
    tx: Tx,
    booking: Standing,
    leg: Leg,
    state: LegState,
    at: datetime,
    *,
    type_: str,
    cause: Mapping[str, object],
    by: str,
    found: Sequence[str] = (),
) -> int:
    """Store what has happened to a leg and what that makes of the booking, and record one event; gives its id."""
    if state is not leg.state:
        await ground.store_leg(tx, booking.number, leg.nth, state, at)
    now = state_of([state, *leg.others])
    event_id = await become(tx, booking, now, None, by=by, type_=type_, cause=cause)
    over = state in {LegState.COMPLETED, LegState.NO_SHOW}
    if leg.kind == "storage" and (over or found):
        await tell_left(tx, booking.number, cause, found, by=by)
    return event_id
