"""Endpoints and attempts, and what may be said of them: addresses, filters, the schedule of retries, signatures."""

import base64
import email.utils
import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from service.errors import Conflict, Fault, NotFound, Outdated, Unfit
from service.events.types import TYPES

MOST_ENDPOINTS = 20  # of one organisation
MOST_REPLAYED = 500  # events that one request looks through
MOST_AGAIN = 10_000  # deliveries that wait for one endpoint because they were asked for again
TWO_SECRETS_H = 24
PING = "webhook.ping"
OWNER, GONE, FAILING = "owner", "gone", "failing"  # why an endpoint is disabled
_SECRET_BYTES = 32

# How long to wait after each failed try, seconds: the schedule of Standard Webhooks; the first try is at once.
WAITS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
LONGEST_WAIT_S = 86_400
_SECONDS = re.compile(r"[0-9]{1,9}")


class WebhookUrlRefused(Unfit):
    """Webhooks are not sent to this address.

    It has to be an `https` address without a user or a fragment, whose name stands for public internet addresses only.
    """


class WebhookEndpointNotFound(NotFound):
    """There is no such webhook endpoint that you may see.

    `GET /v1/webhook-endpoints` lists those of your own organisation.
    """


class WebhookDeliveryNotFound(NotFound):
    """There is no such delivery to this webhook endpoint.

    `GET /v1/webhook-endpoints/{endpoint_id}/deliveries` lists them, for 30 days after they have ended.
    """


class WebhookEndpointsAtTheirMost(Conflict):
    """The organisation has as many webhook endpoints as it can.

    `most` says how many. Delete one that you no longer need, or let one receive more types of events.
    """


class WebhookEndpointDisabled(Conflict):
    """The webhook endpoint is disabled: nothing is sent to it.

    `disabled_because` says why: `owner`, `gone` (it answered 410) or `failing`. Enable it first, with
    `{"enabled": true}`; it goes on where it stopped.
    """


class WebhookEndpointChanged(Outdated):
    """The webhook endpoint has been changed since you read it.

    `version` is what it is now. Read it again, and send its new ETag with `If-Match`.
    """


class WebhookDeliveryWaits(Conflict):
    """This delivery has not ended: it is tried again by itself.

    To have all that waits tried at once, change the endpoint with `{"enabled": true}`.
    """


class WebhookBacklogFull(Conflict):
    """Too much that was asked for again waits for this webhook endpoint already.

    `most` says how much can wait. Ask again when some of it has been delivered.
    """


class EventTypeUnknown(Unfit):
    """The service writes no events of this type.

    `errors` points at each, and `known` lists the types that there are. A group is named with `.*`, such as
    `booking.*`, and `*` is all of them, those to come included.
    """


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are pushed to. `former_until`: when the secret before this one ceases to sign, or has ceased."""

    id: str
    organisation_id: str
    url: str
    event_types: tuple[str, ...]
    description: str | None
    enabled: bool
    disabled_because: str | None
    cursor: int
    former_until: datetime | None
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """An endpoint that a worker has in hand, with the secrets that sign now; `lease` tells turns apart."""

    id: str
    url: str
    lease: int
    secrets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; `error` is None if the receiver took it. `asked_s` is how long it asked us to wait.

    `answer` is what it said, at most 1 KiB of it.
    """

    delivery: int
    at: datetime
    duration_ms: int
    status_code: int | None = None
    error: str | None = None
    asked_s: int | None = None
    answer: str | None = None


def new_secret() -> bytes:
    """Give a signing secret nobody has had before."""
    return secrets.token_bytes(_SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """Give a secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secret).decode()


def signature(live: Iterable[bytes], webhook_id: str, timestamp: int, body: bytes) -> str:
    """Give `webhook-signature`: `v1,` and an HMAC-SHA256 for each live secret (Standard Webhooks)."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(each, signed, hashlib.sha256)).decode() for each in live)


def matches(patterns: Iterable[str], event_type: str) -> bool:
    """Say whether some pattern names a type: itself, its group with `.*`, or `*`."""
    return any(
        each in ("*", event_type) or (each.endswith(".*") and event_type.startswith(each[:-1])) for each in patterns
    )


def wants(endpoint_id: str, patterns: Iterable[str], event_type: str, subject: str) -> bool:
    """Say whether an event is for an endpoint: one that its filter names; a ping only if it tries out this one."""
    return subject == endpoint_id if event_type == PING else matches(patterns, event_type)


def demand_known(patterns: Iterable[str]) -> None:
    """EventTypeUnknown if a pattern names nothing that the service writes."""
    faults = [
        Fault(f"/event_types/{nth}", EventTypeUnknown.code(), "There is no such type of event")
        for nth, each in enumerate(patterns)
        if not any(matches([each], known) for known in TYPES)
    ]
    if faults:
        raise EventTypeUnknown(faults=faults, known=sorted(TYPES))


def host_and_port(url: str, *, insecure: bool) -> tuple[str, int]:
    """Give whom to connect to. WebhookUrlRefused unless it is an https (insecure: or http) URL of a bare host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refused("This is not a URL") from None
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise refused("A URL is ASCII; write the name of the host in its ASCII form, xn--...")
    if parts.scheme not in (("https", "http") if insecure else ("https",)):
        raise refused("The address starts with https://")
    if not parts.hostname or "@" in parts.netloc or "#" in url or "%" in parts.netloc:
        raise refused("The address names a host, and neither a user nor a fragment")
    if port == 0:  # nobody listens there; and it must not be taken for a port that was left out
        raise refused("There is no port 0")
    return parts.hostname, port or (443 if parts.scheme == "https" else 80)


def refused(why: str) -> WebhookUrlRefused:
    """Give the refusal of an address."""
    return WebhookUrlRefused(why, faults=[Fault("/url", "webhook-url-refused", why)])


def wait_s(tries: int, asked_s: int | None, *, jitter: float) -> float | None:
    """Give how many seconds to wait after so many failed tries, or None: the schedule is at its end.

    What the receiver asked for is waited at least, a day at most; `jitter`, 0 to 1, lengthens by up to a tenth.
    """
    if tries > len(WAITS_S):
        return None
    return max(WAITS_S[tries - 1] * (1 + jitter / 10), min(asked_s or 0, LONGEST_WAIT_S))


def asked_s(retry_after: str, at: datetime) -> int | None:
    """Give how many seconds `Retry-After` asks to wait, be it a number or a date (RFC 9110, 10.2.3); None: neither."""
    if _SECONDS.fullmatch(retry_after.strip()):
        return int(retry_after)
    try:
        until = email.utils.parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    return max(0, math.ceil((until.replace(tzinfo=until.tzinfo or UTC) - at).total_seconds()))


def is_last_warning(tries: int) -> bool:
    """Say whether, after so many failed tries, one more is left: a day before the schedule is at its end."""
    return tries == len(WAITS_S)
