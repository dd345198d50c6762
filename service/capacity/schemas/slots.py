"""How slots, reasons and needs look to clients."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service import clock
from service.availability import BerthSlot, Need, Reason, StorageSlot
from service.capacity.rules import refusal_of
from service.fields import Duration, Flag, Line, Metres, Moment, Whole, duration_text
from service.identifiers import un_locode

Unlocode = Annotated[str, AfterValidator(un_locode)]

_EXAMPLE_WINDOW = {"start": "2026-12-01T06:00:00Z", "end": "2026-12-02T18:00:00Z"}


class SlotQuery(BaseModel):
    """What every search for slots asks: where, for how long, and inside which window."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: list[Unlocode] = Field(min_length=1, max_length=20, description="UN/LOCODE; may be repeated")
    duration: Duration = Field(description="length of the stay, ISO 8601")
    from_: Moment = Field(alias="from", description="the stay starts no earlier")
    to: Moment = Field(description="the stay ends no later")
    hazard_class: Line | None = Field(None, description="IMDG class of the goods")
    limit: Annotated[Whole, Field(ge=1, le=100)] = 20


class ShipFacts(BaseModel):
    """A ship, as far as berths must know it. What is left out is not judged here.

    A booking needs beam and draught; deadweight, cargo and hazard class may be left out there too.
    """

    loa_m: Metres = Field(description="length over all", examples=[190])
    beam_m: Metres | None = None
    draught_m: Metres | None = None
    dwt_t: Annotated[Whole, Field(gt=0)] | None = Field(None, description="deadweight, whole tonnes")
    cargo: Line | None = Field(None, description="class of cargo", examples=["general", "container"])


class BerthQuery(ShipFacts, SlotQuery):
    """A ship that looks for a berth."""


class GoodsFacts(BaseModel):
    """Goods, as far as warehouses must know them."""

    quantity: Annotated[Whole, Field(gt=0)] = Field(examples=[2500])
    unit: Line | None = Field(None, description="m2, pallet or teu; left out: whatever the warehouse is measured in")
    bonded: Flag | None = Field(None, description="true: only bonded warehouses")


class StorageQuery(GoodsFacts, SlotQuery):
    """Goods that look for floor in a free zone."""


class WindowOut(BaseModel):
    """A span of time, half-open, in UTC."""

    start: str
    end: str


class BerthSlotOut(BaseModel):
    """A stretch of quay on offer. It can be sent back as a leg of a booking as it stands."""

    kind: str = Field(examples=["berth"])
    port: str
    quay: str
    berths: list[str]
    from_m: int = Field(description="start of the blocked stretch, clearance included")
    to_m: int
    window: WindowOut = Field(examples=[_EXAMPLE_WINDOW])
    latest_start: str = Field(description="the same stretch is free for every start up to this one")
    time_zone: str


class StorageSlotOut(BaseModel):
    """Floor on offer. It can be sent back as a leg of a booking as it stands."""

    kind: str = Field(examples=["storage"])
    port: str
    warehouse: str
    quantity: int
    unit: str
    free: int = Field(description="least quantity free on any day of the window, the quantity asked for included")
    bonded: bool
    window: WindowOut = Field(examples=[_EXAMPLE_WINDOW])
    first_on: str
    last_on: str = Field(description="exclusive")
    latest_start: str
    time_zone: str


class ReasonOut(BaseModel):
    """A rule that stands in the way, and the part of the query that would have to be replaced."""

    code: str = Field(examples=["closed"])
    message: str
    needs: dict[str, Any] | None
    released_at: str | None = Field(
        None, description="of what is kept for partners: when the first of it that stands in the way is open to all"
    )


class NoBerth(BaseModel):
    """A quay that yields nothing, and every rule that stands in the way."""

    quay: str
    reasons: list[ReasonOut]


class NoStorage(BaseModel):
    """A warehouse that yields nothing, and every rule that stands in the way."""

    warehouse: str
    reasons: list[ReasonOut]


class BerthSlots(BaseModel):
    """The earliest slots, and the quays that have none."""

    slots: list[BerthSlotOut]
    unavailable: list[NoBerth]


class StorageSlots(BaseModel):
    """The earliest slots, and the warehouses that have none."""

    slots: list[StorageSlotOut]
    unavailable: list[NoStorage]


@lru_cache(maxsize=50_000)  # slots of one timetable begin and end at the same moments again and again
def utc(at: int) -> str:
    """Give the engine's instant as RFC 3339 in UTC."""
    return clock.utc(clock.moment(at))


def berth_slot(slot: BerthSlot) -> dict[str, Any]:
    """Give a berth slot in the shape of `BerthSlotOut`."""
    return {
        "kind": "berth",
        "port": slot.quay.port,
        "quay": slot.quay.code,
        "berths": slot.berths,
        "from_m": slot.from_m,
        "to_m": slot.to_m,
        "window": {"start": utc(slot.start), "end": utc(slot.end)},
        "latest_start": utc(slot.latest_start),
        "time_zone": slot.quay.zone.key,
    }


def storage_slot(slot: StorageSlot) -> dict[str, Any]:
    """Give a storage slot in the shape of `StorageSlotOut`."""
    return {
        "kind": "storage",
        "port": slot.warehouse.port,
        "warehouse": slot.warehouse.code,
        "quantity": slot.quantity,
        "unit": slot.warehouse.unit,
        "free": slot.free,
        "bonded": slot.warehouse.bonded,
        "window": {"start": utc(slot.start), "end": utc(slot.end)},
        "first_on": slot.first_on.isoformat(),
        "last_on": slot.last_on.isoformat(),
        "latest_start": utc(slot.latest_start),
        "time_zone": slot.warehouse.zone.key,
    }


def found(place: str, slots: list[dict[str, Any]], without: list[tuple[str, list[Reason]]]) -> dict[str, Any]:
    """Give what a search found in the shape of `BerthSlots` or `StorageSlots`; `place` is quay or warehouse."""
    return {"slots": slots, "unavailable": [{place: code, "reasons": reasons(why)} for code, why in without]}


def reasons(given: Iterable[Reason]) -> list[dict[str, Any]]:
    """Give an engine's reasons in the shape of `ReasonOut`."""
    return [
        {"code": each.code, "message": _message(each), "needs": needs(each.need)}
        | ({} if each.released_at is None else {"released_at": utc(each.released_at)})
        for each in given
    ]


def needs(need: Need | None) -> dict[str, Any] | None:
    """Give a need as the part of the query that replaces what was asked."""
    if need is None:
        return None
    if isinstance(need.value, tuple):
        return {need.field: list(need.value)}
    name, shown = shown_of(need.field)
    return {name: shown(need.value)}


def shown_of(field: str) -> tuple[str, Callable[[int], Any]]:
    """Give the name that the query has for a field of the engine, and how a number of it is shown."""
    name, _, shown = _SHOWN[field]
    return name, shown


def _message(reason: Reason) -> str:
    title = refusal_of(reason.code).title()
    if reason.released_at is not None:
        title += f" The first of it is open to all from {utc(reason.released_at)} on."
    if reason.need is None:
        return title
    if isinstance(reason.need.value, tuple):
        return f"{title} What passes: {', '.join(str(value).lower() for value in reason.need.value)}."
    _, phrase, shown = _SHOWN[reason.need.field]
    return f"{title} {phrase.format(shown(reason.need.value))}"


def _metres(cm: int) -> float:
    return float(Decimal(cm) / 100)


def _duration(microseconds: int) -> str:
    return duration_text(clock.span(microseconds))


_SHOWN: dict[str, tuple[str, str, Callable[[int], Any]]] = {
    "loa_cm": ("loa_m", "A length over all of {} m would pass.", _metres),
    "beam_cm": ("beam_m", "A beam of {} m would pass.", _metres),
    "draught_cm": ("draught_m", "A draught of {} m would pass.", _metres),
    "dwt_t": ("dwt_t", "A deadweight of {} t would pass.", int),
    "quantity": ("quantity", "A quantity of {} would pass.", int),
    "duration": ("duration", "A stay of {} would pass.", _duration),
    "to": ("to", "A window that reaches to {} would do.", utc),
    "start": ("start", "From {} on it would pass.", utc),
    "end": ("end", "A stay until {} would pass.", utc),
    "from_m": ("from_m", "At {} m along the quay it would pass.", int),
    "within": ("storage_within", "A time of {} between the two would do.", _duration),
}
