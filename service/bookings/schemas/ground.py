"""What operators say of bookings: their approval, and what has happened on the ground."""

from typing import Annotated

from pydantic import Field

from service.fields import Line, Moment, Prose, Strict

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
