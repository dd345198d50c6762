"""Webhook endpoints made, looked at, changed, tried out and deleted."""

import json

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from service import auth, changes
from service.accounts.rules import SecretShownOnce
from service.answers import conditional
from service.events.operations import Answer, FeedBusy, number
from service.fields import Nothing
from service.idempotency import IdempotencyKeyMalformed
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.problems import problems
from service.webhooks import addresses, schemas
from service.webhooks.operations import keeping
from service.webhooks.queries import endpoints
from service.webhooks.routes.asked import EndpointId
from service.webhooks.rules import (
    EventTypeUnknown,
    WebhookEndpointChanged,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
    WebhookEndpointsAtTheirMost,
    WebhookUrlRefused,
)

router = APIRouter(route_class=StrictRoute, tags=["webhooks"])

_SECRET = (SecretShownOnce, IdempotencyKeyMalformed)


@router.post(
    "/v1/webhook-endpoints",
    status_code=201,
    responses=problems(
        WebhookUrlRefused, EventTypeUnknown, WebhookEndpointsAtTheirMost, FeedBusy, *_SECRET, *auth.REFUSALS
    ),
)
async def make(
    by: auth.EventSender, change: changes.Asked, body: schemas.NewEndpoint, response: Response
) -> schemas.EndpointWithSecret:
    """Have events pushed to an address of yours: those that happen from now on. The answer shows the secret, this once.

    An Idempotency-Key is refused: a replay could not show the secret again.
    """
    _refuse_key(change)
    await _demand_reachable(change.request, body.url)
    await number(changes.database(change.request))  # else what happened just before would be pushed, too
    made, secret = await change.run(keeping.make, body, by=by)
    response.headers["ETag"] = _tag(made.version)
    if change.rehearsal:
        response.status_code = 200
    return schemas.EndpointWithSecret.shown(made, secret)


@router.get("/v1/webhook-endpoints", responses=problems(CursorMalformed, CursorDoesNotFit, *auth.REFUSALS))
async def listed(by: auth.WebhookReader, page: Paging, request: Request) -> Listed[schemas.Endpoint]:
    """List the webhook endpoints of your organisation, the oldest first, without their secrets."""
    fit = fits("/v1/webhook-endpoints", {}, by.organisation_id)
    last = page.after(fit, str)
    rows = await changes.database(request).read(
        endpoints.endpoints,
        organisation_id=by.organisation_id,
        after=str(last[0]) if last else "",
        limit=page.limit + 1,
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[schemas.Endpoint.of(each) for each in shown], next=following)


@router.get(
    "/v1/webhook-endpoints/{endpoint_id}",
    response_model=schemas.Endpoint,
    responses=problems(WebhookEndpointNotFound, *auth.REFUSALS),
)
async def one(by: auth.WebhookReader, endpoint_id: EndpointId, request: Request) -> Response:
    """Give a webhook endpoint of your organisation, without its secret."""
    found = await changes.database(request).read(endpoints.endpoint, endpoint_id, organisation_id=by.organisation_id)
    if found is None:
        raise WebhookEndpointNotFound
    return conditional(request, to_json(schemas.Endpoint.of(found)), _tag(found.version))


@router.patch(
    "/v1/webhook-endpoints/{endpoint_id}",
    response_model=schemas.Endpoint,
    responses=problems(
        WebhookEndpointNotFound, WebhookEndpointChanged, WebhookUrlRefused, EventTypeUnknown,
        *changes.REFUSALS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def alter(
    by: auth.EventSender,
    endpoint_id: EndpointId,
    change: changes.Asked,
    version: changes.IfMatch,
    body: schemas.EndpointChange,
) -> Response:
    """Change where a webhook endpoint is, what it receives, or whether it does.

    Enabled again it goes on where it stopped: nothing is skipped, and what waits is tried at once.
    """
    said = body.model_dump(exclude_unset=True)
    if body.url:
        await _demand_reachable(change.request, body.url)
    answer = await change.once(lambda tx: keeping.change(tx, endpoint_id, said, version, by=by), body, by=by)
    return _answered(answer)


@router.delete(
    "/v1/webhook-endpoints/{endpoint_id}",
    response_model=schemas.Endpoint,
    responses=problems(WebhookEndpointNotFound, *changes.REFUSALS, *auth.REFUSALS),
)
async def delete(by: auth.WebhookKeeper, endpoint_id: EndpointId, change: changes.Asked) -> Response:
    """Delete a webhook endpoint, and give what it was. What waits for it is dropped; its log is kept for 30 days."""
    answer = await change.once(lambda tx: keeping.delete(tx, endpoint_id, by=by), Nothing(), by=by)
    return changes.answered(answer)


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/rotate-secret",
    responses=problems(WebhookEndpointNotFound, *_SECRET, *auth.REFUSALS),
)
async def rotate_secret(
    by: auth.WebhookKeeper,
    endpoint_id: EndpointId,
    change: changes.Asked,
    response: Response,
    _body: Nothing | None = None,
) -> schemas.EndpointWithSecret:
    """Give a webhook endpoint a new secret. The answer shows it, this once.

    For 24 hours what is sent is signed with the one before it, too; one that is older still ends now. An
    Idempotency-Key is refused: a replay could not show the secret again.
    """
    _refuse_key(change)
    now, secret = await change.run(keeping.rotate_secret, endpoint_id, by=by)
    response.headers["ETag"] = _tag(now.version)
    return schemas.EndpointWithSecret.shown(now, secret)


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/ping",
    status_code=202,
    response_model=schemas.Ping,
    responses=problems(WebhookEndpointNotFound, WebhookEndpointDisabled, *changes.REFUSALS, *auth.REFUSALS),
)
async def ping(
    by: auth.WebhookKeeper, endpoint_id: EndpointId, change: changes.Asked, _body: Nothing | None = None
) -> Response:
    """Try a webhook endpoint out: an event `webhook.ping` is delivered to it alone, whatever its filter.

    It comes behind all that waits for the endpoint. What becomes of it is in the deliveries, with `type=webhook.ping`.
    """
    answer = await change.once(lambda tx: keeping.ping(tx, endpoint_id, by=by), Nothing(), by=by)
    return changes.answered(answer, status=200 if change.rehearsal else 202)


async def _demand_reachable(request: Request, url: str) -> None:
    """WebhookUrlRefused unless webhooks may go there. Asked outside of any transaction: names take their time."""
    await addresses.pinned(url, insecure=request.app.state.settings.webhooks_insecure)


def _refuse_key(change: changes.Change) -> None:
    if change.key is not None:
        raise SecretShownOnce


def _answered(answer: Answer) -> Response:
    return changes.answered(answer, headers={"ETag": _tag(json.loads(answer.body)["version"])})


def _tag(version: int) -> str:
    return f'"{version}"'
