"""What may be done to a booking in which state, and the refusals that say why not."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from service.errors import Conflict, NotFound, Unfit


class State(StrEnum):
    """The commercial life of a booking (docs/glossary.md)."""

    HELD = "held"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    DECLINED = "declined"
    DISPLACED = "displaced"
    NO_SHOW = "no_show"


class LegState(StrEnum):
    """What has happened to a leg on the ground."""

    PLANNED = "planned"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


STATES = tuple(State)
MOST_REFERENCES = 20  # customs references of one booking
# Limits that an operator may let one booking exceed. Two ships on one metre, or more than a floor holds, nobody may.
SOFT = frozenset({
    "cargo-not-handled", "hazard-not-approved", "vessel-too-long", "vessel-too-wide", "vessel-too-heavy",
    "draught-exceeded", "limit-unknown", "no-tide", "kept-for-partners", "stay-too-short", "stay-too-long",
    "too-far-ahead",
})  # fmt: skip
# Regimes under which goods only pass through the country: the transit clock runs for these, not for IMPORT and EXPORT.
TRANSIT_REGIMES = ("TIR", "QTTA", "BILATERAL", "TRANSSHIPMENT")
PROVISIONAL = frozenset({State.HELD, State.PENDING})
STANDING = PROVISIONAL | {State.CONFIRMED, State.ARRIVED}


class Actor(StrEnum):
    """Who brings a change about."""

    FORWARDER = "forwarder"
    OPERATOR = "operator"
    SERVICE = "service"


class Action(StrEnum):
    """What may be done to a booking that stands."""

    CONFIRM = "confirm"
    EXTEND_HOLD = "extend-hold"
    AMEND = "amend"
    CANCEL = "cancel"
    APPROVE = "approve"
    DECLINE = "decline"
    SHIFT = "shift"
    ARRIVE = "arrive"
    COMPLETE = "complete"
    NO_SHOW = "no-show"
    GATE_IN = "gate-in"
    GATE_OUT = "gate-out"
    ADD_REFERENCES = "customs-references"
    DISPLACE = "displace"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the life of a booking: who may do what in which state, and the states that it may lead to."""

    action: Action
    by: frozenset[Actor]
    state: State
    leads_to: frozenset[State]


def _row(action: Action, by: str, state: State, *leads_to: State) -> Transition:
    return Transition(action, frozenset(map(Actor, by.split())), state, frozenset(leads_to))


# The whole life of a booking. docs/lifecycle.svg is drawn from it, and tests try every (state, action, role).
TRANSITIONS: tuple[Transition, ...] = (
    _row(Action.CONFIRM, "forwarder", State.HELD, State.CONFIRMED, State.PENDING),
    _row(Action.EXTEND_HOLD, "forwarder", State.HELD, State.HELD),
    _row(Action.AMEND, "forwarder", State.HELD, State.HELD),
    _row(Action.AMEND, "forwarder", State.PENDING, State.PENDING, State.CONFIRMED),  # what asked has been dropped
    _row(Action.AMEND, "forwarder", State.CONFIRMED, State.CONFIRMED, State.NO_SHOW),  # what was to come is dropped
    _row(Action.AMEND, "forwarder", State.ARRIVED, State.ARRIVED, State.COMPLETED),
    _row(Action.CANCEL, "forwarder", State.HELD, State.CANCELLED),
    _row(Action.CANCEL, "forwarder", State.PENDING, State.CANCELLED),
    _row(Action.CANCEL, "forwarder", State.CONFIRMED, State.CANCELLED),
    _row(Action.APPROVE, "operator", State.PENDING, State.PENDING, State.CONFIRMED),
    _row(Action.APPROVE, "operator", State.CONFIRMED, State.CONFIRMED),  # a change that waits beside it
    _row(Action.APPROVE, "operator", State.ARRIVED, State.ARRIVED),
    _row(Action.DECLINE, "operator", State.PENDING, State.REJECTED),
    _row(
        Action.DECLINE, "operator", State.CONFIRMED, State.CONFIRMED, State.DECLINED
    ),  # the change, or else the booking
    _row(Action.DECLINE, "operator", State.ARRIVED, State.ARRIVED),
    _row(Action.SHIFT, "operator", State.HELD, State.HELD),
    _row(Action.SHIFT, "operator", State.PENDING, State.PENDING),
    _row(Action.SHIFT, "operator", State.CONFIRMED, State.CONFIRMED),
    _row(Action.SHIFT, "operator", State.ARRIVED, State.ARRIVED),
    _row(Action.ARRIVE, "operator", State.CONFIRMED, State.ARRIVED),
    _row(Action.ARRIVE, "operator", State.ARRIVED, State.ARRIVED),
    _row(Action.COMPLETE, "operator", State.ARRIVED, State.ARRIVED, State.COMPLETED),
    _row(Action.NO_SHOW, "operator service", State.CONFIRMED, State.CONFIRMED, State.NO_SHOW),
    _row(Action.NO_SHOW, "operator service", State.ARRIVED, State.ARRIVED, State.COMPLETED),
    _row(Action.GATE_IN, "operator", State.CONFIRMED, State.ARRIVED),
    _row(Action.GATE_IN, "operator", State.ARRIVED, State.ARRIVED),
    _row(Action.GATE_OUT, "operator", State.ARRIVED, State.ARRIVED, State.COMPLETED),
    _row(Action.ADD_REFERENCES, "forwarder", State.HELD, State.HELD),
    _row(Action.ADD_REFERENCES, "forwarder", State.PENDING, State.PENDING),
    _row(Action.ADD_REFERENCES, "forwarder", State.CONFIRMED, State.CONFIRMED),
    _row(Action.ADD_REFERENCES, "forwarder", State.ARRIVED, State.ARRIVED),
    _row(Action.DISPLACE, "operator", State.HELD, State.HELD, State.DISPLACED),
    _row(Action.DISPLACE, "operator", State.PENDING, State.PENDING, State.DISPLACED),
    _row(Action.DISPLACE, "operator", State.CONFIRMED, State.CONFIRMED, State.DISPLACED),
    _row(Action.EXPIRE, "service", State.HELD, State.EXPIRED),
    _row(Action.EXPIRE, "service", State.PENDING, State.EXPIRED),
)

ALLOWED: dict[Action, frozenset[State]] = {
    action: frozenset(each.state for each in TRANSITIONS if each.action is action) for action in Action
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


LEG_ALLOWED: dict[Action, frozenset[LegState]] = {
    Action.ARRIVE: frozenset({LegState.PLANNED}),
    Action.COMPLETE: frozenset({LegState.ARRIVED}),
    Action.NO_SHOW: frozenset({LegState.PLANNED}),
    Action.GATE_IN: frozenset({LegState.PLANNED, LegState.ARRIVED}),
    Action.GATE_OUT: frozenset({LegState.ARRIVED}),
}


class LegForbids(Conflict):
    """The leg is in a state that does not allow this.

    `leg_state` is its state, `allowed_in` the states in which it could be done.
    """


def require_leg(action: Action, state: LegState) -> None:
    """Let an action pass on a leg in a state that allows it; else LegForbids."""
    if state not in LEG_ALLOWED[action]:
        allowed = sorted(LEG_ALLOWED[action])
        raise LegForbids(f"A leg that is {state} can't be asked to {action}.", leg_state=state, allowed_in=allowed)


def state_of(legs: Collection[LegState]) -> State:
    """Give the state of a confirmed booking from those of its legs.

    Nobody came to any of them: no_show. All are over: completed. Somebody is there, or has been: arrived.
    """
    states = set(legs)
    if states == {LegState.NO_SHOW}:
        return State.NO_SHOW
    if LegState.PLANNED not in states and LegState.ARRIVED not in states:
        return State.COMPLETED
    return State.ARRIVED if states & {LegState.ARRIVED, LegState.COMPLETED} else State.CONFIRMED
