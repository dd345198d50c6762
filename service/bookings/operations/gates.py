"""Goods at the gates of warehouses, part by part: in, and out again unless customs holds them.

booked    100 100 100 100 100         40 leave on the second day:  floor is free from the third on
taken     100 100  60  60  60
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from service.auth import Operator
from service.bookings import queries
from service.bookings.operations.discrepancies import tell_came
from service.bookings.operations.ground import Happened, at_hand, let_out, note, refuse_early, without_change
from service.bookings.operations.life import Wish
from service.bookings.queries import gates
from service.bookings.queries.gates import Move
from service.bookings.queries.ground import Leg
from service.bookings.rules import Action, LegState
from service.database import Tx
from service.errors import Conflict, Fault, Unfit
from service.events.operations import Answer, once


class NotOnAFloor(Unfit):
    """The leg is a stay at a berth: only goods on a floor go through the gate of a warehouse.

    Report of a ship that it has arrived, and that its stay is completed.
    """


class MoreThanBooked(Conflict):
    """More would come in than was booked.

    `booked` is the quantity of the leg, `gated_in` what has come of it. Book floor for the rest.
    """


class MoreOutThanIn(Conflict):
    """More would leave than is there.

    `gated_in` is what has come of the leg, `gated_out` what has left of that. Report first what came in.
    """


@dataclass(frozen=True, slots=True)
class Gated(Happened):
    """Goods through the gate: how much (None: all there is), as counted and weighed; `found` is what was remarkable."""

    quantity: int | None = None
    packages: int | None = None
    gross_weight_t: Decimal | None = None
    found: Sequence[str] = ()

    def measured(self, at: datetime, goods: int | None, unit: str | None) -> dict[str, object]:
        """Give what the event says of why, with what was counted and weighed."""
        weight = None if self.gross_weight_t is None else float(self.gross_weight_t)
        return self.cause(at, goods, unit) | {"packages": self.packages, "gross_weight_t": weight}


async def gate_in(tx: Tx, wish: Wish, gated: Gated, *, by: Operator) -> Answer:
    """Note that goods have come in, a part or all that is still to come. The first part makes the leg arrived.

    Raises LegNotBegun before the window, MoreThanBooked, NotOnAFloor.
    """

    async def act() -> int:
        booking, leg, at = await at_hand(tx, wish, gated, Action.GATE_IN, by)
        _refuse_ship(leg)
        refuse_early(leg, at)
        quantity = leg.to_come if gated.quantity is None else gated.quantity
        if not 0 < quantity <= leg.to_come:
            raise MoreThanBooked(booked=leg.quantity, gated_in=leg.gated_in)
        if leg.state is LegState.PLANNED:
            booking = await without_change(tx, booking, leg, LegState.ARRIVED, by=by.organisation_id)
        await gates.add(tx, booking.number, leg.nth, Move(at, quantity, None, gated.packages, gated.gross_weight_t))
        if leg.state is LegState.ARRIVED:
            await gates.seen_since(tx, booking.number, leg.nth, at)
        cause = gated.measured(at, quantity, leg.unit)
        event_id = await note(
            tx, booking, leg, LegState.ARRIVED, at, type_="booking.gated-in", cause=cause, by=by.organisation_id
        )
        await tell_came(tx, booking.number, gated.cause(at), gated.found, by=by.organisation_id)
        return event_id

    return await once(tx, wish.request, act)


async def gate_out(tx: Tx, wish: Wish, gated: Gated, *, by: Operator) -> Answer:
    """Note that goods have left, a part or all that is there; its floor is free from the next local day on.

    When all that was booked has left the leg is completed. Raises CustomsHoldOpen, MoreOutThanIn, NotOnAFloor.
    """

    async def act() -> int:
        booking, leg, at = await at_hand(tx, wish, gated, Action.GATE_OUT, by)
        _refuse_ship(leg)
        quantity = leg.there if gated.quantity is None else gated.quantity
        if not 0 < quantity <= leg.there:
            raise MoreOutThanIn(gated_in=leg.gated_in, gated_out=leg.gated_out)
        state = LegState.COMPLETED if leg.gated_out + quantity == leg.quantity else LegState.ARRIVED
        if state is LegState.COMPLETED:
            booking = await without_change(tx, booking, leg, state, by=by.organisation_id)
        await queries.lock_places(tx, [leg.place_id])
        move = Move(at, quantity, leg.free_on(at), gated.packages, gated.gross_weight_t)
        await let_out(tx, booking, leg, move, over=state is LegState.COMPLETED)
        cause = gated.measured(at, quantity, leg.unit)
        return await note(
            tx, booking, leg, state, leg.last_left(at),
            type_="booking.gated-out", cause=cause, by=by.organisation_id, found=gated.found,
        )  # fmt: skip

    return await once(tx, wish.request, act)


def _refuse_ship(leg: Leg) -> None:
    if leg.kind != "storage":
        raise NotOnAFloor(faults=[Fault("/leg", NotOnAFloor.code(), "This leg is a stay at a berth.")])
