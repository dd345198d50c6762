"""What customs systems send and are answered."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from service.bookings.schemas.facts import CustomsReference
from service.customs.queries import events as queries
from service.customs.rules import Said
from service.fields import Flag, Line, Moment, Prose, Strict, one_of

HoldCode = Annotated[Line, Field(max_length=40, examples=["X-RAY"])]
_WITH_A_HOLD = {Said.HELD, Said.HOLD_RELEASED}


class NewCustomsEvent(Strict):
    """What has happened to the goods under a customs reference, by customs' own clock."""

    event_id: Annotated[Line, Field(max_length=100, description="the sender's own, once for each event")]
    event_type: Annotated[Line, one_of(*Said)] = Field(
        description="declared, to be scanned or inspected, held, hold released, released, crossed the border, cancelled"
    )
    event_time: Moment
    reference: CustomsReference
    hold_code: HoldCode | None = Field(
        None, validate_default=True, description="which hold; a release without it releases all that are open"
    )
    remark: Annotated[Prose, Field(max_length=500)] | None = Field(None, description="for customs alone")

    @field_validator("hold_code")
    @classmethod
    def _names_its_hold(cls, code: str | None, known: ValidationInfo) -> str | None:
        said = known.data.get("event_type")
        if said == Said.HELD and code is None:
            raise PydanticCustomError("hold_code_missing", "A hold says with `hold_code` which it is")
        if said is not None and said not in _WITH_A_HOLD and code is not None:
            raise PydanticCustomError("hold_code_unfit", "Only HOLD and RELS have a `hold_code`")
        return code


class CustomsEventTaken(BaseModel):
    """An event that was taken; `matched` says that a confirmed booking travelled under its reference at that time."""

    event_id: str
    matched: bool


class OpenHold(BaseModel):
    """A hold that is open, with the officer's remark."""

    hold_code: str
    placed_at: str
    remark: str | None


def _named(row: queries.Held | queries.Received) -> dict[str, str]:
    """Give the reference of a row as clients name it."""
    return {"type": row.type, "country": row.country, "value": row.value}


class HeldReference(BaseModel):
    """A customs reference on which holds are open, and the firm bookings that travel under it."""

    reference: dict[str, str]
    holds: list[OpenHold]
    bookings: list[str] = Field(examples=[["bkg_01kb3v7x9ef6wvq0m8y3k2n5ra"]])

    @classmethod
    def of(cls, row: queries.Held) -> "HeldReference":
        """Give a row as it is shown."""
        holds: list[Any] = json.loads(row.holds)
        return cls(
            reference=_named(row),
            holds=[OpenHold(**each) for each in holds],
            bookings=row.bookings,
        )


class CustomsEventQuery(BaseModel):
    """Which of the events that you have sent."""

    model_config = ConfigDict(frozen=True)

    matched: Flag | None = Field(
        None, description="false: only those under whose reference no firm booking travels yet"
    )


class CustomsEventShown(BaseModel):
    """An event as you sent it, with when it came and what it was answered."""

    event_id: str
    event_type: str
    event_time: Moment
    reference: dict[str, str]
    hold_code: str | None
    remark: str | None
    received_at: Moment
    answer: CustomsEventTaken = Field(description="what it was answered, when it came")
    matched: bool = Field(description="whether a firm booking travels under its reference by now")

    @classmethod
    def of(cls, row: queries.Received) -> "CustomsEventShown":
        """Give a row as it is shown."""
        return cls(
            event_id=row.event_id,
            event_type=row.event_type,
            event_time=row.event_time,
            reference=_named(row),
            hold_code=row.hold_code,
            remark=row.remark,
            received_at=row.received_at,
            answer=CustomsEventTaken.model_validate_json(row.answer),
            matched=row.matched,
        )


class ReferenceStatus(BaseModel):
    """Where a reference stands: its state, the codes of its open holds, and since when by customs' clock."""

    reference: dict[str, str]
    state: str = Field(examples=["HELD", "RELEASED"])
    holds: list[str] = Field(description="codes of the holds that are open", examples=[["X-RAY"]])
    changed_at: str | None


class ReferenceTold(ReferenceStatus):
    """Where a reference stands that a firm booking travels under, as events tell those whom it concerns."""

    booking: str
