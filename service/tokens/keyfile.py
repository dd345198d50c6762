"""The file of signing keys: a JWK set (RFC 7517) with private keys, the first of which signs while all of them verify.

    rotate                 the new key signs                    rotate
       │ former key: verifies, until its last token has died │
       ├─────────────────── 600 s + 60 s ────────────────────┤ dropped by the next rotation

Private keys are on disk and nowhere else: neither in the database nor in a backup of it.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from service.tokens.rules import LIFE_S

ALGORITHM, CURVE = "ES256", "P-256"
MOST_KEYS = 50
MARGIN_S = 60  # processes may sign with the former key until they have looked, and clocks differ
_RETIRES_AT = "retires_at"  # a member of our own: Unix time at which no token of a former key lives any more


class KeysUnreadable(Exception):
    """The file is not a set of signing keys; its text, which may be half a private key, is never told."""


def read(file: Path) -> list[ECKey]:
    """Give the keys of the file, in its order. KeysUnreadable."""
    try:
        return [_imported(each) for each in _unlike(json.loads(file.read_text())["keys"])]
    except OSError as error:
        raise KeysUnreadable(str(error.strerror)) from None
    except (ValueError, TypeError, KeyError, AttributeError, JoseError) as error:
        raise KeysUnreadable(f"not a JWK set of private {CURVE} keys ({type(error).__name__})") from None


def _unlike(found: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Give the keys; there has to be one, and no two of one name."""
    if not 0 < len({each["kid"] for each in found}) == len(found) <= MOST_KEYS:
        raise ValueError
    return found


def _imported(found: dict[str, Any]) -> ECKey:
    key = ECKey.import_key(found)
    if not key.is_private or key.curve_name != CURVE or not isinstance(key.kid, str):
        raise ValueError
    return key


def public(key: ECKey) -> dict[str, str]:
    """Give the public half of a key, as anybody may see it."""
    half = key.as_dict(private=False)
    named = {"kid": str(key.kid), "alg": ALGORITHM, "use": "sig"}
    return {name: str(half[name]) for name in ("kty", "crv", "x", "y")} | named


def make(file: Path) -> bool:
    """Make the file with one key if there is none. Says whether it did."""
    with _alone(file):
        if file.exists():
            return False
        _write(file, [_new()])
        return True


def rotate(file: Path, *, at: float) -> list[str]:
    """Put a new key first, at a moment in Unix time. Gives the names of all keys there are now. KeysUnreadable.

    Former keys stay for as long as a token of theirs may live. A file that can't be read is left as it is.
    """
    with _alone(file):
        former = [key.as_dict(private=True) for key in read(file)] if file.exists() else []
        for each in former:
            each.setdefault(_RETIRES_AT, at + LIFE_S + MARGIN_S)  # type: ignore[arg-type]
        kept = [each for each in former if float(str(each[_RETIRES_AT])) > at]
        keys = [_new(), *kept]
        _write(file, keys)
        return [str(each["kid"]) for each in keys]


def _new() -> dict[str, Any]:
    key = ECKey.generate_key(CURVE, {"alg": ALGORITHM, "use": "sig"}, auto_kid=True)
    return dict(key.as_dict(private=True))


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Wait to be the only one who writes: of two rotations at once, one would lose the other's new key."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _write(file: Path, keys: Sequence[Any]) -> None:
    """Write the file whole or not at all, for its owner's eyes only; it stays with the owner that it has."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=file.name)  # mode 0600
    with os.fdopen(descriptor, "w") as out:
        with suppress(FileNotFoundError, PermissionError):
            owner = file.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        json.dump({"keys": keys}, out, indent=2)
        out.write("\n")
        out.flush()
        os.fsync(descriptor)
    Path(draft).replace(file)
