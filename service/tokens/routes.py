"""Where tokens are made, and where others learn how to verify them. Nobody needs a key for these, but a client's."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Request, Response

from service import auth
from service.errors import Refusal, Unidentified
from service.intake import StrictRoute, bounded
from service.problems import BodyTooLarge, problems
from service.ratelimit import REPORTS, TooManyFailedAttempts, TooManyRequests
from service.tokens import asking, keyfile, schemas
from service.tokens.rules import (
    LIFE_S,
    ClientUnknown,
    GrantTypeUnsupported,
    ScopeNotHeld,
    TokenRequestMalformed,
    TokensNotOffered,
    granted,
)
from service.tokens.tokens import Tokens

router = APIRouter(route_class=StrictRoute, tags=["tokens"])

_CACHED = "public, max-age=300"
# What clients that know RFC 6749, 5.2, read beside the problem.
_ERRORS: dict[type[Refusal], str] = {
    TokenRequestMalformed: "invalid_request",
    BodyTooLarge: "invalid_request",
    ClientUnknown: "invalid_client",
    GrantTypeUnsupported: "unsupported_grant_type",
    TokensNotOffered: "unsupported_grant_type",
    ScopeNotHeld: "invalid_scope",
}


@router.post(
    "/oauth/token",
    responses=problems(*_ERRORS, TooManyRequests, TooManyFailedAttempts),
    openapi_extra=schemas.FORM,
)
async def make_token(request: Request) -> schemas.Token:
    """Get an access token for an API key: OAuth 2.0 client credentials (RFC 6749, 4.4).

    The client is an API key: `client_id` is its id, `client_secret` the key itself, with HTTP Basic or in the body.
    The token lives for ten minutes, and does what the key may do within `scope`; there is no refreshing, get a new one.
    A refusal also says `error` and `error_description`, as RFC 6749 has them.
    """
    _keep_nowhere(request)
    tokens: Tokens = request.app.state.tokens
    with _told_as_oauth():
        if not tokens.offered():
            raise TokensNotOffered
        with auth.attempt(request):
            asked = asking.asked(
                await bounded(request, asking.MOST_BYTES),
                content_type=request.headers.get("content-type", ""),
                authorization=request.headers.get("authorization"),
            )
        by = await _client(request, asked)
        request.app.state.limits.spend(request.scope, by.organisation_id, REPORTS, by.rate_per_s)
        scopes = granted(asked.scopes, by.scopes)
        return schemas.Token(access_token=tokens.make(by, scopes), expires_in=LIFE_S, scope=" ".join(sorted(scopes)))


@router.get("/.well-known/jwks.json")
async def public_keys(request: Request, response: Response) -> schemas.PublicKeys:
    """Give the public keys by which access tokens can be verified (RFC 7517). A new one may come at any time."""
    tokens: Tokens = request.app.state.tokens
    response.headers["Cache-Control"] = _CACHED
    return schemas.PublicKeys.model_validate({"keys": [keyfile.public(key) for key in tokens.keys.all()]})


@router.get("/.well-known/oauth-authorization-server", responses=problems(TokensNotOffered))
async def authorization_server(request: Request, response: Response) -> schemas.AuthorizationServer:
    """Say how access tokens are to be had here (RFC 8414)."""
    tokens: Tokens = request.app.state.tokens
    if not tokens.offered():
        raise TokensNotOffered
    response.headers["Cache-Control"] = _CACHED
    return schemas.AuthorizationServer(
        issuer=tokens.issuer,
        token_endpoint=f"{tokens.issuer}/oauth/token",
        jwks_uri=f"{tokens.issuer}/.well-known/jwks.json",
        grant_types_supported=[asking.GRANT],
        response_types_supported=[],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        scopes_supported=sorted(set().union(*auth.SCOPES.values())),
        service_documentation=f"{tokens.issuer}/docs",
    )


async def _client(request: Request, asked: asking.TokenRequest) -> auth.Principal:
    """Find out who asks. Whatever is wrong with a client is told in the same words: a guess teaches nothing."""
    keyring: auth.Keyring = request.app.state.keyring
    with auth.attempt(request):
        if not keyring.knows(asked.secret):
            auth.refuse_guessing(request)
        try:
            by = await keyring.client(asked.client_id, asked.secret)
        except Unidentified:
            raise ClientUnknown from None
    request.scope["principal"], request.scope["organisation_id"] = by, by.organisation_id
    return by


@contextmanager
def _told_as_oauth() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        if error := _ERRORS.get(type(refusal)):
            refusal.members |= {"error": error, "error_description": refusal.detail}
        raise


def _keep_nowhere(request: Request) -> None:
    """Let no cache keep the answer, whichever it will be (RFC 6749, 5.1); with `Authorization` none does anyway."""
    lines = request.scope.setdefault("answer_headers", [])
    lines.append((b"pragma", b"no-cache"))
    if not request.scope.get("private"):
        lines.append((b"cache-control", b"no-store"))
