"""What operators say of bookings: their approval, and what has happened on the ground."""

from typing import Annotated

from pydantic import Field

from service.fields import Line, Moment, Prose, Strict, Tonnes, Whole, one_of

Reason = Annotated[Prose, Field(min_length=1, max_length=500)]


class Approval(Strict):
    """That a booking may be, and why if somebody wants to say."""

    reason: Reason | None = None


class Refused(Strict):
    """That a booking may not be. Its owner is told why."""

    reason: Reason


class Report(Strict):
    """What has happened to a leg: when, if not just now, and anything to be remembered of it."""

    leg: Line = Field(examples=["leg_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    at: Moment | None = Field(None, description="left out: now; never in the future")
    reason: Reason | None = None


Found = Annotated[Line, one_of("seal-broken", "damaged")]


class GateReport(Report):
    """Goods through the gate of a warehouse: a part of a leg or all of it, as counted and weighed there."""

    quantity: Annotated[Whole, Field(gt=0)] | None = Field(
        None, description="in the unit of the warehouse; left out: all that is still to come, or that is there"
    )
    packages: Annotated[Whole, Field(gt=0)] | None = None
    gross_weight_t: Tonnes | None = Field(None, examples=[118.4])
    found: list[Found] = Field([], max_length=2, description="what was remarkable: `seal-broken`, `damaged`")
