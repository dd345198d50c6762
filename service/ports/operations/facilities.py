"""Terminals and free zones changed and retired by their operator."""

from service.database import PlaceBusy, Tx
from service.ports.operations.editing import QUAY, WAREHOUSE, Asked, Row, Through, demand_current, record
from service.ports.operations.making import event_word, facility_shown
from service.ports.operations.refusals import FacilityNotFound
from service.ports.queries import editing
from service.ports.queries.locking import raise_rules

_PLACES = {"terminal": QUAY, "free_zone": WAREHOUSE}


async def change_facility(tx: Tx, kind: str, asked: Asked, wanted: Row) -> int:
    """Change what a terminal or a free zone is called; gives the id of the event.

    FacilityNotFound, PlaceRetired, PlaceChanged.
    """
    await _locked(tx, kind, asked)
    before = await facility_shown(tx, kind, asked.code)
    await editing.alter_facility(tx, asked.code, wanted)
    current = await facility_shown(tx, kind, asked.code)
    return await record(tx, f"{event_word(kind)}.changed", asked.code, current, by=asked.by, previous=before)


async def retire_facility(tx: Tx, kind: str, asked: Asked, through: Through) -> int:
    """Retire a terminal or a free zone with all its places; gives the id of the event.

    FacilityNotFound, PlaceRetired, PlaceChanged, what the ripple raises, and PlaceBusy if a place was made meanwhile.
    """
    if asked.code not in asked.by.facilities:
        raise FacilityNotFound
    places = await editing.places_within(tx, asked.code)
    before: Row = {}

    async def change() -> None:
        # After the places, in the order that everybody keeps: bookings, places, facilities.
        await _locked(tx, kind, asked)
        before.update(await facility_shown(tx, kind, asked.code))
        if places != await editing.places_within(tx, asked.code):
            raise PlaceBusy(retry_after=1)
        for code in places:
            await _retire_place(tx, kind, code, asked)
        await editing.retire_facility(tx, asked.code)

    rippled = await through.ripple.through(tx, places, change, through.policy, by=asked.by)
    current = await facility_shown(tx, kind, asked.code)
    what, cause = f"{event_word(kind)}.retired", {"reason": through.policy.reason}
    return await record(tx, what, asked.code, current, by=asked.by, previous=before, cause=cause, rippled=rippled)


async def _locked(tx: Tx, kind: str, asked: Asked) -> None:
    found = await editing.locked_facility(tx, kind, asked.code)
    if found is None or asked.code not in asked.by.facilities:
        raise FacilityNotFound
    demand_current(asked, found.version, found.retired_at)


async def _retire_place(tx: Tx, kind: str, code: str, asked: Asked) -> None:
    of = _PLACES[kind]
    site = await of.site(tx, code)
    assert site is not None  # noqa: S101  it is one of the facility's
    before = await of.plain(tx, code)
    await editing.retire_place(tx, code)
    await raise_rules(tx, site.place_id)
    current = await of.plain(tx, code)
    await record(tx, f"{of.name}.retired", asked.code, current, by=asked.by, previous=before)
