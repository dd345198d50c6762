"""How itineraries look to clients: what is asked, and what is answered."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

from service import clock
from service.availability import Itinerary, Reason
from service.capacity.schemas.slots import (
    BerthSlotOut,
    NoBerth,
    NoStorage,
    ReasonOut,
    StorageSlotOut,
    Unlocode,
    berth_slot,
    reasons,
    storage_slot,
    utc,
)
from service.fields import Duration, Line, Metres, Strict, Whole, Window, duration_text, one_of

Order = Annotated[str, one_of("after", "before")]
Rank = Annotated[str, one_of("earliest", "shortest_wait", "fewest_metres")]


class Vessel(Strict):
    """The ship. What is left out is not judged here; a booking needs beam and draught."""

    loa_m: Metres = Field(description="length over all", examples=[190])
    beam_m: Metres | None = None
    draught_m: Metres | None = None
    dwt_t: Annotated[Whole, Field(gt=0)] | None = Field(None, description="deadweight, whole tonnes")


class Goods(Strict):
    """What the ship brings or fetches."""

    class_: Line | None = Field(None, alias="class", description="class of cargo", examples=["general"])
    hazard_class: Line | None = Field(None, description="IMDG class of the goods")


class Stay(Strict):
    """How long the ship lies."""

    duration: Duration


class Storing(Strict):
    """How much floor the goods need, and for how long."""

    quantity: Annotated[Whole, Field(gt=0)] = Field(examples=[2500])
    unit: Line | None = Field(None, description="m2, pallet or teu; left out: whatever the warehouse is measured in")
    bonded: bool | None = Field(None, description="true: only bonded warehouses")
    duration: Duration


class ItineraryQuestion(Strict):
    """A ship and its goods look for a berth and floor at one of some ports, one soon after the other."""

    ports: list[Unlocode] = Field(min_length=1, max_length=20, description="UN/LOCODEs", examples=[["PKGWD", "PKKHI"]])
    vessel: Vessel
    cargo: Goods | None = None
    window: Window = Field(description="the whole itinerary lies in it")
    berth: Stay
    storage: Storing
    storage_within: Duration = Field(timedelta(hours=12), description="the longest time between berth and storage")
    order: Order = Field("after", description="whether the storage comes `after` the berth stay or `before` it")
    rank: Rank = Field(
        "earliest",
        description="what comes first: `earliest`, the earlier berth stay, then the earlier storage; `shortest_wait`,"
        " the shorter time between the two; `fewest_metres`, the fewest metres blocked at the quay",
    )
    limit: Annotated[Whole, Field(ge=1, le=50)] = 20


class ItineraryOut(BaseModel):
    """A berth and floor on offer together. `legs` can be sent as those of a booking as they stand."""

    port: str
    wait: str = Field(description="time between the two, ISO 8601", examples=["PT6H"])
    legs: list[BerthSlotOut | StorageSlotOut] = Field(
        description="berth and storage; `latest_start` is true of each alone, the other as it stands"
    )


class NotTogether(BaseModel):
    """A port that has berths and floor, none of which go together."""

    port: str
    reasons: list[ReasonOut]


class Itineraries(BaseModel):
    """The best itineraries; if there is none, the places that yield nothing, and the ports where none go together."""

    itineraries: list[ItineraryOut]
    unavailable: list[NoBerth | NoStorage | NotTogether]


def itinerary(found: Itinerary) -> dict[str, Any]:
    """Give an itinerary in the shape of `ItineraryOut`."""
    return {
        "port": found.berth.quay.port,
        "wait": duration_text(clock.span(found.wait)),
        "legs": [berth_slot(found.berth), storage_slot(found.storage)],
    }


def unavailable(without: Iterable[tuple[str, str, list[Reason]]], window: Window) -> list[dict[str, Any]]:
    """Give the places and ports that yield nothing, each with its kind, its code and why."""
    return [{kind: code, "reasons": _of_window(reasons(why), window) if kind == "port" else reasons(why)}
            for kind, code, why in without]  # fmt: skip


def _of_window(given: list[dict[str, Any]], window: Window) -> list[dict[str, Any]]:
    """Give the reasons with an end as a part of this query: here it is that of its window."""
    for reason in given:
        if reason["needs"] and "to" in reason["needs"]:
            reason["needs"] = {"window": {"start": utc(clock.instant(window.start)), "end": reason["needs"]["to"]}}
    return given
