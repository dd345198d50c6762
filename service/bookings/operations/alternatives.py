"""What to offer when a slot has gone: the earliest free slots of the same port for the legs that can't be had."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from service.availability import (
    DAY,
    KEPT,
    BerthSlot,
    FloorClaim,
    FloorTimetable,
    QuayClaim,
    QuayTimetable,
    Reason,
    StorageSlot,
    best_fit,
    blocked_metres,
    earliest,
    earliest_storage,
    first_release,
    permitted_stretches,
    runs,
    spans,
    storage_slots,
)
from service.bookings.operations.desk import Desk
from service.bookings.operations.plan import Asked, berth_ask, codes, storage_ask
from service.bookings.schemas import BerthLeg, StorageLeg
from service.capacity.operations import CHANGE, Sight
from service.capacity.rules import KeptForPartners, StorageFull
from service.capacity.schemas import berth_slot, storage_slot
from service.capacity.schemas import reasons as shown
from service.errors import Refusal
from service.ports.rules import Place

MOST = 5
_LOOK_AHEAD = 30 * DAY


@dataclass(frozen=True, slots=True)
class Wanted:
    """What could not be had: the legs asked for, and for which organisation.

    `overriding` are the soft limits that may be exceeded. Of a booking that stands, whose number is `holder`, the legs
    numbered in `stays` remain as they are, and those `under_way` can't begin elsewhere; what it has for its own legs
    numbered `gives`, and for a change that waits, would be free.
    """

    asked: Asked
    by: str
    overriding: Collection[str] = ()
    holder: int | None = None
    stays: Collection[int] = ()
    under_way: Collection[int] = ()
    gives: Collection[int] = ()

    @property
    def numbers(self) -> list[int]:
        """The numbers of the legs that have to be found a place."""
        return [number for number in range(len(self.asked.legs)) if number not in self.stays]

    def gives_up(self, claim_id: str) -> bool:
        """Say whether a claim of the booking would be free."""
        _, leg, *what = claim_id.split("/")
        return int(leg) in self.gives or CHANGE in what


async def with_alternatives(desk: Desk, wanted: Wanted, refusal: Refusal) -> Refusal:
    """Give the refusal with up to five slots that were free a moment ago, for the legs that are not.

    Each begins no earlier than the leg it stands for, and ends within thirty days after it. The first one for each leg
    can be had together with all other legs. `legs` are the numbers of those that can't be had as they were asked for.
    """
    places = await desk.rulebook.of(codes(wanted.asked))
    sight = await desk.timetables.look({place.port for place in places.values()})
    with _Trial(wanted, places, sight) as trial:
        gone = trial.gone() or wanted.numbers
        kept = trial.kept(gone) if isinstance(refusal, StorageFull) else None
        movable = [number for number in gone if number not in wanted.under_way]
        share = max(1, MOST // max(1, len(movable)))
        offers = [offer for number in movable for offer in trial.offers(number, share)]
    members: dict[str, Any] = refusal.members | {"alternatives": offers[:MOST], "legs": gone}
    if kept is not None:
        (said,) = shown([kept])
        return KeptForPartners(said["message"], faults=refusal.faults, reasons=[said], **members)
    return type(refusal)(refusal.detail, faults=refusal.faults, **members)


class _Trial:
    """The legs of one booking laid into the timetables one by one, as the guard would; taken out again at the end.

    Nobody else sees them there, nor misses what the booking would give up: nothing in between gives way to other tasks.
    """

    def __init__(self, wanted: Wanted, places: Mapping[str, Place], sight: Sight) -> None:
        self._wanted = wanted
        self._asked, self._by = wanted.asked, wanted.by
        self._places = places
        self._sight = sight
        self._quays: dict[str, QuayTimetable] = {place.code: taken for place, taken in sight.quays}
        self._floors: dict[str, FloorTimetable] = {place.code: taken for place, taken in sight.warehouses}
        self._laid: list[tuple[QuayTimetable | FloorTimetable, str]] = []
        self._lifted: list[tuple[Any, QuayClaim | FloorClaim]] = []

    def __enter__(self) -> Self:
        if self._wanted.holder is not None:
            timetables: list[Any] = [*self._quays.values(), *self._floors.values()]
            for timetable in timetables:
                for claim in timetable.claims_of(str(self._wanted.holder)):
                    if self._wanted.gives_up(claim.claim_id):
                        timetable.remove(claim.claim_id)
                        self._lifted.append((timetable, claim))
        return self

    def __exit__(self, *_: object) -> None:
        for timetable, claim_id in self._laid:
            timetable.remove(claim_id)
        for timetable, claim in self._lifted:
            timetable.add(claim)

    def gone(self) -> list[int]:
        """Lay the legs, those that name their metres first, and give the numbers of those that can't be had."""
        numbered = [(number, self._asked.legs[number]) for number in self._wanted.numbers]
        numbered.sort(key=lambda each: getattr(each[1], "from_m", 0) is None)
        return sorted(number for number, leg in numbered if not self._lay_as_asked(number, leg))

    def kept(self, gone: Collection[int]) -> Reason | None:
        """Give why goods find a floor full that has room, if what is kept for partners is the reason; else None."""
        for number in gone:
            leg = self._asked.legs[number]
            if isinstance(leg, StorageLeg):
                floor, goods = self._places[leg.warehouse].warehouse, storage_ask(leg, self._asked, self._by)
                taken = self._floors[leg.warehouse]
                if next(spans(floor, taken, goods, self._sight.at, {KEPT}), None) is not None:
                    return Reason(KEPT, released_at=first_release(floor, goods, self._sight.at))
        return None

    def offers(self, number: int, limit: int) -> list[dict[str, Any]]:
        """Give the earliest slots for a leg beside all that is laid, and lay the first of them."""
        leg = self._asked.legs[number]
        if isinstance(leg, StorageLeg):
            # Who names a warehouse means its unit: 5,000 m2 are not 5,000 pallets.
            unit = self._places[leg.warehouse].warehouse.unit
            goods = replace(storage_ask(leg, self._asked, self._by, look_ahead=_LOOK_AHEAD), unit=unit)
            floors = [(place.warehouse, taken) for place, taken in self._sight.warehouses]
            free, _ = earliest_storage(floors, goods, self._sight.at, limit)
            for slot in free[:1]:
                self._lay_floor(number, slot)
            return [storage_slot(slot) for slot in free]
        ship = berth_ask(leg, self._asked, self._by, look_ahead=_LOOK_AHEAD)
        quays = [(place.quay, taken) for place, taken in self._sight.quays]
        berths, _ = earliest(quays, ship, self._sight.at, limit)
        for berth in berths[:1]:
            self._lay_berth(number, berth)
        return [berth_slot(berth) for berth in berths]

    def _lay_as_asked(self, number: int, leg: BerthLeg | StorageLeg) -> bool:
        """Lay a leg just as it was asked for, if it can be had so."""
        if isinstance(leg, StorageLeg):
            floor, goods = self._places[leg.warehouse].warehouse, storage_ask(leg, self._asked, self._by)
            slot = next(storage_slots(floor, self._floors[leg.warehouse], goods, self._sight.at), None)
            if slot is not None:
                self._lay_floor(number, slot)
            return slot is not None
        quay, ask = self._places[leg.quay].quay, berth_ask(leg, self._asked, self._by)
        need_m, until = blocked_metres(ask.ship.loa_cm, quay.terms), ask.end + quay.terms.turnaround
        stretches = permitted_stretches(
            quay, ask.ship, ask.start, ask.end, now=self._sight.at, by=ask.by, ignoring=self._wanted.overriding
        )
        if leg.from_m is not None:
            wished = (leg.from_m, leg.from_m + need_m)
            stretches = [wished] if any(low <= wished[0] and wished[1] <= high for low, high in stretches) else []
        taken = runs(self._quays[leg.quay].at(self._sight.at).over(ask.start, until))
        from_m = best_fit(stretches, taken, need_m)
        if from_m is not None:
            self._lay(self._quays[leg.quay], QuayClaim(_id(number), from_m, from_m + need_m, ask.start, until))
        return from_m is not None

    def _lay_berth(self, number: int, slot: BerthSlot) -> None:
        until = slot.end + slot.quay.terms.turnaround
        self._lay(self._quays[slot.quay.code], QuayClaim(_id(number), slot.from_m, slot.to_m, slot.start, until))

    def _lay_floor(self, number: int, slot: StorageSlot) -> None:
        claim = FloorClaim(_id(number), slot.first_on, slot.last_on, slot.quantity)
        self._lay(self._floors[slot.warehouse.code], claim)

    def _lay(self, timetable: Any, claim: QuayClaim | FloorClaim) -> None:
        timetable.add(claim)
        self._laid.append((timetable, claim.claim_id))


def _id(number: int) -> str:
    """Give the id of a leg that is laid on trial; no claim of a booking has such a one."""
    return f"trial/{number}"
