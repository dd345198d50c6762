"""Making organisations, mandates and keys, and revoking keys. Every change is an event, without any secret."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python

from service.accounts import keys, queries
from service.accounts.rules import (
    ExpiryPassed,
    FacilityUnknown,
    Key,
    KeyNotFound,
    Organisation,
    OrganisationNameTaken,
    OrganisationNotFound,
    demand_operator,
    scopes_of,
)
from service.auth import Role
from service.database import Tx
from service.errors import Fault
from service.events.queries import Happening, insert

SERVICE = "service"  # causes what nobody asked for over HTTP: the command line, the first start


async def create_organisation(
    tx: Tx, *, name: str, role: Role, rate_per_s: int | None = None, facilities: Iterable[str] = (), by: str = SERVICE
) -> tuple[Organisation, int]:
    """Make an organisation, an operator with its facilities. Gives it and the id of the event.

    OrganisationNameTaken, FacilityUnknown, MandateWithoutOperator.
    """
    wanted = sorted(set(facilities))
    demand_operator(role, wanted)
    organisation_id = await queries.add_organisation(tx, name, role, rate_per_s)
    if organisation_id is None:
        raise OrganisationNameTaken
    await _add_mandates(tx, organisation_id, wanted)
    made = await organisation_of(tx, organisation_id)
    return made, await _record(tx, "organisation.created", made.id, made.id, made, by=by)


async def mandate(
    tx: Tx, organisation_id: str, facilities: Iterable[str], *, by: str = SERVICE
) -> tuple[Organisation, int]:
    """Let an operator act on further facilities. Gives it and the id of the event.

    OrganisationNotFound, FacilityUnknown, MandateWithoutOperator.
    """
    await queries.lock_organisation(tx, organisation_id)
    before = await organisation_of(tx, organisation_id)
    wanted = sorted(set(facilities))
    demand_operator(before.role, wanted)
    await _add_mandates(tx, organisation_id, wanted)
    now = await organisation_of(tx, organisation_id)
    return now, await _record(tx, "organisation.mandated", now.id, now.id, now, previous=before, by=by)


async def organisation_of(tx: Tx, organisation_id: str) -> Organisation:
    """Give an organisation, or OrganisationNotFound."""
    found = await queries.organisation(tx, organisation_id)
    if found is None:
        raise OrganisationNotFound
    return found


async def make_key(
    tx: Tx,
    organisation_id: str,
    *,
    environment: str,
    name: str,
    scopes: Iterable[str] | None = None,
    within: frozenset[str] | None = None,
    expires_at: datetime | None = None,
    by: str = SERVICE,
) -> tuple[Key, str]:
    """Make a key of an organisation. Gives it and its text, which nobody can find out again.

    Without scopes it gets all that can be granted. OrganisationNotFound, ScopeNotGrantable, ExpiryPassed.
    """
    owner = await organisation_of(tx, organisation_id)
    secret = keys.new_secret(environment)
    granted = scopes_of(owner.role, scopes, within=within)
    made = await queries.add_key(tx, owner.id, name=name, secret=secret, scopes=granted, expires_at=expires_at)
    if made is None:
        fault = Fault("/expires_at", "expiry-passed", "This moment has passed")
        raise ExpiryPassed(faults=[fault])
    await _record(tx, "key.created", made.id, owner.id, made, by=by)
    return made, secret.text


async def revoke_key(tx: Tx, key_id: str, *, within: str | None, by: str = SERVICE) -> Key:
    """Revoke a key of one organisation, or of any (None); every process refuses it within 5 s. Gives the key.

    A key that is revoked already stays as it is. KeyNotFound.
    """
    key = await queries.locked_key(tx, key_id, organisation_id=within)
    if key is None:
        raise KeyNotFound
    if key.revoked_at is not None:
        return key
    revoked = await queries.revoke(tx, key_id)
    await _record(tx, "key.revoked", key.id, key.organisation_id, revoked, previous=key, by=by)
    return revoked


async def _add_mandates(tx: Tx, organisation_id: str, facilities: list[str]) -> None:
    if unknown := await queries.unknown_facilities(tx, facilities):
        raise FacilityUnknown(f"There is no facility {', '.join(unknown)}.", facilities=unknown)
    await queries.add_mandates(tx, organisation_id, facilities)


async def _record(
    tx: Tx,
    what: str,
    subject: str,
    owner_id: str,
    current: Organisation | Key,
    *,
    by: str,
    previous: Organisation | Key | None = None,
) -> int:
    happening = Happening(
        type=what,
        subject=subject,
        by=by,
        owner_id=owner_id,
        current=_plain(current),
        previous=None if previous is None else _plain(previous),
    )
    return await insert(tx, happening)


def _plain(thing: Organisation | Key) -> dict[str, Any]:
    plain: dict[str, Any] = to_jsonable_python(thing)
    return plain
