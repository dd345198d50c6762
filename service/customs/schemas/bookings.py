"""The bookings that customs asks for, with what it has said of their references."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from service.bookings.schemas import Booking, ReferenceSought
from service.bookings.schemas.facts import Country, CustomsReferenceType
from service.customs.schemas.events import ReferenceStatus
from service.fields import Moment


class CustomsBookingQuery(BaseModel):
    """Which bookings. All that is given must hold."""

    model_config = ConfigDict(frozen=True)

    reference: ReferenceSought | None = Field(
        None,
        description="value of a customs reference that they travel under",
        examples=["KAPW-HC-22012-18-08-2022"],
    )
    type: CustomsReferenceType | None = Field(None, description="of that reference", examples=["GD"])
    country: Country | None = Field(None, description="of that reference")
    changed_since: Moment | None = Field(
        None, description="the booking, a leg or what customs says of a reference changed then or later; a minute more"
    )

    @model_validator(mode="after")
    def _of_a_reference(self) -> Self:
        if self.reference is None and (self.type is not None or self.country is not None):
            raise PydanticCustomError("reference_missing", "`type` and `country` say more of a `reference`")
        return self


class CustomsBooking(BaseModel):
    """A booking, and where the references that it travels under stand."""

    booking: Booking
    references: list[ReferenceStatus]


class BookingCustoms(BaseModel):
    """Where each customs reference stands that a firm booking travels under."""

    items: list[ReferenceStatus]


class CustomsBookings(BaseModel):
    """One page of bookings; whatever has changed after `as_of_sequence` is in the feed after it."""

    items: list[CustomsBooking]
    next: str | None
    as_of_sequence: str = Field(examples=["0000000000000042"], description="the same on all pages of one list")
