"""Looking whether all is true that must be, not more often than it is worth; and mending counters that have drifted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import monotonic

from service import clock
from service.database import Db, Tx
from service.events.queries import Happening, insert
from service.invariants import queries
from service.invariants.rules import Drift, Findings, Invariant, Reconciled
from service.ports.queries import catalogue
from service.ports.queries.locking import clear_places

FRESH_S = 10
SHARE = 20  # of the time, at most a twentieth goes into looking
_AT_ONCE = 10  # places looked at in one statement, which must end well before its time is up
_MOST_LISTED = 1_000


class Watch:
    """What one process has found last. One looks at a time; who comes meanwhile gets what is found then."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._looking: asyncio.Task[Findings] | None = None
        self._good_until = 0.0

    async def findings(self, *, older_s: float = 0) -> Findings:
        """Give what was found in the last ten seconds, or in a longer time if that will do, or else look again."""
        if self._looking is None or (self._looking.done() and not self._is_good(self._looking, older_s)):
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(_look_at)
        # Shielded: whoever gives up waiting must not make the next one begin anew.
        return await asyncio.shield(self._looking)

    async def stop(self) -> None:
        """Look no longer: the service is ending."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _is_good(self, looked: "asyncio.Task[Findings]", older_s: float) -> bool:
        return not looked.cancelled() and looked.exception() is None and monotonic() < self._good_until + older_s

    async def _look(self) -> Findings:
        begun = monotonic()
        found = await look(self._db)
        self._good_until = monotonic() + max(FRESH_S, SHARE * (monotonic() - begun))
        return found


def _look_at(looked: "asyncio.Task[Findings]") -> None:
    """Look at how it ended, in case that all who waited have given up."""
    if not looked.cancelled():
        looked.exception()


async def look(db: Db) -> Findings:
    """Look at everything that must be true."""
    at = clock.now()
    found = [Invariant(name, says, await count(db)) for name, says, count in _CHECKS]
    return Findings(at, tuple(found), await db.read(queries.lapsed))


async def _overlaps(db: Db) -> int:
    quays = await db.read(queries.places, "quay")
    return sum([await db.read(queries.overlaps, some) for some in _some(quays)])


async def _bare_legs(db: Db) -> int:
    bare, after = 0, 0
    while True:
        found, last = await db.read(queries.bare_legs, after)
        bare += found
        if last is None:
            return bare
        after = last


async def _drifts(db: Db) -> int:
    return len(await drifts(db))


def _one(query: Callable[..., Awaitable[int]]) -> Callable[[Db], Awaitable[int]]:
    return lambda db: db.read(query)


_CHECKS: tuple[tuple[str, str, Callable[[Db], Awaitable[int]]], ...] = (
    ("no-overlap", "No two ships block one metre of a quay at one time.", _overlaps),
    ("counters-are-sums", "What a floor's counters say is the sum of its claims.", _drifts),
    ("not-oversold", "No more of a floor is taken than there is.", _one(queries.oversold)),
    ("pools-add-up", "The pools of a floor and its general part together are the floor.", _one(queries.pools_off)),
    ("closed-is-free", "What is taken of a floor fits beside what is closed of it.", _one(queries.taken_though_closed)),
    ("firm-legs-have-claims", "Each leg of a firm booking that has not ended has its claim.", _bare_legs),
    (
        "goods-have-their-floor",
        "Goods have the floor of what is still there or to come.",
        _one(queries.goods_with_other_floor),
    ),
    ("claims-lapse-with-bookings", "A claim lapses when its booking does.", _one(queries.lapses_out_of_step)),
    ("ended-have-no-claims", "A booking that has ended blocks nothing.", _one(queries.claims_of_ended)),
    ("feed-without-gaps", "The positions of the feed have no gap.", _one(queries.gaps)),
)
NAMES = tuple(name for name, _, _ in _CHECKS)


async def drifts(db: Db) -> list[Drift]:
    """Give every counter that is not the sum of its claims."""
    floors = await db.read(queries.places, "warehouse")
    return [drift for some in _some(floors) for drift in await db.read(queries.drifts, some)]


def _some(place_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (place_ids[nth : nth + _AT_ONCE] for nth in range(0, len(place_ids), _AT_ONCE))


async def reconcile(tx: Tx, place_ids: Sequence[int]) -> Reconciled:
    """Make the counters of some floors the sums of their claims. Nothing else is changed.

    Each facility gets one event with what was mended of its own floors. What has drifted is read again under the locks
    of the places; lapsed claims have been cleared away by then.
    """
    await clear_places(tx, place_ids)
    found = await queries.drifts(tx, place_ids)
    done = Reconciled(
        mended=[each for each in found if each.claimed <= each.capacity],
        left=[each for each in found if each.claimed > each.capacity],
    )
    await queries.mend(tx, done.mended)
    facilities = await catalogue.facilities_of(tx, sorted({each.place for each in found}))
    for facility in sorted({facilities[each.place] for each in done.mended}):
        own = Reconciled(
            *([each for each in some if facilities[each.place] == facility] for some in (done.mended, done.left))
        )
        await insert(tx, _happening(own, facility))
    return done


def _happening(done: Reconciled, facility: str) -> Happening:
    shown = [
        {"place": each.place, "pool": each.pool, "on": each.day.isoformat(), "was": each.taken, "is": each.claimed}
        for each in done.mended[:_MOST_LISTED]
    ]
    return Happening(
        type="ledger.reconciled",
        subject="ledger",
        by="service",
        current={"mended": shown, "mended_count": len(done.mended), "left_count": len(done.left)},
        facilities=(facility,),
    )
