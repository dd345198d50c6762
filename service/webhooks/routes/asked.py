"""What the paths of webhooks name."""

from typing import Annotated

from fastapi import Depends, Path

from service.ids import is_id
from service.webhooks.rules import WebhookDeliveryNotFound, WebhookEndpointNotFound


# Async, though they wait for nothing: what is not goes to a thread, which costs more than all that is done here.
async def _endpoint_id(endpoint_id: Annotated[str, Path(examples=["whe_01kb3v7x9ef6wvq0m8y3k2n5ra"])]) -> str:
    if not is_id("whe", endpoint_id):
        raise WebhookEndpointNotFound
    return endpoint_id


async def _delivery_id(delivery_id: Annotated[str, Path(examples=["whd_01kb3v7x9ef6wvq0m8y3k2n5ra"])]) -> str:
    if not is_id("whd", delivery_id):
        raise WebhookDeliveryNotFound
    return delivery_id


EndpointId = Annotated[str, Depends(_endpoint_id)]
DeliveryId = Annotated[str, Depends(_delivery_id)]
