"""Organisations and their keys, and what may be said of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from service.auth import SCOPES, Role
from service.errors import Conflict, Fault, Malformed, NotFound, Unfit


@dataclass(frozen=True, slots=True)
class Organisation:
    """Somebody who asks; `facilities` are those that an operator acts on."""

    id: str
    name: str
    role: Role
    rate_per_s: int | None
    created_at: datetime
    facilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it may be shown at any time: without its secret."""

    id: str
    organisation_id: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class OrganisationNotFound(NotFound):
    """There is no such organisation.

    `GET /v1/admin/organisations` lists those that there are.
    """


class KeyNotFound(NotFound):
    """There is no such key that you may see.

    `GET /v1/keys` lists those of your own organisation. What is asked for is the id of a key, `key_...`, not its text.
    """


class OrganisationNameTaken(Conflict):
    """Another organisation has this name.

    Names tell organisations apart; choose another, or use the one that is there.
    """


class FacilityUnknown(Unfit):
    """There is no such terminal or free zone.

    The member `facilities` lists the codes that are not known. `GET /v1/ports/{unlocode}` shows those that are.
    """


class MandateWithoutOperator(Unfit):
    """Only an operator acts on facilities.

    Leave `facilities` out for an organisation of another role.
    """


class ScopeNotGrantable(Unfit):
    """The new key can't have this scope.

    A key has scopes of its organisation's role only, and one made with another key no more than that one has. The
    member `scopes` lists those that can be granted.
    """


class ExpiryPassed(Unfit):
    """A new key can't have expired already.

    Give `expires_at` a moment to come, or leave it out for a key without an end.
    """


class SecretShownOnce(Malformed):
    """A new key or secret is shown once, so this request can't be repeated under an Idempotency-Key.

    A replay could not show it again. Send the request without the header. If the answer was lost, revoke the key that
    was made (`GET /v1/keys` shows it) and make another, or rotate the secret of the webhook endpoint.
    """


def demand_operator(role: Role, facilities: Iterable[str]) -> None:
    """MandateWithoutOperator if somebody else is to act on facilities."""
    if role != "operator" and list(facilities):
        raise MandateWithoutOperator(
            faults=[Fault("/facilities", "mandate-without-operator", "Only an operator acts on facilities")]
        )


def scopes_of(role: Role, wanted: Iterable[str] | None, *, within: frozenset[str] | None) -> list[str]:
    """Give the scopes of a new key: those that are wanted, or all that can be granted.

    Those can be that the role has, and that are `within` the scopes of the key that asks, if one does.
    ScopeNotGrantable.
    """
    grantable = SCOPES[role] if within is None else SCOPES[role] & within
    if wanted is None:
        return sorted(grantable)
    chosen = sorted(set(wanted))
    if strange := [scope for scope in chosen if scope not in grantable]:
        raise ScopeNotGrantable(f"{', '.join(strange)} can't be granted here.", scopes=sorted(grantable))
    return chosen
