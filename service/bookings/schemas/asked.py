"""What clients ask of bookings."""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.bookings.rules import MOST_REFERENCES, SOFT
from service.bookings.schemas.facts import Cargo, Contact, CustomsReference, Shipper, Vessel
from service.fields import Day, Line, Moment, Prose, Strict, Whole, Window, one_of

MOST_LEGS = 20


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


class Override(Strict):
    """Soft limits that an operator lets a leg exceed, and why. It stays on the booking."""

    rules: Annotated[list[Annotated[str, one_of(*sorted(SOFT))]], Field(min_length=1, max_length=len(SOFT))] = Field(
        examples=[["draught-exceeded"]]
    )
    reason: Annotated[Prose, Field(min_length=1, max_length=500)]


class NewBooking(Strict):
    """A booking asked for: any number of legs at one port, all of them or none."""

    client_reference: Annotated[Line, Field(max_length=100)] = Field(examples=["ALA-2026-118"])
    hold: bool = Field(description="true: a reservation hold that waits for `confirm`; false: the booking at once")
    legs: list[Leg] = Field(min_length=1, max_length=MOST_LEGS)
    vessel: Vessel | None = Field(None, description="needed by a leg at a berth")
    shipper: Shipper | None = None
    cargo: Cargo | None = None
    customs_references: Annotated[list[CustomsReference], Field(max_length=MOST_REFERENCES)] | None = None
    contact: Contact | None = None
    remark: Prose | None = None
    on_behalf_of: Line | None = Field(
        None,
        description="the forwarder whose booking it will be; for operators",
        examples=["org_01kb3v7x9ef6wvq0m8y3k2n5ra"],
    )
    override: Override | None = Field(None, description="for operators")

    def facts(self) -> dict[str, Any]:
        """Give what is kept as it was sent, beside the legs."""
        kept = {"vessel", "shipper", "cargo", "customs_references", "contact", "remark"}
        return self.model_dump(mode="json", include=kept, by_alias=True)


class AddedReferences(Strict):
    """Customs references under which the goods of a booking travel besides those that it has."""

    customs_references: list[CustomsReference] = Field(min_length=1, max_length=MOST_REFERENCES)


class Cancellation(Strict):
    """Why a booking is given up."""

    reason: Annotated[Prose, Field(min_length=1, max_length=500)] | None = None


class Extension(Strict):
    """How far a reservation hold shall reach; left out: as far as one extension goes."""

    until: Moment | None = None
