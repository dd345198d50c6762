"""The whole schema in one place: every concept's tables and the functions that guard them."""

from collections.abc import Iterator
from pathlib import Path

import service.accounts.tables
import service.bookings.tables
import service.capacity.tables
import service.events.tables
import service.ports.tables
import service.rota.tables  
from service.database import metadata

__all__ = ["functions", "metadata"]

_HERE = Path(__file__).parent
_FILES = (_HERE / "events" / "once.sql", _HERE / "capacity" / "guard.sql", _HERE / "bookings" / "book.sql")
_END = "\n$$;\n"


def functions() -> Iterator[str]:
    """Yield the `CREATE OR REPLACE FUNCTION` of every function the service keeps in the database, in order."""
    for path in _FILES:
        for statement in path.read_text().split(_END)[:-1]:
            yield statement[statement.index("CREATE OR REPLACE") :] + _END.strip().rstrip(";")
