"""What lists of bookings and their history are asked for, and how a change looks."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service import identifiers
from service.bookings.rules import STATES
from service.fields import Line, Moment, one_of

SORTS = ("newest", "start", "-start", "updated", "-updated")

StateName = Annotated[str, one_of(*STATES)]
_WHICH_STATES = f"one of {', '.join(STATES)}; may be repeated"
_WHICH_SORT = (
    "newest (made last, first), start (of the first leg, soonest first), -start (latest first), updated (longest "
    "untouched first), -updated (changed last, first)"
)


def _as_kept(value: str) -> str:
    """Give a reference as it is kept, however it was typed; one that none could have is refused."""
    try:
        return identifiers.gd_number(value)
    except ValueError:
        return identifiers.customs_reference(value)


ReferenceSought = Annotated[Line, AfterValidator(_as_kept)]


class ListQuery(BaseModel):
    """What a list of bookings is narrowed to, and its order. All that is given must hold."""

    model_config = ConfigDict(frozen=True)

    state: list[StateName] | None = Field(None, description=_WHICH_STATES, examples=[["confirmed"]])
    port: Line | None = None
    facility: Line | None = Field(None, description="code of a terminal or free zone")
    place: Line | None = Field(None, description="code of a quay or warehouse")
    vessel: Line | None = Field(None, description="part of the ship's name, or its IMO number", examples=["CASPIAN"])
    client_reference: Line | None = None
    customs_reference: ReferenceSought | None = Field(None, description="its value")
    from_: Moment | None = Field(None, alias="from", description="some leg ends after this")
    to: Moment | None = Field(None, description="some leg starts before this")
    updated_since: Moment | None = Field(
        None, description="changed then or later; to miss nothing for good, follow `/v1/events`"
    )
    sort: Annotated[str, one_of(*SORTS)] = Field("newest", description=_WHICH_SORT)


class By(BaseModel):
    """Who changed something. The name is told to its own organisation and to admin only."""

    role: str = Field(examples=["forwarder", "operator", "service"])
    name: str | None


class Entry(BaseModel):
    """One change of a booking: what it was, what it became, and why."""

    id: str = Field(description="of its event", examples=["evt_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    at: str
    type: str = Field(examples=["booking.held"])
    by: By
    version: int | None
    previous: dict[str, Any] | None
    current: dict[str, Any] | None
    cause: dict[str, Any] | None
