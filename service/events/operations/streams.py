"""Following the feed as it grows: many streams in a process, and one watcher that looks for new events for all.

    log      1   2   3   4   5   6   7   8 │ 9   10          │ the head: how far the watcher has looked
    behind           └─ at ──read by pages─>│                  a query for each page; the connection is given back
    live                              at ──>│──told──>         waits in memory, and costs no query

A stream goes live in the moment in which it has read all up to the head, so nothing is missed and nothing comes twice.
One for which too much waits reads the log again instead: what waits is bounded, whatever happens and however slowly
its client takes it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import monotonic

import structlog

from service.auth import Keyring, Principal
from service.database import Db
from service.errors import Refusal, TooMany
from service.events import queries
from service.events.operations.feed import end_of_feed, number
from service.events.queries import Addressed, Numbered

PAGE = 50  # events that are sent in one piece
MOST_WAITING = 500
LOOK_EVERY_S = 0.25
CHECK_EVERY_S = 1.0  # with the three or four seconds that a key may be believed at the opening, less than five
SILENCE_S = 15.0
_BATCH = 250

_log = structlog.get_logger()


class TooManyStreams(TooMany):
    """Your organisation follows the feed with as many streams as it may.

    The member `most` says how many that is. Close one that you do not need: one stream tells all that you may see.
    """


class Stream:
    """A principal who follows the feed: all that he may see up to `at` has been given to him."""

    def __init__(self, by: Principal, key: str, after: int | None) -> None:
        self.by = by
        self.key = key
        self.from_now = after is None
        self.at = after or 0
        self.live = False
        self.ended = False
        self.news = asyncio.Event()
        self.sending: asyncio.Timeout | None = None
        self._waiting: deque[Numbered] = deque()

    def tell(self, found: Sequence[Addressed], head: int) -> None:
        """Take in new events up to the head, if it is live; the others of them are behind it then."""
        if not self.live:
            return
        mine = [each.event for each in found if each.event.position > self.at and queries.sees(self.by, each)]
        if len(self._waiting) + len(mine) > MOST_WAITING:
            self._waiting.clear()
            self.live = False
            self.news.set()
        elif mine:
            self._waiting.extend(mine)
            self.news.set()
        elif not self._waiting:
            self.at = max(self.at, head)

    def take(self) -> list[Numbered]:
        """Give what waits, at most a page."""
        piece = [self._waiting.popleft() for _ in range(min(PAGE, len(self._waiting)))]
        if piece:
            self.at = piece[-1].position
        if not self._waiting and not self.ended:
            self.news.clear()
        return piece

    def end(self) -> None:
        """Let it end; a client that does not take what is being sent to it just now is not waited for."""
        self.ended = True
        self.news.set()
        if self.sending is not None and not self.sending.expired():
            self.sending.reschedule(0)


class Streams:
    """The streams of one process. While there is none, nothing is asked of the database."""

    def __init__(self, db: Db, keyring: Keyring, *, most_of_one: int) -> None:
        self._db = db
        self._keyring = keyring
        self._most_of_one = most_of_one
        self._streams: set[Stream] = set()
        self._anyone = asyncio.Event()
        self._head: int | None = None
        self._checked_at = 0.0
        self._leaving = False

    async def open(self, by: Principal, key: str, *, after: int | None) -> Stream:
        """Give a new stream that begins after a position, or with what happens from now on."""
        if sum(each.by.organisation_id == by.organisation_id for each in self._streams) >= self._most_of_one:
            raise TooManyStreams(most=self._most_of_one, retry_after=10)
        stream = Stream(by, key, after)
        self._streams.add(stream)
        self._anyone.set()
        try:
            await self._place(stream)
        except BaseException:
            self.close(stream)
            raise
        if self._leaving:
            stream.end()
        return stream

    async def _place(self, stream: Stream) -> None:
        """Put a stream to its beginning. The first one says where the watcher begins: it must not miss a position."""
        end = await end_of_feed(self._db, reaching=stream.at)
        if self._head is None:
            self._head = end
        if stream.from_now:
            stream.at = end

    def close(self, stream: Stream) -> None:
        """Forget a stream."""
        self._streams.discard(stream)

    def leave(self) -> None:
        """End all streams, those that are yet to be opened too: the server is stopping. Safe to call again."""
        self._leaving = True
        for stream in self._streams:
            stream.end()

    async def following(self, stream: Stream) -> list[Numbered]:
        """Wait for what comes next in a stream, and give it; nothing if it has ended or been silent for 15 seconds."""
        if not stream.live and (behind := await self._caught_up(stream)):
            return behind
        try:
            async with asyncio.timeout(SILENCE_S):
                await stream.news.wait()
        except TimeoutError:
            return []
        return stream.take()

    async def _caught_up(self, stream: Stream) -> list[Numbered]:
        """Give the next page of the log; nothing as soon as the stream is live, or has ended."""
        while not stream.ended:
            head = self._head or 0
            page = await self._db.read(queries.visible, stream.by, after=stream.at, limit=PAGE)
            whole = len(page) < PAGE
            if page:
                stream.at = page[-1].position
            if whole:  # all up to the head was numbered before the query began
                stream.at = max(stream.at, head)
            # No await from here to the return: the watcher has not moved since.
            stream.live = whole and stream.at >= (self._head or 0)
            if page or stream.live:
                return page
        return []

    async def watch(self) -> None:
        """Look for new events for as long as anybody follows, until cancelled."""
        while True:
            await self._anyone.wait()
            try:
                await self._look()
            except Refusal as refusal:
                _log.warning("feed not looked at", code=refusal.code())
            except Exception:  # noqa: BLE001  whatever it was, the streams wait and it is tried again
                _log.exception("feed not looked at")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        """Tell all streams what is new. Whose key works is asked first, so that nothing is told past a revocation."""
        if not self._streams:
            self._head = None
            self._anyone.clear()
            return
        if monotonic() >= self._checked_at + CHECK_EVERY_S:
            await self._check_keys()
        if self._head is None or not await self._db.read(queries.any_after, self._head):
            return
        await number(self._db)
        while found := await self._db.read(queries.addressed, after=self._head, limit=_BATCH):
            self._head = found[-1].event.position
            for stream in self._streams:
                stream.tell(found, self._head)

    async def _check_keys(self) -> None:
        """End the streams whose keys work no more; the others follow with the mandates that they have now."""
        streams = tuple(self._streams)
        begun = monotonic()
        holders = await self._keyring.holders({each.key for each in streams})
        for stream in streams:
            if (by := holders.get(stream.key)) is None:
                stream.end()
            else:
                stream.by = by
        self._checked_at = begun
