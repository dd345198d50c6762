"""An alteration as the guard is asked for it: what goes, what comes, which places are locked, what waits."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from service.auth import Forwarder, Operator
from service.bookings.operations.book import asking_for_approval, interval, overridden
from service.bookings.operations.settlements import Settlement
from service.bookings.operations.targets import Target
from service.bookings.queries.altering import Alterable
from service.bookings.rules import Action, State, state_of
from service.bookings.schemas import Override
from service.database import Read
from service.events.operations import Once
from service.ports.rules import Place


@dataclass(frozen=True, slots=True)
class Draft:
    """A booking, what it shall become, and the places that it leaves or comes to, with their rules."""

    booking: Alterable
    target: Target
    places: Mapping[str, Place]


class Alteration(Protocol):
    """How one way to alter a booking differs from another."""

    @property
    def action(self) -> Action: ...  # noqa: D102
    @property
    def event(self) -> str: ...  # noqa: D102
    @property
    def by(self) -> Forwarder | Operator: ...  # noqa: D102
    @property
    def cause(self) -> dict[str, Any] | None: ...  # noqa: D102
    @property
    def override(self) -> Override | None: ...  # noqa: D102

    async def read(self, read: Read, booking_id: str) -> Alterable | None:
        """Give the booking, if he who asks may see it."""

    def target(self, booking: Alterable) -> Target:
        """Give what the booking shall become."""

    def refuse(self, draft: Draft) -> None:
        """Refuse what may not be altered in this way, whatever the rules of the places say."""

    def awaits(self, booking: Alterable, settlement: Settlement) -> Collection[str]:
        """Give the facilities that a pending booking then waits for."""


@dataclass(frozen=True, slots=True)
class Swap:
    """What a booking gives back and takes in one round trip."""

    booking: Alterable
    target: Target
    settlement: Settlement
    alteration: Alteration

    def asked_of_the_guard(self, request: Once) -> str:
        """Give the argument of the function `alter_booking`, as JSON."""
        overrides = self._overrides()
        mine = [each for each in overrides if each not in self.booking.overrides]
        cause = self.alteration.cause
        asked = {
            "asker": request.organisation_id,
            "key": request.key,
            "fingerprint": request.fingerprint,
            "number": self.booking.number,
            "version": self.booking.version,
            "by": self.alteration.by.organisation_id,
            "type": self.alteration.event,
            "cause": cause and cause | ({"override": mine} if mine else {}),
            "facts": self.target.facts,
            "overrides": overrides or None,
            "gives": [leg.nth for leg in self.settlement.gives],
            "wanted": self.settlement.wanted(),
        }
        return json.dumps(asked | (self._waiting() or self._at_once()), default=float)

    def _at_once(self) -> dict[str, Any]:
        """Give what becomes of the booking, and the places that it leaves or comes to."""
        became = self._became()
        left = [*self.settlement.gives, *(self.settlement.stays if became.get("state") == State.CONFIRMED else ())]
        return became | self._locks({leg.place_id for leg in left})

    def _waiting(self) -> dict[str, Any] | None:
        """Give how the change waits beside the booking, if a place that it comes to asks for approval."""
        asking = self._asking()
        if not asking or self.booking.state not in {State.CONFIRMED, State.ARRIVED}:
            return None
        return {
            "waits": interval(min(place.terms.pending_for for place in asking)),
            "awaits": sorted({place.facility for place in asking}),
            "claims": self.settlement.excess(),
            "comes_to": sorted({each.plan.place.facility for each in self.settlement.takes}),
        } | self._locks(set())

    def _asking(self) -> list[Place]:
        by = self.alteration.by
        own = by.facilities if isinstance(by, Operator) else ()
        return asking_for_approval([each.plan.place for each in self.settlement.takes], own)

    def _became(self) -> dict[str, Any]:
        """Give the state that the booking comes to by this, if it is another, and for whom it still waits."""
        if self.booking.state is State.PENDING:
            awaits = sorted(self.alteration.awaits(self.booking, self.settlement))
            return (
                {"awaits": awaits} if awaits else {"awaits": [], "state": State.CONFIRMED, "type": "booking.confirmed"}
            )
        if self.booking.state in {State.CONFIRMED, State.ARRIVED}:
            state = state_of(self.settlement.states)
            return {} if state is self.booking.state else {"state": state}
        return {}

    def _locks(self, left: set[int]) -> dict[str, Any]:
        """Give the places to lock, and by which version of their rules was judged; of those only left, by none."""
        taken = {each.plan.place.id: each.plan.place.rules_version for each in self.settlement.takes}
        places = sorted(left | taken.keys() | set(self.booking.change_places))
        return {"places": places, "read_at": [taken.get(place_id) for place_id in places]}

    def _overrides(self) -> list[dict[str, Any]]:
        """Give the soft limits overridden for legs that stay, and those that are now."""
        stays = {leg.id for leg in self.settlement.stays}
        kept = [each for each in self.booking.overrides if each["leg"] in stays]
        override, by = self.alteration.override, self.alteration.by
        if override is None:
            return kept
        return kept + [
            overridden(each.asked["id"], each.plan.overridden, override.reason, by=by)
            for each in self.settlement.takes
            if each.plan.overridden
        ]
