"""Shifting: an operator moves one leg of a booking at his facilities, along the quay or in time, and says why."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from service.auth import Operator
from service.bookings.operations.altering import alter
from service.bookings.operations.desk import Desk
from service.bookings.operations.ground import LegNotFound
from service.bookings.operations.life import Wish
from service.bookings.operations.settlements import Settlement
from service.bookings.operations.swaps import Draft
from service.bookings.operations.targets import Goods, Leg, Target, as_asked
from service.bookings.queries import altering
from service.bookings.queries.altering import Alterable, BookedLeg
from service.bookings.rules import Action, PlaceUnknown, SlotContradicted
from service.bookings.schemas import BerthLeg, Override, Shift
from service.database import Read
from service.errors import Fault, Refusal, Unfit
from service.events.operations import Answer


class NowhereToShift(Unfit):
    """The leg is where the shift would bring it.

    Name another window, other metres, or another place.
    """


_OF_THE_LEG = re.compile(r"^/legs/\d+")


@dataclass(frozen=True, slots=True)
class _Shift:
    """A shift as an alteration."""

    body: Shift
    by: Operator
    action = Action.SHIFT
    event = "booking.shifted"

    @property
    def cause(self) -> dict[str, Any]:
        """Give why, for the event."""
        return {"reason": self.body.reason, "leg": self.body.leg}

    @property
    def override(self) -> Override | None:
        """Give the soft limits that the leg may exceed."""
        return self.body.override

    async def read(self, read: Read, booking_id: str) -> Alterable | None:
        """Give the booking, if it has to do with his facilities."""
        return await altering.at_facilities(read, booking_id, sorted(self.by.facilities))

    def target(self, booking: Alterable) -> Target:
        """Give what the booking shall become: one leg moved, all others as they are."""
        moved = self._leg(booking)
        legs = [self._shifted(leg) if leg is moved else as_asked(leg) for leg in booking.legs]
        goods = Goods.of(booking.facts)
        return Target(tuple(legs), booking.legs, (), None, goods, goods)

    def refuse(self, draft: Draft) -> None:
        """Refuse to shift a leg to a place that is not his, or to where it is."""
        for kind, code in (("quay", self.body.quay), ("warehouse", self.body.warehouse)):
            place = draft.places.get(code or "")
            if place is not None and place.facility not in self.by.facilities:
                message = f"There is no {kind} {code} at your facilities."
                raise PlaceUnknown(message, faults=[Fault(f"/{kind}", "place-unknown", message)])
        if not draft.target.gives():
            raise NowhereToShift

    def awaits(self, booking: Alterable, settlement: Settlement) -> Collection[str]:
        """Give the facilities that have yet to approve: to shift is not to approve, and where a leg goes, that goes."""
        came = {each.plan.place.facility for each in settlement.takes}
        has_legs = {leg.facility for leg in settlement.stays} | came
        left = {leg.facility for leg in settlement.gives} - has_legs
        return {each for each in booking.awaits if each in has_legs} | (came if left & set(booking.awaits) else set())

    def _leg(self, booking: Alterable) -> BookedLeg:
        for leg in booking.legs:
            if leg.id == self.body.leg and leg.facility in self.by.facilities:
                return leg
        raise LegNotFound

    def _shifted(self, leg: BookedLeg) -> Leg:
        """Give the leg as the shift asks for it. On the same quay it keeps its metres, if no others are named."""
        asked, body = as_asked(leg), self.body
        strange = ("warehouse",) if isinstance(asked, BerthLeg) else ("quay", "from_m")
        faults = [
            Fault(f"/{field}", "slot-contradicted", f"A {leg.kind} leg has no `{field}`.")
            for field in strange
            if getattr(body, field) is not None
        ]
        if faults:
            raise SlotContradicted(faults[0].message, faults=faults)
        given: dict[str, Any] = {"window": body.window or asked.window}
        if isinstance(asked, BerthLeg):
            quay = body.quay or leg.place
            given |= {"quay": quay, "from_m": leg.from_m if body.from_m is None and quay == leg.place else body.from_m}
        else:
            given["warehouse"] = body.warehouse or leg.place
        return asked.model_copy(update=given)


async def shift(desk: Desk, wish: Wish, body: Shift, *, by: Operator, rehearsal: bool) -> Answer:
    """Move one leg of a booking as one swap, without cut-off and without approval of his own places.

    Raises LegNotFound, LegUnderWay, and what the rules of the places refuse; then the old slot stands.
    """
    try:
        return await alter(desk, wish, _Shift(body, by), rehearsal=rehearsal)
    except Refusal as refusal:
        # What is wrong with the leg is wrong with the body here, which is all about that one leg.
        refusal.faults = tuple(replace(fault, pointer=_OF_THE_LEG.sub("", fault.pointer)) for fault in refusal.faults)
        raise
