"""Webhooks received: whether they come from Slotway, and what they say."""

from collections.abc import Mapping, Sequence

from standardwebhooks import Webhook, WebhookVerificationError

from slotway_client.calls import Json


class SignatureWrong(Exception):
    """This is not from Slotway, or it was sent more than five minutes ago: answer 401 and do nothing."""


def verify(secrets: str | Sequence[str], headers: Mapping[str, str], body: bytes) -> Json:
    """Give the event that a webhook brings; raise SignatureWrong if none of the secrets has signed it.

    secrets: one, or while you rotate the new one and the old one, as they were shown (`whsec_...`).
    body: the bytes as they came; parsed and written anew they are others.

    An event may come twice: `webhook-id` in the headers is the same then, and so is its `id`.
    """
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        signed = Webhook(secret)
        try:
            event: Json = signed.verify(body, dict(headers))
        except (WebhookVerificationError, ValueError):  # ValueError: a header or a body that can't even be read
            continue
        return event
    raise SignatureWrong
