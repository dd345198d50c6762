"""What may be done to a booking in which state, and the refusals that say why not."""

from enum import StrEnum

from service.errors import Conflict, NotFound, Unfit


class State(StrEnum):
    """The commercial life of a booking."""

    HELD = "held"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


# Every state that a booking may be in, today or in releases to come: what a list may be filtered by.
STATES = (
    *State, "arrived", "completed", "rejected", "declined", "displaced", "no_show",
)  # fmt: skip


class Action(StrEnum):
    """What a forwarder may ask of a booking that stands."""

    CONFIRM = "confirm"
    EXTEND_HOLD = "extend-hold"
    CANCEL = "cancel"


ALLOWED: dict[Action, frozenset[State]] = {
    Action.CONFIRM: frozenset({State.HELD}),
    Action.EXTEND_HOLD: frozenset({State.HELD}),
    Action.CANCEL: frozenset({State.HELD, State.PENDING, State.CONFIRMED}),
}


class BookingNotFound(NotFound):
    """There is no such booking among those you may see.

    Check the id. A booking of another organisation looks the same as one that never was.
    """


class HoldExpired(Conflict):
    """The reservation hold has lapsed, and its places are free for others.

    `expires_at` says when, `server_time` what the service's clock says now. Search again and make a new booking.
    """


class StateForbids(Conflict):
    """The booking is in a state that does not allow this.

    `state` is its state, `allowed_in` the states in which it could be done.
    """


class HoldAtItsLongest(Conflict):
    """A reservation hold can't be extended any further.

    `hold_until` is the end that no extension goes past. Confirm the booking, or let it go and book again.
    """


class HoldEndsSooner(Unfit):
    """The reservation hold lasts longer already than it is asked to be extended to.

    `expires_at` says how long it lasts. To give it up before, cancel the booking.
    """


class ClientReferenceTaken(Conflict):
    """Your organisation has used this client reference for another booking.

    A client reference is unique in your organisation for ever; look the booking up with `?client_reference=`.
    """


class PlaceUnknown(Unfit):
    """A leg names a quay or warehouse that is not there.

    `GET /v1/ports/{unlocode}` lists the places of a port with their codes.
    """


class MoreThanOnePort(Unfit):
    """The legs of one booking must be at one port.

    Make one booking for each port; approvals, rights and time zone are those of one place of business.
    """


class LegsOverlap(Unfit):
    """Two legs of the booking want the same metres of a quay at the same time.

    The blocked stretches, clearance and turnaround included, of one booking's legs may not overlap either.
    """


class SlotContradicted(Unfit):
    """A leg repeats fields of a slot that do not fit what it asks for.

    Send a slot back as it was offered, or leave out everything but place, window, `from_m` and `quantity`.
    """


class VesselMissing(Unfit):
    """A leg at a berth needs a vessel.

    Give `vessel` with at least `loa_m`, `beam_m` and `draught_m`, and an IMO number, an MMSI or a name.
    """


def require(action: Action, state: State) -> None:
    """Let an action pass in a state that allows it; else StateForbids."""
    if state not in ALLOWED[action]:
        allowed = sorted(ALLOWED[action])
        raise StateForbids(f"A booking that is {state} can't be asked to {action}.", state=state, allowed_in=allowed)
