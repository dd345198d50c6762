"""What booking and altering share: rules that may have moved, and requests that may have been answered before."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.bookings import queries
from service.bookings.queries import Booked
from service.capacity.operations import Timetables
from service.database import Db
from service.events.operations import Answer, Once
from service.idempotency import IdempotencyKeyReused
from service.ports.operations import Rulebook
from service.ports.queries import versions
from service.ports.rules import Place

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to book: the database, the rules of places and the timetables kept in memory."""

    db: Db
    rulebook: Rulebook
    timetables: Timetables

    async def have_moved(self, named: set[str], places: Mapping[str, Place]) -> bool:
        """Say whether the rules by which somebody is refused are old, and forget them: else it would be for ever.

        What is granted needs no such look: there the guard compares the versions.
        """
        _, standings = await self.db.read(versions, sorted(named))
        moved = [each.code for each in standings if _version(places, each.code) != each.rules_version]
        self.rulebook.forget(moved)
        return bool(moved)

    async def first_answer(self, request: Once) -> Answer | None:
        """Give the answer that a request had before, if it had one."""
        if request.key is None:
            return None
        booked = await self.db.read(queries.first_answer, request.organisation_id, request.key)
        return None if booked.answer is None else answer(booked, request)


def answer(booked: Booked, request: Once) -> Answer:
    """Give what the guard answered; IdempotencyKeyReused if that was to another request under the same key."""
    if booked.replayed and booked.first_fingerprint != request.fingerprint:
        raise IdempotencyKeyReused
    return Answer(booked.answer or "", booked.replayed)


def _version(places: Mapping[str, Place], code: str) -> int | None:
    return places[code].rules_version if code in places else None
