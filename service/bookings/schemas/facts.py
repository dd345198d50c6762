"""What a booking is about: the ship, the shipper, the goods, the papers, and whom to ask."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from service import identifiers
from service.bookings.rules import TRANSIT_REGIMES
from service.fields import Line, Metres, Strict, Tonnes, Whole, one_of

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Imo = Annotated[str, AfterValidator(identifiers.imo_number)]
Mmsi = Annotated[str, AfterValidator(identifiers.mmsi)]
Bin = Annotated[str, AfterValidator(identifiers.kz_bin)]
Iin = Annotated[str, AfterValidator(identifiers.kz_iin)]
Ntn = Annotated[str, AfterValidator(identifiers.pk_ntn)]
HsCode = Annotated[str, AfterValidator(identifiers.hs_code)]
ImdgClass = Annotated[str, AfterValidator(identifiers.imdg_class)]
TransitRegime = Annotated[str, one_of(*TRANSIT_REGIMES, "IMPORT", "EXPORT")]
CustomsReferenceType = Annotated[str, one_of("GD", "TIR", "MRN", "IGM", "PSW")]
ShipMetres = Annotated[Metres, Field(le=Decimal(600))]


class Vessel(Strict):
    """The ship. An IMO number, an MMSI or a name must tell which; small craft have no IMO number."""

    name: Annotated[Line, Field(max_length=50)] | None = Field(None, examples=["CASPIAN TRADER"])
    imo: Imo | None = Field(None, description="IMO number, 7 digits", examples=["9074729"])
    mmsi: Mmsi | None = None
    call_sign: Annotated[Line, Field(max_length=10)] | None = None
    type: Word | None = Field(None, examples=["general_cargo"])
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

    name: Line = Field(examples=["Steppe Metals"])
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
    value: Annotated[Line, Field(max_length=50)] = Field(
        description="letters A to Z, kept in capitals, and digits, with single - / . between them; "
        "a Pakistani GD in the form of the GD"
    )

    @field_validator("value")
    @classmethod
    def _as_customs_writes_it(cls, value: str, known: ValidationInfo) -> str:
        """Give the value in its one form, so that a hold on it finds the goods, however it was typed."""
        type_, country = known.data.get("type"), known.data.get("country")
        if type_ is None or country is None:
            return value  # they are refused; which form is wanted is not known
        is_gd = type_ == "GD" and country == "PK"
        return identifiers.gd_number(value) if is_gd else identifiers.customs_reference(value)


class Contact(Strict):
    """Whom the operator can ask."""

    name: Line = Field(examples=["Aigerim"])
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,185}$")] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()-]{5,30}$")] | None = None
