"""Whether a request is sent again, and when. No I/O: both clients ask here after each try."""

import logging
import random
from dataclasses import dataclass
from typing import TypeGuard

import httpx

from slotway_client.calls import Call
from slotway_client.refusals import Unanswered, refusal

Outcome = httpx.Response | httpx.TransportError

# The service did not do it (429), or it may have (the others: a proxy gave up waiting, or the service did).
_TOO_MANY, _AWAY = 429, {502, 503, 504}
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_OUR_OWN_FAULT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)

log = logging.getLogger("slotway_client")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is sent again, and how long is waited: longer each time, and never the same for all.

    A wait that the service asks for with `Retry-After` is obeyed; if it is longer than `longest_wait_s`, the refusal is
    raised at once.
    """

    most: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0

    def wait_s(self, failures: int, asked_s: float | None = None) -> float:
        """Give the seconds to wait after so many failures: a half to the whole of what has doubled each time."""
        # The exponent is bounded, as a stream may fail for days.
        grown = min(self.first_wait_s * 2.0 ** min(failures - 1, 20), self.longest_wait_s)
        spread = random.uniform(0.5, 1.0)  # noqa: S311  it only keeps clients from coming back all at once
        return grown * spread if asked_s is None else asked_s + min(grown, 1.0) * (spread - 0.5)


class Attempts:
    """The tries of one call, as many as `retries` allows, or without an end."""

    def __init__(self, call: Call, retries: Retries) -> None:
        self._call = call
        self._retries = retries
        self.endless = False
        self.failures = 0

    def wait_after(self, outcome: Outcome) -> float:
        """Give the seconds to wait before it is sent again; raise Refused or Unanswered if it is not to be."""
        self.failures += 1
        asked_s = asked_wait(outcome)
        spent = self.failures > self._retries.most or (asked_s or 0) > self._retries.longest_wait_s
        if (spent and not self.endless) or not passes_by(outcome, repeatable=self._call.repeatable):
            raise self._error(outcome) from outcome if isinstance(outcome, httpx.TransportError) else None
        wait_s = self._retries.wait_s(self.failures, asked_s)
        said = outcome.status_code if isinstance(outcome, httpx.Response) else repr(outcome)
        log.info("%s %s: %s; sent again in %.1f s", self._call.method, self._call.path, said, wait_s)
        return wait_s

    def _error(self, outcome: Outcome) -> Exception:
        if isinstance(outcome, httpx.Response):
            return refusal(self._call, outcome)
        return Unanswered(self._call, self.failures)


def answers(outcome: Outcome) -> TypeGuard[httpx.Response]:
    """Say whether this is what was asked for."""
    if isinstance(outcome, httpx.TransportError):
        return False
    return outcome.is_success or outcome.status_code == httpx.codes.NOT_MODIFIED


def passes_by(outcome: Outcome, *, repeatable: bool) -> bool:
    """Say whether the same request may go through later, and may be sent again."""
    if isinstance(outcome, httpx.TransportError):
        return not isinstance(outcome, _OUR_OWN_FAULT) and (repeatable or isinstance(outcome, _NEVER_SENT))
    if outcome.status_code == httpx.codes.CONFLICT:  # a place is busy, or the first request is still running
        return asked_wait(outcome) is not None
    return outcome.status_code == _TOO_MANY or (repeatable and outcome.status_code in _AWAY)


def asked_wait(outcome: Outcome) -> float | None:
    """Give the seconds of `Retry-After`. A date, which the service never sends, counts as none."""
    text = outcome.headers.get("Retry-After", "") if isinstance(outcome, httpx.Response) else ""
    return float(text) if text.isascii() and text.isdigit() else None
