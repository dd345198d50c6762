"""How timetables look to clients: a quay as rectangles, a floor day by day."""

from typing import Any

from pydantic import BaseModel, Field

from service import clock
from service.availability import FOREVER
from service.capacity.schemas import WindowOut
from service.timetables.rules import Berthed, FloorDay, FloorSheet, KeptTime, Named, QuaySheet, Rectangle, Shut, Stored


class OpenWindowOut(BaseModel):
    """A span of time, half-open, in UTC; `end` is null where nobody knows it."""

    start: str
    end: str | None


class NamedOut(BaseModel):
    """A booking that you may see."""

    id: str = Field(examples=["bkg_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    client_reference: str
    vessel_name: str | None
    state: str = Field(examples=["confirmed"])
    leg: str | None = Field(description="null: of a change that would add this leg")
    change: bool = Field(description="true: taken by a change that waits for approval")


class BerthedOut(BaseModel):
    """A blocked rectangle: clearance and turnaround included."""

    from_m: int
    to_m: int
    window: WindowOut
    expires_at: str | None = Field(description="of a named booking: when it lapses unless it is confirmed")
    booking: NamedOut | None = Field(description="null: another's; nothing more is said of it")


class ShutOut(BaseModel):
    """A stretch out of use."""

    closure: str
    from_m: int
    to_m: int
    window: OpenWindowOut
    reason: str


class KeptOut(BaseModel):
    """A stretch kept for partners, as long as it is."""

    from_m: int
    to_m: int
    window: WindowOut
    released_at: str = Field(description="from then on it is free to all")
    yours: bool


class BerthOut(BaseModel):
    """A berth, in the whole metres of the quay that it touches."""

    code: str = Field(examples=["PKGWD-MPT-1"])
    from_m: int
    to_m: int


class QuayTimetable(BaseModel):
    """All that stands in the way at a quay during a window."""

    quay: str
    port: str
    time_zone: str
    length_m: int
    window: WindowOut
    berths: list[BerthOut]
    taken: list[BerthedOut]
    closed: list[ShutOut]
    kept: list[KeptOut]


class FloorDayOut(BaseModel):
    """One local day: `free` is what you could book, `yours` of it kept for groups that you are in."""

    on: str
    capacity: int
    taken: int
    closed: int
    kept: int = Field(description="kept for groups that you are not in")
    yours: int
    free: int


class StoredOut(BaseModel):
    """What a booking that you may see takes of the floor."""

    first_on: str
    last_on: str = Field(description="exclusive")
    quantity: int
    expires_at: str | None
    booking: NamedOut


class FloorTimetable(BaseModel):
    """A floor on each local day that a window touches."""

    warehouse: str
    port: str
    time_zone: str
    unit: str
    window: WindowOut
    days: list[FloorDayOut]
    claims: list[StoredOut]


def shown(sheet: QuaySheet | FloorSheet) -> dict[str, Any]:
    """Give a sheet in the shape of `QuayTimetable` or `FloorTimetable`."""
    return _quay(sheet) if isinstance(sheet, QuaySheet) else _floor(sheet)


def _quay(sheet: QuaySheet) -> dict[str, Any]:
    quay = sheet.quay
    return {
        "quay": quay.code,
        "port": quay.port,
        "time_zone": quay.zone.key,
        "length_m": quay.length_m,
        "window": _window(sheet.start, sheet.end),
        "berths": [
            {"code": berth.code, "from_m": low, "to_m": high}
            for berth, low, high in sorted(quay.stretches(), key=lambda each: (each[1], each[0].code))
        ],
        "taken": [_berthed(each) for each in sheet.taken],
        "closed": [_shut(each) for each in sheet.closed],
        "kept": [_kept(each) for each in sheet.kept],
    }


def _floor(sheet: FloorSheet) -> dict[str, Any]:
    floor = sheet.warehouse
    return {
        "warehouse": floor.code,
        "port": floor.port,
        "time_zone": floor.zone.key,
        "unit": floor.unit,
        "window": _window(sheet.start, sheet.end),
        "days": [_day(each) for each in sheet.days],
        "claims": [_stored(each) for each in sheet.claims],
    }


def _berthed(each: Berthed) -> dict[str, Any]:
    return {**_rectangle(each.at), "expires_at": _moment(each.expires_at), "booking": _named(each.named)}


def _shut(each: Shut) -> dict[str, Any]:
    return {"closure": each.closure, **_rectangle(each.at), "reason": each.reason}


def _kept(each: KeptTime) -> dict[str, Any]:
    return {**_rectangle(each.at), "released_at": _moment(each.released_at), "yours": each.yours}


def _rectangle(at: Rectangle) -> dict[str, Any]:
    return {"from_m": at.from_m, "to_m": at.to_m, "window": _window(at.start, at.end)}


def _day(each: FloorDay) -> dict[str, Any]:
    return {
        "on": each.on.isoformat(),
        "capacity": each.capacity,
        "taken": each.taken,
        "closed": each.closed,
        "kept": each.kept,
        "yours": each.yours,
        "free": each.free,
    }


def _stored(each: Stored) -> dict[str, Any]:
    return {
        "first_on": each.first_on.isoformat(),
        "last_on": each.last_on.isoformat(),
        "quantity": each.quantity,
        "expires_at": _moment(each.expires_at),
        "booking": _named(each.named),
    }


def _named(named: Named | None) -> dict[str, Any] | None:
    return (
        None
        if named is None
        else {
            "id": named.booking,
            "client_reference": named.client_reference,
            "vessel_name": named.vessel_name,
            "state": named.state,
            "leg": named.leg,
            "change": named.is_change,
        }
    )


def _window(start: int, end: int) -> dict[str, str | None]:
    return {"start": _moment(start), "end": None if end == FOREVER else _moment(end)}


def _moment(at: int | None) -> str | None:
    return None if at is None else clock.utc(clock.moment(at))
