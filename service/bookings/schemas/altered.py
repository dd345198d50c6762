"""What clients ask to be changed of a booking that stands."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.bookings.schemas.asked import MOST_LEGS, BerthLeg, Override, StorageLeg
from service.bookings.schemas.facts import Cargo, Contact, Shipper, Vessel
from service.fields import Line, Moment, Prose, Strict, Whole, Window


class AmendedBerthLeg(BerthLeg):
    """A stay at a quay: one of the booking's, if `id` says which, or a new one. A leg may be sent as it was shown."""

    id: Line | None = Field(None, examples=["leg_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    state: Line | None = None
    arrived_at: Moment | None = None
    ended_at: Moment | None = None


class AmendedStorageLeg(StorageLeg):
    """Floor of a warehouse: a leg of the booking, if `id` says which, or a new one. It may be sent as it was shown."""

    id: Line | None = Field(None, examples=["leg_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    state: Line | None = None
    gated_in: Whole | None = None
    gated_out: Whole | None = None
    arrived_at: Moment | None = None
    ended_at: Moment | None = None


AmendedLeg = Annotated[AmendedBerthLeg | AmendedStorageLeg, Field(discriminator="kind")]


class Amendment(Strict):
    """What shall be different about a booking. What is left out stays; null clears."""

    legs: list[AmendedLeg] = Field(
        default=[],
        min_length=1,
        max_length=MOST_LEGS,
        description="all that the booking shall have: others are dropped",
    )
    vessel: Vessel | None = None
    shipper: Shipper | None = None
    cargo: Cargo | None = None
    contact: Contact | None = None
    remark: Prose | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "An amendment says what shall be different")
        return self


class Shift(Strict):
    """Where to and when a leg is shifted by the operator. What is left out stays."""

    leg: Line = Field(examples=["leg_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    window: Window | None = None
    quay: Line | None = None
    from_m: Annotated[Whole, Field(ge=0)] | None = Field(
        None, description="left out on another quay: the tightest free place there is chosen"
    )
    warehouse: Line | None = None
    reason: Annotated[Prose, Field(min_length=1, max_length=500)]
    override: Override | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.window is None and self.quay is None and self.from_m is None and self.warehouse is None:
            raise PydanticCustomError(
                "nothing_to_shift", "A shift says where to or when: window, quay, from_m, warehouse"
            )
        return self
