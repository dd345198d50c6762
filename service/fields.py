"""The kinds of field that requests and answers are made of: moments, windows, durations, text, metres, whole numbers.

Each is strict, so that nothing is rounded, cut or guessed: a naive time, a nanosecond, half a centimetre or a control
character is refused with a sentence. They read the text of a query as well as the values of a JSON body; a body, whose
models are `Strict`, may not put a number into quotes.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2201, 1, 1, tzinfo=UTC)
LONGEST_DAYS = 36_500
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.([0-9]{1,30}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DURATION = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,5})W)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,7})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,10})(?:\.([0-9]{1,6}))?S)?)?"
)
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


class Strict(BaseModel):
    """The base of every body: unknown fields are refused, no value is coerced, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _quoted_number(info: ValidationInfo) -> bool:
    """Say whether text for a number is a mistake here: in a body it is, in a query there is only text."""
    return bool(info.config and info.config.get("strict"))


def moment(value: object) -> datetime:
    """Give a moment in UTC from RFC 3339 text with an offset, in the years 1970 to 2200."""
    if isinstance(value, datetime):
        return _in_bounds(value)
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("moment_malformed", "A moment is text as in RFC 3339: 2026-12-01T06:00:00Z")
    fraction, offset = found.groups()
    if offset is None:
        raise PydanticCustomError(
            "moment_without_offset", "A moment needs its offset: Z or +05:00 (%2B05:00 in a query)"
        )
    if fraction and fraction[6:].strip("0"):
        raise PydanticCustomError("moment_too_fine", "A moment is no finer than a microsecond")
    try:
        at = datetime.fromisoformat(found[0].upper())
    except ValueError:
        raise PydanticCustomError("moment_malformed", "There is no such day or time") from None
    return _in_bounds(at)


def _in_bounds(at: datetime) -> datetime:
    """Give the moment in UTC. Compared before it is turned: year 1 at +05:00 has no UTC in Python."""
    if at.tzinfo is None:
        raise PydanticCustomError("moment_without_offset", "A moment needs its offset: Z or +05:00")
    if not FIRST <= at < LAST:
        raise PydanticCustomError("moment_out_of_range", "A moment lies in the years 1970 to 2200")
    return at.astimezone(UTC)


def day(value: object) -> date:
    """Give a calendar day from YYYY-MM-DD, in the years 1970 to 2200."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = value if isinstance(value, str) and _DAY.fullmatch(value) else ""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("day_malformed", "A day is text as in ISO 8601: 2026-12-01") from None
    if not FIRST.date() <= found < LAST.date():
        raise PydanticCustomError("day_out_of_range", "A day lies in the years 1970 to 2200")
    return found


def duration(value: object) -> timedelta:
    """Give a length of time from ISO 8601 text without years and months, which have no fixed length."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError(
            "duration_malformed", "A duration is text as in ISO 8601, in days or less: PT36H, P30D"
        )
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:5])
    micros = int((found[6] or "").ljust(6, "0"))
    length = timedelta(days, seconds, micros, minutes=minutes, hours=hours, weeks=weeks)
    if not timedelta(0) < length <= timedelta(LONGEST_DAYS):
        raise PydanticCustomError(
            "duration_out_of_range", "A duration is longer than nothing and shorter than a century"
        )
    return length


def duration_text(length: timedelta) -> str:
    """Give a duration as ISO 8601 in the largest unit that is whole: `P30D`, `PT36H`, `PT90M`, `PT0.5S`."""
    for unit, form in ((timedelta(1), "P{}D"), (timedelta(hours=1), "PT{}H"), (timedelta(minutes=1), "PT{}M")):
        if length and length % unit == timedelta(0):
            return form.format(length // unit)
    whole, micros = divmod(length // timedelta(microseconds=1), 1_000_000)
    return f"PT{whole}" + f".{micros:06}".rstrip("0") * bool(micros) + "S"


def number(value: object, info: ValidationInfo) -> Decimal:
    """Give a number exactly as it was written, never through a float."""
    if isinstance(value, str) and not _quoted_number(info) and _NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return Decimal(value)
    raise PydanticCustomError("number_malformed", "This is a plain number, such as 190 or 10.5")


def whole(value: object, info: ValidationInfo) -> int:
    """Give a whole number; 209.0 is one, 209.5 is refused."""
    if isinstance(value, str) and not _quoted_number(info) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise PydanticCustomError("whole_number_malformed", "This is a whole number")


def flag(value: object, info: ValidationInfo) -> bool:
    """Give yes or no from true or false, in a query from their names."""
    if value in ("true", "false") and not _quoted_number(info):
        return value == "true"
    if isinstance(value, bool):
        return value
    raise PydanticCustomError("flag_malformed", "This is either true or false")


def _schema(**said: Any) -> WithJsonSchema:
    return WithJsonSchema(said)


_CONTROL = r"\x00-\x1f\x7f-\x9f"
_float = PlainSerializer(float, return_type=float, when_used="json")  # two decimals and 15 digits survive it

Moment = Annotated[datetime, BeforeValidator(moment), _schema(type="string", format="date-time")]
Day = Annotated[date, BeforeValidator(day), _schema(type="string", format="date")]
Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(duration_text, return_type=str, when_used="json"),
    _schema(type="string", format="duration", examples=["PT36H", "P30D"]),
]
Whole = Annotated[int, BeforeValidator(whole), Field(ge=-(2**31), le=2**31 - 1)]
Flag = Annotated[bool, BeforeValidator(flag)]
Metres = Annotated[
    Decimal,
    BeforeValidator(number),
    Field(gt=0, lt=10_000, decimal_places=2),
    _float,
    _schema(type="number", exclusiveMinimum=0, exclusiveMaximum=10_000, description="metres, to the centimetre"),
]
Tonnes = Annotated[
    Decimal,
    BeforeValidator(number),
    Field(gt=0, lt=10_000_000, decimal_places=3),
    _float,
    _schema(type="number", exclusiveMinimum=0, exclusiveMaximum=10_000_000, description="tonnes, to the kilogram"),
]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=rf"^[^{_CONTROL}]*$")
]
Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"),
]


def one_of(*names: str) -> AfterValidator:
    """Give the validator of a word that is one of these; to the document it is any text, as more may come."""

    def known(value: str) -> str:
        if value not in names:
            raise PydanticCustomError("unknown_value", "This is one of: {names}", {"names": ", ".join(names)})
        return value

    return AfterValidator(known)


class Nothing(Strict):
    """Nothing has to be said; an empty object may be."""


class Window(Strict):
    """A span of time, half-open: `start` belongs to it, `end` does not."""

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.start >= self.end:
            raise PydanticCustomError("window_backwards", "A window ends after it starts")
        return self


class OpenWindow(Strict):
    """A span of time that may have no end yet, such as that of an emergency closure."""

    start: Moment
    end: Moment | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end is not None and self.start >= self.end:
            raise PydanticCustomError("window_backwards", "A window ends after it starts")
        return self
