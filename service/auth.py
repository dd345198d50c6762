"""Who asks, and what they may do: the type of a route's parameter is the permission.

A route that takes `by: auth.Booker` is for forwarders whose key has the scope `bookings:write`, and gets a `Forwarder`;
whoever else comes is refused before the body is read (write `by` first). What a key stands for is a `Keyring`'s to say:
`accounts.keyring` has the real one. A principal's `facilities` are the terminals and free zones its operator acts on.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from fastapi import Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from service.errors import Forbidden, Refusal, Unidentified
from service.ratelimit import BOOKING, REPORTS, FailedAttempts, TooManyFailedAttempts, TooManyRequests

Role = Literal["forwarder", "operator", "customs", "admin"]

_READS = frozenset({"places:read", "slots:read", "bookings:read", "events:read"})
_OWN = frozenset({"keys:write", "webhooks:read", "webhooks:write"})
SCOPES: dict[Role, frozenset[str]] = {
    "forwarder": _READS | _OWN | {"bookings:write"},
    "operator": _READS | _OWN | {"bookings:write", "places:write"},
    "customs": _READS | _OWN | {"customs:read", "customs:write"},
    "admin": _READS | _OWN | {"organisations:write"},
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The organisation that asks, and the key it asks with."""

    organisation_id: str
    role: Role
    name: str
    rate_per_s: int | None
    scopes: frozenset[str]
    key_id: str
    facilities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Forwarder(Principal):
    """A freight forwarder: books, and sees its own bookings."""


@dataclass(frozen=True, slots=True)
class Operator(Principal):
    """An operator of named facilities: sets their rules, and sees their bookings."""


@dataclass(frozen=True, slots=True)
class Customs(Principal):
    """A customs system: sees bookings from their confirmation on, puts cargo on hold and releases it."""


@dataclass(frozen=True, slots=True)
class Admin(Principal):
    """Whoever runs the installation: makes organisations and keys."""


_TO_BOOK = frozenset({"bookings:write", "slots:read"})
_NOT_FOR_CUSTOMS = frozenset({"contact", "remark", "awaits", "overrides", "override", "change"})
_OF_RIVALS = frozenset({"hits"})

KINDS: dict[Role, type[Principal]] = {
    "forwarder": Forwarder,
    "operator": Operator,
    "customs": Customs,
    "admin": Admin,
}


class KeyMissing(Unidentified):
    """The request carries no API key.

    Send it as `Authorization: Bearer psk_...`. Whoever runs the installation makes keys, with
    `python -m service key create` or at `/v1/admin/keys`.
    """


class KeyUnknown(Unidentified):
    """No such key has been made here.

    A key is `psk_`, the environment, `_` and 43 characters. Check that the whole of it was copied, and that it is a
    key of this installation.
    """


class KeyOfAnotherEnvironment(Unidentified):
    """The key is of another environment than this installation.

    The middle of a key says where it works: `psk_test_` keys on test installations, `psk_live_` keys on live ones.
    """


class KeyRevoked(Unidentified):
    """The key has been revoked.

    It will never work again. Ask whoever keeps your organisation's keys for a new one.
    """


class KeyExpired(Unidentified):
    """The key has expired.

    Its life was set when it was made. Ask whoever keeps your organisation's keys for a new one.
    """


class TokenInvalid(Unidentified):
    """The access token can't be believed.

    It is damaged, made up, made for somebody else, or signed with a key that this installation does not use. Get a new
    one at `/oauth/token`, and send it as it stands.
    """


class TokenExpired(Unidentified):
    """The access token has expired.

    Tokens live for ten minutes: `expires_in` says so when you get one. Get a new one at `/oauth/token`.
    """


class TokenOfAnotherEnvironment(Unidentified):
    """The access token is of another environment than this installation.

    A token works where it was made: get one from the `/oauth/token` of the installation that you ask.
    """


class WrongRole(Forbidden):
    """This is not for organisations of your role.

    The member `roles` lists the roles that it is for, `role` is your own.
    """


class ScopeMissing(Forbidden):
    """The key lacks a scope that this needs.

    The member `scope` names it, of several the first. Use a key that has what the operation lists; the scopes of a key
    can't be changed, make a new one.
    """


REFUSALS: tuple[type[Refusal], ...] = (
    KeyMissing, KeyUnknown, KeyOfAnotherEnvironment, KeyRevoked, KeyExpired,
    TokenInvalid, TokenExpired, TokenOfAnotherEnvironment, WrongRole, ScopeMissing,
    TooManyRequests, TooManyFailedAttempts,
)  # fmt: skip


class Keyring(Protocol):
    """Whatever knows who holds a key, or a token made with one: `app.state.keyring`."""

    def knows(self, credential: str) -> bool:
        """Say whether a key or token is known without asking anybody."""

    async def holder(self, credential: str) -> Principal:
        """Give the principal of a key or token, or raise one of the `Unidentified` above."""

    async def client(self, key_id: str, key: str) -> Principal:
        """Give the principal of a key, for whoever knows its id as well; a token is no key."""

    async def holders(self, credentials: Collection[str]) -> dict[str, Principal]:
        """Give the principals of those that work at this moment; nothing is believed from before."""


class _Permit(SecurityBase):
    """The dependency behind a parameter's type: it finds out who asks, and refuses whoever may not."""

    model = HTTPBearer(bearerFormat="psk_...", description="An API key, `psk_test_...` or `psk_live_...`.")
    scheme_name = "key"

    def __init__(self, scopes: tuple[str, ...], kinds: tuple[type[Principal], ...]) -> None:
        self._scopes = scopes
        self._kinds = kinds
        self._lane = BOOKING if _TO_BOOK.intersection(scopes) else REPORTS

    async def __call__(self, request: Request) -> Principal:
        by = await _holder(request)
        # The log line and the rate limit want to know too, also of a request that is refused below.
        request.scope["principal"], request.scope["organisation_id"] = by, by.organisation_id
        request.app.state.limits.spend(request.scope, by.organisation_id, self._lane, by.rate_per_s)
        if not isinstance(by, self._kinds):
            raise WrongRole(role=by.role, roles=[role for role, kind in KINDS.items() if kind in self._kinds])
        for scope in self._scopes:
            if scope not in by.scopes:
                raise ScopeMissing(f"The key lacks the scope {scope}.", scope=scope)
        return by


async def _holder(request: Request) -> Principal:
    """Find out who asks."""
    keyring: Keyring = request.app.state.keyring
    with attempt(request):
        credential = bearer(request)
        if not keyring.knows(credential):
            refuse_guessing(request)
        return await keyring.holder(credential)


def refuse_guessing(request: Request) -> None:
    """TooManyFailedAttempts if the address keeps failing; asked before anything is looked up for it."""
    failures: FailedAttempts = request.app.state.failed_attempts
    failures.refuse(_address(request))


@contextmanager
def attempt(request: Request) -> Iterator[None]:
    """Count it against the address if whoever asks does not identify himself inside."""
    failures: FailedAttempts = request.app.state.failed_attempts
    try:
        yield
    except Unidentified:
        failures.count(_address(request))
        raise


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def bearer(request: Request) -> str:
    """Give what stands behind `Bearer` in the request, not yet believed."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyMissing
    return key.strip()


def permit(*scopes: str, of: tuple[type[Principal], ...] = (Principal,)) -> Any:
    """Give the marker of a parameter type that asks for all of these scopes, and for a role of these kinds.

    Booker = Annotated[Forwarder, permit("bookings:write", of=(Forwarder,))]
    """
    return Security(_Permit(scopes, of), scopes=scopes)


PlaceReader = Annotated[Principal, permit("places:read")]
SlotReader = Annotated[Principal, permit("slots:read")]
BookingReader = Annotated[Principal, permit("bookings:read")]
EventReader = Annotated[Principal, permit("events:read")]
KeyKeeper = Annotated[Principal, permit("keys:write")]
WebhookReader = Annotated[Principal, permit("webhooks:read")]
WebhookKeeper = Annotated[Principal, permit("webhooks:write")]
# Whoever has events sent to an address reads them: without the second scope `webhooks:write` alone would read all.
EventSender = Annotated[Principal, permit("webhooks:write", "events:read")]
Booker = Annotated[Forwarder, permit("bookings:write", of=(Forwarder,))]
BookingOperator = Annotated[Operator, permit("bookings:write", of=(Operator,))]
BookingParty = Annotated[Forwarder | Operator, permit("bookings:write", of=(Forwarder, Operator))]
PlaceOperator = Annotated[Operator, permit("places:write", of=(Operator,))]
CustomsReader = Annotated[Customs, permit("customs:read", of=(Customs,))]
CustomsSender = Annotated[Customs, permit("customs:write", of=(Customs,))]
Administrator = Annotated[Admin, permit("organisations:write", of=(Admin,))]


def as_seen(shown: str, by: Principal) -> str:
    """Give JSON text as a principal may see it.

    Customs is not told whom to call, nor what was remarked; whom a ship hits that stays too long, operators alone are.
    """
    hidden = _NOT_FOR_CUSTOMS if isinstance(by, Customs) else frozenset[str]()
    if not isinstance(by, Operator | Admin) and '"hits"' in shown:
        hidden |= _OF_RIVALS
    if not hidden:
        return shown
    said = json.loads(shown)
    return json.dumps({key: value for key, value in said.items() if key not in hidden})
