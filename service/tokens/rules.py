"""What an access token says, when it is believed, and what may be refused to who asks for one.

issued_at          + 600 s
    ├────────────────┤         a token lives
····├────────────────┤         and is believed, ten seconds early too: clocks of two hosts differ
"""

from collections.abc import Mapping
from dataclasses import dataclass

from service.auth import TokenExpired, TokenInvalid, TokenOfAnotherEnvironment
from service.errors import Malformed, NotFound, Unidentified

LIFE_S = 600
EARLY_S = 10


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: whose it is, made with which key, for which scopes, until when (Unix time)."""

    organisation_id: str
    key_id: str
    scopes: frozenset[str]
    expires_at: float


class TokensNotOffered(NotFound):
    """This installation makes no access tokens.

    Nobody has given it keys to sign them with. Send your API key itself, as `Authorization: Bearer psk_...`.
    """


class TokenRequestMalformed(Malformed):
    """This is not a request for a token.

    Send `grant_type=client_credentials` as `application/x-www-form-urlencoded` in the body, each parameter once. Say
    who you are either with HTTP Basic or with `client_id` and `client_secret` in the body, never both, never in the
    address: `client_id` is the id of an API key (`key_...`), `client_secret` the key itself.
    """


class GrantTypeUnsupported(Malformed):
    """The only grant that there is here is `client_credentials`.

    Send `grant_type=client_credentials`. There are no users who could grant anything else.
    """


class ScopeNotHeld(Malformed):
    """The token can't have a scope that its API key hasn't.

    The member `scopes` lists those of the key. Leave `scope` out to get them all.
    """


class ClientUnknown(Unidentified):
    """There is no such client, or this is not its secret.

    `client_id` is the id of an API key (`key_...`, as `GET /v1/keys` shows it), `client_secret` is that key itself,
    whole, of this installation, neither revoked nor expired.
    """

    challenge = 'Basic realm="slotway"'


def judged(said: Mapping[str, object], *, issuer: str, environment: str, at: float) -> Claims:
    """Give the claims of a token that was signed by us, at a moment in Unix time (RFC 9068, 2.2 and 4).

    TokenInvalid, TokenExpired, TokenOfAnotherEnvironment.
    """
    if said.get("iss") != issuer:
        raise TokenInvalid("The token was issued elsewhere.")
    if said.get("aud") != audience(issuer, environment):
        raise TokenOfAnotherEnvironment(f"This is a {environment} installation; the token is for another.")
    organisation_id, key_id, scope = (_text(said, name) for name in ("sub", "client_id", "scope"))
    _text(said, "jti")
    if max(_moment(said, "iat"), _moment(said, "nbf", default=0)) > at + EARLY_S:
        raise TokenInvalid("The token is of the future.")
    expires_at = _moment(said, "exp")
    if expires_at <= at:
        raise TokenExpired
    return Claims(organisation_id, key_id, frozenset(scope.split()), expires_at)


def granted(wanted: frozenset[str] | None, held: frozenset[str]) -> frozenset[str]:
    """Give the scopes of a new token: those that are wanted, or all that its key has. ScopeNotHeld."""
    if wanted is None:
        return held
    if not wanted:  # blanks alone: to take them for nothing said would give all that there is
        raise ScopeNotHeld("There is no scope in `scope`; leave it out to get all.", scopes=sorted(held))
    if strange := wanted - held:
        raise ScopeNotHeld(f"The key lacks {len(strange)} of the scopes.", scopes=sorted(held))
    return wanted


def audience(issuer: str, environment: str) -> str:
    """Give the name of those whom a token is for: this service, in one environment."""
    return f"{issuer}/{environment}"


def _text(said: Mapping[str, object], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise TokenInvalid("The token lacks a claim that it needs.")
    return value


def _moment(said: Mapping[str, object], name: str, default: float | None = None) -> float:
    value = said.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenInvalid("The token lacks a claim that it needs.")
    return value
