"""What an API key looks like: `psk_`, the environment, `_`, and 256 random bits; only its SHA-256 is kept.

A slow hash such as Argon2 protects what a person thought of. A random key can't be guessed, and every request is
worth a fast one.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

from service.auth import KeyOfAnotherEnvironment, KeyUnknown

_FORM = re.compile(r"psk_([a-z]{1,20})_[A-Za-z0-9_-]{43}")
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """A new key: the text that is shown once, and what is kept of it."""

    text: str
    hint: str
    digest: bytes


def new_secret(environment: str) -> Secret:
    """Give a key nobody has had before."""
    text = f"psk_{environment}_{secrets.token_urlsafe(_RANDOM_BYTES)}"
    return Secret(text, hint=text[-4:], digest=digest(text))


def digest(key: str) -> bytes:
    """Give what the database knows a key by."""
    return hashlib.sha256(key.encode()).digest()


def checked(key: str, environment: str) -> bytes:
    """Give the digest of a key that could be one of this environment.

    KeyUnknown when it hasn't the form of a key: no query is spent on it. KeyOfAnotherEnvironment.
    """
    form = _FORM.fullmatch(key)
    if form is None:
        raise KeyUnknown("What was sent hasn't the form of a key: `psk_`, environment, `_`, 43 characters.")
    if form[1] != environment:
        raise KeyOfAnotherEnvironment(f"This is a {environment} installation; its keys start with psk_{environment}_.")
    return digest(key)
