"""Tokens that we never made: signed with anybody's key, or our own, with any header and any claims."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.jwk import ECKey

from service.tokens import keyfile


def encoded(part: Any) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Forger:
    """Who has got hold of a good token, and of the signing key itself where a test is about what is signed."""

    def __init__(self, good: str, file: Path) -> None:
        self.good = good
        self.key = keyfile.read(file)[0]
        self.header, self.claims = (decoded(part) for part in good.split(".")[:2])

    def signed(self, claims: Mapping[str, Any] | None = None, header: Mapping[str, Any] | None = None) -> str:
        """A token with some claims or header members changed, signed with our own key; None takes one away."""
        return self.signed_with(self.key, claims, header)

    def signed_with(
        self, key: ECKey, claims: Mapping[str, Any] | None = None, header: Mapping[str, Any] | None = None
    ) -> str:
        said = {name: value for name, value in {**self.claims, **(claims or {})}.items() if value is not None}
        head = {name: value for name, value in {**self.header, **(header or {})}.items() if value is not None}
        return self.signed_parts(encoded(head), encoded(said), key)

    def signed_parts(self, header: str, payload: str, key: ECKey | None = None) -> str:
        """A token of these very parts: what no library would write."""
        model = jws.JWSRegistry.algorithms["ES256"]
        signature = model.sign(f"{header}.{payload}".encode(), key or self.key)
        return f"{header}.{payload}.{encoded(signature)}"

    def unsigned(self, algorithm: str) -> str:
        header = self.header | {"alg": algorithm}
        return f"{encoded(header)}.{encoded(self.claims)}."

    def with_the_public_key_as_a_secret(self) -> list[str]:
        """HS256 tokens, whose secret is our public key in each form in which somebody may have it."""
        public = self.key.public_key
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        half = json.dumps(keyfile.public(self.key)).encode()
        signing = f"{encoded(self.header | {'alg': 'HS256'})}.{encoded(self.claims)}"
        digests = (
            hmac.new(secret, signing.encode(), hashlib.sha256).digest() for secret in (pem, pem.strip(), der, half)
        )
        return [f"{signing}.{encoded(digest)}" for digest in digests]
