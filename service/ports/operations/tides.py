"""Publishing tidal windows: when a ship that needs the tide at a port may come or go."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.auth import Operator
from service.clock import utc
from service.database import Tx
from service.errors import Conflict, Fault, NotFound, Unfit
from service.events.queries import Happening
from service.ports.operations.announcing import announce, touched_at
from service.ports.operations.consequences import OnConflict, Policy, Ripple
from service.ports.queries import tides
from service.ports.queries.locking import raise_rules
from service.ports.queries.notices import QuayNamed
from service.ports.queries.tides import Ends

_NAMED = 20  # of windows in the way so many are named


class PortNotYours(NotFound):
    """You run no terminal with a quay at such a port.

    `GET /v1/ports` lists the ports. The tides of one are for those to publish whose quays ships come to.
    """


class TidesShared(Conflict):
    """Other terminals of the port go by these tides as well.

    `terminals` names those that are not yours. You may add windows, and replace those that you published yourself, as
    long as no booking at another terminal needs them, and `on_conflict` is `keep`. All else is for whoever runs every
    terminal of the port.
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


async def publish_tides(tx: Tx, table: TideTable, policy: Policy, ripple: Ripple, *, by: Operator) -> int:
    """Put tidal windows in force at all quays of a port at once. Gives the id of the event.

    It is done under the locks of the port, so that it gets no other quay meanwhile, and of its quays: a booking that
    waits for one is judged anew. PortNotYours,
    TidalWindowsOverlap, TidesShared, TidalWindowStands, and what the ripple raises.
    """
    await tides.lock_port(tx, table.port)
    quays = await tides.quays_of(tx, table.port)
    terminals = {quay.facility for quay in quays}
    others = sorted(terminals - by.facilities)
    if len(others) == len(terminals):
        raise PortNotYours
    _refuse_overlap(table.windows)
    if others and policy.on_conflict is not OnConflict.KEEP:
        raise TidesShared(terminals=others)
    replaced = 0

    async def alter() -> None:
        nonlocal replaced
        replaced = await _put_in_force(tx, table, quays, others, by)

    cause = {"tidal_windows": table.port}
    rippled = await ripple.through(tx, [quay.code for quay in quays], alter, replace(policy, cause=cause), by=by)
    if not (await touched_at(tx, rippled["touched"])).keys().isdisjoint(others):
        raise TidesShared(terminals=others)
    return await announce(tx, _published(table, replaced, terminals, by), rippled)


async def _put_in_force(
    tx: Tx, table: TideTable, quays: Sequence[QuayNamed], others: Sequence[str], by: Operator
) -> int:
    """Let the windows take the place of those that they replace; the quays are locked. Gives how many those were."""
    publishers = await tides.take_out(tx, table.port, table.replace) if table.replace else []
    if others and set(publishers) - {by.organisation_id}:
        raise TidesShared(terminals=others)
    if standing := await tides.in_the_way(tx, table.port, table.windows, limit=_NAMED):
        raise TidalWindowStands(overlaps=[_shown(each) for each in standing])
    await tides.put_in(
        tx, table.port, table.windows,
        source=table.source, reference=table.reference, published_by=by.organisation_id,
    )  # fmt: skip
    await raise_rules(tx, *(quay.place_id for quay in quays))
    return len(publishers)


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


def _published(table: TideTable, replaced: int, terminals: Iterable[str], by: Operator) -> Happening:
    """Give the event: what was published, in numbers; a table of a year would be too long to repeat."""
    ends = [end for window in table.windows for end in window]
    return Happening(
        type="tidal-windows.published",
        subject=table.port,
        by=by.organisation_id,
        owner_id=by.organisation_id,
        facilities=tuple(sorted(terminals)),
        current={
            "port": table.port,
            "published": len(table.windows),
            "replaced": replaced,
            "window": _shown((min(ends), max(ends))) if ends else None,
            "source": table.source,
            "reference": table.reference,
        },
    )


def _shown(ends: Ends) -> dict[str, Any]:
    return {"start": utc(ends[0]), "end": utc(ends[1])}
