"""What is sent and answered about tidal windows."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from service.fields import Duration, Line, Moment, Strict, Window, one_of
from service.identifiers import un_locode
from service.ports.queries.tides import TidalWindow as Row
from service.ports.schemas.notices import Span
from service.ports.schemas.rippled import Rippled

Unlocode = Annotated[str, AfterValidator(un_locode), Field(examples=["PKGWD"])]
MOST = 2_000  # a tide table of a year has 706 high waters


class NewTidalWindows(Strict):
    """Tidal windows of a port: a ship that needs the tide there may come or go inside of one."""

    port: Unlocode
    windows: Annotated[list[Window], Field(max_length=MOST, description="none: those replaced are withdrawn")]
    source: Line = Field(description="where they were published", examples=["Pakistan Navy tide tables"])
    reference: Line | None = Field(None, examples=["PNT 2026"])
    replace: Window | None = Field(None, description="windows wholly inside of this span are taken away first")
    on_conflict: Annotated[Line, one_of("keep", "refuse", "displace", "move")] = Field(
        "keep", description="what becomes of bookings that lose their tide; `keep` only names them"
    )
    tolerance: Annotated[Duration, Field(le=timedelta(days=60))] | None = Field(
        None, description="with `move`: how much later a booking may start; left out: no later, only elsewhere"
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.windows and self.replace is None:
            raise PydanticCustomError(
                "nothing_to_publish", "A table without windows says with `replace` what it withdraws"
            )
        return self


class TidalWindowQuery(BaseModel):
    """Which tidal windows to list."""

    model_config = ConfigDict(frozen=True)

    port: Unlocode | None = Field(None, description="only this port's")
    from_: Moment | None = Field(None, alias="from", description="only windows that end later")
    to: Moment | None = Field(None, description="only windows that start earlier")


class TidalWindowsCounted(BaseModel):
    """What was published, in numbers, and from when to when it reaches."""

    port: str
    published: int
    replaced: int
    window: Span | None = Field(description="null: some were withdrawn, and none published")
    source: str
    reference: str | None = Field(examples=["PNT 2026"])


class TidalWindowsPublished(TidalWindowsCounted, Rippled):
    """What was published, in numbers, from when to when it reaches, and the bookings that it touches."""


class TidalWindow(BaseModel):
    """A tidal window of a port, and where it was published."""

    port: str
    window: Span
    source: str
    reference: str | None = Field(examples=["PNT 2026"])
    published_at: datetime

    @classmethod
    def of(cls, row: Row) -> Self:
        """Give a window as it is answered."""
        return cls(
            port=row.port,
            window=Span(start=row.start, end=row.end),
            source=row.source,
            reference=row.reference,
            published_at=row.published_at,
        )
