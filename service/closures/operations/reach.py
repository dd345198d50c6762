"""What a change of rules touches, seen under the locks of the places: rules before and after, and who stands there."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.availability import ALWAYS, FOREVER
from service.clock import instant, moment
from service.closures import queries
from service.closures.crowding import crowded_out
from service.closures.queries import Span
from service.closures.rules import StandingLeg, moved_span, refused
from service.database import Tx
from service.ports.queries import rules_of
from service.ports.queries.locking import clear_places
from service.ports.rules import Place


@dataclass(frozen=True, slots=True)
class Reach:
    """Who is touched: `legs` that must go, by booking, and `changes` that wait and can't be had any more, by booking.

    `places` are the altered ones and all others that are locked, by code, with the rules in force from now on.
    """

    now: int
    places: Mapping[str, Place]
    altered: Sequence[int]
    legs: Mapping[int, Sequence[StandingLeg]]
    changes: Mapping[int, Sequence[StandingLeg]]

    @property
    def bookings(self) -> frozenset[int]:
        """The numbers of all bookings that are touched."""
        return frozenset({*self.legs, *self.changes})


async def reach(
    tx: Tx,
    altered: Sequence[str],
    alter: Callable[[], Awaitable[None]],
    known: Collection[int],
    havens: Mapping[str, int],
) -> Reach:
    """Lock the known bookings, then the places; alter the rules; give who is touched by what has become of them.

    `havens` are other places, by code, that are to be locked because bookings may go there.
    """
    await queries.lock_bookings(tx, sorted(known))
    ids = {code: place_id for code, (place_id, _) in (await queries.place_ids(tx, altered)).items()}
    locked = ids | dict(havens) | await queries.places_of_bookings(tx, sorted(known))
    await clear_places(tx, locked.values())
    old = {place.code: place for place in await rules_of(tx, sorted(ids))}
    await alter()
    places = {place.code: place for place in await rules_of(tx, sorted(locked))}
    now = instant(await queries.now(tx))
    touched = await _touched(tx, old, places, now)
    legs: dict[int, list[StandingLeg]] = {}
    changes: dict[int, list[StandingLeg]] = {}
    for leg in touched:
        (changes if leg.change else legs).setdefault(leg.booking, []).append(leg)
    return Reach(now, places, sorted(ids.values()), legs, changes)


async def _touched(tx: Tx, old: Mapping[str, Place], places: Mapping[str, Place], now: int) -> list[StandingLeg]:
    quays, floors = (_moved(old, places, kind, now) for kind in ("quay", "warehouse"))
    standing = await queries.standing_at_quays(tx, quays) if quays else []
    standing += await queries.standing_on_floors(tx, floors) if floors else []
    touched = [leg for leg in standing if refused(leg, old[leg.place], places[leg.place], now)]
    return touched + await _crowded_out(tx, floors, old, places, touched, now=now)


def _moved(old: Mapping[str, Place], places: Mapping[str, Place], kind: str, now: int) -> dict[int, Span]:
    """Give the span in which the rules of each place of a kind have moved, as the database has it, without the past."""
    moved = {}
    for place in old.values():
        span = moved_span(place, places[place.code]) if place.kind == kind else None
        if span is not None and span[1] > now:
            moved[place.id] = (_moment(max(span[0], now)), _moment(span[1]))
    return moved


async def _crowded_out(
    tx: Tx,
    floors: Mapping[int, Span],
    old: Mapping[str, Place],
    places: Mapping[str, Place],
    touched: Sequence[StandingLeg],
    *,
    now: int,
) -> list[StandingLeg]:
    """Give the legs for which a floor is too small now, beside those that are touched already.

    Who has to go from another floor anyway goes first from this one: so the floors are looked at until none of them
    changes what another sees.
    """
    by_id = {place.id: place for place in old.values()}
    out: dict[int, list[StandingLeg]] = {}
    for _ in floors:
        before = {leg.claimant for legs in out.values() for leg in legs}
        for place_id, span in floors.items():
            elsewhere = [leg for other, legs in out.items() if other != place_id for leg in legs]
            place = by_id[place_id]
            out[place_id] = await _crowded_out_of(tx, (place, places[place.code]), span, [*touched, *elsewhere], now)
        if {leg.claimant for legs in out.values() for leg in legs} == before:
            break
    return [leg for legs in out.values() for leg in legs]


async def _crowded_out_of(
    tx: Tx, floor: tuple[Place, Place], span: Span, touched: Sequence[StandingLeg], now: int
) -> list[StandingLeg]:
    """Give the legs for which one floor, as it was and as it is now, is too small.

    A change goes whole, and with the booking that it waits beside.
    """
    old, new = floor
    gone = {leg.claimant for leg in touched}
    disturbed = {booking for booking, change, _ in gone if not change}
    taken = [
        each
        for each in await queries.taken_of_floor(tx, old.id, span)
        if each.claimant not in gone and not (each.change and each.booking in disturbed)
    ]
    going = crowded_out(old.warehouse, new.warehouse, taken, now, disturbed)
    if not going:
        return []
    standing = await queries.standing_on_floors(tx, {old.id: span})
    return [leg for leg in standing if leg.claimant in going]


def _moment(at: int) -> datetime | None:
    return None if at in (ALWAYS, FOREVER) else moment(at)
