"""What is answered about ports: every figure with its source, date and confidence."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from service.fields import Duration
from service.ports.queries.catalogue import CLOCKS, DURATIONS, Catalogue, Row
from service.ports.schemas.notices import Confidence, Limits, band_of


class Provenance(BaseModel):
    """Where figures come from."""

    source: str
    as_of: str | None = Field(description="year or day that the source speaks of")
    confidence: Confidence
    note: str | None = None


class ShownLimits(Limits, Provenance):
    """Limits of a berth with the notice that put them in force."""

    notice: str

    @model_validator(mode="before")
    @classmethod
    def _from_row(cls, row: Any) -> Any:
        window = {"start": row["since"], "end": row["until"]}
        return row | {"window": window, "loa_band": band_of(row["low_cm"], row["high_cm"])}


class Terms(BaseModel):
    """The parameters of a place."""

    shortest_stay: Duration
    longest_stay: Duration
    horizon: Duration = Field(description="how far ahead a stay may start")
    least_notice: Duration = Field(description="how long before its start a stay must be booked at least")
    hold_for: Duration = Field(description="life of a reservation hold")
    hold_at_most: Duration = Field(description="its life with all extensions")
    asks_approval: bool
    pending_for: Duration = Field(description="life of a request that waits for approval")
    amend_until: Duration = Field(description="amendments are free until so long before the start")
    no_show_after: Duration
    terms_confidence: Confidence


class WarehouseTerms(Terms):
    """The parameters of a warehouse: those of any place, and how long goods may lie there from their arrival on."""

    free_for: Duration | None = Field(description="how long storage is free of charge; null: no limit")
    transit_for: Duration | None = Field(description="how long goods in transit may stay; null: no limit")
    zone_stay_for: Duration | None = Field(description="how long goods may stay in the free zone; null: no limit")


class Berth(Provenance):
    """A label on a stretch of quay."""

    code: str = Field(examples=["PKGWD-MPT-1"])
    quay: str
    from_m: float = Field(examples=[0])
    length_m: float | None = Field(description="null: not known", examples=[201])
    cargo: list[str] = Field(examples=[["general", "dry_bulk"]])
    hazard_classes: list[str]
    hazard_confidence: Confidence
    max_dwt_t: int | None
    bookable: bool
    retired_at: datetime | None
    rules_version: int = Field(description="of its quay; its ETag")
    limits: list[ShownLimits] = Field(description="in force and to come; without any no ship is admitted")


class Quay(BaseModel):
    """A wall that ships lie at, `length_m` whole metres long."""

    code: str = Field(examples=["PKGWD-MPT"])
    port: str
    terminal: str
    length_m: int
    bookable: bool = Field(description="whether some berth of it is")
    clearance_least_m: int
    clearance_percent: int
    turnaround: Duration
    terms: Terms
    retired_at: datetime | None = Field(description="from then on nobody books it")
    rules_version: int = Field(description="raised by every change of its rules; its ETag")
    berths: list[Berth]


class Facility(BaseModel):
    """What an operator is in charge of."""

    code: str = Field(examples=["PKGWD-GMT"])
    port: str
    name: str = Field(examples=["Gwadar Multipurpose Terminal"])
    operator: str
    retired_at: datetime | None
    version: int = Field(description="its ETag")


class Terminal(Facility):
    """A terminal, where ships lie."""

    smdg: str | None


class TerminalWithQuays(Terminal):
    """A terminal and its quays."""

    quays: list[Quay]


class Warehouse(Provenance):
    """A floor in a free zone."""

    code: str = Field(examples=["PKGWD-FZS-W1"])
    port: str
    free_zone: str
    unit: str
    capacity: int
    bonded: bool
    hazard_classes: list[str]
    temperature: str
    bookable: bool
    terms: WarehouseTerms
    retired_at: datetime | None = Field(description="from then on nobody books it")
    rules_version: int = Field(description="raised by every change of its rules; its ETag")


class FreeZone(Facility):
    """A free zone, where goods lie under customs control."""

    code: str = Field(examples=["PKGWD-FZS"])
    name: str = Field(examples=["Gwadar Free Zone South"])


class FreeZoneWithWarehouses(FreeZone):
    """A free zone and its warehouses."""

    warehouses: list[Warehouse]


class PortSummary(Provenance):
    """A port."""

    unlocode: str
    name: str = Field(examples=["Gwadar"])
    country: str
    time_zone: str
    latitude: float | None
    longitude: float | None
    authority: str


class Port(PortSummary):
    """A port with its terminals and free zones, down to each berth and warehouse."""

    terminals: list[TerminalWithQuays]
    free_zones: list[FreeZoneWithWarehouses]

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Give a port with all that is in it, as it is answered."""
        quays, warehouses = _grouped(_quays(catalogue), "facility"), _grouped(_warehouses(catalogue), "facility")
        return cls.model_validate(
            catalogue.port
            | {
                "terminals": [
                    facility | {"quays": quays[facility["code"]]}
                    for facility in catalogue.facilities
                    if facility["kind"] == "terminal"
                ],
                "free_zones": [
                    facility | {"warehouses": warehouses[facility["code"]]}
                    for facility in catalogue.facilities
                    if facility["kind"] == "free_zone"
                ],
            }
        )


def quay_of(catalogue: Catalogue) -> Quay:
    """Give the one quay of a catalogue."""
    (quay,) = _quays(catalogue)
    return Quay.model_validate(quay)


def berth_of(catalogue: Catalogue, code: str) -> Berth:
    """Give one berth of a catalogue."""
    return next(berth for berth in quay_of(catalogue).berths if berth.code == code)


def warehouse_of(catalogue: Catalogue) -> Warehouse:
    """Give the one warehouse of a catalogue."""
    (warehouse,) = _warehouses(catalogue)
    return Warehouse.model_validate(warehouse)


def _quays(catalogue: Catalogue) -> list[Row]:
    """Give the quays with their berths and those berths' limits."""
    limits = _grouped(catalogue.limits, "berth")
    berths = _grouped(
        (
            berth | {"length_m": berth["length_m"] or None, "limits": limits[berth["code"]]}
            for berth in catalogue.berths
        ),
        "quay",
    )
    return [
        _with_terms(quay)
        | {
            "terminal": quay["facility"],
            "turnaround": timedelta(seconds=quay["turnaround"]),
            "berths": berths[quay["code"]],
            "bookable": any(berth["bookable"] for berth in berths[quay["code"]]),
        }
        for quay in catalogue.quays
    ]


def _warehouses(catalogue: Catalogue) -> list[Row]:
    return [_with_terms(each) | {"free_zone": each["facility"]} for each in catalogue.warehouses]


def _with_terms(place: Row) -> Row:
    """Give a place with its terms in an object of their own."""
    terms: Row = {name: timedelta(seconds=place[name]) for name in DURATIONS}
    terms |= {name: place[name] and timedelta(seconds=place[name]) for name in CLOCKS if name in place}
    return place | {"terms": terms | {name: place[name] for name in ("asks_approval", "terms_confidence")}}


def _grouped(rows: Iterable[Row], by: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row[by]].append(row)
    return groups
