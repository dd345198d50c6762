"""Webhook endpoints as their owners keep them. Every change is an event for the owner alone, without any secret."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from service.accounts.queries import lock_organisation
from service.auth import Principal
from service.database import Tx
from service.events.queries import Happening, insert
from service.webhooks import rules, schemas
from service.webhooks.queries import endpoints
from service.webhooks.rules import (
    MOST_ENDPOINTS,
    OWNER,
    PING,
    Endpoint,
    WebhookEndpointChanged,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
    WebhookEndpointsAtTheirMost,
)


async def make(tx: Tx, wanted: schemas.NewEndpoint, *, by: Principal) -> tuple[Endpoint, bytes]:
    """Make an endpoint, to which goes what happens from now on. Gives it and its secret.

    EventTypeUnknown, WebhookEndpointsAtTheirMost.
    """
    rules.demand_known(wanted.event_types)
    await lock_organisation(tx, by.organisation_id)  # two at once would both find the last place free
    if await endpoints.count_endpoints(tx, by.organisation_id) >= MOST_ENDPOINTS:
        raise WebhookEndpointsAtTheirMost(most=MOST_ENDPOINTS)
    secret = rules.new_secret()
    made = await endpoints.add_endpoint(
        tx,
        by.organisation_id,
        url=wanted.url,
        event_types=wanted.event_types,
        description=wanted.description,
        enabled=wanted.enabled,
        secret=secret,
    )
    await _record(tx, "webhook-endpoint.created", made, by=by)
    return made, secret


async def change(tx: Tx, endpoint_id: str, said: Mapping[str, Any], version: int | None, *, by: Principal) -> int:
    """Change what is said of an endpoint made at a version, None: any. Gives the id of the event.

    Enabled, or at a new address, it goes on where it stopped, and what waits is tried at once. EventTypeUnknown,
    WebhookEndpointNotFound, WebhookEndpointChanged.
    """
    rules.demand_known(said.get("event_types", ()))
    before = await own(tx, endpoint_id, by=by)
    if version not in (None, before.version):
        raise WebhookEndpointChanged(version=before.version)
    now = await endpoints.store(tx, _changed(before, said))
    if said.get("enabled") or now.url != before.url:
        await endpoints.wake(tx, endpoint_id)
    return await _record(tx, "webhook-endpoint.changed", now, previous=before, by=by)


def _changed(before: Endpoint, said: Mapping[str, Any]) -> Endpoint:
    enabled = said.get("enabled", before.enabled)
    return replace(
        before,
        url=said.get("url", before.url),
        event_types=tuple(said.get("event_types", before.event_types)),
        description=said.get("description", before.description),
        enabled=enabled,
        disabled_because=None if enabled else before.disabled_because or OWNER,
    )


async def rotate_secret(tx: Tx, endpoint_id: str, *, by: Principal) -> tuple[Endpoint, bytes]:
    """Give an endpoint a new secret; the one before it signs too for 24 hours. Gives it and the secret.

    WebhookEndpointNotFound.
    """
    before, secret = await own(tx, endpoint_id, by=by), rules.new_secret()
    now = await endpoints.rotate(tx, endpoint_id, secret)
    await _record(tx, "webhook-endpoint.secret-rotated", now, previous=before, by=by)
    return now, secret


async def delete(tx: Tx, endpoint_id: str, *, by: Principal) -> int:
    """Delete an endpoint; what waits for it is dropped. Gives the id of the event. WebhookEndpointNotFound."""
    last = await own(tx, endpoint_id, by=by)
    await endpoints.delete(tx, endpoint_id)
    return await _record(tx, "webhook-endpoint.deleted", last, by=by)


async def ping(tx: Tx, endpoint_id: str, *, by: Principal) -> int:
    """Let an event happen that is delivered to this endpoint alone, whatever its filter. Gives the id of the event.

    WebhookEndpointNotFound, WebhookEndpointDisabled.
    """
    tried = await own_enabled(tx, endpoint_id, by=by)
    shown = schemas.plain(schemas.Ping(endpoint=tried.id))
    return await insert(tx, Happening(PING, tried.id, by.organisation_id, shown, owner_id=by.organisation_id))


async def own(tx: Tx, endpoint_id: str, *, by: Principal) -> Endpoint:
    """Give an endpoint of who asks, under its lock. WebhookEndpointNotFound."""
    found = await endpoints.locked_endpoint(tx, endpoint_id, organisation_id=by.organisation_id)
    if found is None:
        raise WebhookEndpointNotFound
    return found


async def own_enabled(tx: Tx, endpoint_id: str, *, by: Principal) -> Endpoint:
    """Give an endpoint of who asks to which things are sent, under its lock.

    WebhookEndpointNotFound, WebhookEndpointDisabled.
    """
    found = await own(tx, endpoint_id, by=by)
    if not found.enabled:
        raise WebhookEndpointDisabled(disabled_because=found.disabled_because)
    return found


async def _record(tx: Tx, what: str, now: Endpoint, *, by: Principal, previous: Endpoint | None = None) -> int:
    happening = Happening(
        type=what,
        subject=now.id,
        by=by.organisation_id,
        owner_id=now.organisation_id,
        current=schemas.plain(schemas.Endpoint.of(now)),
        previous=None if previous is None else schemas.plain(schemas.Endpoint.of(previous)),
    )
    return await insert(tx, happening)
