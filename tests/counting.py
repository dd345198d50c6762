"""Counting what is asked of the database."""

from typing import Any

from service.database import Db


class CountingDb:
    """The database, with a tally of its reads."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self.reads = 0

    async def read(self, *asked):
        self.reads += 1
        return await self._db.read(*asked)


class CountingTx:
    """A connection inside a transaction, with the text of all that it is asked."""

    def __init__(self, tx: Any, asked: list[str]) -> None:
        self._tx = tx
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        def ask(text: str, *values: object) -> Any:
            self._asked.append(text)
            return getattr(self._tx, name)(text, *values)

        return ask


def rehearsed(monkeypatch) -> list[str]:
    """From now on, the text of every statement of every rehearsal."""
    asked: list[str] = []
    rehearse = Db.rehearse

    async def counted(self, operation, *args, **kwargs):
        return await rehearse(self, lambda tx: operation(CountingTx(tx, asked), *args, **kwargs))

    monkeypatch.setattr(Db, "rehearse", counted)
    return asked
