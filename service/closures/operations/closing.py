"""A closure made: its rows are put in force, and the ripple does to the bookings what was asked."""

from dataclasses import replace
from typing import Any

from pydantic_core import to_jsonable_python

from service import ids
from service.auth import Operator
from service.closures.schemas import Closure
from service.database import Tx
from service.events.queries import Happening
from service.ports.operations import closing as rows
from service.ports.operations.announcing import announce
from service.ports.operations.closing import Closing
from service.ports.operations.consequences import Policy, Ripple
from service.ports.queries import closures
from service.ports.queries.closures import StandingClosure


async def close(tx: Tx, closing: Closing, policy: Policy, ripple: Ripple, *, by: Operator) -> int:
    """Close places, one or several at once. Gives the id of the event, which keeps the closure and its ripple.

    Raises what the ripple raises, and PlaceNotFound, PastTheEnds, PlacesOverlap and ClosureInThePast.
    """
    rows.refuse_past(closing.end, "/window/end")
    pairs = await rows.found(tx, closing.parts, by=by)
    closure = ids.new("cls")

    async def alter() -> None:
        await rows.put_in_force(tx, closure, pairs, closing, by=by)

    codes = sorted({place.code for _, place in pairs})
    rippled = await ripple.through(tx, codes, alter, replace(policy, cause={"closure": closure}), by=by)
    made = await closures.one(tx, closure)
    assert made is not None  # noqa: S101  it was put in force a moment ago
    happening = Happening(
        type="closure.made",
        subject=closure,
        by=by.organisation_id,
        owner_id=by.organisation_id,
        facilities=tuple(sorted({place.facility for _, place in pairs})),
        current=shown(made),
        cause={"reason": closing.reason},
    )
    return await announce(tx, happening, rippled)


def shown(closure: StandingClosure) -> dict[str, Any]:
    """Give a closure as its events keep it."""
    kept: dict[str, Any] = to_jsonable_python(Closure.of(closure))
    return kept
