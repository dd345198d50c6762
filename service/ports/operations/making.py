"""Ports, terminals and free zones opened by the installation's admin; quays, berths and warehouses made by operators.

Who may act where is the admin's to say: he names the facility and gives the mandate for it. What is in a facility is
its operator's to say.
"""

from typing import Any

from pydantic_core import to_jsonable_python

from service import clock
from service.auth import Admin, Operator
from service.database import Tx
from service.errors import Fault
from service.events.queries import Happening, insert
from service.ports.operations.altering import measure
from service.ports.operations.editing import (
    BERTH,
    QUAY,
    WAREHOUSE,
    Asked,
    Kind,
    Row,
    flattened,
    mine,
    record,
    refuse_at_odds,
    shown_quay,
    shown_warehouse,
)
from service.ports.operations.refusals import (
    CodeElsewhere,
    CodeTaken,
    FacilityNotFound,
    PlaceRetired,
    PortNotFound,
    TimeZoneUnknown,
)
from service.ports.operations.usual import QUAY_TERMS, warehouse_terms
from service.ports.queries import catalogue, editing, reference
from service.ports.queries.locking import raise_rules
from service.ports.schemas.catalogue import FreeZone, Port, Terminal

FACILITIES: dict[str, type[Terminal | FreeZone]] = {"terminal": Terminal, "free_zone": FreeZone}


async def open_port(tx: Tx, wanted: Row, *, by: Admin) -> int:
    """Open a port that has nothing in it yet; gives the id of the event. CodeTaken, TimeZoneUnknown."""
    if not await editing.knows_zone(tx, wanted["time_zone"]):
        fault = Fault("/time_zone", "time-zone-unknown", TimeZoneUnknown.title())
        raise TimeZoneUnknown(faults=[fault])
    unlocode = wanted["unlocode"]
    if not await reference.add_ports(tx, [wanted | {"country": unlocode[:2]} | _vouched()]):
        raise CodeTaken
    found = await catalogue.catalogue(tx, unlocode)
    assert found is not None  # noqa: S101  it has just been added
    current = to_jsonable_python(Port.of(found))
    who = by.organisation_id
    return await insert(tx, Happening("port.opened", unlocode, who, current, owner_id=who))


async def make_facility(tx: Tx, kind: str, wanted: Row, *, by: Admin) -> int:
    """Make a terminal or a free zone of a port; gives the id of the event. PortNotFound, CodeElsewhere, CodeTaken."""
    if not await editing.port_exists(tx, wanted["port"]):
        raise PortNotFound
    _demand_prefix(wanted["code"], wanted["port"])
    if not await reference.add_facilities(tx, [wanted | {"kind": kind}]):
        raise CodeTaken
    current = await facility_shown(tx, kind, wanted["code"])
    return await record(tx, f"{event_word(kind)}.created", wanted["code"], current, by=by)


async def make_quay(tx: Tx, wanted: Row, *, by: Operator) -> int:
    """Make a quay of one's own terminal, without berths; gives the id of the event.

    FacilityNotFound, PlaceRetired, CodeElsewhere, CodeTaken, TermsAtOdds.
    """
    terminal = await _site(tx, "terminal", wanted["terminal"], wanted["code"], by=by)
    place_id = await _add_place(tx, "quay", terminal, wanted["code"])
    await reference.add_quays(tx, [QUAY_TERMS | flattened(wanted) | {"place_id": place_id, "length_m": 0}])
    refuse_at_odds((await shown_quay(tx, wanted["code"])).terms, wanted["terms"])
    return await _made(tx, QUAY, terminal, wanted, by=by)


async def make_warehouse(tx: Tx, wanted: Row, *, by: Operator) -> int:
    """Make a warehouse of one's own free zone; gives the id of the event.

    FacilityNotFound, PlaceRetired, CodeElsewhere, CodeTaken, TermsAtOdds.
    """
    zone = await _site(tx, "free_zone", wanted["free_zone"], wanted["code"], by=by)
    place_id = await _add_place(tx, "warehouse", zone, wanted["code"])
    usual = warehouse_terms(wanted["code"])
    await reference.add_warehouses(tx, [usual | flattened(wanted) | _vouched() | {"place_id": place_id}])
    refuse_at_odds((await shown_warehouse(tx, wanted["code"])).terms, wanted["terms"])
    return await _made(tx, WAREHOUSE, zone, wanted, by=by)


async def make_berth(tx: Tx, wanted: Row, *, by: Operator) -> int:
    """Make a berth of one's own quay, where the last one ends unless it says where; gives the id of the event.

    No ship is admitted before a draught notice says how deep it is. PlaceNotFound, PlaceRetired, CodeElsewhere,
    CodeTaken, BerthsOverlap, QuayTooLong.
    """
    quay = Asked(wanted["quay"], None, by)
    site = await mine(tx, QUAY, quay)
    await editing.lock_place(tx, site.place_id)
    await mine(tx, QUAY, quay)  # once more: it may have been retired while the lock was waited for
    _demand_prefix(wanted["code"], wanted["quay"])
    from_m = wanted.get("from_m")
    if from_m is None:
        from_m = float(await editing.end_of_berths(tx, site.place_id))
    berth = wanted | _vouched() | {"place_id": site.place_id, "from_m": from_m, "hazard_confidence": "operator"}
    if not await reference.add_berths(tx, [berth]):
        raise CodeTaken
    await measure(tx, site.place_id, "/from_m" if wanted.get("from_m") is not None else "/length_m")
    await raise_rules(tx, site.place_id)
    return await _made(tx, BERTH, site.facility, wanted, by=by)


async def facility_shown(tx: Tx, kind: str, code: str) -> Row:
    """Give a facility as it is answered."""
    found = await catalogue.facility(tx, code, kind)
    assert found is not None  # noqa: S101  it has been looked up, and nothing is deleted
    return to_jsonable_python(FACILITIES[kind].model_validate(found))  # type: ignore[no-any-return]


def event_word(kind: str) -> str:
    """Give the kind of a facility as types of events have it."""
    return kind.replace("_", "-")


async def _site(tx: Tx, kind: str, facility: str, code: str, *, by: Operator) -> str:
    """Give the facility where something is made, kept from being retired meanwhile; the code must belong there."""
    found = await editing.kept_facility(tx, kind, facility)
    if found is None or facility not in by.facilities:
        raise FacilityNotFound
    if found.retired_at is not None:
        raise PlaceRetired(retired_at=found.retired_at)
    _demand_prefix(code, found.port)
    return facility


async def _add_place(tx: Tx, kind: str, facility: str, code: str) -> int:
    added = await reference.add_places(tx, [{"code": code, "kind": kind, "facility": facility}])
    if code not in added:
        raise CodeTaken
    return added[code]


async def _made(tx: Tx, kind: Kind, facility: str, wanted: Row, *, by: Operator) -> int:
    current = await kind.plain(tx, wanted["code"])
    return await record(tx, f"{kind.name}.created", facility, current, by=by)


def _demand_prefix(code: str, within: str) -> None:
    if not code.startswith(f"{within}-"):
        message = f"The code of what is at {within} begins with {within}-."
        raise CodeElsewhere(message, faults=[Fault("/code", "code-elsewhere", message)])


def _vouched() -> dict[str, Any]:
    """Give how sure a figure is that somebody has just given us for his own place."""
    return {"as_of": clock.now().date().isoformat(), "confidence": "operator"}
