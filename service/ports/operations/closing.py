"""Closures as rules of places: what is closed, put in force, and lifted again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service import clock
from service.auth import Operator
from service.database import Read, Tx
from service.errors import Conflict, Fault, NotFound, Unfit
from service.events.queries import Happening, insert
from service.ports.operations.refusals import PlaceNotFound
from service.ports.queries import closures
from service.ports.queries.closures import Closable, StandingClosure
from service.ports.queries.locking import clear_places, raise_rules

_OVER = frozenset({"ended", "lifted"})


class PastTheEnds(Unfit):
    """There is not so much of the place to close.

    A quay ends at its `length_m`, and of a floor no more can be closed than its capacity.
    """


class PlacesOverlap(Unfit):
    """Some of a place is named twice.

    `errors` points at each part that has metres in common with an earlier one, or names the same warehouse. A berth is
    the metres of its quay.
    """


class ClosureInThePast(Unfit):
    """The closure would be over already.

    It must end in the future, or not say when it ends. Lifting it takes effect now or later.
    """


class ClosureNotFound(NotFound):
    """There is no such closure, or it is not yours to lift.

    `GET /v1/closures` lists the closures of all operators; one is lifted by the operator of all of its places.
    """


class ClosureOver(Conflict):
    """The closure is over: it has ended, or has been lifted.

    `GET /v1/closures/{closure_id}` says since when.
    """


class ClosureEndsSooner(Conflict):
    """The closure ends by then anyway.

    `end` is when it does: by its window, or because it has been lifted for that moment. A closure is only made shorter,
    as somebody may have booked what comes after its end; to close it for longer, make another one.
    """


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody wants to close: a quay or metres of it, a berth, a warehouse or a quantity of its floor.

    `pointer` is where the request says so.
    """

    pointer: str
    quay: str | None
    berth: str | None
    warehouse: str | None
    from_m: int | None
    to_m: int | None
    quantity: int | None


@dataclass(frozen=True, slots=True)
class Closing:
    """A closure asked for: of what, when (`end` None: nobody knows), why, and of which kind."""

    parts: Sequence[Part]
    start: datetime
    end: datetime | None
    reason: str
    kind: str


async def found(read: Read, parts: Sequence[Part], *, by: Operator) -> list[tuple[Part, Closable]]:
    """Give each part with its place, at the operator's facilities.

    PlaceNotFound, PastTheEnds and PlacesOverlap name the part.
    """
    pairs = []
    for part in parts:
        place = await closures.closable(read, place=part.quay or part.warehouse, berth=part.berth)
        kind = "warehouse" if part.warehouse else "quay"
        if place is None or place.facility not in by.facilities or place.kind != kind:
            named = part.quay or part.berth or part.warehouse
            message = f"There is no {'berth' if part.berth else kind} {named} at your facilities."
            raise PlaceNotFound(message, faults=[Fault(part.pointer, "place-not-found", message)])
        _refuse_past_ends(part, place)
        pairs.append((part, place))
    _refuse_overlap(pairs)
    return pairs


def _refuse_past_ends(part: Part, place: Closable) -> None:
    for field, wanted, most in (("to_m", part.to_m, place.to_m), ("quantity", part.quantity, place.capacity)):
        if wanted is not None and most is not None and wanted > most:
            message = f"{place.code} has {most} of that."
            raise PastTheEnds(message, faults=[Fault(f"{part.pointer}/{field}", "past-the-ends", message)])


def _refuse_overlap(pairs: Sequence[tuple[Part, Closable]]) -> None:
    faults = []
    for nth, pair in enumerate(pairs):
        part, place = pair
        earlier = next((each for each, other in pairs[:nth] if _have_in_common(pair, (each, other))), None)
        if earlier is not None:
            message = f"It has some of {place.code} in common with {earlier.pointer}."
            faults.append(Fault(part.pointer, "places-overlap", message))
    if faults:
        raise PlacesOverlap(faults[0].message, faults=faults)


def _have_in_common(one: tuple[Part, Closable], other: tuple[Part, Closable]) -> bool:
    """Say whether two parts are of one floor, or have a metre of one quay in common."""
    if one[0].berth is not None and other[0].berth is not None:
        return one[0].berth == other[0].berth  # in whole metres neighbours share the one in which they meet
    first, second = (_row("", *each) for each in (one, other))
    if first["place_id"] != second["place_id"]:
        return False
    return first["to_m"] is None or bool(first["from_m"] < second["to_m"] and second["from_m"] < first["to_m"])


async def put_in_force(
    tx: Tx, closure: str, pairs: Sequence[tuple[Part, Closable]], closing: Closing, *, by: Operator
) -> None:
    """Close what was found; the places are locked. From the commit on nobody books by the rules of before."""
    await closures.close(
        tx,
        closure,
        [_row(f"{closure}-{nth:03}", part, place) for nth, (part, place) in enumerate(pairs)],
        {
            "start": closing.start,
            "end": closing.end,
            "reason": closing.reason,
            "kind": closing.kind,
            "made_by": by.organisation_id,
        },
    )
    await raise_rules(tx, *(place.place_id for _, place in pairs))


def _row(row_id: str, part: Part, place: Closable) -> dict[str, Any]:
    """Give the row of a part; what is not said is the whole: of a floor, whatever it comes to."""
    return {
        "id": row_id,
        "place_id": place.place_id,
        "from_m": part.from_m if part.from_m is not None else place.from_m,
        "to_m": part.to_m if part.to_m is not None else place.to_m,
        "quantity": part.quantity,
        "berth": part.berth,
    }


def refuse_past(at: datetime | None, pointer: str) -> None:
    """Refuse a moment that has passed; None is none."""
    if at is not None and at < clock.now():
        raise ClosureInThePast(faults=[Fault(pointer, "closure-in-the-past", "That moment has passed.")])


async def lift(
    tx: Tx,
    closure: str,
    *,
    at: datetime | None,
    reason: str,
    shown: Callable[[StandingClosure], dict[str, Any]],
    by: Operator,
) -> int:
    """End a closure at a moment, None: now; one that has not begun by then never does. Gives the id of its event.

    One that has been lifted for a moment to come may be lifted for an earlier one. What it displaced stays displaced.
    Raises ClosureNotFound, ClosureOver, ClosureEndsSooner.
    """
    places = await closures.places_of(tx, closure)
    if not places or not all(facility in by.facilities for _, facility in places):
        raise ClosureNotFound
    place_ids = [place_id for place_id, _ in places]
    await clear_places(tx, place_ids)
    before = await closures.one(tx, closure)
    assert before is not None  # noqa: S101  it has places, and no row is deleted
    if not await closures.lift(tx, closure, at):
        raise ClosureOver if before.state in _OVER else ClosureEndsSooner(end=before.end)
    await raise_rules(tx, *place_ids)
    after = await closures.one(tx, closure)
    assert after is not None  # noqa: S101
    lifted = Happening(
        type="closure.lifted",
        subject=closure,
        by=by.organisation_id,
        owner_id=by.organisation_id,
        facilities=tuple(sorted({facility for _, facility in places})),
        previous=shown(before),
        current=shown(after),
        cause={"reason": reason},
    )
    return await insert(tx, lifted)
