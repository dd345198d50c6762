"""Making a booking: rules judged in Python, capacity taken by the guard, in one round trip."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import asyncpg

from service import clock, ids
from service.auth import Forwarder
from service.bookings import queries
from service.bookings.operations.alternatives import with_alternatives
from service.bookings.operations.plan import Plan, codes, plan
from service.bookings.queries import Booked
from service.bookings.schemas import NewBooking
from service.capacity.operations import Timetables
from service.capacity.rules import Closed, SlotTaken, StorageFull
from service.database import STALE_RULES, Db, PlaceBusy
from service.errors import Refusal, Unavailable
from service.events.operations import Answer, Once
from service.idempotency import IdempotencyKeyReused
from service.ports.operations import Rulebook
from service.ports.queries import versions
from service.ports.rules import Place

_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to book: the database, the rules of places and the timetables kept in memory."""

    db: Db
    rulebook: Rulebook
    timetables: Timetables


async def book(desk: Desk, asked: NewBooking, *, by: Forwarder, request: Once) -> Answer:
    """Make a booking: all legs or none, once per idempotency key. One query if the rules of its places are known.

    Raises what the rules of the places refuse; SlotTaken, StorageFull and Closed with alternatives.
    """
    try:
        booked = await _judged_and_taken(desk, asked, by, request, desk.db.call)
    except Unavailable:
        raise
    except Refusal as refusal:
        # A repeated request has its first answer, whatever has become of the booking, the clock and the rules since.
        booked = await _first_answer(desk, request)
        if booked.answer is None:
            raise await _helpful(desk, asked, refusal) from None
    return _answer(booked, request)


async def rehearse(desk: Desk, asked: NewBooking, *, by: Forwarder) -> Answer:
    """Do all that `book` does, and undo it: same checks, same answer, no event, no key."""
    request = Once(by.organisation_id, None, "")
    try:
        return _answer(await _judged_and_taken(desk, asked, by, request, desk.db.rehearse), request)
    except Refusal as refusal:
        raise await _helpful(desk, asked, refusal) from None


_Run = Callable[[Callable[..., Awaitable[Booked]], str], Awaitable[Booked]]


async def _judged_and_taken(desk: Desk, asked: NewBooking, by: Forwarder, request: Once, run: _Run) -> Booked:
    """Judge by the rules at hand and take; if a rule has moved meanwhile, the guard says so and all is judged anew."""
    named = codes(asked)
    for _ in range(_ROUNDS):
        places = await desk.rulebook.of(named)
        try:
            planned = plan(asked, places, clock.instant(clock.now()))
        except Refusal:
            if not await _have_moved(desk, named, places):
                raise
            continue
        try:
            return await run(queries.book, _asked_of_the_guard(planned, asked, by, request))
        except asyncpg.PostgresError as error:
            if error.sqlstate != STALE_RULES:
                raise
            desk.rulebook.forget(named)
    raise PlaceBusy(retry_after=1)


async def _have_moved(desk: Desk, named: set[str], places: Mapping[str, Place]) -> bool:
    """Say whether the rules by which a booking is refused are old, and forget them: else it would be refused for ever.

    What is granted needs no such look: there the guard compares the versions.
    """
    _, standings = await desk.db.read(versions, sorted(named))
    moved = [each.code for each in standings if _version(places, each.code) != each.rules_version]
    desk.rulebook.forget(moved)
    return bool(moved)


def _version(places: Mapping[str, Place], code: str) -> int | None:
    return places[code].rules_version if code in places else None


def _asked_of_the_guard(planned: Plan, asked: NewBooking, by: Forwarder, request: Once) -> str:
    """Give the argument of the function `book`, as JSON."""
    state = planned.state(hold=asked.hold)
    places = planned.places
    lapses_after = planned.lapses_after(state)
    hold_at_most = min(place.terms.hold_at_most for place in places)
    return json.dumps(
        {
            "organisation": by.organisation_id,
            "key": request.key,
            "fingerprint": request.fingerprint,
            "id": ids.new("bkg"),
            "client_reference": asked.client_reference,
            "port": planned.port,
            "facilities": sorted({place.facility for place in places}),
            "state": state,
            "lapses_after": lapses_after and f"{lapses_after.total_seconds()} s",
            "hold_at_most": f"{hold_at_most.total_seconds()} s" if asked.hold else None,
            "facts": asked.facts(),
            "places": [place.id for place in places],
            "read_at": [place.rules_version for place in places],
            "wanted": planned.wanted(),
        }
    )


async def _first_answer(desk: Desk, request: Once) -> Booked:
    if request.key is None:
        return Booked(None, replayed=False, first_fingerprint=None)
    return await desk.db.read(queries.first_answer, request.organisation_id, request.key)


def _answer(booked: Booked, request: Once) -> Answer:
    if booked.replayed and booked.first_fingerprint != request.fingerprint:
        raise IdempotencyKeyReused
    return Answer(booked.answer or "", booked.replayed)


async def _helpful(desk: Desk, asked: NewBooking, refusal: Refusal) -> Refusal:
    """Give a refusal with alternatives, where capacity is what was missing."""
    if not isinstance(refusal, SlotTaken | StorageFull | Closed):
        return refusal
    return await with_alternatives(desk.timetables, desk.rulebook, asked, refusal)
