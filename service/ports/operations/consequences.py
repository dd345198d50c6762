"""What a change of rules does to bookings that stand: places say what they need to have done, `closures` does it.

Whatever narrows what a place takes (a closure, a lower draught, less floor, a retired berth) goes through here: nobody
changes such a rule behind the back of the bookings made by the old one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from service.auth import Operator
from service.database import PlaceBusy, Tx
from service.errors import Conflict, Outdated, Refusal, Unconditional


class OnConflict(StrEnum):
    """What becomes of bookings that the new rules would refuse."""

    KEEP = "keep"
    REFUSE = "refuse"
    DISPLACE = "displace"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Policy:
    """How a change of rules treats the bookings it touches.

    `tolerance` is how much later a moved booking may start, `plan` the hash that the client has seen (`*`: any), and
    `rehearsal` whether only to say what would be done. `alteration` is what is asked, as text: a part of the plan. The
    events of the bookings name the reason and what is in `cause`.
    """

    on_conflict: OnConflict
    reason: str
    tolerance: timedelta = timedelta(0)
    plan: str | None = None
    rehearsal: bool = False
    alteration: str = ""
    cause: Mapping[str, str] = field(default_factory=dict)


class BookingsTouched(Conflict):
    """Bookings stand that the new rules would refuse.

    `touched` lists them, `plan` is the hash of it. Send it again with `on_conflict` as `move` or `displace` and
    `validate_only=true` to see what would become of them.
    """


class ShipAlongside(Conflict):
    """A ship lies there, or goods do, that the new rules would refuse.

    `booking` and `leg` name what has arrived. It can't be moved by a plan: shift or complete it first.
    """


class PlanMissing(Unconditional):
    """Bookings would be moved or displaced: say that you have seen which.

    Send the request with `validate_only=true`, look at the plan, and send it again with the `plan` of that answer: in
    `If-Match`, or in the body where `If-Match` names a version. `touched` and `plan` are what would be done now.
    """


class PlanOutdated(Outdated):
    """What would become of the bookings has changed since the plan was made.

    A touched booking stands elsewhere, or a place that one would go to has changed. `plan` and `touched` are what would
    be done now.
    """


REFUSALS: tuple[type[Refusal], ...] = (BookingsTouched, ShipAlongside, PlanMissing, PlanOutdated, PlaceBusy)


class Ripple(Protocol):
    """Whatever knows the bookings: `app.state.ripple`."""

    async def through(
        self, tx: Tx, places: Sequence[str], alter: Callable[[], Awaitable[None]], policy: Policy, *, by: Operator
    ) -> dict[str, Any]:
        """Let `alter` change rules of these places, and do to the bookings they touch what the policy says.

        Gives `{"plan", "touched", "totals"}` as api.md has it. Locks the bookings and then the places, calls `alter`,
        judges by the rules as they are then. In a rehearsal the plan is only given; the caller undoes the rest.

        The caller has locked none of the places. `alter` writes the rules and raises the rules version of each place;
        it is called again, what it did before undone, if a touched booking was not locked. The days of a floor become
        as large as its warehouse once the bookings have made room.
        """
