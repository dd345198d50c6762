"""What is sent and answered about closures, and how a plan shows where bookings stand and where they go."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from service.availability import Spot, berths_touched, blocked_metres, local_days
from service.capacity.schemas import utc
from service.closures.rules import StandingLeg
from service.fields import Duration, Line, Moment, OpenWindow, Prose, Strict, Whole, one_of
from service.ports.operations.consequences import OnConflict
from service.ports.queries.closures import ClosedPart, StandingClosure
from service.ports.rules import Place
from service.ports.schemas.rippled import Rippled

LONGEST_TOLERANCE = timedelta(days=60)
_From = Annotated[Whole, Field(ge=0)]
_Quantity = Annotated[Whole, Field(gt=0)]


class ClosedPlace(Strict):
    """A quay or metres of it, a berth, a warehouse or a quantity of its floor."""

    quay: Line | None = Field(None, examples=["PKGWD-MPT"])
    berth: Line | None = None
    warehouse: Line | None = None
    from_m: _From | None = Field(None, description="with `quay`: only the metres from here to `to_m`")
    to_m: _Quantity | None = None
    quantity: _Quantity | None = Field(None, description="with `warehouse`: only so much of the floor")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        named = [each for each in (self.quay, self.berth, self.warehouse) if each is not None]
        if len(named) > 1:
            raise PydanticCustomError("one_place", "Name a quay, a berth or a warehouse, one of them")
        if (self.from_m is None) != (self.to_m is None) or (self.from_m is not None and self.quay is None):
            raise PydanticCustomError("metres_of_quay", "`from_m` and `to_m` go together, with a quay")
        if self.from_m is not None and self.to_m is not None and self.from_m >= self.to_m:
            raise PydanticCustomError("metres_backwards", "A stretch of quay goes from a lower metre to a higher one")
        if self.quantity is not None and self.warehouse is None:
            raise PydanticCustomError("quantity_of_floor", "`quantity` is of a warehouse")
        return self

    @property
    def names_one(self) -> bool:
        """Whether it names a place at all."""
        return any((self.quay, self.berth, self.warehouse))


class NewClosure(ClosedPlace):
    """A closure asked for, of one place or, in `places`, of several at once."""

    places: Annotated[list[ClosedPlace], Field(min_length=1, max_length=100)] | None = None
    window: OpenWindow = Field(description="without an end: until it is lifted")
    reason: Annotated[Prose, Field(min_length=1, max_length=500)]
    kind: Annotated[Line, one_of("planned", "emergency")] = "planned"
    on_conflict: Annotated[Line, one_of("refuse", "displace", "move")] = Field(
        "refuse", description="what becomes of bookings that stand there"
    )
    tolerance: Annotated[Duration, Field(le=LONGEST_TOLERANCE)] | None = Field(
        None, description="with `move`: how much later a booking may start; left out: no later, only elsewhere"
    )

    @model_validator(mode="after")
    def _places_named_once(self) -> Self:
        if self.names_one == (self.places is not None):
            raise PydanticCustomError("place_or_places", "Name one place, or several in `places`")
        if not all(each.names_one for each in self.places or ()):
            raise PydanticCustomError("place_unnamed", "Each of `places` names a quay, a berth or a warehouse")
        return self

    @property
    def policy(self) -> OnConflict:
        """What becomes of bookings."""
        return OnConflict(self.on_conflict)


class Lift(Strict):
    """Why a closure ends, and when; left out: now."""

    at: Moment | None = None
    reason: Annotated[Prose, Field(min_length=1, max_length=500)]


class SpanOut(BaseModel):
    """A span of time; null where it has no end yet."""

    start: datetime
    end: datetime | None


class ClosedPlaceOut(BaseModel):
    """What is closed of one place."""

    port: str
    facility: str
    quay: str | None = None
    berth: str | None = Field(None, description="the berth that was named, if one was")
    from_m: int | None = None
    to_m: int | None = None
    warehouse: str | None = None
    quantity: int | None = Field(None, description="of the warehouse's floor; null: all of it, whatever it comes to")
    unit: str | None = None

    @classmethod
    def of(cls, part: ClosedPart) -> Self:
        """Give a part as it is answered."""
        named = {part.kind: part.code}
        return cls(
            port=part.port,
            facility=part.facility,
            quay=named.get("quay"),
            warehouse=named.get("warehouse"),
            berth=part.berth,
            from_m=part.from_m,
            to_m=part.to_m,
            quantity=part.quantity,
            unit=part.unit,
        )


class Closure(BaseModel):
    """A closure as everybody sees it; what it does to bookings is for the operator alone."""

    id: str = Field(examples=["cls_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    state: str = Field(examples=["planned", "in_force", "ended", "lifted"])
    kind: str = Field(examples=["planned", "emergency"])
    reason: str
    window: SpanOut | None = Field(description="null: lifted before it came into force")
    places: list[ClosedPlaceOut]
    made_at: datetime
    lifted_at: datetime | None

    @classmethod
    def of(cls, closure: StandingClosure) -> Self:
        """Give a closure as it is answered."""
        return cls(
            id=closure.id,
            state=closure.state,
            kind=closure.kind,
            reason=closure.reason,
            window=None if closure.start is None else SpanOut(start=closure.start, end=closure.end),
            places=[ClosedPlaceOut.of(part) for part in closure.parts],
            made_at=closure.made_at,
            lifted_at=closure.lifted_at,
        )


class ClosureMade(Closure, Rippled):
    """A closure, and its ripple."""


def slot_of(place: Place, leg: StandingLeg) -> dict[str, Any]:
    """Give what a leg has, in the shape of a slot."""
    if place.kind == "quay":
        return _berth(place, leg.from_m or 0, leg.to_m or 0, leg.start, leg.end)
    return _storage(place, leg.quantity or 0, leg.start, leg.end)


def slot_at(place: Place, leg: StandingLeg, spot: Spot) -> dict[str, Any]:
    """Give where a leg goes, in the shape of a slot."""
    if leg.ship is None or spot.from_m is None:
        return _storage(place, leg.quantity or 0, spot.start, spot.end)
    to_m = spot.from_m + blocked_metres(leg.ship.loa_cm, place.quay.terms)
    return _berth(place, spot.from_m, to_m, spot.start, spot.end)


def _window(start: int, end: int) -> Mapping[str, str]:
    return {"start": utc(start), "end": utc(end)}


def _berth(place: Place, from_m: int, to_m: int, start: int, end: int) -> dict[str, Any]:
    return {
        "kind": "berth",
        "port": place.port,
        "quay": place.code,
        "berths": list(berths_touched(place.quay, from_m, to_m)),
        "from_m": from_m,
        "to_m": to_m,
        "window": _window(start, end),
        "time_zone": place.zone.key,
    }


def _storage(place: Place, quantity: int, start: int, end: int) -> dict[str, Any]:
    first_on, last_on = local_days(start, end, place.zone)
    return {
        "kind": "storage",
        "port": place.port,
        "warehouse": place.code,
        "quantity": quantity,
        "unit": place.warehouse.unit,
        "bonded": place.warehouse.bonded,
        "window": _window(start, end),
        "first_on": first_on.isoformat(),
        "last_on": last_on.isoformat(),
        "time_zone": place.zone.key,
    }
