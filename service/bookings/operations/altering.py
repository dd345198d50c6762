"""Altering a booking that stands: read, judged anew, and swapped in one round trip, or left as it was.

forwarder   amend    his booking, until the cut-off; where a place asks for approval the change waits
operator    shift    one leg at his facilities, with a reason
"""

from collections.abc import Awaitable, Callable, Collection

import asyncpg

from service.auth import Operator
from service.bookings.operations.alternatives import Wanted, with_alternatives
from service.bookings.operations.desk import ROUNDS, Desk, answer
from service.bookings.operations.life import BookingChanged, Wish
from service.bookings.operations.plan import codes
from service.bookings.operations.settlements import settled
from service.bookings.operations.swaps import Alteration, Draft, Swap
from service.bookings.queries import Booked, altering
from service.bookings.queries.altering import STALE_BOOKING
from service.bookings.rules import BookingNotFound, HoldExpired, LegState, State, require
from service.capacity.rules import Closed, SlotTaken, StorageFull
from service.database import STALE_RULES, PlaceBusy
from service.errors import Refusal, Unavailable
from service.events.operations import Answer

_Run = Callable[[Callable[..., Awaitable[Booked]], str], Awaitable[Booked]]


async def alter(desk: Desk, wish: Wish, alteration: Alteration, *, rehearsal: bool) -> Answer:
    """Alter a booking, once per idempotency key: all of it or nothing. Two queries if the places' rules are known.

    A booking or a rule that has moved meanwhile is read and judged anew. Raises what the rules of the places refuse;
    SlotTaken, StorageFull and Closed with alternatives: then the old slot stands.
    """
    run = desk.db.rehearse if rehearsal else desk.db.call
    try:
        for _ in range(ROUNDS):
            done = await _try(desk, wish, alteration, run)
            if done is not None:
                return answer(done, wish.request)
        raise PlaceBusy(retry_after=1)
    except Unavailable:
        raise
    except Refusal:
        # A repeated request has its first answer, whatever has become of the booking, the clock and the rules since.
        first = await desk.first_answer(wish.request)
        if first is not None:
            return first
        raise


async def _try(desk: Desk, wish: Wish, alteration: Alteration, run: _Run) -> Booked | None:
    """Judge a booking as it stands by the rules at hand and alter it; None if either has moved meanwhile."""
    draft = await _drafted(desk, wish, alteration)
    named = set(draft.places) | codes(draft.target)
    booking, by = draft.booking, alteration.by
    overriding = alteration.override.rules if alteration.override else ()
    try:
        alteration.refuse(draft)
        settlement = settled(
            booking, draft.target, draft.places,
            may_move=isinstance(by, Operator), overriding=overriding,
        )  # fmt: skip
        swap = Swap(booking, draft.target, settlement, alteration)
        return await run(altering.alter, swap.asked_of_the_guard(wish.request))
    except (SlotTaken, StorageFull, Closed) as refusal:
        if isinstance(refusal, Closed) and await desk.have_moved(named, draft.places):
            return None
        raise await with_alternatives(desk, _sought(draft, overriding), refusal) from None
    except Unavailable:
        raise
    except Refusal:
        if not await desk.have_moved(named, draft.places):
            raise
    except asyncpg.PostgresError as error:
        if error.sqlstate not in {STALE_RULES, STALE_BOOKING}:
            raise
        desk.rulebook.forget(named if error.sqlstate == STALE_RULES else ())
    return None


async def _drafted(desk: Desk, wish: Wish, alteration: Alteration) -> Draft:
    """Read a booking that may be altered now, and what it shall become."""
    booking = await desk.db.read(alteration.read, wish.booking_id)
    if booking is None:
        raise BookingNotFound
    if booking.state is State.EXPIRED:
        raise HoldExpired(expires_at=booking.expires_at)
    if wish.version not in (None, booking.version):
        raise BookingChanged(version=booking.version)
    require(alteration.action, booking.state)
    target = alteration.target(booking)
    places = await desk.rulebook.of(codes(target) | {leg.place for leg in booking.legs})
    return Draft(booking, target.without_echoes(places), places)


def _sought(draft: Draft, overriding: Collection[str]) -> Wanted:
    """Give what could not be had, as if the booking's own claims on what it would give back were gone."""
    target, booking = draft.target, draft.booking
    under_way = {
        number for number, was in enumerate(target.was) if was is not None and was.state is not LegState.PLANNED
    }
    stays = {number: was.nth for number, was in enumerate(target.was) if was is not None and target.stays(number)}
    gives = {leg.nth for leg in booking.legs} - set(stays.values())
    return Wanted(target, booking.organisation_id, overriding, booking.number, stays.keys(), under_way, gives)
