"""Telling what a change of rules does to bookings: each facility is told of its own alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from service.database import Tx
from service.events.queries import Happening, insert
from service.ports.queries import catalogue

Touched = Sequence[dict[str, Any]]


async def announce(tx: Tx, change: Happening, rippled: dict[str, Any]) -> int:
    """Record a change of rules with its ripple. Gives the id of the event that keeps what is answered.

    Where a facility would read of bookings at another, that event is for whoever made the change alone, and each
    facility gets one of its own: an operator learns of his rivals' bookings from neither.
    """
    whole = replace(change, current=change.current | rippled)
    own = await touched_at(tx, rippled["touched"])
    if all(own.get(facility, []) == rippled["touched"] for facility in change.facilities):
        return await insert(tx, whole)
    event_id = await insert(tx, replace(whole, facilities=()))
    for facility in change.facilities:
        told = change.current | {"touched": own.get(facility, [])}
        await insert(tx, replace(change, owner_id=None, facilities=(facility,), current=told))
    return event_id


async def touched_at(tx: Tx, touched: Touched) -> dict[str, list[dict[str, Any]]]:
    """Give what is touched by facility: where a leg stood, and where it goes."""
    places = {_place(slot) for each in touched for slot in (each["from"], each["to"]) if slot}
    facilities = await catalogue.facilities_of(tx, sorted(places)) if places else {}
    found: dict[str, list[dict[str, Any]]] = {}
    for each in touched:
        for facility in sorted({facilities[_place(slot)] for slot in (each["from"], each["to"]) if slot}):
            found.setdefault(facility, []).append(each)
    return found


def _place(slot: Mapping[str, Any]) -> str:
    code: str = slot.get("quay") or slot["warehouse"]
    return code
