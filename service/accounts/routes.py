"""The REST face of accounts: admins make organisations and keys; everybody keeps the keys of their own organisation."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from service import auth
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
from service.database import Db, Tx
from service.events.operations import Answer, Once, once
from service.fields import Flag, Line
from service.idempotency import (
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    OptionalKey,
    RequestInProgress,
    fingerprint,
)
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Page, Paging, fits
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["accounts"])

_ONCE = (IdempotencyKeyMalformed, IdempotencyKeyReused, RequestInProgress)
_LISTS = (CursorMalformed, CursorDoesNotFit)
_NEW_KEY = (ScopeNotGrantable, ExpiryPassed, SecretShownOnce, IdempotencyKeyMalformed)

Rehearsal = Annotated[Flag, Query(description="true: do everything but commit; a key sent with it is not kept")]


@router.post(
    "/v1/admin/organisations",
    status_code=201,
    response_model=schemas.Organisation,
    responses=problems(OrganisationNameTaken, FacilityUnknown, MandateWithoutOperator, *_ONCE, *auth.REFUSALS),
)
async def create_organisation(
    by: auth.Administrator,
    key: OptionalKey,
    body: schemas.NewOrganisation,
    request: Request,
    *,
    validate_only: Rehearsal = False,
) -> Response:
    """Make an organisation: a forwarder, an operator with the facilities it acts on, a customs system or an admin."""

    async def change(tx: Tx) -> Answer:
        async def act() -> int:
            _, event_id = await operations.create_organisation(
                tx,
                name=body.name,
                role=body.role,
                rate_per_s=body.rate_per_s,
                facilities=body.facilities,
                by=by.organisation_id,
            )
            return event_id

        return await once(tx, _once(request, by, None if validate_only else key, body), act)

    return _answer(await _run(request, rehearsal=validate_only)(change), status=200 if validate_only else 201)


@router.post(
    "/v1/admin/organisations/{organisation_id}/mandates",
    response_model=schemas.Organisation,
    responses=problems(OrganisationNotFound, FacilityUnknown, MandateWithoutOperator, *_ONCE, *auth.REFUSALS),
)
async def mandate(
    by: auth.Administrator,
    organisation_id: str,
    key: OptionalKey,
    body: schemas.NewMandate,
    request: Request,
    *,
    validate_only: Rehearsal = False,
) -> Response:
    """Let an operator act on further facilities. Its keys can do so within 5 s."""

    async def change(tx: Tx) -> Answer:
        async def act() -> int:
            _, event_id = await operations.mandate(tx, organisation_id, body.facilities, by=by.organisation_id)
            return event_id

        return await once(tx, _once(request, by, None if validate_only else key, body), act)

    return _answer(await _run(request, rehearsal=validate_only)(change))


@router.get("/v1/admin/organisations", responses=problems(*_LISTS, *auth.REFUSALS))
async def organisations(by: auth.Administrator, page: Paging, request: Request) -> Listed[schemas.Organisation]:
    """List all organisations, the oldest first."""
    fit = fits("/v1/admin/organisations", {}, by.organisation_id)
    rows = await _db(request).read(queries.organisations, after=_after(page, fit), limit=page.limit + 1)
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[schemas.Organisation.of(each) for each in shown], next=following)


@router.post("/v1/admin/keys", status_code=201, responses=problems(OrganisationNotFound, *_NEW_KEY, *auth.REFUSALS))
async def make_key(
    by: auth.Administrator,
    key: OptionalKey,
    body: schemas.NewKey,
    request: Request,
    response: Response,
    *,
    validate_only: Rehearsal = False,
) -> schemas.FreshKey:
    """Make a key of any organisation. The answer shows it, this once.

    An Idempotency-Key is refused: a replay could not show the key again.
    """
    return await _make_key(
        request, response, body, key, body.organisation_id, by=by, within=None, rehearsal=validate_only
    )


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


@router.post("/v1/admin/keys/{key_id}/revoke", responses=problems(KeyNotFound, *auth.REFUSALS))
async def revoke_any(by: auth.Administrator, key_id: str, request: Request) -> schemas.Key:
    """Revoke a key of any organisation. It stops working within 5 s in every process."""
    revoked = await _db(request).write(operations.revoke_key, key_id, within=None, by=by.organisation_id)
    return schemas.Key.of(revoked)


@router.post("/v1/keys", status_code=201, responses=problems(*_NEW_KEY, *auth.REFUSALS))
async def make_own_key(
    by: auth.KeyKeeper,
    key: OptionalKey,
    body: schemas.NewOwnKey,
    request: Request,
    response: Response,
    *,
    validate_only: Rehearsal = False,
) -> schemas.FreshKey:
    """Make a key of your own organisation, with no more scopes than the key you use. The answer shows it, this once.

    An Idempotency-Key is refused: a replay could not show the key again.
    """
    return await _make_key(
        request, response, body, key, by.organisation_id, by=by, within=by.scopes, rehearsal=validate_only
    )


@router.get("/v1/keys", responses=problems(*_LISTS, *auth.REFUSALS))
async def own_keys(by: auth.KeyKeeper, page: Paging, request: Request) -> Listed[schemas.Key]:
    """List the keys of your own organisation, the oldest first, without their secrets."""
    return await _keys(request, page, fits("/v1/keys", {}, by.organisation_id), by.organisation_id)


@router.post("/v1/keys/{key_id}/revoke", responses=problems(KeyNotFound, *auth.REFUSALS))
async def revoke_own(by: auth.KeyKeeper, key_id: str, request: Request) -> schemas.Key:
    """Revoke a key of your own organisation, the one you use included. It stops working within 5 s everywhere."""
    revoked = await _db(request).write(operations.revoke_key, key_id, within=by.organisation_id, by=by.organisation_id)
    return schemas.Key.of(revoked)


async def _make_key(
    request: Request,
    response: Response,
    body: schemas.NewOwnKey,
    idempotency_key: str | None,
    organisation_id: str,
    *,
    by: auth.Principal,
    within: frozenset[str] | None,
    rehearsal: bool,
) -> schemas.FreshKey:
    if idempotency_key is not None:
        raise SecretShownOnce
    made, text = await _run(request, rehearsal=rehearsal)(
        operations.make_key,
        organisation_id,
        environment=request.app.state.settings.environment,
        name=body.name,
        scopes=body.scopes,
        within=within,
        expires_at=body.expires_at,
        by=by.organisation_id,
    )
    if rehearsal:
        response.status_code = 200
    return schemas.FreshKey.shown(made, text)


async def _keys(request: Request, page: Page, fit: str, organisation_id: str | None) -> Listed[schemas.Key]:
    rows = await _db(request).read(
        queries.keys, organisation_id=organisation_id, after=_after(page, fit), limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[schemas.Key.of(each) for each in shown], next=following)


def _after(page: Page, fit: str) -> str:
    """Give the id that the page goes on after; every id comes after the empty text."""
    last = page.after(fit, str)
    return str(last[0]) if last else ""


def _db(request: Request) -> Db:
    db: Db = request.app.state.db
    return db


def _run(request: Request, *, rehearsal: bool) -> Any:
    """Give what runs a change: for good, or to see what would come of it."""
    return _db(request).rehearse if rehearsal else _db(request).write


def _once(request: Request, by: auth.Principal, key: str | None, body: BaseModel) -> Once:
    return Once(by.organisation_id, key, fingerprint(request.method, request.url.path, body).hex())


def _answer(answer: Answer, status: int = 200) -> Response:
    """Give what the change's event keeps: one representation, so that a replay is exact."""
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    return Response(answer.body, status, headers, media_type="application/json")
