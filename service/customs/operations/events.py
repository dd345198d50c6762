"""Taking what customs says: once for each event, in any order, matched with the bookings that travel under it."""

from dataclasses import dataclass
from datetime import timedelta

from service import clock
from service.auth import Customs
from service.clock import utc
from service.customs.queries import events as queries
from service.customs.queries.events import Kept, Reference
from service.customs.rules import CustomsEvent, CustomsState, Said, status
from service.database import Tx
from service.errors import Conflict, Fault, Unfit
from service.events.queries import Happening, insert

_AHEAD = timedelta(minutes=5)  # two clocks are seldom further apart


class CustomsEventReused(Conflict):
    """Another event came before under this `event_id`.

    An `event_id` is once for each event of a sender. Send a new event under an id of its own; what came first stands.
    """


class CustomsEventInTheFuture(Unfit):
    """The event lies in the future.

    `server_time` is the service's clock. Events are sent when they have happened, late if need be and in any order.
    """


class GoodsHaveLeft(Conflict):
    """All goods under this reference have left: they can't be held any more.

    A release can be recalled until the goods have left, never after.
    """


@dataclass(frozen=True, slots=True)
class Sent:
    """A customs event as it was sent; `reference` is type, country and value."""

    event_id: str
    fingerprint: str
    reference: tuple[str, str, str]
    what: CustomsEvent
    remark: str | None


async def receive(tx: Tx, sent: Sent, *, by: Customs) -> int:
    """Keep what customs says and let it take effect; gives the id of the logged event that has the answer.

    What came before under the same id has its first answer. What no booking travels under yet waits for one.
    Raises CustomsEventReused, CustomsEventInTheFuture, GoodsHaveLeft.
    """
    reference = await queries.locked(tx, *sent.reference)
    first = await queries.first(tx, by.organisation_id, sent.event_id)
    if first is not None:
        if first[0] != sent.fingerprint:
            raise CustomsEventReused
        return first[1]
    _refuse(sent, reference)
    event_id = await insert(tx, _received(sent, reference, by))
    kept = Kept(by.organisation_id, sent.event_id, sent.fingerprint, reference.id, sent.what, sent.remark, event_id)
    await queries.keep(tx, kept)
    await _take_effect(tx, sent, reference, by)
    return event_id


def _refuse(sent: Sent, reference: Reference) -> None:
    now = clock.now()
    if sent.what.at > now + _AHEAD:
        fault = Fault("/event_time", CustomsEventInTheFuture.code(), "This moment is still to come.")
        raise CustomsEventInTheFuture(faults=[fault], server_time=now)
    if sent.what.said is Said.HELD and reference.goods_have_left:
        raise GoodsHaveLeft


async def _take_effect(tx: Tx, sent: Sent, reference: Reference, by: Customs) -> None:
    now = status(await queries.said_of(tx, reference.id), goods_have_left=reference.goods_have_left)
    if now == reference.status or now.state is reference.status.state is CustomsState.GATED_OUT:
        return
    await queries.store(tx, reference.id, now)
    if (now.state, now.holds) != (reference.status.state, reference.status.holds):
        cause = {"event_id": sent.event_id, "event_type": sent.what.said, "hold_code": sent.what.hold_code}
        await queries.tell(tx, reference.id, by.organisation_id, cause)


def _received(sent: Sent, reference: Reference, by: Customs) -> Happening:
    """Give the event of the log, for the sender alone; its `current` is the answer."""
    type_, country, value = sent.reference
    return Happening(
        type="customs-event.received",
        subject=f"{type_}/{country}/{value}",
        by=by.organisation_id,
        owner_id=by.organisation_id,
        current={"event_id": sent.event_id, "matched": reference.matched},
        cause={
            "event_type": sent.what.said,
            "event_time": utc(sent.what.at),
            "hold_code": sent.what.hold_code,
        },
    )
