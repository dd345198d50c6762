"""The command `reconcile`: says which counters have drifted from their claims, and mends them if it is asked to."""

import sys
from collections.abc import Sequence

from service.database import Db
from service.invariants import operations
from service.invariants.rules import Drift

_MOST_LINES = 50


async def reconcile(db: Db, *, fix: bool) -> bool:
    """Print what is off, and with `fix` what was done about it. Gives whether all is right when it ends."""
    found = await operations.drifts(db)
    if not found:
        _print("Every counter is the sum of its claims.")
        return True
    _print(f"{len(found)} counters are not the sums of their claims:")
    _list(found)
    if not fix:
        _print("Nothing was changed. `reconcile --fix` makes the counters what the claims say.")
        return False
    done = await db.write(operations.reconcile, sorted({each.place_id for each in found}))
    _print(f"{len(done.mended)} counters were mended. Claims and bookings were not touched.")
    if done.left:
        _print(f"{len(done.left)} can't be mended: more is claimed than there is to take.")
        _list(done.left)
    return not done.left


def _list(drifts: Sequence[Drift]) -> None:
    for each in drifts[:_MOST_LINES]:
        pool = f" pool {each.pool}" if each.pool else ""
        _print(f"  {each.place}{pool} {each.day}: counted {each.taken}, claimed {each.claimed} of {each.capacity}")
    if len(drifts) > _MOST_LINES:
        _print(f"  and {len(drifts) - _MOST_LINES} more")


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
