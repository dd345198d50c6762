"""What is sent and answered about draught notices and the limits they put in force."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from service.fields import Duration, Line, Metres, OpenWindow, Strict, number, one_of
from service.ports.queries.notices import Notice
from service.ports.rules import BEGINNING, END, LONGEST_CM, BerthLimit
from service.ports.schemas.rippled import Rippled

Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Z0-9-]+$", examples=["PKGWD-MPT"])]
Confidence = Annotated[str, Field(description="stated, crosscheck, assumed (a guess of ours) or operator")]
Depth = Annotated[Metres, Field(lt=100)]
FromMetres = Annotated[
    Decimal,
    BeforeValidator(number),
    Field(ge=0, lt=10_000, decimal_places=2),
    PlainSerializer(float, return_type=float, when_used="json"),
]


class Span(BaseModel):
    """A span of time; null where it has no start or no end."""

    start: datetime | None
    end: datetime | None


class Band(BaseModel):
    """Lengths over all from `from_m` up to but not including `to_m`; null: any longer one too."""

    from_m: float
    to_m: float | None


class Limits(BaseModel):
    """What is permitted at a berth for a time, to ships of one LOA band; a null maximum does not limit."""

    berth: str
    window: Span
    loa_band: Band | None
    draught_m: float
    draught_with_tide_m: float | None
    max_loa_m: float | None
    max_beam_m: float | None

    @classmethod
    def of(cls, limit: BerthLimit) -> Self:
        """Give a limit as it is answered."""
        return cls(
            berth=limit.berth,
            window=Span(
                start=None if limit.since == BEGINNING else limit.since,
                end=None if limit.until == END else limit.until,
            ),
            loa_band=band_of(limit.low_cm, None if limit.high_cm == LONGEST_CM else limit.high_cm),
            draught_m=float(limit.draught_m),
            draught_with_tide_m=_float(limit.draught_with_tide_m),
            max_loa_m=_float(limit.max_loa_m),
            max_beam_m=_float(limit.max_beam_m),
        )


class LoaBand(Strict):
    """Lengths over all from `from_m` up to but not including `to_m`; no `to_m`: any longer one too."""

    from_m: FromMetres = Decimal(0)
    to_m: Metres | None = None

    @model_validator(mode="after")
    def _upward(self) -> Self:
        if self.to_m is not None and self.from_m >= self.to_m:
            raise PydanticCustomError("band_backwards", "A band goes from a smaller length to a larger one")
        return self


class NewDraughtNotice(Strict):
    """A notice of what a quay, or one berth of it, permits for a time."""

    quay: Code | None = None
    berth: Annotated[Code, Field(examples=["PKGWD-MPT-1"])] | None = None
    window: OpenWindow = Field(description="without an end: until further notice")
    draught_m: Depth
    draught_with_tide_m: Depth | None = Field(None, description="a deeper draught, inside tidal windows only")
    max_loa_m: Metres | None = Field(None, description="left out: as it was before; null: no limit")
    max_beam_m: Depth | None = Field(None, description="left out: as it was before; null: no limit")
    loa_band: LoaBand | None = Field(None, description="left out: ships of any length")
    reference: Line = Field(description="the number of the notice", examples=["GPA/HM/2026/14"])
    source: Line = Field(description="where it was published")
    on_conflict: Annotated[Line, one_of("keep", "refuse", "displace", "move")] = Field(
        "keep", description="what becomes of bookings that it would refuse; `keep` only names them"
    )
    tolerance: Annotated[Duration, Field(le=timedelta(days=60))] | None = Field(
        None, description="with `move`: how much later a booking may start; left out: no later, only elsewhere"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.quay is None) == (self.berth is None):
            raise PydanticCustomError("quay_or_berth", "A notice names either a quay or a berth")
        if self.draught_with_tide_m is not None and self.draught_with_tide_m < self.draught_m:
            raise PydanticCustomError("tide_below_draught", "With the tide a berth is no shallower than without")
        return self


class DraughtNotice(BaseModel):
    """A notice, and what of it stands: where a later one overlaps it, that one does."""

    id: str = Field(examples=["dn_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    quay: str
    reference: str = Field(examples=["GPA/HM/2026/14"])
    source: str
    as_of: str | None
    confidence: Confidence
    published_at: datetime
    limits: list[Limits] = Field(description="empty: nothing of it stands any more")

    @classmethod
    def of(cls, notice: Notice) -> Self:
        """Give a notice as it is answered."""
        return cls(
            id=notice.id,
            quay=notice.quay,
            reference=notice.reference,
            source=notice.source,
            as_of=notice.as_of,
            confidence=notice.confidence,
            published_at=notice.published_at,
            limits=[Limits.of(each) for each in notice.limits],
        )


class DraughtNoticePublished(DraughtNotice, Rippled):
    """A notice, and the bookings that it touches."""


def band_of(low_cm: int | None, high_cm: int | None) -> Band | None:
    """Give an LOA band in metres; None if it holds ships of any length."""
    if not low_cm and high_cm is None:
        return None
    return Band(from_m=(low_cm or 0) / 100, to_m=None if high_cm is None else high_cm / 100)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
