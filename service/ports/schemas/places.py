"""What is sent to make a quay, a berth or a warehouse, to change one, and to retire it."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from service import identifiers
from service.fields import Duration, Flag, Line, Metres, Prose, Strict, Whole, duration, duration_text, one_of
from service.ports.schemas.catalogue import Berth, Quay, Warehouse
from service.ports.schemas.notices import Code, FromMetres
from service.ports.schemas.rippled import Rippled

NOTHING, DAY = timedelta(0), timedelta(1)
MINUTE, YEAR = timedelta(minutes=1), 366 * DAY


def unsaid() -> Any:
    """Stand for what was left out: null may not be sent, and no default is promised."""


def _between(least: timedelta, most: timedelta) -> AfterValidator:
    """Give the validator of a duration in whole seconds between two bounds."""

    def within(length: timedelta) -> timedelta:
        if length.microseconds:
            raise PydanticCustomError("duration_too_fine", "A parameter of a place is no finer than a second")
        if not least <= length <= most:
            bounds = {"least": duration_text(least), "most": duration_text(most)}
            raise PydanticCustomError("duration_out_of_bounds", "This is {least} to {most}", bounds)
        return length

    return AfterValidator(within)


def _maybe_none(value: object) -> timedelta:
    """Give a duration that may be nothing at all: PT0S, P0D."""
    return NOTHING if value in ("PT0S", "PT0M", "PT0H", "P0D") else duration(value)


Stay = Annotated[Duration, _between(MINUTE, 10 * YEAR)]
Life = Annotated[Duration, _between(MINUTE, 30 * DAY)]
Grace = Annotated[Duration, BeforeValidator(_maybe_none), _between(NOTHING, YEAR)]
Turnaround = Annotated[Duration, BeforeValidator(_maybe_none), _between(NOTHING, 7 * DAY)]
PlaceCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}[A-Z2-9]{3}(-[A-Z0-9]{1,12}){1,4}$"), Field(examples=["KZAAU-T1-Q1"])
]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"), Field(examples=["general"])]
ImdgClass = Annotated[str, AfterValidator(identifiers.imdg_class), Field(examples=["3", "4.1"])]
Unit = Annotated[str, one_of("m2", "pallet", "teu"), Field(examples=["m2"])]
Quantity = Annotated[Whole, Field(ge=1, le=100_000_000)]
Deadweight = Annotated[Whole, Field(gt=0, le=2_000_000)]
ClearanceLeast = Annotated[Whole, Field(ge=0, le=1_000)]
ClearancePercent = Annotated[Whole, Field(ge=0, le=100)]
Distinct = AfterValidator(lambda words: list(dict.fromkeys(words)))
Cargoes = Annotated[list[Word], Field(min_length=1, max_length=50), Distinct]
HazardClasses = Annotated[list[ImdgClass], Field(max_length=50), Distinct]


class Parameters(Strict):
    """Parameters of a place. What is left out stays, of a new place as those of the reference data are."""

    shortest_stay: Stay = Field(default_factory=unsaid)
    longest_stay: Stay = Field(default_factory=unsaid)
    horizon: Stay = Field(default_factory=unsaid, description="how far ahead a stay may start")
    least_notice: Grace = Field(default_factory=unsaid)
    hold_for: Life = Field(default_factory=unsaid, description="life of a reservation hold")
    hold_at_most: Life = Field(default_factory=unsaid, description="its life with all extensions")
    asks_approval: Flag = Field(default_factory=unsaid)
    pending_for: Life = Field(default_factory=unsaid, description="life of a request that waits for approval")
    amend_until: Grace = Field(default_factory=unsaid, description="amendments are free until so long before the start")
    no_show_after: Grace = Field(default_factory=unsaid)


class WarehouseParameters(Parameters):
    """Parameters of a warehouse: those of any place, and how long goods may lie there from their arrival on."""

    free_for: Stay | None = Field(default_factory=unsaid, description="free of charge; null: no limit")
    transit_for: Stay | None = Field(default_factory=unsaid, description="under a transit regime; null: no limit")
    zone_stay_for: Stay | None = Field(default_factory=unsaid, description="in the free zone; null: no limit")


class NewQuay(Strict):
    """A quay of a terminal, without berths yet."""

    code: PlaceCode
    terminal: Code
    clearance_least_m: ClearanceLeast = Field(default_factory=unsaid)
    clearance_percent: ClearancePercent = Field(default_factory=unsaid)
    turnaround: Turnaround = Field(default_factory=unsaid)
    terms: Parameters = Field(default_factory=Parameters)


class NewBerth(Strict):
    """A berth of a quay; no ship is admitted before a draught notice says how deep it is."""

    code: PlaceCode = Field(examples=["KZAAU-T1-Q1-1"])
    quay: Code
    from_m: FromMetres | None = Field(None, description="left out: where the last berth ends")
    length_m: Metres
    cargo: Cargoes
    hazard_classes: HazardClasses = Field(default=[])
    max_dwt_t: Deadweight | None = None
    bookable: Flag = True
    source: Line = Field(description="where the figures come from")
    note: Prose | None = None


class NewWarehouse(Strict):
    """A warehouse of a free zone."""

    code: PlaceCode = Field(examples=["KZAAU-FZ-W1"])
    free_zone: Code
    unit: Unit
    capacity: Quantity
    bonded: Flag
    hazard_classes: HazardClasses = Field(default=[])
    temperature: Word = Field("ambient", examples=["ambient"])
    bookable: Flag = True
    terms: WarehouseParameters = Field(default_factory=WarehouseParameters)
    source: Line = Field(description="where the figures come from")
    note: Prose | None = None


class Consequences(Strict):
    """What becomes of bookings that would be refused by what the place is from now on."""

    on_conflict: Annotated[str, one_of("refuse", "displace", "move")] = "refuse"
    tolerance: Annotated[Duration, _between(MINUTE, 60 * DAY)] | None = Field(
        None, description="with `move`: how much later a booking may start; left out: no later, only elsewhere"
    )
    plan: Line | None = Field(None, description="the hash of the plan that a rehearsal gave, to do exactly that")
    reason: Line | None = Field(None, description="told to those whose bookings are touched")


class Change(Strict):
    """What shall be different. What is left out stays."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - Consequences.model_fields.keys():
            raise PydanticCustomError("nothing_to_change", "A change says what shall be different")
        return self


class QuayChange(Change):
    """What shall be different about a quay; it counts for new claims."""

    clearance_least_m: ClearanceLeast = Field(default_factory=unsaid)
    clearance_percent: ClearancePercent = Field(default_factory=unsaid)
    turnaround: Turnaround = Field(default_factory=unsaid)
    terms: Parameters = Field(default_factory=Parameters)


class BerthChange(Change, Consequences):
    """What shall be different about a berth."""

    length_m: Metres = Field(default_factory=unsaid)
    cargo: Cargoes = Field(default_factory=unsaid)
    hazard_classes: HazardClasses = Field(default_factory=unsaid)
    max_dwt_t: Deadweight | None = Field(None, description="null: no limit")
    bookable: Flag = Field(default_factory=unsaid)
    source: Line = Field(default_factory=unsaid, description="left out: the operator's name")
    note: Prose | None = Field(None, description="null: none")


class WarehouseChange(Change, Consequences):
    """What shall be different about a warehouse."""

    unit: Unit = Field(default_factory=unsaid, description="fixed once any of it has been booked")
    capacity: Quantity = Field(default_factory=unsaid)
    bonded: Flag = Field(default_factory=unsaid)
    hazard_classes: HazardClasses = Field(default_factory=unsaid)
    temperature: Word = Field(default_factory=unsaid)
    bookable: Flag = Field(default_factory=unsaid)
    terms: WarehouseParameters = Field(default_factory=WarehouseParameters)
    source: Line = Field(default_factory=unsaid, description="left out: the operator's name")
    note: Prose | None = Field(None, description="null: none")


class Retirement(Consequences):
    """Why something is retired, and what becomes of bookings that stand there."""

    reason: Line


class Consequence(Rippled):
    """The bookings that the change touches, and what becomes of them. With `validate_only` nothing has been done."""

    plan: str = Field(description="send it as `plan` to have exactly this done")


class ChangedQuay(Quay, Consequence):
    """A quay that was retired, and the bookings that this touches."""


class ChangedBerth(Berth, Consequence):
    """A berth, and the bookings that its change touches."""


class ChangedWarehouse(Warehouse, Consequence):
    """A warehouse, and the bookings that its change touches."""
