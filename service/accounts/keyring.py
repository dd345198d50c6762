"""Who holds a key, believed for a few seconds, so that a known key costs no query."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass

import structlog

from service.accounts import keys, queries
from service.auth import KINDS, KeyExpired, KeyRevoked, KeyUnknown, Principal
from service.database import Db
from service.errors import Refusal

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Belief:
    """A principal, and until when on the monotonic clock it is believed."""

    by: Principal
    until: float


class Keyring:
    """The keys that one process has seen lately, at most `bound` of them.

    A key is believed for `believe_s` from the moment its query began, and never past its expiry: this bounds how long
    a revoked key goes on working. Unknown keys are not remembered, so that a stranger can't fill the memory.
    """

    def __init__(self, db: Db, *, environment: str, believe_s: float, bound: int = 10_000) -> None:
        self._db = db
        self._environment = environment
        self._believe_s = believe_s
        self._bound = bound
        self._beliefs: dict[bytes, _Belief] = {}
        self._asking: dict[bytes, asyncio.Task[Principal]] = {}
        self._used: set[str] = set()

    def knows(self, key: str) -> bool:
        """Say whether a key is believed just now, so that `holder` gives its principal without a query."""
        belief = self._beliefs.get(keys.digest(key))
        return belief is not None and time.monotonic() < belief.until

    async def holder(self, key: str) -> Principal:
        """Give the principal of a key, or raise an `Unidentified` of `auth` that says what is wrong with the key."""
        digest = keys.checked(key, self._environment)
        belief = self._beliefs.get(digest)
        if belief is not None and time.monotonic() < belief.until:
            by = belief.by
        else:
            by = await self._asked_once(digest)
        self._used.add(by.key_id)
        return by

    async def holders(self, some: Collection[str]) -> dict[str, Principal]:
        """Give the principals of those keys that work at this moment, in one query for all of them."""
        digests = {keys.checked(key, self._environment): key for key in some}
        found = await self._db.read(queries.holders, list(digests))
        return {digests[digest]: _principal(each) for digest, each in found if each.works}

    async def _asked_once(self, digest: bytes) -> Principal:
        """Ask the database, one query for all who wait for this key; whoever gives up takes nobody along."""
        asking = self._asking.get(digest)
        if asking is None:
            asking = self._asking[digest] = asyncio.create_task(self._ask(digest))
            asking.add_done_callback(lambda done: self._settle(digest, done))
        return await asyncio.shield(asking)

    def _settle(self, digest: bytes, done: "asyncio.Task[Principal]") -> None:
        """Forget a query that has ended; its refusal is looked at, in case that all who waited have gone."""
        del self._asking[digest]
        if not done.cancelled():
            done.exception()

    async def _ask(self, digest: bytes) -> Principal:
        self._beliefs.pop(digest, None)
        began = time.monotonic()
        holder = await self._db.read(queries.holder, digest)
        if holder is None:
            raise KeyUnknown
        if holder.revoked:
            raise KeyRevoked
        if not holder.works:
            raise KeyExpired
        by = _principal(holder)
        believed_s = self._believe_s if holder.lives_s is None else min(self._believe_s, holder.lives_s)
        while len(self._beliefs) >= self._bound:
            del self._beliefs[next(iter(self._beliefs))]
        self._beliefs[digest] = _Belief(by, began + believed_s)
        return by

    async def note_use(self, db: Db) -> None:
        """Write down which keys have been used since the last time; if the database is away, the next time."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            await db.call(queries.note_use, sorted(used))
        except BaseException:
            self._used |= used
            raise


async def keep_last_used(keyring: Keyring, db: Db, *, every_s: float = 5.0) -> None:
    """Write down key use every few seconds, until cancelled; then what is left. Never in a request."""
    try:
        while True:
            await asyncio.sleep(every_s)
            await _note_if_possible(keyring, db)
    finally:
        await _note_if_possible(keyring, db)


async def _note_if_possible(keyring: Keyring, db: Db) -> None:
    """Write down key use, or leave it for the next time: a failure here must not end the writing for good."""
    try:
        await keyring.note_use(db)
    except Refusal:
        return
    except Exception:  # noqa: BLE001  whatever it was, it is tried again
        _log.exception("key use not written down")


def _principal(holder: queries.Holder) -> Principal:
    return KINDS[holder.role](
        organisation_id=holder.organisation_id,
        role=holder.role,
        name=holder.name,
        rate_per_s=holder.rate_per_s,
        scopes=holder.scopes,
        key_id=holder.key_id,
        facilities=holder.facilities,
    )
