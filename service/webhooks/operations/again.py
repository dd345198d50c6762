"""Having delivered again: one delivery, byte for byte, or what a part of the feed holds for an endpoint."""

from collections.abc import Sequence

from service import ids
from service.auth import Principal
from service.database import Tx
from service.events.queries import Happening, Numbered, insert, visible
from service.events.schemas import sequence, shown
from service.webhooks import schemas
from service.webhooks.operations.keeping import own_enabled
from service.webhooks.queries import deliveries, endpoints
from service.webhooks.queries.deliveries import Parcel
from service.webhooks.rules import (
    MOST_AGAIN,
    MOST_REPLAYED,
    Endpoint,
    WebhookBacklogFull,
    WebhookDeliveryNotFound,
    WebhookDeliveryWaits,
    wants,
)


async def resend(tx: Tx, endpoint_id: str, delivery_id: str, *, by: Principal) -> int:
    """Put up once more what a delivery sent, behind all that waits. Gives the id of the event.

    WebhookEndpointNotFound, WebhookEndpointDisabled, WebhookDeliveryNotFound, WebhookDeliveryWaits,
    WebhookBacklogFull.
    """
    endpoint = await own_enabled(tx, endpoint_id, by=by)
    first = await deliveries.one(tx, endpoint.id, delivery_id)
    if first is None:
        raise WebhookDeliveryNotFound
    if first.ended_at is None:
        raise WebhookDeliveryWaits(next_at=first.next_at)
    await _refuse_too_many(tx, endpoint)
    made = await deliveries.again(tx, first.number)
    await endpoints.set_due(tx, endpoint.id)
    current = schemas.plain(schemas.Delivery.of(made))
    cause = {"endpoint": endpoint.id, "delivery": first.id}
    return await insert(
        tx,
        Happening(
            "webhook-delivery.resent", made.id, by.organisation_id, current,
            cause=cause, owner_id=by.organisation_id,
        ),
    )  # fmt: skip


async def replay(tx: Tx, endpoint_id: str, *, after: int, until: int | None, source: str, by: Principal) -> int:
    """Put up the events of a part of the feed that an endpoint wants, in order. Gives the id of the event.

    What the endpoint has not come to yet comes by itself. At most 500 events are looked through, so that neither memory
    nor time grows with the range: the answer says where to go on. WebhookEndpointNotFound, WebhookEndpointDisabled,
    WebhookBacklogFull.
    """
    endpoint = await own_enabled(tx, endpoint_id, by=by)
    await _refuse_too_many(tx, endpoint)
    last = endpoint.cursor if until is None else min(until, endpoint.cursor)
    seen = [each for each in await visible(tx, by, after=after, limit=MOST_REPLAYED + 1) if each.position <= last]
    parcels = _parcels(endpoint, seen[:MOST_REPLAYED], source, by)
    await deliveries.put_up(tx, endpoint.id, parcels, why="replay")
    await endpoints.set_due(tx, endpoint.id)
    done = schemas.Replay(
        endpoint=endpoint.id,
        after=sequence(after),
        until=sequence(last),
        deliveries=len(parcels),
        next=sequence(seen[MOST_REPLAYED - 1].position) if len(seen) > MOST_REPLAYED else None,
    )
    what = "webhook-replay.requested"
    return await insert(
        tx, Happening(what, endpoint.id, by.organisation_id, schemas.plain(done), owner_id=by.organisation_id)
    )


def _parcels(endpoint: Endpoint, events: Sequence[Numbered], source: str, by: Principal) -> list[Parcel]:
    return [
        Parcel(ids.derived("evt", each.occurred_at, each.id), each.type, each.position, shown(each, source, by))
        for each in events
        if wants(endpoint.id, endpoint.event_types, each.type, each.subject)
    ]


async def _refuse_too_many(tx: Tx, endpoint: Endpoint) -> None:
    """WebhookBacklogFull if so much waits that was asked for again: it would take others' room and time."""
    if await deliveries.asked_again(tx, endpoint.id, most=MOST_AGAIN) >= MOST_AGAIN:
        raise WebhookBacklogFull(most=MOST_AGAIN)
