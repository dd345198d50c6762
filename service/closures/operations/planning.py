"""The plan: what becomes of each booking that a change of rules touches, in order, with the hash that names it."""

import asyncio
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from service.availability import (
    BerthAsk,
    FloorClaim,
    FloorTimetable,
    Havens,
    Moves,
    Quay,
    QuayClaim,
    QuayTimetable,
    Spot,
    Stay,
    StorageAsk,
    Touched,
    Warehouse,
    placed,
)
from service.clock import duration, moment
from service.closures import queries
from service.closures.operations.reach import Reach
from service.closures.queries import Claimed
from service.closures.rules import StandingLeg, goods_of
from service.closures.schemas import slot_at, slot_of
from service.database import Read
from service.fields import duration_text
from service.ports.operations.consequences import OnConflict, Policy
from service.ports.rules import Place

Claim = QuayClaim | FloorClaim

MOVED, DISPLACED, KEPT, TOUCHED, CHANGE_DROPPED = "moved", "displaced", "kept", "touched", "change_dropped"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one booking, or of the change that waits beside it: its legs, with where those go that go."""

    booking: int
    outcome: str
    legs: Sequence[tuple[StandingLeg, Spot | None]]

    @property
    def delay(self) -> int:
        """By how much later the booking starts: that of its legs which is put off the most."""
        return max((spot.start - leg.start for leg, spot in self.legs if spot is not None), default=0)


@dataclass(frozen=True, slots=True)
class Plan:
    """The fates of all that are touched, in the order of the bookings."""

    fates: Sequence[Fate]
    places: Mapping[str, Place]
    alteration: str

    def shown(self) -> dict[str, Any]:
        """Give the plan as it is answered."""
        touched = [entry for fate in self.fates for entry in self._entries(fate)]
        return {"plan": self._hash(touched), "touched": touched, "totals": self._totals()}

    def _hash(self, touched: Sequence[dict[str, Any]]) -> str:
        """Give the name of the plan: with another alteration, state of a booking, slot or outcome it is another."""
        states = [leg.state for fate in self.fates for leg, _ in fate.legs]
        said = json.dumps([self.alteration, states, touched], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def _entries(self, fate: Fate) -> Iterable[dict[str, Any]]:
        for leg, spot in fate.legs:
            yield {
                "booking": leg.booking_id,
                "leg": leg.leg_id,
                "outcome": fate.outcome,
                "from": self._slot(leg),
                "to": spot and slot_at(self.places[spot.place], leg, spot),
                "delay": spot and _length(spot.start - leg.start),
            }

    def _slot(self, leg: StandingLeg) -> dict[str, Any]:
        return slot_of(self.places[leg.place], leg)

    def _totals(self) -> dict[str, Any]:
        delays = [fate.delay for fate in self.fates]
        count = {
            outcome: sum(fate.outcome == outcome for fate in self.fates)
            for outcome in (MOVED, DISPLACED, KEPT, TOUCHED, CHANGE_DROPPED)
        }
        return {
            "bookings": len({fate.booking for fate in self.fates}),
            **count,
            "delay": _length(sum(delays)),
            "longest_delay": _length(max(delays, default=0)),
        }


def _length(microseconds: int) -> str:
    return duration_text(timedelta(microseconds=microseconds))


def seen(reach: Reach, policy: Policy) -> Plan:
    """Give the plan that changes nothing: who is touched, and which legs."""
    outcome = KEPT if policy.on_conflict is OnConflict.KEEP else TOUCHED
    fates = [Fate(number, outcome, [(leg, None) for leg in legs]) for number, legs in reach.legs.items()]
    fates += [Fate(number, outcome, [(leg, None) for leg in legs]) for number, legs in reach.changes.items()]
    return _plan(fates, reach, policy)


async def planned(read: Read, reach: Reach, policy: Policy, havens: Iterable[str]) -> Plan:
    """Give the plan that moves or displaces who is touched; all places that it needs are locked.

    A booking that goes has two fates if a change waits beside it: the change is dropped, then the booking goes.
    """
    legs = _by_booking(await queries.legs_of(read, sorted(reach.legs)))
    # Asked for of a slot that is no more: a booking that goes takes the change along that waits beside it.
    changes = {**reach.changes, **_by_booking(await queries.legs_of_changes(read, sorted(legs)))}
    moves = await _moves(read, reach, legs, policy.tolerance, havens) if policy.on_conflict is OnConflict.MOVE else {}
    fates = []
    for number, of_booking in legs.items():
        spots = moves.get(number)
        if spots is None:
            fates.append(Fate(number, DISPLACED, [(leg, None) for leg in of_booking]))
        else:
            fates.append(Fate(number, MOVED, [(leg, spots[leg.leg]) for leg in of_booking if leg.leg in spots]))
    fates += [Fate(number, CHANGE_DROPPED, [(leg, None) for leg in waiting]) for number, waiting in changes.items()]
    return _plan(fates, reach, policy)


def _by_booking(legs: Iterable[StandingLeg]) -> dict[int, list[StandingLeg]]:
    """Give legs by the number of their booking."""
    of: dict[int, list[StandingLeg]] = {}
    for leg in legs:
        of.setdefault(leg.booking, []).append(leg)
    return of


def _plan(fates: Iterable[Fate], reach: Reach, policy: Policy) -> Plan:
    said = [policy.alteration, policy.on_conflict, duration(policy.tolerance)]
    return Plan(sorted(fates, key=lambda fate: (fate.booking, fate.outcome)), reach.places, json.dumps(said))


async def _moves(
    read: Read, reach: Reach, legs: Mapping[int, Sequence[StandingLeg]], tolerance: timedelta, havens: Iterable[str]
) -> Moves:
    """Give where each booking that can be moved goes, by booking and leg."""
    if not legs:
        return {}
    standing = [leg for of_booking in legs.values() for leg in of_booking]
    turnaround = max(place.rules.terms.turnaround for place in reach.places.values())
    first, last = min(leg.start for leg in standing), max(leg.blocked_until for leg in standing) + turnaround
    window = moment(first), moment(last) + tolerance
    places = [reach.places[code] for code in havens if code in reach.places]
    numbers = [place.id for place in places]
    claims = await queries.quay_claims(read, numbers, *window) + await queries.floor_claims(read, numbers, *window)
    own, others = _sorted_out(claims, legs, reach)
    going = {(leg.booking, leg.leg) for touched in reach.legs.values() for leg in touched}
    touched = [
        Touched(number, tuple(_stay(leg, reach, own, going) for leg in of_booking))
        for number, of_booking in legs.items()
    ]
    # Seconds of work for hundreds of bookings: other requests must not wait for it.
    return await asyncio.to_thread(placed, touched, _open_to_them(places, others), duration(tolerance), reach.now)


def _sorted_out(
    claims: Iterable[Claimed], legs: Mapping[int, Sequence[StandingLeg]], reach: Reach
) -> tuple[dict[tuple[int, int], list[Claim]], dict[str, list[Claim]]]:
    """Give what the touched bookings have, by booking and leg, and what all others have, by place.

    What a change that waits beside a touched booking holds is in nobody's way: it goes.
    """
    own: dict[tuple[int, int], list[Claim]] = {}
    others: dict[str, list[Claim]] = {}
    standing = {(leg.booking, leg.leg) for of_booking in legs.values() for leg in of_booking}
    for each in claims:
        if (each.booking, each.leg) in standing and not each.change:
            own.setdefault((each.booking, each.leg), []).append(each.claim)
        elif not (each.change and each.booking in reach.bookings):
            others.setdefault(each.place, []).append(each.claim)
    return own, others


def _stay(
    leg: StandingLeg, reach: Reach, own: Mapping[tuple[int, int], Sequence[Claim]], going: Collection[tuple[int, int]]
) -> Stay:
    one = (leg.booking, leg.leg)
    return Stay(
        leg=leg.leg,
        place=leg.place,
        ask=_ask(leg, reach.places[leg.place]),
        claims=tuple(own.get(one, ())),
        must_go=one in going,
        ignoring=leg.overridden,
    )


def _open_to_them(places: Iterable[Place], others: Mapping[str, Sequence[Claim]]) -> Havens:
    """Give the places where bookings may go, with what all others have there."""
    quays: dict[str, tuple[Quay, QuayTimetable]] = {}
    floors: dict[str, tuple[Warehouse, FloorTimetable]] = {}
    for place in places:
        taken = others.get(place.code, ())
        if place.kind == "quay":
            claims = (each for each in taken if isinstance(each, QuayClaim))
            quays[place.code] = (place.quay, QuayTimetable(claims))
        else:
            goods = (each for each in taken if isinstance(each, FloorClaim))
            floors[place.code] = (place.warehouse, FloorTimetable(goods))
    return Havens(quays, floors)


def _ask(leg: StandingLeg, place: Place) -> BerthAsk | StorageAsk:
    if leg.ship is None:
        return goods_of(leg, place.warehouse)
    return BerthAsk(leg.ship, leg.end - leg.start, leg.start, leg.end, leg.owner)
