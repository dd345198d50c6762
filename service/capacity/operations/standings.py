"""How far every place has come, asked once for all who want to know at the same moment.

    asks       a  b c d    e f            a goes at once; b, c, d come while it is out and go together when it is back
    queries    ├─a─┤├─bcd─┤├─ef─┤

Nobody gets an answer to a query that was sent before he asked: so everyone sees his own bookings.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from service.database import Db
from service.ports.queries import Standing, versions_of_ports

Standings = tuple[datetime, list[Standing]]


@dataclass(slots=True)
class _Round:
    """Those who go together: the ports they ask for, and the query that will be sent for all of them."""

    ports: set[str] = field(default_factory=set)
    query: "asyncio.Task[Standings] | None" = None


class Messenger:
    """Asks the database how far places have come, one query at a time."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._under_way = asyncio.Lock()
        self._next: _Round | None = None

    async def ask(self, ports: Collection[str]) -> Standings:
        """Give the database's time and the standing of all places of these ports, and perhaps of others."""
        if self._next is None:
            self._next = _Round()
            self._next.query = asyncio.create_task(self._go(self._next))
            self._next.query.add_done_callback(_look_at)
        self._next.ports.update(ports)
        assert self._next.query is not None  # noqa: S101  set where the round is made
        # Shielded: whoever gives up must not take the others of the round along.
        return await asyncio.shield(self._next.query)

    async def _go(self, together: _Round) -> Standings:
        async with self._under_way:
            self._next = None  # whoever comes from here on goes with the round after this
            return await self._db.read(versions_of_ports, sorted(together.ports))


def _look_at(query: "asyncio.Task[Standings]") -> None:
    """Look at how a query ended, in case that all who waited for it have given up."""
    if not query.cancelled():
        query.exception()
