"""Amending: a forwarder changes his booking, free until the cut-off of the places of what is changed or dropped."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from service import clock
from service.auth import Forwarder
from service.bookings.operations.altering import alter
from service.bookings.operations.desk import Desk
from service.bookings.operations.life import Wish
from service.bookings.operations.settlements import Settlement
from service.bookings.operations.swaps import Draft
from service.bookings.operations.targets import Goods, Leg, Target, as_asked
from service.bookings.queries import altering
from service.bookings.queries.altering import Alterable, BookedLeg
from service.bookings.rules import Action, LegState
from service.bookings.schemas import AmendedBerthLeg, AmendedStorageLeg, Amendment
from service.database import Read
from service.errors import Conflict, Fault, Unfit
from service.events.operations import Answer


class AmendmentTooLate(Conflict):
    """It is too late to change this leg: amendments are free until a cut-off before its start.

    `leg` names it, `cut_off` says when that was, `server_time` what the service's clock says now. Ask the operator: he
    can still shift it.
    """


class NotALegOfTheBooking(Unfit):
    """A leg names an id that no leg of this kind in the booking has, or that another leg names too.

    A leg with an `id` goes on as what it was, at a berth or on a floor; a leg without one is new.
    """


@dataclass(frozen=True, slots=True)
class _Amendment:
    """An amendment as an alteration."""

    body: Amendment
    by: Forwarder
    action = Action.AMEND
    event = "booking.amended"
    cause = None
    override = None

    async def read(self, read: Read, booking_id: str) -> Alterable | None:
        """Give the booking, if it is his."""
        return await altering.of_owner(read, booking_id, self.by.organisation_id)

    def target(self, booking: Alterable) -> Target:
        """Give what the booking shall become: what is left out stays, null clears; legs that are over stay anyhow."""
        pairs = list(_continued(booking, self.body.legs) if self.body.legs else _as_they_are(booking))
        named = {was.nth for _, was in pairs if was is not None}
        left_out = [leg for leg in booking.legs if leg.nth not in named]
        pairs += [(as_asked(leg), leg) for leg in left_out if leg.is_over]
        given = self.body.model_fields_set - {"legs"}
        facts: dict[str, Any] = self.body.model_dump(mode="json", include=given, by_alias=True)
        before = Goods.of(booking.facts)
        return Target(
            legs=tuple(leg for leg, _ in pairs),
            was=tuple(was for _, was in pairs),
            dropped=tuple(leg for leg in left_out if not leg.is_over),
            facts=booking.facts | facts if given else None,
            goods=self._goods(given, before),
            before=before,
        )

    def _goods(self, given: Collection[str], before: Goods) -> Goods:
        if not {"vessel", "cargo"} & set(given):
            return before
        vessel = self.body.vessel if "vessel" in given else before.vessel
        return Goods(vessel, self.body.cargo if "cargo" in given else before.cargo)

    def refuse(self, draft: Draft) -> None:
        """Refuse to change or drop a leg after the cut-off."""
        for leg in draft.target.gives():
            if leg.state is LegState.PLANNED:
                cut_off = clock.moment(leg.start) - draft.places[leg.place].terms.amend_until
                if draft.booking.at >= clock.instant(cut_off):
                    raise AmendmentTooLate(leg=leg.id, cut_off=cut_off)

    def awaits(self, booking: Alterable, settlement: Settlement) -> Collection[str]:
        """Give the facilities that have yet to approve: those awaited for what stays, and those of what is new."""
        staying = {leg.facility for leg in settlement.stays}
        new = {each.plan.place for each in settlement.takes if each.plan.place.terms.asks_approval}
        return {each for each in booking.awaits if each in staying} | {place.facility for place in new}


async def amend(desk: Desk, wish: Wish, body: Amendment, *, by: Forwarder, rehearsal: bool) -> Answer:
    """Change a booking as one swap: what it gives back and what it takes, all or nothing.

    Raises AmendmentTooLate, LegUnderWay, and what the rules of the places refuse; then the old slot stands.
    """
    return await alter(desk, wish, _Amendment(body, by), rehearsal=rehearsal)


def _as_they_are(booking: Alterable) -> Iterator[tuple[Leg, BookedLeg | None]]:
    return ((as_asked(leg), leg) for leg in booking.legs)


def _continued(
    booking: Alterable, legs: list[AmendedBerthLeg | AmendedStorageLeg]
) -> Iterator[tuple[Leg, BookedLeg | None]]:
    """Yield each leg asked for with the leg of the booking that it continues."""
    known = {leg.id: leg for leg in booking.legs}
    for number, leg in enumerate(legs):
        was = known.pop(leg.id, None) if leg.id is not None else None
        if leg.id is not None and (was is None or was.kind != leg.kind):
            message = f"The booking has no {leg.kind} leg {leg.id}, or it is named twice."
            raise NotALegOfTheBooking(
                message, faults=[Fault(f"/legs/{number}/id", "not-a-leg-of-the-booking", message)]
            )
        yield leg, was
