"""The courier of a worker: it takes endpoints in turn, many at once, and hands out to each what waits for it.

A turn is short, and an endpoint is in one pair of hands at a time: one that is slow, or has much waiting, keeps its own
events waiting and nobody else's. Several couriers on one database share the endpoints out among themselves.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic

import structlog

from service.database import Db
from service.errors import Refusal
from service.events.operations import number
from service.rota.queries import sign
from service.webhooks.operations.sending import TRY_S, Ways, sent
from service.webhooks.operations.turns import LEASE_S, PAGE, settle, take
from service.webhooks.queries.turns import waiting
from service.webhooks.rules import Outcome, Turn

JOB = "send-webhooks"
HANDS = 200  # turns at once: what limits them is sockets, not work
LOOK_EVERY_S = 0.1
TURN_S = LEASE_S - TRY_S - 1  # a try that begins in time ends, and is stored, before the lease does
_SIGN_EVERY_S = 1.0
_REST_S = 1.0

_log = structlog.get_logger()


class Courier:
    """Hands out webhooks until told to stop. `source` is the service's address, as events name it."""

    def __init__(self, db: Db, ways: Ways, *, source: str) -> None:
        self._db = db
        self._ways = ways
        self._source = source
        self._in_hand = 0
        self._delivered = 0
        self._signed_at = 0.0
        self._news = asyncio.Event()
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Look for what waits, again and again. After `stop` no try is begun; those under way are finished."""
        self._stop = stop
        async with asyncio.TaskGroup() as turns:
            while not stop.is_set():
                rest_s = LOOK_EVERY_S
                try:
                    rest_s = 0 if await self._look(turns) else LOOK_EVERY_S
                except Refusal as refusal:
                    _log.warning("webhooks not looked at", code=refusal.code())
                    rest_s = _REST_S
                except Exception:  # noqa: BLE001  whatever it was, it is tried again
                    _log.exception("webhooks not looked at")
                    rest_s = _REST_S
                await self._rest(rest_s)

    async def _rest(self, rest_s: float) -> None:
        """Wait for the next look: until a turn has ended, if not all hands are full, or for a while."""
        try:
            async with asyncio.timeout(rest_s):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _look(self, turns: asyncio.TaskGroup) -> bool:
        """Take in hand whoever has something waiting. Gives whether to look again at once."""
        free = HANDS - self._in_hand
        if monotonic() >= self._signed_at + _SIGN_EVERY_S:
            self._signed_at, delivered, self._delivered = monotonic(), self._delivered, 0
            await self._db.call(sign, JOB, delivered)
        if not free:
            return False
        await number(self._db)
        began = monotonic()
        taken, again = await self._db.write(take, at_most=free, source=self._source)
        for turn in taken:
            self._in_hand += 1
            turns.create_task(self._carry_out(turn, began))
        return again

    async def _carry_out(self, turn: Turn, began: float) -> None:
        """Send what waits for an endpoint, and store what came of it."""
        try:
            due = await self._db.read(waiting, turn.id, limit=PAGE)
            outcomes = await sent(
                turn, due, self._ways, go_on=lambda: monotonic() < began + TURN_S and not self._stop.is_set()
            )
            await self._stored(turn, outcomes, before=began + LEASE_S)
        except Refusal as refusal:  # the lease runs out, and the next turn sends it again
            _log.warning("webhooks not sent", endpoint=turn.id, code=refusal.code())
        except Exception:  # noqa: BLE001  one endpoint keeps no other from its turn
            _log.exception("webhooks not sent", endpoint=turn.id)
        finally:
            self._in_hand -= 1
            self._news.set()

    async def _stored(self, turn: Turn, outcomes: Sequence[Outcome], *, before: float) -> None:
        """Store what came of a turn, also past a moment without a database: else all of it would be sent again."""
        while True:
            try:
                stored = await self._db.write(settle, turn, outcomes)
                break
            except Refusal:
                if monotonic() > before:
                    raise
                await asyncio.sleep(_REST_S)
        if stored:
            self._delivered += sum(each.error is None for each in outcomes)
