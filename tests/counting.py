"""Counting what is asked of the database."""

from service.database import Db


class CountingDb:
    """The database, with a tally of its reads."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self.reads = 0

    async def read(self, *asked):
        self.reads += 1
        return await self._db.read(*asked)
