"""What is sent and answered about what is kept for partners: berth windows and allotments."""

from datetime import date, datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from service.fields import Day, Duration, Line, Moment, Strict, Whole, Window, duration_text
from service.ports.queries.keeping import BerthWindow as WindowRow
from service.ports.queries.keeping import KeptFloor
from service.ports.schemas.notices import Code, Span

LONGEST_DAYS = 730
_YEAR = timedelta(366)


def _at_most_a_year(length: timedelta) -> timedelta:
    if length > _YEAR:
        raise PydanticCustomError("duration_out_of_bounds", "This is at most {most}", {"most": duration_text(_YEAR)})
    return length


Release = Annotated[
    Duration,
    AfterValidator(_at_most_a_year),
    Field(description="so long before its time what is not used is released to all", examples=["P3D"]),
]
GroupId = Annotated[Line, Field(examples=["pgr_01kb3v7x9ef6wvq0m8y3k2n5ra"], description="the partner group")]
Metre = Annotated[Whole, Field(ge=0, le=10_000)]


class NewBerthWindow(Strict):
    """A stretch of quay to be kept for a group, at the same local time every so many days."""

    quay: Code
    from_m: Metre = Field(examples=[0])
    to_m: Metre = Field(examples=[300])
    group: GroupId
    first: Window = Field(description="the first time")
    every_days: Annotated[Whole, Field(ge=0, le=366)] = Field(examples=[7], description="0: only once")
    until: Moment | None = Field(None, description="no time begins from here on; left out: it goes on")
    release_before: Release

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.from_m >= self.to_m:
            raise PydanticCustomError("stretch_backwards", "A stretch goes from a smaller to a larger metre")
        length = self.first.end - self.first.start
        if length > (timedelta(self.every_days) if self.every_days else _YEAR):
            raise PydanticCustomError("window_too_long", "It has to end before it comes again, and within a year")
        if self.until is not None and self.until <= self.first.start:
            raise PydanticCustomError("until_before_first", "It ends after the first time has begun")
        return self


class BerthWindow(BaseModel):
    """A stretch of quay kept for a group."""

    id: str = Field(examples=["bwn_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    quay: str
    from_m: int
    to_m: int
    group: str
    first: Span
    every_days: int
    until: datetime | None
    release_before: Duration
    made_at: datetime
    released_at: datetime | None = Field(description="from then on it is open to all for good")

    @classmethod
    def of(cls, row: WindowRow) -> Self:
        """Give a berth window as it is answered."""
        return cls(
            id=row.id,
            quay=row.quay,
            from_m=row.from_m,
            to_m=row.to_m,
            group=row.group,
            first=Span(start=row.start, end=row.end),
            every_days=row.every_days,
            until=row.until,
            release_before=row.release_before,
            made_at=row.made_at,
            released_at=row.ended_at,
        )


class NewAllotment(Strict):
    """A quantity of a floor to be kept for a group, on local days."""

    warehouse: Code = Field(examples=["PKGWD-FZS-W1"])
    group: GroupId
    quantity: Annotated[Whole, Field(gt=0, le=100_000_000)] = Field(examples=[4000])
    first_on: Day
    last_on: Day = Field(description="exclusive")
    release_before: Release

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.first_on >= self.last_on:
            raise PydanticCustomError("days_backwards", "`last_on` is the day after the last, and after `first_on`")
        if (self.last_on - self.first_on).days > LONGEST_DAYS:
            raise PydanticCustomError(
                "too_many_days", "An allotment is for at most {most} days", {"most": LONGEST_DAYS}
            )
        return self


class Allotment(BaseModel):
    """A quantity of a floor kept for a group."""

    id: str = Field(examples=["alt_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    warehouse: str
    group: str
    quantity: int
    unit: str
    first_on: date
    last_on: date = Field(description="exclusive")
    release_before: Duration
    made_at: datetime
    released_at: datetime | None = Field(description="from then on what is left of it is open to all")

    @classmethod
    def of(cls, row: KeptFloor) -> Self:
        """Give an allotment as it is answered."""
        return cls(
            id=row.id,
            warehouse=row.warehouse,
            group=row.group,
            quantity=row.quantity,
            unit=row.unit,
            first_on=row.first_on,
            last_on=row.last_on,
            release_before=row.release_before,
            made_at=row.made_at,
            released_at=row.ended_at,
        )
