"""Publishing tidal windows: when a ship that needs the tide at a port may come or go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.auth import Operator
from service.clock import utc
from service.database import Tx
from service.errors import Conflict, Fault, NotFound, Unfit
from service.events.queries import Happening, insert
from service.ports.queries import closures, tides
from service.ports.queries.tides import Ends

_NAMED = 20  # of windows in the way so many are named


class PortNotYours(NotFound):
    """You run no terminal or free zone at such a port.

    `GET /v1/ports` lists the ports. Its tides are for those to publish who run a facility there.
    """


class TidalWindowsOverlap(Unfit):
    """Two of the tidal windows overlap each other.

    `errors` points at each that begins before another has ended. Windows that touch may be sent as one.
    """


class TidalWindowStands(Conflict):
    """There are tidal windows at that time already.

    `overlaps` names the first of them. To publish a table anew, say with `replace` for which span: the windows inside
    of it are taken away first.
    """


@dataclass(frozen=True, slots=True)
class TideTable:
    """Tidal windows of a port as they are published, and the span in which they replace what was published before."""

    port: str
    windows: Sequence[Ends]
    source: str
    reference: str | None
    replace: Ends | None


async def publish_tides(tx: Tx, table: TideTable, *, by: Operator) -> int:
    """Put tidal windows in force at all quays of a port at once. Gives the id of the event.

    It is done under the locks of the quays: a booking that waits for one is judged anew. What is booked stands.
    PortNotYours, TidalWindowsOverlap, TidalWindowStands.
    """
    at_port = await tides.facilities_of(tx, table.port, sorted(by.facilities))
    if not at_port:
        raise PortNotYours
    _refuse_overlap(table.windows)
    quays = await tides.quays_of(tx, table.port)
    await closures.clear(tx, quays)
    replaced = await tides.take_out(tx, table.port, table.replace) if table.replace else 0
    if standing := await tides.in_the_way(tx, table.port, table.windows, limit=_NAMED):
        raise TidalWindowStands(overlaps=[_shown(each) for each in standing])
    await tides.put_in(
        tx, table.port, table.windows,
        source=table.source, reference=table.reference, published_by=by.organisation_id,
    )  # fmt: skip
    await closures.raise_rules(tx, quays)
    return await insert(tx, _published(table, replaced, at_port, by))


def _refuse_overlap(windows: Sequence[Ends]) -> None:
    if faults := list(_overlapping(windows)):
        raise TidalWindowsOverlap(faults=faults)


def _overlapping(windows: Sequence[Ends]) -> Iterator[Fault]:
    """Yield a fault for each window that begins before an earlier one has ended.

    earlier   ├──────────────┤
    window         ├──┤           is at fault, and
    window                 ├───┤  this one too
    """
    latest: Ends | None = None
    for number, window in sorted(enumerate(windows), key=lambda each: each[1]):
        if latest is not None and window[0] < latest[1]:
            message = f"It begins before the window {utc(latest[0])} to {utc(latest[1])} has ended."
            yield Fault(f"/windows/{number}", "tidal-windows-overlap", message)
        latest = max(latest or window, window, key=lambda each: each[1])


def _published(table: TideTable, replaced: int, facilities: Sequence[str], by: Operator) -> Happening:
    """Give the event: what was published, in numbers; a table of a year would be too long to repeat."""
    first = min(start for start, _ in table.windows)
    last = max(end for _, end in table.windows)
    return Happening(
        type="tidal-windows.published",
        subject=table.port,
        by=by.organisation_id,
        owner_id=by.organisation_id,
        facilities=tuple(facilities),
        current={
            "port": table.port,
            "published": len(table.windows),
            "replaced": replaced,
            "window": _shown((first, last)),
            "source": table.source,
            "reference": table.reference,
        },
    )


def _shown(ends: Ends) -> dict[str, Any]:
    return {"start": utc(ends[0]), "end": utc(ends[1])}
