"""Keeping capacity for partners: a stretch of quay at recurring times, a quantity of a floor; and giving it to all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from service import clock, ids
from service.auth import Operator
from service.availability import DAY, FOREVER, Allotment, KeptStretch, closed_by_day
from service.availability.keeping import kept_days, kept_times, next_release
from service.database import Tx
from service.errors import Conflict, NotFound, Unfit
from service.events.queries import Happening, insert
from service.ports.operations.partners import own_group
from service.ports.operations.refusals import PlaceNotFound, PlaceRetired
from service.ports.queries import editing, keeping, rules_of
from service.ports.queries.keeping import BerthWindow, KeptFloor
from service.ports.queries.locking import clear_places, raise_rules
from service.ports.rules import Place

Kept = TypeVar("Kept", BerthWindow, KeptFloor)
COMPARED = 730 * DAY  # so far ahead berth windows of two groups are compared


class BerthWindowNotFound(NotFound):
    """There is no such berth window that you may see.

    An operator sees those of its facilities, a forwarder those of the groups that it is in.
    """


class AllotmentNotFound(NotFound):
    """There is no such allotment that you may see.

    An operator sees those of its facilities, a forwarder those of the groups that it is in.
    """


class PartnersOfAnotherFacility(Unfit):
    """The partner group is one of another facility.

    Each terminal and each free zone has groups of its own. Make one there with the same members.
    """


class StretchOffTheQuay(Unfit):
    """The stretch reaches past the end of the quay.

    `length_m` is how long the quay is. `from_m` and `to_m` are whole metres of it.
    """


class KeepsNothing(Unfit):
    """Nothing would be kept: all of it would have been released to all by now.

    What is kept is released `release_before` its time, each time and each day for itself. Keep it for later, or release
    it later.
    """


class BerthWindowTaken(Conflict):
    """Some of these metres are kept for another group at one of these times.

    `berth_window` is the one in the way, `at` the first moment at which the two meet within two years.
    """


class AllotmentDoesNotFit(Conflict):
    """The floor has not so much left on one of the days.

    `day` is the first of them, `free` what could be set apart then: what is not closed, taken, or kept for partners.
    """


class ReleasedAlready(Conflict):
    """It has been given to all already.

    Nothing of it is kept any more. To keep it anew, make a new one.
    """


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of quay to be kept: when for the first time, how often it comes again (0: never), and until when."""

    quay: str
    group: str
    from_m: int
    to_m: int
    start: datetime
    end: datetime
    every_days: int
    until: datetime | None
    release_before: timedelta


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity of floor to be kept on the local days `[first_on, last_on)`."""

    warehouse: str
    group: str
    quantity: int
    first_on: date
    last_on: date
    release_before: timedelta


async def keep_stretch(tx: Tx, wanted: Stretch, shown: Callable[[BerthWindow], dict[str, Any]], *, by: Operator) -> int:
    """Keep a stretch of quay for a group from the commit on; what is booked there stands. Gives the id of the event.

    PartnerGroupNotFound, PlaceNotFound, PlaceRetired, PartnersOfAnotherFacility, StretchOffTheQuay, KeepsNothing,
    BerthWindowTaken.
    """
    place = await _locked_place(tx, "quay", wanted.quay, wanted.group, by)
    if wanted.to_m > place.quay.length_m:
        raise StretchOffTheQuay(length_m=place.quay.length_m)
    now = clock.instant(await keeping.time_of_day(tx))
    stretch = _stretch(wanted)
    if next_release(replace(place.quay, kept=(stretch,)), now) == FOREVER:
        raise KeepsNothing
    for other in await keeping.others_windows(tx, place.id, wanted.group, wanted.from_m, wanted.to_m):
        if (at := _first_meeting(stretch, _stretch(other), place.zone, now)) is not None:
            raise BerthWindowTaken(berth_window=other.id, at=clock.moment(at))
    window_id = ids.new("bwn")
    await keeping.add_berth_window(
        tx, window_id, place.id, wanted.group,
        metres=(wanted.from_m, wanted.to_m), first=(wanted.start, wanted.end),
        every_days=wanted.every_days, until=wanted.until, release_before=wanted.release_before,
    )  # fmt: skip
    await raise_rules(tx, place.id)
    made = await keeping.berth_window(tx, window_id, by)
    return await _record(tx, "berth-window.made", made, shown, by=by)


async def keep_quantity(tx: Tx, wanted: Quantity, shown: Callable[[KeptFloor], dict[str, Any]], *, by: Operator) -> int:
    """Set a quantity of a floor apart for a group on the days that are not released yet. Gives the id of the event.

    PartnerGroupNotFound, PlaceNotFound, PlaceRetired, PartnersOfAnotherFacility, KeepsNothing, AllotmentDoesNotFit.
    """
    place = await _locked_place(tx, "warehouse", wanted.warehouse, wanted.group, by)
    allotment = Allotment(
        0, wanted.first_on, wanted.last_on, wanted.quantity, clock.duration(wanted.release_before), frozenset()
    )
    days = kept_days(allotment, place.zone, clock.instant(await keeping.time_of_day(tx)))
    if not days:
        raise KeepsNothing
    allotment_id = ids.new("alt")
    pool = await keeping.add_allotment(
        tx, allotment_id, place.id, wanted.group,
        days=(wanted.first_on, wanted.last_on), quantity=wanted.quantity, release_before=wanted.release_before,
    )  # fmt: skip
    first_on = date.fromordinal(days.start)
    closed = closed_by_day(place.warehouse, first_on, wanted.last_on)
    short = await keeping.set_apart(
        tx, place.id, pool, (first_on, wanted.last_on), quantity=wanted.quantity, closed=closed
    )
    if short is not None:
        raise AllotmentDoesNotFit(day=short[0], free=short[1])
    await raise_rules(tx, place.id)
    made = await keeping.allotment(tx, allotment_id, by)
    return await _record(tx, "allotment.made", made, shown, by=by)


async def release_stretch(
    tx: Tx, window_id: str, shown: Callable[[BerthWindow], dict[str, Any]], *, by: Operator
) -> int:
    """Give a berth window to all, from the commit on. Gives the id of the event.

    BerthWindowNotFound, ReleasedAlready.
    """
    kept = await keeping.berth_window(tx, window_id, by)
    if kept is None or kept.facility not in by.facilities:
        raise BerthWindowNotFound
    await clear_places(tx, [kept.place_id])
    if not await keeping.end_berth_window(tx, window_id):
        raise ReleasedAlready
    await raise_rules(tx, kept.place_id)
    ended = await keeping.berth_window(tx, window_id, by)
    return await _record(tx, "berth-window.released", ended, shown, by=by, previous=shown(kept))


async def release_quantity(
    tx: Tx, allotment_id: str, shown: Callable[[KeptFloor], dict[str, Any]], *, by: Operator
) -> int:
    """Give what is left of an allotment to all, from the commit on, and what members give back of it when they do.

    Gives the id of the event. AllotmentNotFound, ReleasedAlready.
    """
    kept = await keeping.allotment(tx, allotment_id, by)
    if kept is None or kept.facility not in by.facilities:
        raise AllotmentNotFound
    await clear_places(tx, [kept.place_id])
    if not await keeping.end_allotment(tx, allotment_id, kept.place_id):
        raise ReleasedAlready
    await raise_rules(tx, kept.place_id)
    ended = await keeping.allotment(tx, allotment_id, by)
    return await _record(tx, "allotment.released", ended, shown, by=by, previous=shown(kept))


async def _locked_place(tx: Tx, kind: str, code: str, group_id: str, by: Operator) -> Place:
    """Give a place of the operator with its rules, under its lock and that of a group of its facility."""
    group = await own_group(tx, group_id, by=by)
    site = await editing.site_of_place(tx, code, kind=kind)
    if site is None or site.facility not in by.facilities:
        raise PlaceNotFound
    if site.facility != group.facility:
        raise PartnersOfAnotherFacility(facility=site.facility)
    await clear_places(tx, [site.place_id])
    # Only now: what is read under the lock stays as it is.
    site = await editing.site_of_place(tx, code, kind=kind)
    if site is not None and site.retired_at is not None:
        raise PlaceRetired(retired_at=site.retired_at)
    (place,) = await rules_of(tx, [code])
    return place


def _stretch(said: Stretch | BerthWindow) -> KeptStretch:
    """Give a berth window as the engine knows it, without members."""
    return KeptStretch(
        from_m=said.from_m,
        to_m=said.to_m,
        start=clock.instant(said.start),
        end=clock.instant(said.end),
        every_days=said.every_days,
        until=FOREVER if said.until is None else clock.instant(said.until),
        release_before=clock.duration(said.release_before),
        members=frozenset(),
    )


def _first_meeting(one: KeptStretch, other: KeptStretch, zone: ZoneInfo, now: int) -> int | None:
    """Give the first moment at which two stretches are both kept, looking two years ahead of when the later begins.

    one     ├──┤     ├──┤     ├──┤     ├──┤
    other   ·   ├─┤        ├─┤      ├─┤
                                    ↑
    """
    since = max(now, one.start, other.start)
    mine, theirs = (kept_times(each, zone, since, since + COMPARED) for each in (one, other))
    first, second = next(mine, None), next(theirs, None)
    while first is not None and second is not None:
        if first[0] < second[1] and second[0] < first[1]:
            return max(first[0], second[0])
        if first[1] <= second[0]:
            first = next(mine, None)
        else:
            second = next(theirs, None)
    return None


async def _record(
    tx: Tx,
    what: str,
    kept: Kept | None,
    shown: Callable[[Kept], dict[str, Any]],
    *,
    by: Operator,
    previous: dict[str, Any] | None = None,
) -> int:
    assert kept is not None  # noqa: S101  it has just been written
    happening = Happening(
        type=what,
        subject=kept.id,
        by=by.organisation_id,
        owner_id=by.organisation_id,
        facilities=(kept.facility,),
        current=shown(kept),
        previous=previous,
    )
    return await insert(tx, happening)
