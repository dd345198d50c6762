"""Telling what of goods at the gate is not as it was declared: when all is in, and when nothing is there or to come."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.bookings import queries
from service.bookings.discrepancies import Goods, discrepancies
from service.bookings.queries import gates
from service.database import Tx


async def tell_came(tx: Tx, number: int, cause: Mapping[str, object], found: Sequence[str], *, by: str) -> None:
    """Tell what the gate has found, and once all is in, what differs from what was declared."""
    known = await gates.measured(tx, number)
    came = Goods(known.packages_in, known.weight_in_t)
    differing = discrepancies(came, Goods(known.packages, known.weight_t)) if known.all_in else ()
    await _tell(tx, number, cause, found, differing, by=by)


async def tell_left(tx: Tx, number: int, cause: Mapping[str, object], found: Sequence[str] = (), *, by: str) -> None:
    """Tell what the gate has found, and once nothing is there or to come, what differs from what came in.

    What was not measured as it came is held to what was declared.
    """
    known = await gates.measured(tx, number)
    came = Goods(
        known.packages if known.packages_in is None else known.packages_in,
        known.weight_t if known.weight_in_t is None else known.weight_in_t,
    )
    left = Goods(known.packages_out, known.weight_out_t)
    await _tell(tx, number, cause, found, discrepancies(left, came) if known.all_over else (), by=by)


async def _tell(
    tx: Tx,
    number: int,
    cause: Mapping[str, object],
    found: Sequence[str],
    differing: Iterable[Mapping[str, Any]],
    *,
    by: str,
) -> None:
    told = [{"code": code} for code in found] + [dict(each) for each in differing]
    if told:
        as_it_is = await queries.shown(tx, number)
        why = json.dumps(dict(cause) | {"found": told})
        await queries.record(tx, number, "booking.discrepancy", by=by, previous=as_it_is, cause=why)
