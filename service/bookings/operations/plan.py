"""From what a client asks to what the guard takes: places known, rules judged, blocked stretches and days worked out.

Pure: the places come with their rules, the time of day is given. What gets through here still has to get through the
guard, which refuses if a rule has moved meanwhile or the place has gone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from service.availability import (
    DAY,
    BerthAsk,
    QuayTimetable,
    Reason,
    Ship,
    StorageAsk,
    blocked_metres,
    local_days,
    permitted_stretches,
    refusals,
    start_refusals,
    stay_refusals,
    storage_refusals,
    why_no_berth,
    without_bounds,
)
from service.bookings.operations.contradictions import (
    berth_contradictions,
    refuse_contradiction,
    storage_contradictions,
)
from service.bookings.operations.plans import BerthPlan, LegPlan, Rectangle, StoragePlan
from service.bookings.rules import LegsOverlap, MoreThanOnePort, PlaceUnknown, VesselMissing
from service.bookings.schemas import BerthLeg, Cargo, StorageLeg, Vessel
from service.capacity.rules import refusal_of
from service.capacity.schemas import reasons as shown
from service.clock import instant
from service.errors import Fault
from service.ports.rules import Place

_NOT_OF_FLOORS = frozenset({"kept-for-partners"})  # what a floor keeps is counted, and nobody may oversell it
_LONGEST = 3_650 * DAY  # no operator means more, and every day of a floor is counted


class Asked(Protocol):
    """Legs that somebody wants, and the ship and the goods that they are for."""

    @property
    def legs(self) -> Sequence[BerthLeg | StorageLeg]: ...  # noqa: D102
    @property
    def vessel(self) -> Vessel | None: ...  # noqa: D102
    @property
    def cargo(self) -> Cargo | None: ...  # noqa: D102


def codes(asked: Asked) -> set[str]:
    """Give the codes of the places that are asked for."""
    return {code_of(leg) for leg in asked.legs}


def code_of(leg: BerthLeg | StorageLeg) -> str:
    """Give the code of the place that a leg names."""
    return leg.quay if isinstance(leg, BerthLeg) else leg.warehouse


def refuse_unknown(asked: Asked, places: Mapping[str, Place], facilities: Collection[str] | None = None) -> None:
    """Refuse places that are not there, or not at these facilities (None: at any)."""
    faults = []
    for number, leg in enumerate(asked.legs):
        field, code = "quay" if isinstance(leg, BerthLeg) else "warehouse", code_of(leg)
        place = places.get(code)
        if place is None or place.kind != field or (facilities is not None and place.facility not in facilities):
            where = "" if facilities is None else " at your facilities"
            faults.append(Fault(f"/legs/{number}/{field}", "place-unknown", f"There is no {field} {code}{where}."))
    if faults:
        raise PlaceUnknown(faults[0].message, faults=faults)


def refuse_two_ports(ports: Collection[str]) -> None:
    """Refuse legs at more than one port."""
    if len(set(ports)) > 1:
        raise MoreThanOnePort(ports=sorted(set(ports)))


def refuse_overlap(rectangles: Sequence[Rectangle]) -> None:
    """Refuse two berth legs that name the same metres at the same time; the guard lets a booking overlap itself."""
    for position, first in enumerate(rectangles):
        for other in rectangles[position + 1 :]:
            if first.overlaps(other):
                numbers = f"{first.number} and {other.number}"
                message = f"Legs {numbers} block the same metres of {first.place.code} at the same time."
                raise LegsOverlap(message, faults=[Fault(f"/legs/{other.number}", "legs-overlap", message)])


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges legs by the rules of their places at `now` (microseconds), for the organisation `by`."""

    asked: Asked
    places: Mapping[str, Place]
    now: int
    by: str

    def leg(
        self,
        number: int,
        *,
        excused: Collection[str] = (),
        overriding: Collection[str] = (),
        gone: tuple[tuple[date, int], ...] = (),
    ) -> LegPlan:
        """Give a leg as the guard takes it; refuse it with every rule in its way.

        Rules of the codes `excused` do not count; those `overriding` may be exceeded, and it is said which ones are. Of
        goods that are there, the parts that have `gone` need no floor from a local day on.
        """
        leg = self.asked.legs[number]
        place = self.places[code_of(leg)]
        if instant(leg.window.end) - instant(leg.window.start) > _LONGEST:
            overriding = set(overriding) - {"stay-too-long"}
        if isinstance(leg, BerthLeg):
            return self._berth(number, leg, place, excused, overriding)
        ask = storage_ask(leg, self.asked, self.by, gone=gone)
        return self._storage(number, leg, place, ask, excused=excused, overriding=set(overriding) - _NOT_OF_FLOORS)

    def _berth(
        self, number: int, leg: BerthLeg, place: Place, excused: Collection[str], overriding: Collection[str]
    ) -> BerthPlan:
        quay, ask = place.quay, berth_ask(leg, self.asked, self.by)
        need_m = blocked_metres(ask.ship.loa_cm, quay.terms)
        refuse_contradiction(number, berth_contradictions(leg, place, need_m))
        if leg.from_m is None:
            stretches, overridden = self._anywhere(number, place, ask, excused, overriding)
        else:
            stretches = [(leg.from_m, leg.from_m + need_m)]
            reasons = refusals(
                quay, ask.ship, from_m=leg.from_m, start=ask.start, end=ask.end, now=self.now, by=self.by
            )
            overridden = _refuse(number, reasons, excused, overriding)
        return BerthPlan(number, place, ask, leg.from_m, need_m, stretches, overridden, ask.start)

    def _anywhere(
        self, number: int, place: Place, ask: BerthAsk, excused: Collection[str], overriding: Collection[str]
    ) -> tuple[list[tuple[int, int]], tuple[str, ...]]:
        """Give the stretches where the rules let a ship lie in just this window, claims apart."""
        terms = place.quay.terms
        bounds = [*stay_refusals(ask.stay, terms), *start_refusals(ask.start, terms, self.now)]
        overridden = _refuse(number, bounds, excused, overriding)
        exceeded = self._exceeded(place, ask, overriding)
        stretches = self._stretches(place, ask, exceeded)
        if not stretches:
            bounds_apart = without_bounds(terms, set(overriding), ask.start, ask.stay, self.now)
            reasons = why_no_berth(replace(place.quay, terms=bounds_apart), QuayTimetable(), ask, self.now)
            _refuse(number, reasons, excused, overriding)
            _refuse(number, reasons, excused, ())  # what was overridden is all that can be said
        return stretches, (*overridden, *exceeded)

    def _exceeded(self, place: Place, ask: BerthAsk, overriding: Collection[str]) -> list[str]:
        """Give those of the soft limits that have to be exceeded for the ship to lie anywhere; none if none need be."""
        exceeded = sorted(overriding)
        for code in sorted(overriding):
            fewer = [each for each in exceeded if each != code]
            if self._stretches(place, ask, fewer):
                exceeded = fewer
        return exceeded

    def _stretches(self, place: Place, ask: BerthAsk, ignoring: Collection[str]) -> list[tuple[int, int]]:
        return permitted_stretches(
            place.quay, ask.ship, ask.start, ask.end, now=self.now, by=self.by, ignoring=ignoring
        )

    def _storage(
        self,
        number: int,
        leg: StorageLeg,
        place: Place,
        ask: StorageAsk,
        *,
        excused: Collection[str],
        overriding: Collection[str],
    ) -> StoragePlan:
        first_on, last_on = local_days(ask.start, ask.end, place.zone)
        refuse_contradiction(number, storage_contradictions(leg, place, first_on, last_on))
        overridden = _refuse(number, storage_refusals(place.warehouse, ask, self.now), excused, overriding)
        return StoragePlan(number, place, ask, first_on, last_on, overridden)


def berth_ask(leg: BerthLeg, asked: Asked, by: str, *, look_ahead: int = 0) -> BerthAsk:
    """Give a berth leg as the engine is asked for it; its window, longer by `look_ahead` microseconds."""
    start, end = instant(leg.window.start), instant(leg.window.end)
    return BerthAsk(ship_of(asked.vessel, asked.cargo), end - start, start, end + look_ahead, by)


def storage_ask(
    leg: StorageLeg, asked: Asked, by: str, *, look_ahead: int = 0, gone: tuple[tuple[date, int], ...] = ()
) -> StorageAsk:
    """Give a storage leg as the engine is asked for it; its window, longer by `look_ahead` microseconds.

    Of goods that are there, the parts that have `gone` need no floor from a local day on.
    """
    start, end = instant(leg.window.start), instant(leg.window.end)
    hazard_class = asked.cargo.hazard_class if asked.cargo else None
    return StorageAsk(leg.quantity, leg.unit, leg.bonded, hazard_class, end - start, start, end + look_ahead, by, gone)


def ship_of(vessel: Vessel | None, cargo: Cargo | None) -> Ship:
    """Give a vessel and its cargo as the engine judges them; VesselMissing if there is none."""
    if vessel is None:
        fault = Fault("/vessel", "vessel-missing", "A leg at a berth needs a vessel.")
        raise VesselMissing(faults=[fault])
    return Ship.in_metres(
        vessel.loa_m,
        vessel.beam_m,
        vessel.draught_m,
        dwt_t=vessel.dwt_t,
        cargo=cargo.class_ if cargo else None,
        hazard_class=cargo.hazard_class if cargo else None,
    )


def _refuse(
    number: int, reasons: Iterable[Reason], excused: Collection[str], overriding: Collection[str]
) -> tuple[str, ...]:
    """Refuse a leg by the first rule in its way, and say all of them; else give those that are overridden."""
    counting = [reason for reason in reasons if reason.code not in excused]
    standing = [reason for reason in counting if reason.code not in overriding]
    if standing:
        said = [{"leg": number, **reason} for reason in shown(standing)]
        faults = [Fault(f"/legs/{number}", reason["code"], reason["message"]) for reason in said]
        raise refusal_of(standing[0].code)(said[0]["message"], faults=faults, reasons=said)
    return tuple(reason.code for reason in counting)
