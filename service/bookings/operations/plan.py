"""From what a client asks to what the guard takes: places known, rules judged, blocked stretches and days worked out.

Pure: the places come with their rules, the time of day is given. What gets through here still has to get through the
guard, which refuses if a rule has moved meanwhile or the place has gone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from service import ids
from service.availability import (
    BerthAsk,
    QuayTimetable,
    Reason,
    Ship,
    StorageAsk,
    berths_touched,
    blocked_metres,
    closed_by_day,
    local_days,
    permitted_stretches,
    refusals,
    start_refusals,
    stay_refusals,
    storage_refusals,
    why_no_berth,
)
from service.bookings.rules import LegsOverlap, MoreThanOnePort, PlaceUnknown, SlotContradicted, State, VesselMissing
from service.bookings.schemas import BerthLeg, NewBooking, StorageLeg
from service.capacity.rules import refusal_of
from service.capacity.schemas import reasons as shown
from service.clock import instant, moment
from service.errors import Fault
from service.ports.rules import Place


@dataclass(frozen=True, slots=True)
class BerthPlan:
    """A berth leg as the guard takes it: `need_m` metres of the stretches, blocked over `[start, blocked_until)`."""

    place: Place
    ask: BerthAsk
    from_m: int | None
    need_m: int
    stretches: list[tuple[int, int]]

    @property
    def blocked_until(self) -> int:
        """When the place is free again: the end of the stay and the turnaround."""
        return self.ask.end + self.place.quay.terms.turnaround

    def wanted(self) -> dict[str, Any]:
        """Give the leg in the form of `take_capacity`."""
        return {
            "blocked": f"[{moment(self.ask.start)},{moment(self.blocked_until)})",
            "need": self.need_m,
            "from_m": self.from_m,
            "stretches": "{" + ",".join(f"[{low},{high})" for low, high in self.stretches) + "}",
        }


@dataclass(frozen=True, slots=True)
class StoragePlan:
    """A storage leg as the guard takes it: a quantity on each of the local days `[first_on, last_on)`."""

    place: Place
    ask: StorageAsk
    first_on: date
    last_on: date

    def wanted(self) -> dict[str, Any]:
        """Give the leg in the form of `take_capacity`."""
        floor = self.place.warehouse
        closed = closed_by_day(floor, self.first_on, self.last_on) if floor.closures else []
        return {
            "first_on": self.first_on.isoformat(),
            "last_on": self.last_on.isoformat(),
            "quantity": self.ask.quantity,
            "closed": closed if any(closed) else None,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """A booking that the rules let pass."""

    legs: tuple[BerthPlan | StoragePlan, ...]

    @property
    def places(self) -> list[Place]:
        """The places it needs, in the order in which everybody locks them."""
        return sorted({leg.place.id: leg.place for leg in self.legs}.values(), key=lambda place: place.id)

    @property
    def port(self) -> str:
        """The port of all legs."""
        return self.legs[0].place.port

    def state(self, *, hold: bool) -> State:
        """Give the state it starts in: a hold, a request where a place asks for approval, or at once the booking."""
        if hold:
            return State.HELD
        return State.PENDING if any(place.terms.asks_approval for place in self.places) else State.CONFIRMED

    def lapses_after(self, state: State) -> timedelta | None:
        """Give how long it may stand in a state before it lapses; the shortest of its places' terms counts."""
        if state is State.HELD:
            return min(place.terms.hold_for for place in self.places)
        if state is State.PENDING:
            return min(place.terms.pending_for for place in self.places if place.terms.asks_approval)
        return None

    def wanted(self) -> list[dict[str, Any]]:
        """Give all legs in the form of `take_capacity` and `book`."""
        return [
            {
                "leg": number,
                "id": ids.new("leg"),
                "place": leg.place.id,
                "starts_at": str(moment(leg.ask.start)),
                "ends_at": str(moment(leg.ask.end)),
                **leg.wanted(),
            }
            for number, leg in enumerate(self.legs)
        ]


def codes(asked: NewBooking) -> set[str]:
    """Give the codes of the places that a booking names."""
    return {leg.quay if isinstance(leg, BerthLeg) else leg.warehouse for leg in asked.legs}


def plan(asked: NewBooking, places: Mapping[str, Place], now: int) -> Plan:
    """Judge what is asked by the rules of its places at `now` (microseconds); refuse with every rule in the way."""
    _refuse_unknown(asked, places)
    legs = tuple(
        _berth(number, leg, asked, places[leg.quay], now)
        if isinstance(leg, BerthLeg)
        else _storage(number, leg, asked, places[leg.warehouse], now)
        for number, leg in enumerate(asked.legs)
    )
    if len({leg.place.port for leg in legs}) > 1:
        raise MoreThanOnePort(ports=sorted({leg.place.port for leg in legs}))
    _refuse_overlap(legs)
    return Plan(legs)


def _refuse_unknown(asked: NewBooking, places: Mapping[str, Place]) -> None:
    faults = []
    for number, leg in enumerate(asked.legs):
        field, code = ("quay", leg.quay) if isinstance(leg, BerthLeg) else ("warehouse", leg.warehouse)
        if code not in places or places[code].kind != field:
            faults.append(Fault(f"/legs/{number}/{field}", "place-unknown", f"There is no {field} {code}."))
    if faults:
        raise PlaceUnknown(faults[0].message, faults=faults)


def _berth(number: int, leg: BerthLeg, asked: NewBooking, place: Place, now: int) -> BerthPlan:
    quay, ask = place.quay, berth_ask(leg, asked)
    need_m = blocked_metres(ask.ship.loa_cm, quay.terms)
    _refuse_contradiction(number, _berth_contradictions(leg, place, need_m))
    if leg.from_m is None:
        stretches = permitted_stretches(quay, ask.ship, ask.start, ask.end)
        _refuse(number, _refusals_everywhere(place, ask, stretches, now))
    else:
        stretches = [(leg.from_m, leg.from_m + need_m)]
        _refuse(number, refusals(quay, ask.ship, from_m=leg.from_m, start=ask.start, end=ask.end, now=now))
    return BerthPlan(place, ask, leg.from_m, need_m, stretches)


def _refusals_everywhere(place: Place, ask: BerthAsk, stretches: list[tuple[int, int]], now: int) -> list[Reason]:
    """Give what refuses a ship on the whole quay in just this window, claims apart."""
    terms = place.quay.terms
    bounds = [*stay_refusals(ask.stay, terms), *start_refusals(ask.start, terms, now)]
    return bounds or ([] if stretches else why_no_berth(place.quay, QuayTimetable(), ask, now))


def _storage(number: int, leg: StorageLeg, asked: NewBooking, place: Place, now: int) -> StoragePlan:
    ask = storage_ask(leg, asked)
    first_on, last_on = local_days(ask.start, ask.end, place.zone)
    _refuse_contradiction(number, _storage_contradictions(leg, place, first_on, last_on))
    _refuse(number, storage_refusals(place.warehouse, ask, now))
    return StoragePlan(place, ask, first_on, last_on)


def berth_ask(leg: BerthLeg, asked: NewBooking, *, look_ahead: int = 0) -> BerthAsk:
    """Give a berth leg as the engine is asked for it; its window, longer by `look_ahead` microseconds."""
    start, end = instant(leg.window.start), instant(leg.window.end)
    return BerthAsk(_ship(asked), end - start, start, end + look_ahead)


def storage_ask(leg: StorageLeg, asked: NewBooking, *, look_ahead: int = 0) -> StorageAsk:
    """Give a storage leg as the engine is asked for it; its window, longer by `look_ahead` microseconds."""
    start, end = instant(leg.window.start), instant(leg.window.end)
    hazard_class = asked.cargo.hazard_class if asked.cargo else None
    return StorageAsk(leg.quantity, leg.unit, leg.bonded, hazard_class, end - start, start, end + look_ahead)


def _ship(asked: NewBooking) -> Ship:
    """Give the vessel and its cargo as the engine judges them."""
    vessel, cargo = asked.vessel, asked.cargo
    if vessel is None:
        fault = Fault("/vessel", "vessel-missing", "A leg at a berth needs a vessel.")
        raise VesselMissing(faults=[fault])
    return Ship(
        loa_cm=int(vessel.loa_m * 100),
        beam_cm=int(vessel.beam_m * 100),
        draught_cm=int(vessel.draught_m * 100),
        dwt_t=vessel.dwt_t,
        cargo=cargo.class_ if cargo else None,
        hazard_class=cargo.hazard_class if cargo else None,
    )


def _refuse(number: int, reasons: list[Reason]) -> None:
    """Refuse a leg by the first rule in its way, and say all of them."""
    if reasons:
        said = [{"leg": number, **reason} for reason in shown(reasons)]
        faults = [Fault(f"/legs/{number}", reason["code"], reason["message"]) for reason in said]
        raise refusal_of(reasons[0].code)(said[0]["message"], faults=faults, reasons=said)


def _refuse_contradiction(number: int, contradictions: Iterator[tuple[str, str]]) -> None:
    faults = [Fault(f"/legs/{number}/{field}", "slot-contradicted", message) for field, message in contradictions]
    if faults:
        raise SlotContradicted(faults[0].message, faults=faults)


def _berth_contradictions(leg: BerthLeg, place: Place, need_m: int) -> Iterator[tuple[str, str]]:
    yield from _common_contradictions(leg, place)
    if leg.from_m is None:
        for field in ("to_m", "berths"):
            if getattr(leg, field) is not None:
                yield field, f"`{field}` without `from_m` asks for a place and does not say where it begins."
        return
    to_m = leg.from_m + need_m
    if leg.to_m not in (None, to_m):
        yield "to_m", f"A ship of this length at {leg.from_m} m blocks the quay to {to_m} m."
    berths = berths_touched(place.quay, leg.from_m, to_m)
    if leg.berths is not None and set(leg.berths) != set(berths):
        yield "berths", f"These metres lie at {', '.join(berths) or 'no berth'}."


def _storage_contradictions(leg: StorageLeg, place: Place, first_on: date, last_on: date) -> Iterator[tuple[str, str]]:
    yield from _common_contradictions(leg, place)
    for field, sent, touched in (("first_on", leg.first_on, first_on), ("last_on", leg.last_on, last_on)):
        if sent not in (None, touched):
            yield field, f"The window touches the local days from {first_on} up to, not including, {last_on}."
    if leg.bonded is False and place.warehouse.bonded:
        yield "bonded", "This warehouse is bonded."
    if leg.free is not None and leg.free < leg.quantity:
        yield "free", "A slot's `free` counts the quantity asked for in."


def _common_contradictions(leg: BerthLeg | StorageLeg, place: Place) -> Iterator[tuple[str, str]]:
    if leg.port not in (None, place.port):
        yield "port", f"{place.code} is at {place.port}."
    if leg.time_zone not in (None, place.zone.key):
        yield "time_zone", f"{place.code} keeps the time of {place.zone.key}."
    if leg.latest_start is not None and leg.latest_start < leg.window.start:
        yield "latest_start", "The window starts after the slot's latest start."


def _refuse_overlap(legs: tuple[BerthPlan | StoragePlan, ...]) -> None:
    """Refuse two berth legs that name the same metres at the same time; the guard lets a booking overlap itself."""
    named = [(number, leg) for number, leg in enumerate(legs) if isinstance(leg, BerthPlan) and leg.from_m is not None]
    for position, (first_number, first) in enumerate(named):
        for number, other in named[position + 1 :]:
            if _overlap(first, other):
                message = (
                    f"Legs {first_number} and {number} block the same metres of {first.place.code} at the same time."
                )
                raise LegsOverlap(message, faults=[Fault(f"/legs/{number}", "legs-overlap", message)])


def _overlap(first: BerthPlan, other: BerthPlan) -> bool:
    low, high = first.from_m or 0, other.from_m or 0
    return (
        first.place.id == other.place.id
        and low < high + other.need_m
        and high < low + first.need_m
        and first.ask.start < other.blocked_until
        and other.ask.start < first.blocked_until
    )
