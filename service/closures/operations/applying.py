"""Doing a plan: all that is let go is given back first, then all that is moved is taken; each booking has one event.

A change that is dropped has an event of its own, before that of the booking that it waited beside.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from service.availability import BerthAsk, Spot, blocked_metres, local_days
from service.bookings import queries as bookings
from service.bookings.operations.plans import BerthPlan, StoragePlan, wanted
from service.bookings.queries import changes
from service.bookings.rules import State
from service.closures import queries
from service.closures.operations.planning import CHANGE_DROPPED, DISPLACED, MOVED, Fate, Plan
from service.closures.operations.reach import Reach
from service.closures.rules import StandingLeg, goods_of
from service.database import Tx
from service.ports.operations.consequences import Policy
from service.ports.rules import Place


async def apply(tx: Tx, plan: Plan, reach: Reach, policy: Policy, *, by: str) -> None:
    """Do exactly this plan; the bookings and all of their places, old and new, are locked.

    Each event says who did it and why: the reason, and what else the policy names as the cause.
    """
    cause = {**policy.cause, "reason": policy.reason}
    for_what = {
        outcome: [fate for fate in plan.fates if fate.outcome == outcome]
        for outcome in (MOVED, DISPLACED, CHANGE_DROPPED)
    }
    for fate in for_what[CHANGE_DROPPED]:
        await changes.drop_change(tx, fate.booking, "booking.change-declined", by=by, cause=json.dumps(cause))
    # Read after the changes have gone: else its event would say that the booking still had the change that was dropped.
    previous = {fate.booking: (await bookings.standing(tx, fate.booking)).shown for fate in for_what[DISPLACED]}
    for number in previous:
        await bookings.give_back(tx, number)
    await queries.give_back(tx, {fate.booking: _legs(fate) for fate in for_what[MOVED]})
    await queries.fit_floors(tx, reach.altered)
    await queries.settle(tx, {fate.booking: _asked(fate, plan, cause, by) for fate in for_what[MOVED]})
    for number, shown in previous.items():
        await bookings.store(tx, number, State.DISPLACED, None)
        await bookings.record(tx, number, "booking.displaced", by=by, previous=shown, cause=json.dumps(cause))


def _legs(fate: Fate) -> list[int]:
    return [leg.leg for leg, _ in fate.legs]


def _asked(fate: Fate, plan: Plan, cause: dict[str, str], by: str) -> dict[str, Any]:
    """Give what a moved booking becomes in the form of `settle_booking`."""
    return {
        "by": by,
        "type": "booking.moved",
        "cause": cause,
        "gives": _legs(fate),
        "wanted": list(_wanted(fate, plan)),
    }


def _wanted(fate: Fate, plan: Plan) -> Iterable[dict[str, Any]]:
    for leg, spot in fate.legs:
        if spot is not None:
            place = plan.places[spot.place]
            yield wanted(_berth(leg, spot, place) if leg.ship else _storage(leg, spot, place), leg.leg, leg.leg_id)


def _berth(leg: StandingLeg, spot: Spot, place: Place) -> BerthPlan:
    assert leg.ship is not None and spot.from_m is not None  # noqa: S101, PT018  a leg at a berth has them
    need_m = blocked_metres(leg.ship.loa_cm, place.quay.terms)
    ask = BerthAsk(leg.ship, spot.end - spot.start, spot.start, spot.end, leg.owner)
    stretch = (spot.from_m, spot.from_m + need_m)
    return BerthPlan(leg.leg, place, ask, spot.from_m, need_m, [stretch], (), spot.start)


def _storage(leg: StandingLeg, spot: Spot, place: Place) -> StoragePlan:
    ask = replace(goods_of(leg, place.warehouse), start=spot.start, end=spot.end)
    return StoragePlan(leg.leg, place, ask, *local_days(spot.start, spot.end, place.zone), ())
