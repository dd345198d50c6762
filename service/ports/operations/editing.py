"""A place changed by its operator: under its lock, in view of its version, with what that does to bookings."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic_core import to_jsonable_python

from service.auth import Operator, Principal
from service.database import Read, Tx
from service.errors import Fault
from service.events.queries import Happening, insert
from service.ports.operations.announcing import announce
from service.ports.operations.consequences import Policy, Ripple
from service.ports.operations.refusals import PlaceChanged, PlaceNotFound, PlaceRetired, TermsAtOdds
from service.ports.queries import catalogue, editing
from service.ports.queries.editing import Site
from service.ports.queries.locking import raise_rules
from service.ports.rules import terms_at_odds
from service.ports.schemas.catalogue import Berth, Quay, Terms, Warehouse, berth_of, quay_of, warehouse_of

Row = dict[str, Any]
Alter = Callable[[Site], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A change as it was asked for: of which thing, in view of which version of it (None: any), by whom."""

    code: str
    version: int | None
    by: Operator


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that is changed: what its events are called, where it is, and how it is shown."""

    name: str
    site: Callable[[Read, str], Awaitable[Site | None]]
    shown: Callable[[Read, str], Awaitable[Quay | Berth | Warehouse]]

    async def plain(self, read: Read, code: str) -> Row:
        """Give one that there is as JSON, as events keep it."""
        return to_jsonable_python(await self.shown(read, code))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Through:
    """How a change that may break bookings goes through the ripple."""

    ripple: Ripple
    policy: Policy


async def edit(
    tx: Tx, kind: Kind, asked: Asked, alter: Alter, *, verb: str = "changed", through: Through | None = None
) -> int:
    """Let `alter` change a thing under the lock of its place; gives the id of the event.

    `through` the ripple if it may break bookings, which then have been dealt with. Whoever judged a booking by the old
    rules is refused as stale. PlaceNotFound, PlaceRetired, PlaceChanged.
    """
    site = await mine(tx, kind, asked)
    before: Row = {}

    async def change() -> None:
        await editing.lock_place(tx, site.place_id)
        await mine(tx, kind, asked)  # once more: it may have changed while the lock was waited for
        before.update(await kind.plain(tx, asked.code))
        await alter(site)
        await raise_rules(tx, site.place_id)

    rippled = await _done(tx, site, change, through, by=asked.by)
    current = await kind.plain(tx, asked.code)
    cause = {"reason": through.policy.reason} if through and through.policy.reason else None
    what = f"{kind.name}.{verb}"
    return await record(tx, what, site.facility, current, by=asked.by, previous=before, cause=cause, rippled=rippled)


async def _done(
    tx: Tx, site: Site, change: Callable[[], Awaitable[None]], through: Through | None, *, by: Operator
) -> Row | None:
    if through is None:
        await change()
        return None
    return await through.ripple.through(tx, [site.place], change, through.policy, by=by)


async def mine(tx: Tx, kind: Kind, asked: Asked) -> Site:
    """Give where a thing is that its operator may change, as he has seen it."""
    site = await kind.site(tx, asked.code)
    if site is None or site.facility not in asked.by.facilities:
        raise PlaceNotFound
    demand_current(asked, site.version, site.retired_at)
    return site


def demand_current(asked: Asked, version: int, retired_at: object) -> None:
    """Refuse the change of what has been retired, or is no longer what the operator has seen."""
    if retired_at is not None:
        raise PlaceRetired(retired_at=retired_at)
    if asked.version not in (None, version):
        raise PlaceChanged(version=version)


async def record(
    tx: Tx,
    what: str,
    facility: str,
    current: Row,
    *,
    by: Principal,
    previous: Row | None = None,
    cause: Row | None = None,
    rippled: Row | None = None,
) -> int:
    """Write what has happened to a thing of a facility, for its operators to read; gives the id of the event."""
    happening = Happening(
        type=what,
        subject=current["code"],
        by=by.organisation_id,
        owner_id=by.organisation_id,
        facilities=(facility,),
        current=current,
        previous=previous,
        cause=cause,
    )
    return await insert(tx, happening) if rippled is None else await announce(tx, happening, rippled)


def refuse_at_odds(terms: Terms, sent: Iterable[str]) -> None:
    """Refuse terms that contradict each other; the pointers lead to what was sent of them."""
    faults = [
        Fault(f"/terms/{field if field in sent else other}", "terms-at-odds", f"`{field}` is no longer than `{other}`.")
        for field, other in terms_at_odds(terms.model_dump())
    ]
    if faults:
        raise TermsAtOdds(faults[0].message, faults=faults)


def flattened(wanted: Mapping[str, Any]) -> Row:
    """Give what is wanted of a place and its terms side by side, as its row has them."""
    terms = dict(wanted.get("terms", {}))
    said = {"terms_confidence": "operator"} if terms else {}
    return {name: value for name, value in wanted.items() if name != "terms"} | terms | said


async def shown_quay(read: Read, code: str) -> Quay:
    """Give a quay that there is, as it is answered."""
    found = await catalogue.place(read, code, "quay")
    assert found is not None  # noqa: S101  it has been looked up, and nothing is deleted
    return quay_of(found)


async def shown_berth(read: Read, code: str) -> Berth:
    """Give a berth that there is, as it is answered."""
    found = await catalogue.berth(read, code)
    assert found is not None  # noqa: S101
    return berth_of(found, code)


async def shown_warehouse(read: Read, code: str) -> Warehouse:
    """Give a warehouse that there is, as it is answered."""
    found = await catalogue.place(read, code, "warehouse")
    assert found is not None  # noqa: S101
    return warehouse_of(found)


QUAY = Kind("quay", partial(editing.site_of_place, kind="quay"), shown_quay)
BERTH = Kind("berth", editing.site_of_berth, shown_berth)
WAREHOUSE = Kind("warehouse", partial(editing.site_of_place, kind="warehouse"), shown_warehouse)
