"""The signing keys as one process has them: those of the file, which may change under it."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import structlog
from joserfc.jwk import ECKey

from service.tokens import keyfile

LOOK_EVERY_S = 1.0

_log = structlog.get_logger()


class SigningKeys:
    """The keys of the file, which is looked at once a second while somebody asks; None: there are none.

    A file that can't be read changes nothing: the keys that were read last go on, and the log says why.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._keys: dict[str, ECKey] = {}
        self._seen: object = ...
        self._look_at = 0.0

    def all(self) -> Sequence[ECKey]:
        """Give the keys that count now; the first of them signs."""
        if monotonic() >= self._look_at:
            self._look()
        return tuple(self._keys.values())

    def of(self, kid: str) -> ECKey | None:
        """Give a key. For one that is missing the file is looked at: another process may have signed with it."""
        if kid not in self._keys or monotonic() >= self._look_at:
            self._look()
        return self._keys.get(kid)

    def _look(self) -> None:
        self._look_at = monotonic() + LOOK_EVERY_S
        if self._file is None or (seen := _stamp(self._file)) == self._seen:
            return
        self._seen = seen
        try:
            self._keys = {str(key.kid): key for key in keyfile.read(self._file)}
        except keyfile.KeysUnreadable as error:
            _log.error("signing keys not read", file=str(self._file), why=str(error))


def _stamp(file: Path) -> object:
    """Give what tells one state of the file from another."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
