"""Endpoints and attempts, and what may be said of them: addresses, filters, the schedule of retries, signatures."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from service.errors import Fault, Unfit

TWO_SECRETS_H = 24
_SECRET_BYTES = 32

# How long to wait after each failed try, seconds: the schedule of Standard Webhooks; the first try is at once.
WAITS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
LONGEST_WAIT_S = 86_400


class WebhookUrlRefused(Unfit):
    """Webhooks are not sent to this address.

    It has to be an `https` address without a user or a fragment, whose name stands for public internet addresses only.
    """


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are pushed to. `former_until`: when the secret before this one ceases to sign."""

    id: str
    organisation_id: str
    url: str
    event_types: tuple[str, ...]
    description: str | None
    enabled: bool
    disabled_because: str | None
    cursor: int
    former_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """An endpoint that a worker has in hand, with the secrets that sign now; `lease` tells turns apart."""

    id: str
    organisation_id: str
    url: str
    event_types: tuple[str, ...]
    cursor: int
    lease: int
    secrets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; `error` is None if the receiver took it. `wait_s` is what it asked to be given."""

    delivery: int
    at: datetime
    status_code: int | None
    duration_ms: int
    error: str | None = None
    wait_s: int | None = None


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
