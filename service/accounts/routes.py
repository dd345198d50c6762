"""The REST face of accounts: admins make organisations and keys; everybody keeps the keys of their own organisation."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service import auth, changes
from service.accounts import operations, queries, schemas
from service.accounts.rules import (
    ExpiryPassed,
    FacilityUnknown,
    KeyNotFound,
    MandateWithoutOperator,
    OrganisationNameTaken,
    OrganisationNotFound,
    ScopeNotGrantable,
    SecretShownOnce,
)
from service.database import Tx
from service.fields import Line, Nothing
from service.idempotency import IdempotencyKeyMalformed
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Page, Paging, fits
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["accounts"])

_LISTS = (CursorMalformed, CursorDoesNotFit)
_NEW_KEY = (ScopeNotGrantable, ExpiryPassed, SecretShownOnce, IdempotencyKeyMalformed)


@router.post(
    "/v1/admin/organisations",
    status_code=201,
    response_model=schemas.Organisation,
    responses=problems(
        OrganisationNameTaken, FacilityUnknown, MandateWithoutOperator, *changes.REFUSALS, *auth.REFUSALS
    ),
)
async def create_organisation(
    by: auth.Administrator,
    change: changes.Asked,
    body: schemas.NewOrganisation,
) -> Response:
    """Make an organisation: a forwarder, an operator with the facilities it acts on, a customs system or an admin."""

    async def make(tx: Tx) -> int:
        _, event_id = await operations.create_organisation(
            tx,
            name=body.name,
            role=body.role,
            rate_per_s=body.rate_per_s,
            facilities=body.facilities,
            by=by.organisation_id,
        )
        return event_id

    return changes.answered(await change.once(make, body, by=by), status=200 if change.rehearsal else 201)


@router.post(
    "/v1/admin/organisations/{organisation_id}/mandates",
    response_model=schemas.Organisation,
    responses=problems(
        OrganisationNotFound, FacilityUnknown, MandateWithoutOperator, *changes.REFUSALS, *auth.REFUSALS
    ),
)
async def mandate(
    by: auth.Administrator,
    organisation_id: str,
    change: changes.Asked,
    body: schemas.NewMandate,
) -> Response:
    """Let an operator act on further facilities. Its keys can do so within 5 s."""

    async def add(tx: Tx) -> int:
        _, event_id = await operations.mandate(tx, organisation_id, body.facilities, by=by.organisation_id)
        return event_id

    return changes.answered(await change.once(add, body, by=by))


@router.get("/v1/admin/organisations", responses=problems(*_LISTS, *auth.REFUSALS))
async def organisations(by: auth.Administrator, page: Paging, request: Request) -> Listed[schemas.Organisation]:
    """List all organisations, the oldest first."""
    fit = fits("/v1/admin/organisations", {}, by.organisation_id)
    rows = await changes.database(request).read(queries.organisations, after=_after(page, fit), limit=page.limit + 1)
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[schemas.Organisation.of(each) for each in shown], next=following)


@router.post("/v1/admin/keys", status_code=201, responses=problems(OrganisationNotFound, *_NEW_KEY, *auth.REFUSALS))
async def make_key(
    by: auth.Administrator,
    change: changes.Asked,
    body: schemas.NewKey,
    response: Response,
) -> schemas.FreshKey:
    """Make a key of any organisation. The answer shows it, this once.

    An Idempotency-Key is refused: a replay could not show the key again.
    """
    return await _make_key(change, response, body, body.organisation_id, by=by, within=None)


@router.get("/v1/admin/keys", responses=problems(*_LISTS, *auth.REFUSALS))
async def all_keys(
    by: auth.Administrator,
    page: Paging,
    request: Request,
    organisation_id: Annotated[Line | None, Query(description="only this organisation's")] = None,
) -> Listed[schemas.Key]:
    """List the keys of all organisations, or of one, the oldest first, without their secrets."""
    fit = fits("/v1/admin/keys", {"organisation_id": organisation_id}, by.organisation_id)
    return await _keys(request, page, fit, organisation_id)


@router.post("/v1/admin/keys/{key_id}/revoke", responses=problems(KeyNotFound, IdempotencyKeyMalformed, *auth.REFUSALS))
async def revoke_any(
    by: auth.Administrator, key_id: str, change: changes.Asked, _body: Nothing | None = None
) -> schemas.Key:
    """Revoke a key of any organisation. It stops working within 5 s in every process. Twice is as good as once."""
    revoked = await change.run(operations.revoke_key, key_id, within=None, by=by.organisation_id)
    return schemas.Key.of(revoked)


@router.post("/v1/keys", status_code=201, responses=problems(*_NEW_KEY, *auth.REFUSALS))
async def make_own_key(
    by: auth.KeyKeeper,
    change: changes.Asked,
    body: schemas.NewOwnKey,
    response: Response,
) -> schemas.FreshKey:
    """Make a key of your own organisation, with no more scopes than the key you use. The answer shows it, this once.

    An Idempotency-Key is refused: a replay could not show the key again.
    """
    return await _make_key(change, response, body, by.organisation_id, by=by, within=by.scopes)


@router.get("/v1/keys", responses=problems(*_LISTS, *auth.REFUSALS))
async def own_keys(by: auth.KeyKeeper, page: Paging, request: Request) -> Listed[schemas.Key]:
    """List the keys of your own organisation, the oldest first, without their secrets."""
    return await _keys(request, page, fits("/v1/keys", {}, by.organisation_id), by.organisation_id)


@router.post("/v1/keys/{key_id}/revoke", responses=problems(KeyNotFound, IdempotencyKeyMalformed, *auth.REFUSALS))
async def revoke_own(
    by: auth.KeyKeeper, key_id: str, change: changes.Asked, _body: Nothing | None = None
) -> schemas.Key:
    """Revoke a key of your own organisation, the one you use included. It stops working within 5 s everywhere."""
    organisation_id = by.organisation_id
    revoked = await change.run(operations.revoke_key, key_id, within=organisation_id, by=organisation_id)
    return schemas.Key.of(revoked)


async def _make_key(
    change: changes.Change,
    response: Response,
    body: schemas.NewOwnKey,
    organisation_id: str,
    *,
    by: auth.Principal,
    within: frozenset[str] | None,
) -> schemas.FreshKey:
    if change.key is not None:
        raise SecretShownOnce
    made, text = await change.run(
        operations.make_key,
        organisation_id,
        environment=change.request.app.state.settings.environment,
        name=body.name,
        scopes=body.scopes,
        within=within,
        expires_at=body.expires_at,
        by=by.organisation_id,
    )
    if change.rehearsal:
        response.status_code = 200
    return schemas.FreshKey.shown(made, text)


async def _keys(request: Request, page: Page, fit: str, organisation_id: str | None) -> Listed[schemas.Key]:
    rows = await changes.database(request).read(
        queries.keys, organisation_id=organisation_id, after=_after(page, fit), limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[schemas.Key.of(each) for each in shown], next=following)


def _after(page: Page, fit: str) -> str:
    """Give the id that the page goes on after; every id comes after the empty text."""
    last = page.after(fit, str)
    return str(last[0]) if last else ""
