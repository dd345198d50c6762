"""What a leg repeats of a slot, or of the leg as it was shown, and gets wrong."""

from collections.abc import Iterator
from datetime import date

from service.availability import berths_touched
from service.bookings.rules import SlotContradicted
from service.bookings.schemas import BerthLeg, StorageLeg
from service.errors import Fault
from service.ports.rules import Place


def refuse_contradiction(number: int, contradictions: Iterator[tuple[str, str]]) -> None:
    """Refuse a leg with a fault for each field that contradicts it, given with what is so instead."""
    faults = [Fault(f"/legs/{number}/{field}", "slot-contradicted", message) for field, message in contradictions]
    if faults:
        raise SlotContradicted(faults[0].message, faults=faults)


def berth_contradictions(leg: BerthLeg, place: Place, need_m: int) -> Iterator[tuple[str, str]]:
    """Yield the fields in which a berth leg that blocks `need_m` metres contradicts itself or the place."""
    yield from _common(leg, place)
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


def storage_contradictions(leg: StorageLeg, place: Place, first_on: date, last_on: date) -> Iterator[tuple[str, str]]:
    """Yield the fields in which a storage leg of the days `[first_on, last_on)` contradicts itself or the place."""
    yield from _common(leg, place)
    for field, sent, touched in (("first_on", leg.first_on, first_on), ("last_on", leg.last_on, last_on)):
        if sent not in (None, touched):
            yield field, f"The window touches the local days from {first_on} up to, not including, {last_on}."
    if leg.bonded is False and place.warehouse.bonded:
        yield "bonded", "This warehouse is bonded."
    if leg.free is not None and leg.free < leg.quantity:
        yield "free", "A slot's `free` counts the quantity asked for in."


def _common(leg: BerthLeg | StorageLeg, place: Place) -> Iterator[tuple[str, str]]:
    if leg.port not in (None, place.port):
        yield "port", f"{place.code} is at {place.port}."
    if leg.time_zone not in (None, place.zone.key):
        yield "time_zone", f"{place.code} keeps the time of {place.zone.key}."
    if leg.latest_start is not None and leg.latest_start < leg.window.start:
        yield "latest_start", "The window starts after the slot's latest start."
