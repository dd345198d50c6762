"""Publishing a draught notice: what a quay permits, from when, until when."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from service import ids
from service.auth import Operator
from service.database import Tx
from service.errors import NotFound
from service.events.queries import Happening
from service.ports.operations.announcing import announce
from service.ports.operations.consequences import Policy, Ripple
from service.ports.queries import notices
from service.ports.queries.locking import raise_rules
from service.ports.queries.notices import Notice
from service.ports.rules import END, LONGEST_CM, BerthLimit, Carried, superseded


class QuayNotFound(NotFound):
    """There is no such quay or berth at your facilities.

    `GET /v1/ports/{unlocode}` lists the quays and berths of each terminal. A notice is for the terminal's own operator
    to publish.
    """


@dataclass(frozen=True, slots=True)
class Wording:
    """What a notice says: where (a quay or one berth), when, for which ships, and what is permitted."""

    quay: str | None
    berth: str | None
    since: datetime
    until: datetime | None
    low_cm: int
    high_cm: int | None
    draught_m: Decimal
    draught_with_tide_m: Decimal | None
    max_loa_m: Decimal | None
    max_beam_m: Decimal | None
    carried: Carried
    reference: str
    source: str

    def limit(self, notice_id: str, berth: str) -> BerthLimit:
        """Give what it says of one berth."""
        return BerthLimit(
            notice_id=notice_id,
            berth=berth,
            since=self.since,
            until=END if self.until is None else self.until,
            low_cm=self.low_cm,
            high_cm=LONGEST_CM if self.high_cm is None else self.high_cm,
            draught_m=self.draught_m,
            draught_with_tide_m=self.draught_with_tide_m,
            max_loa_m=self.max_loa_m,
            max_beam_m=self.max_beam_m,
        )


async def publish(
    tx: Tx, wording: Wording, shown: Callable[[Notice], dict[str, Any]], policy: Policy, ripple: Ripple, *, by: Operator
) -> int:
    """Put a notice in force; from the commit on, nobody books by what it replaces. Gives the id of its event.

    The event keeps the notice as `shown`, and what becomes of the bookings that it touches: that is what is answered,
    also to a repetition of the request.

    It is done under the quay's lock: a booking that waits for it is refused as stale and judged anew. QuayNotFound, and
    what the ripple raises.
    """
    quay = await notices.quay_of(tx, quay=wording.quay, berth=wording.berth)
    if quay is None or quay.facility not in by.facilities:
        raise QuayNotFound
    notice_id = ids.new("dn")

    async def alter() -> None:
        await _put_in_force(tx, notice_id, wording, quay.place_id, by)

    cause = {"draught_notice": notice_id}
    rippled = await ripple.through(tx, [quay.code], alter, replace(policy, cause=cause), by=by)
    published = Happening(
        type="draught-notice.published",
        subject=notice_id,
        by=by.organisation_id,
        owner_id=by.organisation_id,
        facilities=(quay.facility,),
        current=shown(await notices.one(tx, notice_id)),
    )
    return await announce(tx, published, rippled)


async def _put_in_force(tx: Tx, notice_id: str, wording: Wording, place_id: int, by: Operator) -> None:
    """Let a notice take the place of what it overlaps; the quay is locked."""
    await notices.add_notice(
        tx, notice_id, place_id,
        published_by=by.organisation_id, reference=wording.reference, source=wording.source,
    )  # fmt: skip
    for berth in [wording.berth] if wording.berth else await notices.berths_of(tx, place_id):
        limit = wording.limit(notice_id, berth)
        await notices.put_in(tx, superseded(await notices.taken_out(tx, limit), limit, wording.carried))
    await raise_rules(tx, place_id)
