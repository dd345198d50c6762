"""What an operator changes of his quays, berths and warehouses, and how he retires them.

A changed parameter counts for new claims. What would break bookings (less floor, narrower cargo, a shorter berth) goes
through the ripple, like a closure.
"""

from functools import partial
from typing import Any

from service import clock
from service.auth import Operator
from service.database import Tx
from service.errors import Fault
from service.ports.operations.editing import (
    BERTH,
    QUAY,
    WAREHOUSE,
    Asked,
    Kind,
    Row,
    Through,
    edit,
    flattened,
    refuse_at_odds,
    shown_quay,
    shown_warehouse,
)
from service.ports.operations.refusals import BerthsOverlap, FloorKeptForPartners, QuayTooLong, UnitFixed
from service.ports.queries import editing
from service.ports.queries.editing import Site

LONGEST_QUAY_M = 10_000
_FIGURES = {"length_m", "cargo", "hazard_classes", "max_dwt_t", "capacity", "bonded", "unit", "temperature", "source"}


async def change_quay(tx: Tx, asked: Asked, wanted: Row) -> int:
    """Change the parameters of a quay; gives the id of the event. TermsAtOdds, and what `edit` raises."""

    async def alter(site: Site) -> None:
        await editing.alter_quay(tx, site.place_id, flattened(wanted))
        refuse_at_odds((await shown_quay(tx, asked.code)).terms, wanted.get("terms", ()))

    return await edit(tx, QUAY, asked, alter)


async def change_berth(tx: Tx, asked: Asked, wanted: Row, through: Through) -> int:
    """Change a berth; gives the id of the event. BerthsOverlap, QuayTooLong, what `edit` and the ripple raise."""
    hazard = {"hazard_confidence": "operator"} if "hazard_classes" in wanted else {}

    async def alter(site: Site) -> None:
        await editing.alter_berth(tx, asked.code, wanted | hazard | vouched(wanted, by=asked.by))
        if "length_m" in wanted:
            await measure(tx, site.place_id, "/length_m")

    return await edit(tx, BERTH, asked, alter, through=through)


async def change_warehouse(tx: Tx, asked: Asked, wanted: Row, through: Through) -> int:
    """Change a warehouse and its parameters; gives the id of the event.

    UnitFixed, FloorKeptForPartners, TermsAtOdds, and what `edit` and the ripple raise.
    """

    async def alter(site: Site) -> None:
        await _demand_possible(tx, site, wanted)
        await editing.alter_warehouse(tx, site.place_id, flattened(wanted) | vouched(wanted, by=asked.by))
        refuse_at_odds((await shown_warehouse(tx, asked.code)).terms, wanted.get("terms", ()))

    return await edit(tx, WAREHOUSE, asked, alter, through=through)


async def retire(tx: Tx, kind: Kind, asked: Asked, through: Through) -> int:
    """Retire a quay with its berths, a berth or a warehouse: nobody books it any more. Gives the id of the event."""
    end = partial(editing.retire_berth if kind is BERTH else editing.retire_place, tx, asked.code)

    async def alter(_: Site) -> None:
        await end()

    return await edit(tx, kind, asked, alter, verb="retired", through=through)


async def measure(tx: Tx, place_id: int, pointer: str) -> None:
    """Make a quay as long as its berths reach. BerthsOverlap and QuayTooLong, which lead to the field that was sent."""
    overlapping = await editing.overlapping_berths(tx, place_id)
    if overlapping is not None:
        message = f"The berths {overlapping[0]} and {overlapping[1]} would share a part of the quay."
        raise BerthsOverlap(message, faults=[Fault(pointer, "berths-overlap", message)], berths=list(overlapping))
    length_m = await editing.measure_quay(tx, place_id)
    if length_m > LONGEST_QUAY_M:
        message = f"The quay would end at {length_m} m."
        raise QuayTooLong(message, faults=[Fault(pointer, "quay-too-long", message)])


def vouched(wanted: Row, *, by: Operator) -> Row:
    """Give who vouches for figures from now on, if any are changed: the operator, or the source that he names."""
    if not _FIGURES & wanted.keys():
        return {}
    said: dict[str, Any] = {"source": by.name, "as_of": clock.now().date().isoformat(), "confidence": "operator"}
    return said | ({"source": wanted["source"]} if "source" in wanted else {})


async def _demand_possible(tx: Tx, site: Site, wanted: Row) -> None:
    """Refuse another unit for a floor that was booked, and less floor than is kept for partners."""
    if "unit" in wanted and await editing.changes_used_unit(tx, site.place_id, wanted["unit"]):
        raise UnitFixed
    if "capacity" in wanted:
        kept = await editing.kept_at_most(tx, site.place_id)
        if kept > wanted["capacity"]:
            raise FloorKeptForPartners(kept=kept)
