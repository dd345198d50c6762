"""What was delivered to a webhook endpoint, and having it delivered again."""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from service import auth, changes
from service.fields import Nothing
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits, refuse_backwards
from service.problems import InvalidRequest, problems
from service.webhooks import schemas
from service.webhooks.operations import again
from service.webhooks.queries import deliveries, endpoints
from service.webhooks.routes.asked import DeliveryId, EndpointId
from service.webhooks.rules import (
    WebhookBacklogFull,
    WebhookDeliveryNotFound,
    WebhookDeliveryWaits,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
)

router = APIRouter(route_class=StrictRoute, tags=["webhooks"])

_CANT = (WebhookEndpointNotFound, WebhookEndpointDisabled, WebhookBacklogFull)


@router.get(
    "/v1/webhook-endpoints/{endpoint_id}/deliveries",
    responses=problems(WebhookEndpointNotFound, CursorMalformed, CursorDoesNotFit, InvalidRequest, *auth.REFUSALS),
)
async def listed(
    by: auth.WebhookReader,
    endpoint_id: EndpointId,
    page: Paging,
    request: Request,
    query: Annotated[schemas.DeliveryQuery, Query()],
) -> Listed[schemas.Delivery]:
    """List what goes to a webhook endpoint, in the order in which it goes, with every attempt and its answer.

    Deliveries are kept for 30 days after they have ended, also those to an endpoint that was deleted.
    """
    refuse_backwards(query.from_, query.to)
    db = changes.database(request)
    if not await db.read(endpoints.has_log, endpoint_id, organisation_id=by.organisation_id):
        raise WebhookEndpointNotFound
    fit = fits(request.url.path, query, by.organisation_id)
    after = cast("tuple[int] | None", page.after(fit, int))
    rows = await db.read(
        deliveries.logged, endpoint_id, query.filters(), after=after[0] if after else 0, limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, lambda each: (each.number,))
    return Listed(items=[schemas.Delivery.of(each) for each in shown], next=following)


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/resend",
    status_code=202,
    response_model=schemas.Delivery,
    responses=problems(WebhookDeliveryNotFound, WebhookDeliveryWaits, *_CANT, *changes.REFUSALS, *auth.REFUSALS),
)
async def resend(
    by: auth.EventSender,
    endpoint_id: EndpointId,
    delivery_id: DeliveryId,
    change: changes.Asked,
    _body: Nothing | None = None,
) -> Response:
    """Have a delivery that has ended sent once more, byte for byte, behind all that waits. Gives the new delivery."""
    answer = await change.once(lambda tx: again.resend(tx, endpoint_id, delivery_id, by=by), Nothing(), by=by)
    return changes.answered(answer, status=200 if change.rehearsal else 202)


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/replay",
    status_code=202,
    response_model=schemas.Replay,
    responses=problems(*_CANT, *changes.REFUSALS, *auth.REFUSALS),
)
async def replay(by: auth.EventSender, endpoint_id: EndpointId, change: changes.Asked, body: schemas.Range) -> Response:
    """Have a part of the feed delivered again, in order, behind all that waits: what the filter lets through now.

    One request looks through at most 500 events; if the answer's `next` is not null, go on with `after` set to it.
    What the endpoint has not come to yet comes by itself.
    """
    source: str = change.request.app.state.settings.public_url
    after, until = int(body.after), None if body.until is None else int(body.until)
    answer = await change.once(
        lambda tx: again.replay(tx, endpoint_id, after=after, until=until, source=source, by=by), body, by=by
    )
    return changes.answered(answer, status=200 if change.rehearsal else 202)
