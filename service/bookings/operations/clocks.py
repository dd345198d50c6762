"""The clocks of goods on a floor: free days, transit, stay in the zone. Each that runs out before they leave is told.

All three start with the first of a leg's goods at the gate and run for so long, to the second:

    goods    in ├─────────────────────────────────────────────── still there
    free        ├──── free_for ────┤ told
    transit     ├──────── transit_for ────────┤ told, if they are in transit
    zone_stay   ├──────────────────── zone_stay_for ──────────────────────────┤
"""

from service.bookings.operations.overstay import record_as_it_is
from service.bookings.queries import clocks, overstay
from service.bookings.queries.clocks import RanOut
from service.clock import utc
from service.database import Tx
from service.fields import duration_text


async def tell(tx: Tx, number: int, nth: int) -> bool:
    """Record one event for each clock of a leg that has run out, once for ever. False: there is none, or it is busy."""
    if not await overstay.lock(tx, [number]):
        return False
    # Looked at again under the lock: another worker may have told it, or the goods may have left.
    late = await clocks.ran_out(tx, number, nth)
    told = [each for each in late if await clocks.note_told(tx, number, nth, each.clock)]
    for each in told:
        await record_as_it_is(tx, number, "booking.overstay", _cause(each))
    return bool(told)


def _cause(ran_out: RanOut) -> dict[str, object]:
    return {
        "leg": ran_out.leg_id,
        "clock": ran_out.clock,
        "since": utc(ran_out.since),
        "limit": duration_text(ran_out.limit),
        "ran_out_at": utc(ran_out.at),
        "still_there": ran_out.quantity,
        "unit": ran_out.unit,
    }
