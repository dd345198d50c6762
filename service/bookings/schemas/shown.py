"""What clients are shown of bookings."""

from typing import Any

from pydantic import BaseModel, Field

from service.capacity.schemas import WindowOut


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
    gated_in: int | None = Field(None, description="how much of it has come in")
    gated_out: int | None = Field(None, description="how much of that has left")
    unit: str | None = None
    bonded: bool | None = None
    first_on: str | None = None
    last_on: str | None = None
    arrived_at: str | None = None
    ended_at: str | None = Field(None, description="when it was completed, or found not to have come")


class OverrideOut(BaseModel):
    """Soft limits that an operator has let a leg exceed, and why."""

    leg: str
    rules: list[str] = Field(examples=[["draught-exceeded"]])
    reason: str
    by: str = Field(description="the operator's name")
    at: str


class ChangeOut(BaseModel):
    """What the booking will be if the operators approve; until then, and if they do not, it stands as it is."""

    expires_at: str = Field(description="when the change lapses if nobody decides")
    vessel: dict[str, Any] | None
    shipper: dict[str, Any] | None
    cargo: dict[str, Any] | None
    contact: dict[str, Any] | None
    remark: str | None
    legs: list[LegOut]


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
    awaits: list[str] = Field([], description="facilities that have yet to approve the booking, or the change of it")
    overrides: list[OverrideOut] | None = None
    legs: list[LegOut]
    change: ChangeOut | None = Field(
        None, description="a change that waits for approval beside the booking as it stands"
    )
