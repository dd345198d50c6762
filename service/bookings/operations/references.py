"""Customs references that come after the booking: a declaration is often made when the goods are on their way."""

from collections.abc import Sequence

from service.auth import Forwarder
from service.bookings.operations.life import Wish, become, taken_up
from service.bookings.queries import customs
from service.bookings.rules import MOST_REFERENCES, Action
from service.database import Tx
from service.errors import Conflict, Fault, Unfit
from service.events.operations import Answer, once


class CustomsReferenceThere(Conflict):
    """The booking travels under this customs reference already.

    `references` lists those that it has; nothing was added.
    """


class TooManyCustomsReferences(Unfit):
    """A booking has no more than so many customs references.

    `most` says how many. Make a booking of its own for goods that travel under others.
    """


async def add_references(tx: Tx, wish: Wish, references: Sequence[dict[str, str]], *, by: Forwarder) -> Answer:
    """Let a booking travel under these references too. What customs has said of one already, it is told.

    Raises CustomsReferenceThere, TooManyCustomsReferences.
    """

    async def act() -> int:
        booking = await taken_up(tx, wish, by, Action.ADD_REFERENCES)
        there = await customs.references(tx, booking.number)
        together = [*there, *references]
        # A booking may have been made with one reference twice: only what is added is looked at.
        if any(each in together[: len(there) + nth] for nth, each in enumerate(references)):
            raise CustomsReferenceThere(references=there)
        if len(together) > MOST_REFERENCES:
            fault = Fault(
                "/customs_references", TooManyCustomsReferences.code(), f"Only {MOST_REFERENCES} go together."
            )
            raise TooManyCustomsReferences(faults=[fault], most=MOST_REFERENCES)
        await customs.store_references(tx, booking.number, together)
        return await become(
            tx, booking, booking.stored, booking.expires_at,
            by=by.organisation_id, type_="booking.customs-references-added", cause={"added": list(references)},
        )  # fmt: skip

    return await once(tx, wish.request, act)
