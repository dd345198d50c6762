"""Who holds a key, or a token made with one, believed for a few seconds, so that a known one costs no query.

A token is believed by its signature, and then only as far as the key behind it: a revoked key ends its tokens too.
"""

import asyncio
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from service.accounts import keys, queries
from service.auth import KINDS, KeyExpired, KeyRevoked, KeyUnknown, Principal, TokenInvalid
from service.database import Db
from service.errors import Refusal, Unidentified
from service.tokens.rules import Claims
from service.tokens.tokens import Tokens

_JWT = "eyJ"  # how every JSON web token begins, and no key

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Belief:
    """A principal, and until when on the monotonic clock it is believed."""

    by: Principal
    until: float


@dataclass(frozen=True, slots=True)
class _Shown:
    """What somebody shows: a key, by its digest, or a token, by the id of its key and with what it says."""

    key: bytes | str
    claims: Claims | None = None

    def narrowed(self, by: Principal) -> Principal:
        """Give the holder of the key with what a token leaves him of its scopes. TokenInvalid."""
        if self.claims is None:
            return by
        if by.organisation_id != self.claims.organisation_id:
            raise TokenInvalid("The token is not of the organisation that its key is of.")
        return replace(by, scopes=by.scopes & self.claims.scopes)


class Keyring:
    """The keys that one process has seen lately, at most `bound` of them.

    A key is believed for `believe_s` from the moment its query began, and never past its expiry: this bounds how long
    a revoked key goes on working. Unknown keys are not remembered, so that a stranger can't fill the memory.
    """

    def __init__(
        self, db: Db, *, environment: str, believe_s: float, tokens: Tokens | None = None, bound: int = 10_000
    ) -> None:
        self._db = db
        self._environment = environment
        self._believe_s = believe_s
        self._tokens = tokens
        self._bound = bound
        self._beliefs: dict[bytes | str, _Belief] = {}
        self._asking: dict[bytes | str, asyncio.Task[Principal]] = {}
        self._used: set[str] = set()

    def knows(self, credential: str) -> bool:
        """Say whether a key or token is believed just now, so that `holder` gives its principal without a query."""
        if not credential.startswith(_JWT):
            return self._believed(keys.digest(credential)) is not None
        claims = self._tokens.known(credential) if self._tokens else None
        return claims is not None and self._believed(claims.key_id) is not None

    async def holder(self, credential: str) -> Principal:
        """Give the principal of a key or token, or raise an `Unidentified` of `auth` that says what is wrong."""
        shown = self._shown(credential)
        by = self._believed(shown.key) or await self._asked_once(shown.key)
        self._used.add(by.key_id)
        return shown.narrowed(by)

    async def client(self, key_id: str, key: str) -> Principal:
        """Give the principal of a key, for whoever knows its id as well; a token is no key. An `Unidentified`."""
        digest = keys.checked(key, self._environment)
        by = self._believed(digest) or await self._asked_once(digest)
        if by.key_id != key_id:
            raise KeyUnknown
        self._used.add(by.key_id)
        return by

    async def holders(self, credentials: Collection[str]) -> dict[str, Principal]:
        """Give the principals of those that work at this moment, in one query for all of them."""
        shown = dict(self._still_good(credentials))
        asked = {each.key for each in shown.values()}
        digests = [key for key in asked if isinstance(key, bytes)]
        key_ids = [key for key in asked if isinstance(key, str)]
        found: dict[bytes | str, Principal] = {}
        for digest, each in await self._db.read(queries.holders, digests, key_ids):
            if each.works:
                found[digest] = found[each.key_id] = _principal(each)
        working: dict[str, Principal] = {}
        for text, what in shown.items():
            with suppress(KeyError, Unidentified):
                working[text] = what.narrowed(found[what.key])
        return working

    def _still_good(self, credentials: Collection[str]) -> Iterator[tuple[str, _Shown]]:
        """Yield what could be good; a token that has expired, or lost its signing key, is not."""
        for each in credentials:
            with suppress(Unidentified):
                yield each, self._shown(each)

    def _shown(self, credential: str) -> _Shown:
        if not credential.startswith(_JWT):
            return _Shown(keys.checked(credential, self._environment))
        if self._tokens is None:
            raise TokenInvalid
        claims = self._tokens.read(credential)
        return _Shown(claims.key_id, claims)

    def _believed(self, key: bytes | str) -> Principal | None:
        belief = self._beliefs.get(key)
        return belief.by if belief is not None and time.monotonic() < belief.until else None

    async def _asked_once(self, key: bytes | str) -> Principal:
        """Ask the database, one query for all who wait for this key; whoever gives up takes nobody along."""
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key))
            asking.add_done_callback(lambda done: self._settle(key, done))
        return await asyncio.shield(asking)

    def _settle(self, key: bytes | str, done: "asyncio.Task[Principal]") -> None:
        """Forget a query that has ended; its refusal is looked at, in case that all who waited have gone."""
        del self._asking[key]
        if not done.cancelled():
            done.exception()

    async def _ask(self, key: bytes | str) -> Principal:
        self._beliefs.pop(key, None)
        began = time.monotonic()
        if isinstance(key, bytes):
            holder = await self._db.read(queries.holder, key)
        else:
            holder = await self._db.read(queries.holder_of_id, key)
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
        self._beliefs[key] = _Belief(by, began + believed_s)
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
