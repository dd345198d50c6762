"""How often an organisation may ask: a token bucket for each organisation and lane, in this process's memory.

The bucket holds one second's worth and fills at the agreed rate, so `q` requests in any second pass and a burst is no
more than that. Several processes keep buckets of their own: the rate is agreed per process. The answer says how things
stand, in the fields of draft-ietf-httpapi-ratelimit-headers-09: `RateLimit-Policy: "booking";q=500;w=1`.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import MutableMapping
from math import ceil
from time import monotonic
from typing import Any

from service.errors import TooMany

BOOKING, REPORTS = "booking", "reports"  # a bucket each, so that a report that runs wild does not stop the booking
WINDOW_S = 1


class TooManyRequests(TooMany):
    """The organisation asks more often than agreed.

    Wait for the seconds in `Retry-After`; `RateLimit` says in each answer how many requests are left in the window.
    """


class TooManyFailedAttempts(TooMany):
    """Too many requests from this address failed to identify themselves.

    Wait for the seconds in `Retry-After` and check the key: it may be revoked, expired or of another environment.
    """


class Buckets:
    """Token buckets by name, at most `most` of them; the one unused longest is forgotten, and is as good as full."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def left(self, name: object, rate: float, burst: float, at: float) -> float:
        """Give how many tokens are in a bucket that fills at `rate` a second up to `burst`."""
        tokens, since = self._left.get(name, (burst, at))
        return min(burst, tokens + max(0.0, at - since) * rate)

    def keep(self, name: object, tokens: float, at: float) -> None:
        """Keep what is left in a bucket."""
        self._left[name] = (tokens, at)
        self._left.move_to_end(name)
        if len(self._left) > self.most:
            self._left.popitem(last=False)


class Limits:
    """What organisations have left of their agreed rates."""

    def __init__(self, most: int = 10_000) -> None:
        self._buckets = Buckets(most)

    def spend(
        self,
        scope: MutableMapping[str, Any],
        organisation_id: str,
        lane: str,
        rate_per_s: int | None,
        at: float | None = None,
    ) -> None:
        """Take one request from an organisation's lane, or refuse it; the answer's headers say what is left.

        `rate_per_s` None is no limit. `at` is in seconds on a clock that never goes back.
        """
        if rate_per_s is None:
            return
        quota = rate_per_s
        at = monotonic() if at is None else at
        name = (organisation_id, lane)
        tokens = self._buckets.left(name, quota, quota, at)
        passes = tokens >= 1
        self._buckets.keep(name, tokens - passes, at)
        _tell(scope, lane, quota, int(tokens - passes))
        if not passes:
            raise TooManyRequests(retry_after=ceil((1 - tokens) / quota), lane=lane, quota=quota, window_s=WINDOW_S)


def _tell(scope: MutableMapping[str, Any], lane: str, quota: int, left: int) -> None:
    """Put the two header lines into the answer, whatever it will be."""
    lines = scope.setdefault("answer_headers", [])
    lines.append((b"ratelimit-policy", f'"{lane}";q={quota};w={WINDOW_S}'.encode()))
    lines.append((b"ratelimit", f'"{lane}";r={left};t={WINDOW_S}'.encode()))


class FailedAttempts:
    """Addresses that fail to identify themselves too often; `most` of them are remembered, so memory is bounded.

    An API key has 256 random bits, so this is no defence of the keys: it keeps guessing from costing a look-up each.
    """

    def __init__(self, burst: int = 1000, rate_per_s: float = 100.0, most: int = 10_000) -> None:
        self.burst = burst
        self.rate_per_s = rate_per_s
        self._buckets = Buckets(most)

    def refuse(self, address: str, at: float | None = None) -> None:
        """Refuse an address that has failed too often; ask before a key is looked up that is not known already."""
        left = self._left(address, monotonic() if at is None else at)
        if left < 1:
            raise TooManyFailedAttempts(retry_after=ceil((1 - left) / self.rate_per_s))

    def count(self, address: str, at: float | None = None) -> None:
        """Remember that an address has failed once more."""
        at = monotonic() if at is None else at
        self._buckets.keep(neighbourhood(address), max(0.0, self._left(address, at) - 1), at)

    def _left(self, address: str, at: float) -> float:
        return self._buckets.left(neighbourhood(address), self.rate_per_s, self.burst, at)


def neighbourhood(address: str) -> str:
    """Give what counts as one address: an IPv4 address, or the /64 that one holder of IPv6 moves freely in."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)
