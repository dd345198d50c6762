"""Making a booking: rules judged in Python, capacity taken by the guard, in one round trip."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from service import clock, ids
from service.accounts.queries import organisation
from service.auth import Forwarder, Operator
from service.bookings import queries
from service.bookings.operations.alternatives import Wanted, with_alternatives
from service.bookings.operations.desk import ROUNDS, Desk, answer
from service.bookings.operations.plan import Judge, codes, refuse_overlap, refuse_two_ports, refuse_unknown
from service.bookings.operations.plans import LegPlan, wanted
from service.bookings.queries import Booked
from service.bookings.rules import State
from service.bookings.schemas import NewBooking
from service.capacity.rules import Closed, SlotTaken, StorageFull
from service.database import STALE_RULES, PlaceBusy
from service.errors import Fault, Forbidden, Refusal, Unavailable, Unfit
from service.events.operations import Answer, Once
from service.ports.rules import Place


class OwnerUnclear(Unfit):
    """It is not clear whose booking this shall be.

    An operator books on behalf of a forwarder, and names it in `on_behalf_of`; a forwarder books for itself and leaves
    that out.
    """


class OverrideIsForOperators(Forbidden):
    """Only the operator of a place can let a booking exceed a limit of it.

    Ask the operator: he can book on your behalf, or shift a leg of your booking.
    """


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be booked, whose booking it will be, and who asks: its owner, or an operator on its behalf."""

    asked: NewBooking
    owner: str
    by: Forwarder | Operator
    request: Once

    @property
    def facilities(self) -> frozenset[str] | None:
        """Where he who asks may book: an operator at his own facilities, which he need not ask for approval."""
        return self.by.facilities if isinstance(self.by, Operator) else None

    @property
    def overriding(self) -> Collection[str]:
        """The soft limits that it may exceed."""
        return self.asked.override.rules if self.asked.override else ()


async def book(desk: Desk, asked: NewBooking, *, by: Forwarder | Operator, request: Once) -> Answer:
    """Make a booking: all legs or none, once per idempotency key. One query if the rules of its places are known.

    Raises what the rules of the places refuse; SlotTaken, StorageFull and Closed with alternatives.
    """
    order = Order(asked, await _owner(desk, asked, by), by, request)
    try:
        return answer(await _judged_and_taken(desk, order, desk.db.call), request)
    except Unavailable:
        raise
    except Refusal as refusal:
        # A repeated request has its first answer, whatever has become of the booking, the clock and the rules since.
        first = await desk.first_answer(request)
        if first is not None:
            return first
        raise await _helpful(desk, order, refusal) from None


async def rehearse(desk: Desk, asked: NewBooking, *, by: Forwarder | Operator) -> Answer:
    """Do all that `book` does, and undo it: same checks, same answer, no event, no key."""
    order = Order(asked, await _owner(desk, asked, by), by, Once(by.organisation_id, None, ""))
    try:
        return answer(await _judged_and_taken(desk, order, desk.db.rehearse), order.request)
    except Refusal as refusal:
        raise await _helpful(desk, order, refusal) from None


async def _owner(desk: Desk, asked: NewBooking, by: Forwarder | Operator) -> str:
    """Give whose booking it will be."""
    if isinstance(by, Forwarder):
        if asked.override is not None:
            raise OverrideIsForOperators
        if asked.on_behalf_of is not None:
            raise _unclear("A forwarder books for itself.")
        return by.organisation_id
    if asked.on_behalf_of is None:
        raise _unclear("An operator says on behalf of which forwarder he books.")
    owner = await desk.db.read(organisation, asked.on_behalf_of)
    if owner is None or owner.role != "forwarder":
        raise _unclear("There is no such forwarder.")
    return owner.id


def _unclear(message: str) -> OwnerUnclear:
    return OwnerUnclear(message, faults=[Fault("/on_behalf_of", "owner-unclear", message)])


_Run = Callable[[Callable[..., Awaitable[Booked]], str], Awaitable[Booked]]


async def _judged_and_taken(desk: Desk, order: Order, run: _Run) -> Booked:
    """Judge by the rules at hand and take; if a rule has moved meanwhile, the guard says so and all is judged anew."""
    named = codes(order.asked)
    for _ in range(ROUNDS):
        places = await desk.rulebook.of(named)
        try:
            legs = plan(order, places, clock.instant(clock.now()))
        except Refusal:
            if not await desk.have_moved(named, places):
                raise
            continue
        try:
            return await run(queries.book, _asked_of_the_guard(order, legs))
        except asyncpg.PostgresError as error:
            if error.sqlstate != STALE_RULES:
                raise
            desk.rulebook.forget(named)
    raise PlaceBusy(retry_after=1)


def plan(order: Order, places: Mapping[str, Place], now: int) -> list[LegPlan]:
    """Judge what is asked by the rules of its places at `now` (microseconds); refuse with every rule in the way."""
    asked = order.asked
    refuse_unknown(asked, places, order.facilities)
    judge = Judge(asked, places, now, order.owner)
    legs = [judge.leg(number, overriding=order.overriding) for number in range(len(asked.legs))]
    refuse_two_ports({leg.place.port for leg in legs})
    refuse_overlap([rectangle for leg in legs for rectangle in leg.rectangles()])
    return legs


def _asked_of_the_guard(order: Order, legs: list[LegPlan]) -> str:
    """Give the argument of the function `book`, as JSON."""
    asked, request = order.asked, order.request
    places = sorted({leg.place.id: leg.place for leg in legs}.values(), key=lambda place: place.id)
    asking = asking_for_approval(places, order.facilities or ())
    state = State.HELD if asked.hold else State.PENDING if asking else State.CONFIRMED
    taken = [wanted(leg, number) for number, leg in enumerate(legs)]
    overrides = [
        overridden(leg["id"], plan.overridden, asked.override.reason, by=order.by)
        for leg, plan in zip(taken, legs, strict=True)
        if asked.override and plan.overridden
    ]
    return json.dumps(
        {
            "organisation": order.owner,
            "asker": order.by.organisation_id,
            "key": request.key,
            "fingerprint": request.fingerprint,
            "id": ids.new("bkg"),
            "client_reference": asked.client_reference,
            "port": places[0].port,
            "facilities": sorted({place.facility for place in places}),
            "state": state,
            "lapses_after": _lapses_after(state, places, asking),
            "hold_at_most": interval(min(place.terms.hold_at_most for place in places)) if asked.hold else None,
            "awaits": sorted({place.facility for place in asking}) if state is State.PENDING else [],
            "facts": asked.facts(),
            "overrides": overrides or None,
            "cause": {"override": overrides} if overrides else None,
            "places": [place.id for place in places],
            "read_at": [place.rules_version for place in places],
            "wanted": taken,
        }
    )


def asking_for_approval(places: Collection[Place], facilities: Collection[str]) -> list[Place]:
    """Give the places that ask for approval, but for those of the facilities of whoever would have to give it."""
    return [place for place in places if place.terms.asks_approval and place.facility not in facilities]


def overridden(leg_id: str, rules: Collection[str], reason: str, *, by: Forwarder | Operator) -> dict[str, Any]:
    """Give what stays on a booking of a soft limit that an operator has overridden."""
    return {"leg": leg_id, "rules": list(rules), "reason": reason, "by": by.name, "at": clock.utc(clock.now())}


def interval(length: timedelta) -> str:
    """Give a length of time as the database reads it."""
    return f"{length.total_seconds()} s"


def _lapses_after(state: State, places: list[Place], asking: list[Place]) -> str | None:
    """Give how long a new booking may stand before it lapses; the shortest of its places' terms counts."""
    if state is State.HELD:
        return interval(min(place.terms.hold_for for place in places))
    return interval(min(place.terms.pending_for for place in asking)) if state is State.PENDING else None


async def _helpful(desk: Desk, order: Order, refusal: Refusal) -> Refusal:
    """Give a refusal with alternatives, where capacity is what was missing."""
    if not isinstance(refusal, SlotTaken | StorageFull | Closed):
        return refusal
    return await with_alternatives(desk, Wanted(order.asked, order.owner, order.overriding), refusal)
