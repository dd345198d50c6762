"""Partner groups: for whom the operator of a facility keeps capacity, made and changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from service import ids
from service.auth import Operator
from service.database import Tx
from service.errors import Conflict, Fault, NotFound, Outdated, Unfit
from service.events.queries import Happening, insert
from service.ports.operations.refusals import FacilityNotFound
from service.ports.queries import partners
from service.ports.queries.locking import clear_places, raise_rules
from service.ports.queries.partners import Group

Shown = Callable[[Group], dict[str, Any]]


class PartnerGroupNotFound(NotFound):
    """There is no such partner group that you may see.

    An operator sees the groups of its facilities, a forwarder those that it is in. Only the operator changes one.
    """


class PartnerGroupNameTaken(Conflict):
    """Another partner group of the facility has this name.

    Names tell groups apart; choose another, or change the group that is there.
    """


class PartnerGroupChanged(Outdated):
    """The partner group has been changed since you read it.

    `version` is what it is now. Read it again, and send its new ETag with `If-Match`.
    """


class PartnerUnknown(Unfit):
    """There is no such forwarder.

    `errors` points at each id that is none. Partners are forwarders, named by the id of their organisation, `org_...`.
    """


@dataclass(frozen=True, slots=True)
class GroupChange:
    """What shall be different about a group; None leaves it. `version` is the one it was read at, None: any."""

    group_id: str
    version: int | None
    name: str | None
    organisations: Sequence[str] | None


async def make_group(
    tx: Tx, facility: str, name: str, organisations: Sequence[str], shown: Shown, *, by: Operator
) -> int:
    """Make a partner group of a facility. Gives the id of its event, which keeps the group as `shown`.

    FacilityNotFound, PartnerUnknown, PartnerGroupNameTaken.
    """
    if facility not in by.facilities:
        raise FacilityNotFound
    await _refuse_unknown(tx, organisations)
    group_id = ids.new("pgr")
    await partners.add_group(tx, group_id, facility, name)
    await partners.put_members(tx, group_id, organisations)
    return await _record(tx, "partner-group.made", group_id, shown, by=by)


async def change_group(tx: Tx, change: GroupChange, shown: Shown, *, by: Operator) -> int:
    """Change the name or the members of a group. Gives the id of the event.

    The rules of every place that keeps something for it move with the members: whoever has just left can't book by
    what he has read before. What is booked stands. PartnerGroupNotFound, PartnerGroupChanged, PartnerUnknown,
    PartnerGroupNameTaken.
    """
    before = await own_group(tx, change.group_id, by=by)
    if change.version not in (None, before.version):
        raise PartnerGroupChanged(version=before.version)
    await partners.name_group(tx, before.id, change.name or before.name)
    if change.organisations is not None:
        await _refuse_unknown(tx, change.organisations)
        await partners.put_members(tx, before.id, change.organisations)
        places = await partners.places_keeping(tx, before.id)
        await clear_places(tx, places)
        await raise_rules(tx, *places)
    return await _record(tx, "partner-group.changed", before.id, shown, by=by, previous=shown(before))


async def own_group(tx: Tx, group_id: str, *, by: Operator) -> Group:
    """Give a group of an operator's facilities under its lock. PartnerGroupNotFound."""
    await partners.lock_group(tx, group_id)
    group = await partners.group(tx, group_id, by)
    if group is None:
        raise PartnerGroupNotFound
    return group


async def _refuse_unknown(tx: Tx, organisations: Sequence[str]) -> None:
    known = await partners.forwarders(tx, organisations)
    faults = [
        Fault(f"/organisations/{number}", "partner-unknown", f"There is no forwarder {each}.")
        for number, each in enumerate(organisations)
        if each not in known
    ]
    if faults:
        raise PartnerUnknown(faults[0].message, faults=faults)


async def _record(
    tx: Tx, what: str, group_id: str, shown: Shown, *, by: Operator, previous: dict[str, Any] | None = None
) -> int:
    group = await partners.group(tx, group_id, by)
    assert group is not None  # noqa: S101  it has just been written
    happening = Happening(
        type=what,
        subject=group_id,
        by=by.organisation_id,
        owner_id=by.organisation_id,
        facilities=(group.facility,),
        current=shown(group),
        previous=previous,
    )
    return await insert(tx, happening)
