"""What is sent and answered about tidal windows."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.fields import Line, Moment, Strict, Window
from service.identifiers import un_locode
from service.ports.queries.tides import TidalWindow as Row
from service.ports.schemas.notices import Span

Unlocode = Annotated[str, AfterValidator(un_locode), Field(examples=["PKGWD"])]
MOST = 2_000  # a tide table of a year has 706 high waters


class NewTidalWindows(Strict):
    """Tidal windows of a port: a ship that needs the tide there may come or go inside of one."""

    port: Unlocode
    windows: Annotated[list[Window], Field(min_length=1, max_length=MOST)]
    source: Line = Field(description="where they were published", examples=["Pakistan Navy tide tables"])
    reference: Line | None = None
    replace: Window | None = Field(None, description="windows wholly inside of this span are taken away first")


class TidalWindowQuery(BaseModel):
    """Which tidal windows to list."""

    model_config = ConfigDict(frozen=True)

    port: Unlocode | None = Field(None, description="only this port's")
    from_: Moment | None = Field(None, alias="from", description="only windows that end later")
    to: Moment | None = Field(None, description="only windows that start earlier")


class TidalWindowsPublished(BaseModel):
    """What was published, in numbers, and from when to when it reaches."""

    port: str
    published: int
    replaced: int
    window: Span
    source: str
    reference: str | None


class TidalWindow(BaseModel):
    """A tidal window of a port, and where it was published."""

    port: str
    window: Span
    source: str
    reference: str | None
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
