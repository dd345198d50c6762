"""What a change of rules does to bookings, as it is answered."""

from typing import Any

from pydantic import BaseModel, Field


class TouchedOut(BaseModel):
    """A leg of a booking that is touched, and what becomes of it; slots in the shape in which they are offered."""

    booking: str
    leg: str
    outcome: str = Field(examples=["moved", "displaced", "kept", "change_dropped"])
    from_: dict[str, Any] = Field(alias="from")
    to: dict[str, Any] | None
    delay: str | None = Field(examples=["PT6H"])


class Totals(BaseModel):
    """How many bookings are touched, what becomes of them, and by how much later they start, in all and at most.

    A booking is as late as that of its legs which is put off the most.
    """

    bookings: int
    moved: int
    displaced: int
    kept: int
    touched: int
    change_dropped: int
    delay: str
    longest_delay: str


class Rippled(BaseModel):
    """The plan for all bookings that are touched. With `validate_only` nothing of it has been done."""

    plan: str = Field(description="send it in `If-Match` to have exactly this done")
    touched: list[TouchedOut]
    totals: Totals
