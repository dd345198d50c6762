"""How bookings look to clients: what is asked, and what is answered."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from service import identifiers
from service.capacity.schemas import WindowOut
from service.fields import Day, Line, Metres, Moment, Prose, Strict, Tonnes, Whole, Window, one_of

MOST_LEGS = 20

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Imo = Annotated[str, AfterValidator(identifiers.imo_number)]
Mmsi = Annotated[str, AfterValidator(identifiers.mmsi)]
Bin = Annotated[str, AfterValidator(identifiers.kz_bin)]
Iin = Annotated[str, AfterValidator(identifiers.kz_iin)]
Ntn = Annotated[str, AfterValidator(identifiers.pk_ntn)]
HsCode = Annotated[str, AfterValidator(identifiers.hs_code)]
ImdgClass = Annotated[str, AfterValidator(identifiers.imdg_class)]
TransitRegime = Annotated[str, one_of("TIR", "QTTA", "BILATERAL", "TRANSSHIPMENT", "IMPORT", "EXPORT")]
CustomsReferenceType = Annotated[str, one_of("GD", "TIR", "MRN", "IGM", "PSW")]
ShipMetres = Annotated[Metres, Field(le=Decimal(600))]


class Vessel(Strict):
    """The ship. An IMO number, an MMSI or a name must tell which; small craft have no IMO number."""

    name: Annotated[Line, Field(max_length=50)] | None = None
    imo: Imo | None = Field(None, description="IMO number, 7 digits", examples=["9074729"])
    mmsi: Mmsi | None = None
    call_sign: Annotated[Line, Field(max_length=10)] | None = None
    type: Word | None = None
    loa_m: ShipMetres = Field(description="length over all", examples=[190])
    beam_m: ShipMetres = Field(examples=[28])
    draught_m: Annotated[Metres, Field(le=Decimal(30))] = Field(examples=[10.5])
    dwt_t: Annotated[Whole, Field(gt=0)] | None = Field(None, description="deadweight, whole tonnes")
    gt: Annotated[Whole, Field(gt=0)] | None = Field(None, description="gross tonnage")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.name is None and self.imo is None and self.mmsi is None:
            raise PydanticCustomError("vessel_unnamed", "A vessel needs an IMO number, an MMSI or a name")
        return self


class Shipper(Strict):
    """On whose behalf the goods travel."""

    name: Line
    country: Country | None = None
    bin: Bin | None = Field(None, description="Kazakh business identification number")
    iin: Iin | None = Field(None, description="Kazakh individual identification number")
    ntn: Ntn | None = Field(None, description="Pakistani national tax number")


class Cargo(Strict):
    """The goods."""

    class_: Word | None = Field(None, alias="class", description="general, dry_bulk, container, liquid_bulk ...")
    hs_code: HsCode | None = None
    weight_t: Tonnes | None = None
    packages: Annotated[Whole, Field(gt=0)] | None = None
    hazard_class: ImdgClass | None = Field(None, description="IMDG class")
    transit_regime: TransitRegime | None = Field(None, examples=["TIR", "QTTA", "BILATERAL", "TRANSSHIPMENT"])


class CustomsReference(Strict):
    """A declaration or manifest that the goods travel under."""

    type: CustomsReferenceType = Field(examples=["GD", "TIR", "MRN", "IGM", "PSW"])
    country: Country
    value: Annotated[Line, Field(max_length=50)]

    @field_validator("value")
    @classmethod
    def _as_customs_writes_it(cls, value: str, known: ValidationInfo) -> str:
        """Give a Pakistani GD number in its one form, so that it is found again however it was typed."""
        is_gd = known.data.get("type") == "GD" and known.data.get("country") == "PK"
        return identifiers.gd_number(value) if is_gd else value


class Contact(Strict):
    """Whom the operator can ask."""

    name: Line
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,185}$")] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()-]{5,30}$")] | None = None


class BerthLeg(Strict):
    """A stay at a quay. A slot may be sent as it was offered; what contradicts the rest of it is refused."""

    kind: Literal["berth"]
    quay: Line
    window: Window
    from_m: Annotated[Whole, Field(ge=0)] | None = Field(
        None, description="left out: the tightest free place is chosen"
    )
    to_m: Whole | None = None
    port: Line | None = None
    berths: list[Line] | None = None
    latest_start: Moment | None = None
    time_zone: Line | None = None


class StorageLeg(Strict):
    """Floor of a warehouse. A slot may be sent as it was offered; what contradicts the rest of it is refused."""

    kind: Literal["storage"]
    warehouse: Line
    quantity: Annotated[Whole, Field(gt=0)]
    window: Window
    unit: Line | None = None
    port: Line | None = None
    free: Whole | None = None
    bonded: bool | None = None
    first_on: Day | None = None
    last_on: Day | None = None
    latest_start: Moment | None = None
    time_zone: Line | None = None


Leg = Annotated[BerthLeg | StorageLeg, Field(discriminator="kind")]


class NewBooking(Strict):
    """A booking asked for: any number of legs at one port, all of them or none."""

    client_reference: Annotated[Line, Field(max_length=100)] = Field(examples=["ALA-2026-118"])
    hold: bool = Field(description="true: a reservation hold that waits for `confirm`; false: the booking at once")
    legs: list[Leg] = Field(min_length=1, max_length=MOST_LEGS)
    vessel: Vessel | None = Field(None, description="needed by a leg at a berth")
    shipper: Shipper | None = None
    cargo: Cargo | None = None
    customs_references: Annotated[list[CustomsReference], Field(max_length=20)] | None = None
    contact: Contact | None = None
    remark: Prose | None = None

    def facts(self) -> dict[str, Any]:
        """Give what is kept as it was sent, beside the legs."""
        kept = {"vessel", "shipper", "cargo", "customs_references", "contact", "remark"}
        return self.model_dump(mode="json", include=kept, by_alias=True)


class Cancellation(Strict):
    """Why a booking is given up."""

    reason: Annotated[Prose, Field(min_length=1, max_length=500)] | None = None


class Extension(Strict):
    """How far a reservation hold shall reach; left out: as far as one extension goes."""

    until: Moment | None = None


class LegOut(BaseModel):
    """One leg of a booking: a berth's has `quay`, `berths`, `from_m`, `to_m`; a storage leg the rest."""

    id: str = Field(examples=["leg_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    kind: str
    state: str = Field(examples=["planned"])
    port: str
    window: WindowOut
    time_zone: str
    quay: str | None = None
    berths: list[str] | None = None
    from_m: int | None = None
    to_m: int | None = None
    warehouse: str | None = None
    quantity: int | None = None
    unit: str | None = None
    bonded: bool | None = None
    first_on: str | None = None
    last_on: str | None = None


class Booking(BaseModel):
    """A booking as its owner sees it."""

    id: str = Field(examples=["bkg_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    client_reference: str
    state: str = Field(examples=["held", "pending", "confirmed", "expired", "cancelled"])
    version: int
    port: str
    expires_at: str | None = Field(description="when a held or pending booking lapses")
    created_at: str
    updated_at: str
    vessel: dict[str, Any] | None
    shipper: dict[str, Any] | None
    cargo: dict[str, Any] | None
    customs_references: list[dict[str, Any]] | None
    contact: dict[str, Any] | None = None
    remark: str | None = None
    legs: list[LegOut]
