"""What can be asked of Slotway, written once for both clients: they say how a call is sent.

Bodies and answers are plain JSON as the API's reference has it (`/docs` of the service), so that what is new there
needs no new client. In queries and bodies a `datetime` and a `timedelta` may stand for a moment and a duration.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, Unpack

from slotway_client.calls import Call, How, Json, facts, filled

Answer = TypeVar("Answer")  # Json, or for the asynchronous client something to await it from
Items = TypeVar("Items")  # an iterator of Json, of either kind


class Operations(ABC, Generic[Answer, Items]):
    """What a forwarder, an operator and customs do. Every change takes `How`; all raise Refused or Unanswered."""

    @abstractmethod
    def _ask(self, call: Call) -> Answer:
        """Send a call, again if need be, and give the JSON of its answer."""

    @abstractmethod
    def _pages(self, call: Call, going_on: str = "cursor") -> Items:
        """Yield the items of a list; `next` of a page is asked for under the name `going_on`."""

    @abstractmethod
    def events(self, after: str | None = None) -> Items:
        """Follow the stream: yield each event once, for as long as the key works, whatever breaks in between.

        after: the `sequence` of the last event that you have dealt with; "0" is the beginning, None is now.
        """

    # --- searching

    def berth_slots(self, **query: Any) -> Answer:
        """Search berths: `slots`, and for each quay without one all that stands in the way. `from_` stands for from."""
        return self._ask(Call.reading("/v1/berth-slots", **query))

    def storage_slots(self, **query: Any) -> Answer:
        """Search floor in warehouses."""
        return self._ask(Call.reading("/v1/storage-slots", **query))

    def itineraries(self, question: Json) -> Answer:
        """Search a berth and a floor together."""
        return self._ask(Call.asked("POST", "/v1/itineraries/search", question))

    # --- bookings, as a forwarder

    def book(self, booking: Json, **how: Unpack[How]) -> Answer:
        """Book all legs or none. SlotTaken has alternatives."""
        return self._change("/v1/bookings", booking, **how)

    def confirm(self, booking: str, **how: Unpack[How]) -> Answer:
        """Make a reservation hold firm."""
        return self._of_booking("confirm", booking, None, **how)

    def extend_hold(self, booking: str, until: str | None = None, **how: Unpack[How]) -> Answer:
        """Let a reservation hold live longer."""
        return self._of_booking("extend-hold", booking, facts(until=until), **how)

    def cancel(self, booking: str, reason: str | None = None, **how: Unpack[How]) -> Answer:
        """Give berth and floor back."""
        return self._of_booking("cancel", booking, facts(reason=reason), **how)

    def amend(self, booking: Json, changes: Json, **how: Unpack[How]) -> Answer:
        """Change a booking, given as you have read it, as one swap; raise Changed if somebody was faster."""
        how.setdefault("version", booking["version"])
        return self._of_booking("amend", booking["id"], changes, **how)

    def add_customs_references(self, booking: str, references: Sequence[Json], **how: Unpack[How]) -> Answer:
        """Let the goods travel under more customs references: `{"type": "GD", "country": "PK", "value": "..."}`."""
        return self._of_booking("customs-references", booking, {"customs_references": list(references)}, **how)

    # --- bookings, as anybody who may see them

    def booking(self, booking: str) -> Answer:
        """Give one booking."""
        return self._ask(Call.reading("/v1/bookings/{}", booking))

    def bookings(self, **query: Any) -> Items:
        """Yield bookings, page after page; `limit` is the size of a page."""
        return self._pages(Call.reading("/v1/bookings", **query))

    def history(self, booking: str) -> Items:
        """Yield what has happened to a booking, the first change first."""
        return self._pages(Call.reading("/v1/bookings/{}/history", booking))

    def customs_status(self, booking: str) -> Answer:
        """Give what customs says of a firm booking: `items` has each reference with its state and open holds."""
        return self._ask(Call.reading("/v1/bookings/{}/customs", booking))

    # --- bookings, as the operator of their places

    def approve(self, booking: str, reason: str | None = None, **how: Unpack[How]) -> Answer:
        """Say yes to a request, or to a change that waits."""
        return self._of_booking("approve", booking, facts(reason=reason), **how)

    def decline(self, booking: str, reason: str, **how: Unpack[How]) -> Answer:
        """Say no, and why."""
        return self._of_booking("decline", booking, facts(reason=reason), **how)

    def shift(self, booking: Json, shift: Json, **how: Unpack[How]) -> Answer:
        """Move one leg of a booking, given as you have read it; `shift` names the leg, where to, and the reason."""
        how.setdefault("version", booking["version"])
        return self._of_booking("shift", booking["id"], shift, **how)

    def arrive(self, booking: str, report: Json, **how: Unpack[How]) -> Answer:
        """Report a ship alongside, or goods in: `{"leg": "leg_..."}`."""
        return self._of_booking("arrive", booking, report, **how)

    def complete(self, booking: str, report: Json, **how: Unpack[How]) -> Answer:
        """Report that a ship has sailed, or that all goods are out."""
        return self._of_booking("complete", booking, report, **how)

    def no_show(self, booking: str, report: Json, **how: Unpack[How]) -> Answer:
        """Report that nobody came."""
        return self._of_booking("no-show", booking, report, **how)

    def gate_in(self, booking: str, report: Json, **how: Unpack[How]) -> Answer:
        """Report goods that came in at the gate, all of a storage leg or a part."""
        return self._of_booking("gate-in", booking, report, **how)

    def gate_out(self, booking: str, report: Json, **how: Unpack[How]) -> Answer:
        """Report goods that went out at the gate."""
        return self._of_booking("gate-out", booking, report, **how)

    # --- closures

    def plan_closure(self, closure: Json) -> Answer:
        """Give what a closure would do to each booking, and the `plan` that names exactly this; nothing is done."""
        return self._change("/v1/closures", closure, validate_only=True)

    def make_closure(self, closure: Json, *, plan: str | None = None, **how: Unpack[How]) -> Answer:
        """Close what it names. With `plan` exactly what was planned is done, or Changed is raised and nothing is."""
        if plan is not None:
            how["version"] = plan
        return self._change("/v1/closures", closure, **how)

    # --- customs

    def customs_event(self, event: Json, **how: Unpack[How]) -> Answer:
        """Tell what has happened to the goods under a customs reference. One `event_id` is one event."""
        return self._change("/v1/customs/events", event, **how)

    def customs_events(self, events: Sequence[Json], **how: Unpack[How]) -> Answer:
        """Tell up to 500 at once: `results` has one for each, and a refused one does not spoil the others."""
        return self._change("/v1/customs/events/batch", {"events": list(events)}, **how)

    def validate_movement(self, question: Json, **how: Unpack[How]) -> Answer:
        """Ask whether what is declared under a reference is what is booked: `outcome`, and the `reasons`."""
        return self._change("/v1/customs/movement-validations", question, **how)

    def holds(self) -> Items:
        """Yield the customs references on which a hold is open."""
        return self._pages(Call.reading("/v1/customs/holds"))

    # --- events

    def feed(self, after: str = "0", limit: int = 500) -> Items:
        """Yield the events there are after a `sequence`, `limit` at a time, and end; `events` goes on from there."""
        return self._pages(Call.reading("/v1/events", after=after, limit=limit), "after")

    def make_webhook_endpoint(self, endpoint: Json) -> Answer:
        """Have events sent to an address. `secret` is shown this once, so it is not repeated under a key."""
        return self._change("/v1/webhook-endpoints", endpoint, idempotency_key=None)

    # --- what all changes have in common

    def _change(self, path: str, body: Json | None, **how: Unpack[How]) -> Answer:
        return self._ask(Call.asked("POST", path, body, **how))

    def _of_booking(self, verb: str, booking: str, body: Json | None, **how: Unpack[How]) -> Answer:
        return self._change(filled("/v1/bookings/{}/{}", booking, verb), body or None, **how)
