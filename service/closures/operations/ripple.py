"""The one way in which a rule that narrows a place is changed: whoever stands there is looked at in the same breath.

    lock the touched bookings ── lock the places ── change the rules ── who is touched? ── plan ── do it
                ↑                                                           │
                └──────────────── undo, if somebody is touched who is not locked yet

Bookings come before places in the order of locks that everybody keeps, and who is touched is known only afterwards. So
the first round locks no booking; mostly nobody is touched, and it is the last.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from service.auth import Operator
from service.closures import queries
from service.closures.operations.applying import apply
from service.closures.operations.planning import DISPLACED, Plan, planned, seen
from service.closures.operations.reach import Reach, reach
from service.closures.rules import StandingLeg
from service.database import PlaceBusy, Tx
from service.ports.operations.consequences import (
    BookingsTouched,
    OnConflict,
    PlanMissing,
    PlanOutdated,
    Policy,
    ShipAlongside,
)

_ROUNDS = 5
_LOOKS_ONLY = frozenset({OnConflict.KEEP, OnConflict.REFUSE})


class BookingsRipple:
    """What places ask for when they change a rule (`ports/operations/consequences.py`)."""

    async def through(
        self, tx: Tx, places: Sequence[str], alter: Callable[[], Awaitable[None]], policy: Policy, *, by: Operator
    ) -> dict[str, Any]:
        """Let `alter` change rules of these places, and do to the bookings they touch what the policy says.

        Gives `{"plan", "touched", "totals"}`. Raises ShipAlongside, BookingsTouched, PlanMissing, PlanOutdated, and
        PlaceBusy if bookings keep coming in between.
        """
        havens = await _havens(tx, places, policy, by)
        await queries.save(tx)
        known: frozenset[int] = frozenset()
        for _ in range(_ROUNDS):
            here = await reach(tx, places, alter, known, havens if known else {})
            if here.bookings <= known or policy.on_conflict in _LOOKS_ONLY:
                return await _done(tx, here, policy, havens, by)
            await queries.undo(tx)
            known |= here.bookings
        raise PlaceBusy(retry_after=1)


async def _havens(tx: Tx, places: Sequence[str], policy: Policy, by: Operator) -> dict[str, int]:
    """Give where bookings may be sent, by code: the operator's own places at the same ports, altered ones too."""
    if policy.on_conflict is not OnConflict.MOVE:
        return {}
    altered = await queries.place_ids(tx, places)
    ports = sorted({port for _, port in altered.values()})
    own = await queries.places_of(tx, sorted(by.facilities), ports)
    return own | {code: place_id for code, (place_id, _) in altered.items()}


async def _done(tx: Tx, here: Reach, policy: Policy, havens: dict[str, int], by: Operator) -> dict[str, Any]:
    """Do what the policy says, if it may be done; give the plan."""
    if policy.on_conflict is OnConflict.KEEP:
        await queries.fit_floors(tx, here.altered)
        shown = seen(here, policy).shown()
        _refuse_outdated(shown, policy)
        return shown
    _refuse_alongside(leg for legs in here.legs.values() for leg in legs if leg.arrived)
    plan = seen(here, policy)
    if policy.on_conflict is OnConflict.REFUSE:
        _refuse_touched(plan, policy)
    else:
        plan = await planned(tx, here, policy, havens)
        _refuse_alongside(
            leg for fate in plan.fates if fate.outcome == DISPLACED for leg, _ in fate.legs if leg.state == "arrived"
        )
    shown = plan.shown()
    _refuse_unseen(shown, policy)
    if not policy.rehearsal:
        await apply(tx, plan, here, policy, by=by.organisation_id)
    return shown


def _refuse_alongside(legs: Iterable[StandingLeg]) -> None:
    """Refuse to move or displace what has arrived, or a booking of which a part has."""
    leg = next(iter(legs), None)
    if leg is not None:
        raise ShipAlongside(booking=leg.booking_id, leg=leg.leg_id)


def _refuse_touched(plan: Plan, policy: Policy) -> None:
    """Refuse to touch anybody; who only asks is told who would be."""
    if plan.fates and not policy.rehearsal:
        raise BookingsTouched(**plan.shown())


def _refuse_unseen(shown: dict[str, Any], policy: Policy) -> None:
    """Refuse a plan that touches bookings and was not seen before, or is another than was seen."""
    if policy.plan is None and shown["touched"] and not policy.rehearsal:
        raise PlanMissing(**shown)
    _refuse_outdated(shown, policy)


def _refuse_outdated(shown: dict[str, Any], policy: Policy) -> None:
    """Refuse what is another plan than was seen."""
    if policy.plan not in (None, "*", shown["plan"]):
        raise PlanOutdated(**shown)
