"""The whole schema in one place: every concept's tables and the functions that guard them."""

from collections.abc import Iterator
from pathlib import Path

from service.accounts import tables as accounts
from service.bookings import tables as bookings
from service.capacity import tables as capacity
from service.customs import tables as customs
from service.database import metadata
from service.events import tables as events
from service.ports import tables as ports
from service.rota import tables as rota
from service.webhooks import tables as webhooks

__all__ = ["CONCEPTS", "functions", "metadata"]

# Each adds its tables to the metadata.
CONCEPTS = (accounts, bookings, capacity, customs, events, ports, rota, webhooks)
_HERE = Path(__file__).parent
_FILES = (
    _HERE / "events" / "once.sql",
    _HERE / "capacity" / "guard.sql",
    _HERE / "capacity" / "pools.sql",
    _HERE / "capacity" / "resize.sql",
    _HERE / "bookings" / "customs.sql",
    _HERE / "bookings" / "book.sql",
    _HERE / "bookings" / "alter.sql",
    _HERE / "bookings" / "ground.sql",
)
_END = "\n$$;\n"


def functions() -> Iterator[str]:
    """Yield the `CREATE OR REPLACE FUNCTION` of every function the service keeps in the database, in order."""
    for path in _FILES:
        yield from statements(path)


def statements(path: Path) -> Iterator[str]:
    """Yield the functions of one file of SQL, in order."""
    for statement in path.read_text().split(_END)[:-1]:
        yield statement[statement.index("CREATE OR REPLACE") :] + _END.strip().rstrip(";")
