"""Making tokens and believing them: JSON web tokens (RFC 7519) in the profile of RFC 9068, signed with ES256 alone."""

import json
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from service import clock, ids
from service.auth import Principal, TokenInvalid
from service.tokens.keyfile import ALGORITHM
from service.tokens.rules import LIFE_S, Claims, TokensNotOffered, audience, judged
from service.tokens.signing import SigningKeys

TYPE = "at+jwt"
LONGEST = 4096  # characters; our own have about 600


class Tokens:
    """The tokens of one installation, in one environment; at most `bound` verified ones are remembered.

    To verify a signature takes about a tenth of a millisecond. A remembered token is judged by its expiry alone, as
    long as the key that signed it is still there.
    """

    def __init__(self, keys: SigningKeys, *, issuer: str, environment: str, bound: int = 10_000) -> None:
        self.keys = keys
        self.issuer = issuer.rstrip("/")
        self._environment = environment
        self._bound = bound
        self._verified: dict[str, tuple[str, ECKey, Claims]] = {}

    def offered(self) -> bool:
        """Say whether there is a key to sign tokens with."""
        return bool(self.keys.all())

    def make(self, by: Principal, scopes: frozenset[str]) -> str:
        """Give a new token, of a principal, for some of its scopes. TokensNotOffered."""
        keys = self.keys.all()
        if not keys:
            raise TokensNotOffered
        at = int(clock.now().timestamp())
        said = {
            "iss": self.issuer,
            "aud": audience(self.issuer, self._environment),
            "sub": by.organisation_id,
            "client_id": by.key_id,
            "scope": " ".join(sorted(scopes)),
            "iat": at,
            "exp": at + LIFE_S,
            "jti": ids.new("tok"),
        }
        header = _header(str(keys[0].kid))
        return jws.serialize_compact(header, json.dumps(said), keys[0], algorithms=[ALGORITHM])

    def known(self, token: str) -> Claims | None:
        """Give what a token says that was verified before and would still be believed."""
        found = self._verified.get(token)
        if found is None:
            return None
        kid, key, claims = found
        if self.keys.of(kid) is not key or claims.expires_at <= clock.now().timestamp():
            del self._verified[token]
            return None
        return claims

    def read(self, token: str) -> Claims:
        """Give what a token says, or raise TokenInvalid, TokenExpired or TokenOfAnotherEnvironment."""
        known = self.known(token)
        if known is not None:
            return known
        kid, key, said = self._signed(token)
        claims = judged(said, issuer=self.issuer, environment=self._environment, at=clock.now().timestamp())
        while len(self._verified) >= self._bound:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = kid, key, claims
        return claims

    def _signed(self, token: str) -> tuple[str, ECKey, dict[str, Any]]:
        """Give what one of our keys has signed, with that key.

        The header has to be the one that we write, and nothing else: whoever may choose the algorithm or bring a key
        along forges what he likes (RFC 8725, 2.1 and 3.1).
        """
        if len(token) > LONGEST:
            raise TokenInvalid("The token is longer than any of ours.")
        try:
            found = jws.extract_compact(token.encode())
            kid = found.headers().get("kid")
            if not isinstance(kid, str) or found.headers() != _header(kid):
                raise TokenInvalid("The header of the token is none of ours.")
            key = self.keys.of(kid)
            if key is None:
                raise TokenInvalid("The token is signed with a key that is not used here.")
            if not jws.validate_compact(found, key, algorithms=[ALGORITHM]):
                raise TokenInvalid("The signature of the token is wrong.")
            said = json.loads(found.payload, parse_constant=_no_number)
        except (JoseError, ValueError, RecursionError):
            raise TokenInvalid("The token is damaged.") from None
        if not isinstance(said, dict):
            raise TokenInvalid("The token is damaged.")
        return kid, key, said


def _no_number(name: str) -> NoReturn:
    """Refuse NaN, of which no moment is ever past."""
    raise ValueError(name)


def _header(kid: str) -> dict[str, str]:
    return {"alg": ALGORITHM, "typ": TYPE, "kid": kid}
