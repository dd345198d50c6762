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
from service.database import STALE_RULES, PlaceBusy, Statement
from service.errors import Refusal, Unavailable
from service.events.operations import Answer
from service.ports.rules import Place


async def alter(desk: Desk, wish: Wish, alteration: Alteration, *, rehearsal: bool) -> Answer:
    """Alter a booking, once per idempotency key: all of it or nothing. Two queries if the places' rules are known.

    A booking or a rule that has moved meanwhile is read and judged anew. Raises what the rules of the places refuse;
    SlotTaken, StorageFull and Closed with alternatives: then the old slot stands.
    """
    attempt = _Attempt(desk, wish, alteration)
    try:
        for _ in range(ROUNDS):
            done = await attempt.once(desk.db.rehearse if rehearsal else desk.db.call)
            if done is not None:
                return answer(done, wish.request)
        raise PlaceBusy(retry_after=1)
    except Unavailable:
        raise
    except Refusal as refusal:
        # A repeated request has its first answer, whatever has become of the booking, the clock and the rules since.
        first = await desk.first_answer(wish.request)
        if first is not None:
            return first
        if attempt.judged:
            refusal.detail += " The booking stands as it was."
        raise


class _RulesNotAtHand(Exception):
    """The rules of these places have to be read first; then all is tried again."""

    def __init__(self, places: set[str]) -> None:
        super().__init__()
        self.places = places


_Run = Callable[[Callable[[Statement], Awaitable[Booked]]], Awaitable[Booked]]


class _Attempt:
    """An alteration tried until neither the booking nor a rule moves between the look and the lock."""

    def __init__(self, desk: Desk, wish: Wish, alteration: Alteration) -> None:
        self._desk, self._wish, self._alteration = desk, wish, alteration
        self._overriding: Collection[str] = alteration.override.rules if alteration.override else ()
        self._just_read: dict[str, Place | None] = {}  # kept here: others may let the rulebook forget; None: unknown
        self._draft: Draft | None = None

    @property
    def judged(self) -> bool:
        """Whether the booking was found as it was expected, and what was asked of it judged."""
        return self._draft is not None

    async def once(self, run: _Run) -> Booked | None:
        """Judge the booking as it stands by the rules at hand and alter it; None if it has to be tried again."""
        self._draft, self._just_read = None, {}
        try:
            return await self._with_rules(run)
        except (SlotTaken, StorageFull, Closed) as refusal:
            if not (isinstance(refusal, Closed) and await self._have_moved()):
                raise await self._helpful(refusal) from None
        except Unavailable:
            raise
        except Refusal:
            if not await self._have_moved():
                raise
        except asyncpg.PostgresError as error:
            if error.sqlstate not in {STALE_RULES, STALE_BOOKING}:
                raise
            if error.sqlstate == STALE_RULES:
                self._desk.rulebook.forget(self._named())
        return None

    async def _with_rules(self, run: _Run) -> Booked | None:
        """Run it, and once more with the rules that were not at hand; None if it comes to yet others then."""
        for _ in range(2):
            try:
                return await run(self._looked_at_and_altered)
            except _RulesNotAtHand as missing:
                read = await self._desk.rulebook.of(missing.places)
                self._just_read = {code: read.get(code) for code in missing.places}
        return None

    async def _looked_at_and_altered(self, statement: Statement) -> Booked:
        """Read and alter on one connection: to give it back and take another in between costs as much as the look."""
        self._draft = draft = await self._drafted(statement)
        self._alteration.refuse(draft)
        by = self._alteration.by
        settlement = settled(
            draft.booking, draft.target, draft.places,
            may_move=isinstance(by, Operator), overriding=self._overriding,
        )  # fmt: skip
        swap = Swap(draft.booking, draft.target, settlement, self._alteration)
        return await altering.alter(statement, swap.asked_of_the_guard(self._wish.request))

    async def _drafted(self, statement: Statement) -> Draft:
        """Read a booking that may be altered now, and what it shall become."""
        booking = await self._alteration.read(statement, self._wish.booking_id)
        if booking is None:
            raise BookingNotFound
        if booking.state is State.EXPIRED:
            raise HoldExpired(expires_at=booking.expires_at)
        if self._wish.version not in (None, booking.version):
            raise BookingChanged(version=booking.version)
        require(self._alteration.action, booking.state)
        target = self._alteration.target(booking)
        named = codes(target) | {leg.place for leg in booking.legs}
        known = {code: place for code, place in self._just_read.items() if place is not None and code in named}
        places = known | self._desk.rulebook.at_hand(named)
        if missing := named - places.keys() - self._just_read.keys():
            raise _RulesNotAtHand(missing)
        return Draft(booking, target.without_echoes(places), places)

    def _named(self) -> set[str]:
        draft = self._draft
        return set() if draft is None else codes(draft.target) | {leg.place for leg in draft.booking.legs}

    async def _have_moved(self) -> bool:
        """Say whether the rules that refuse are old, and forget them; what is refused before they are asked is not."""
        return self._draft is not None and await self._desk.have_moved(self._named(), self._draft.places)

    async def _helpful(self, refusal: Refusal) -> Refusal:
        if self._draft is None:
            return refusal
        return await with_alternatives(self._desk, _sought(self._draft, self._overriding), refusal)


def _sought(draft: Draft, overriding: Collection[str]) -> Wanted:
    """Give what could not be had, as if the booking's own claims on what it would give back were gone."""
    target, booking = draft.target, draft.booking
    under_way = {
        number for number, was in enumerate(target.was) if was is not None and was.state is not LegState.PLANNED
    }
    stays = {number: was.nth for number, was in enumerate(target.was) if was is not None and target.stays(number)}
    gives = {leg.nth for leg in booking.legs} - set(stays.values())
    return Wanted(target, booking.organisation_id, overriding, booking.number, stays.keys(), under_way, gives)
