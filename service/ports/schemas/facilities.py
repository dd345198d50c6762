"""What is sent to open a port, and to make or change a terminal or a free zone."""

from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints
from pydantic_core import PydanticCustomError

from service.fields import Line, Prose, Strict, number
from service.ports.schemas.catalogue import FreeZone, Terminal
from service.ports.schemas.places import Change, Consequence, PlaceCode, unsaid


def _time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, LookupError, OSError):
        message = "A time zone is a name of the IANA database, such as Asia/Aqtau"
        raise PydanticCustomError("time_zone_unknown", message) from None


UnLocode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[A-Z2-9]{3}$"), Field(examples=["KZAAU"])]
TimeZone = Annotated[Line, Field(max_length=40, examples=["Asia/Aqtau"]), AfterValidator(_time_zone)]
Degrees = Annotated[
    Decimal,
    BeforeValidator(number),
    Field(decimal_places=5),
    PlainSerializer(float, return_type=float, when_used="json"),
]
Smdg = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,6}$"), Field(examples=["KICT"])]


class NewPort(Strict):
    """A port, without terminals yet."""

    unlocode: UnLocode
    name: Line = Field(examples=["Aktau"])
    time_zone: TimeZone
    latitude: Annotated[Degrees, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[Degrees, Field(ge=-180, le=180)] | None = None
    authority: Line
    source: Line = Field(description="where the figures come from")
    note: Prose | None = None


class NewFreeZone(Strict):
    """A free zone of a port, without warehouses yet."""

    code: PlaceCode = Field(examples=["KZAAU-FZ"])
    port: UnLocode
    name: Line = Field(examples=["Seaport Aktau free zone"])
    operator: Line = Field(description="whoever runs it, by the name people know")


class NewTerminal(NewFreeZone):
    """A terminal of a port, without quays yet."""

    code: PlaceCode = Field(examples=["KZAAU-T1"])
    smdg: Smdg | None = None


class FreeZoneChange(Change):
    """What shall be different about a free zone."""

    name: Line = Field(default_factory=unsaid, examples=["Gwadar Free Zone South"])
    operator: Line = Field(default_factory=unsaid)


class TerminalChange(FreeZoneChange):
    """What shall be different about a terminal."""

    smdg: Smdg | None = Field(None, description="null: none")


class RetiredTerminal(Terminal, Consequence):
    """A terminal that was retired, and the bookings that this touches."""


class RetiredFreeZone(FreeZone, Consequence):
    """A free zone that was retired, and the bookings that this touches."""
