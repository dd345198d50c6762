"""SQL of the ledger: the claims of a place that are not over."""

from collections.abc import Sequence
from typing import Any

from service.database import Read

# Whole microseconds, computed exactly: extract() gives numeric. `infinity` becomes null.
_MICROSECONDS = "(extract(epoch FROM {0}) * 1000000)::bigint"
_LAPSES = "CASE WHEN expires_at < 'infinity' THEN " + _MICROSECONDS.format("expires_at") + " END"


async def quay_claims(read: Read, place_ids: Sequence[int]) -> list[Any]:
    """Give the claims on quays that end in the future.

    Place, booking, leg, whether it is of a change that waits, metres from and to, start, end, lapse.
    """
    return await read.fetch(
        f"""SELECT place_id, booking, leg, change, lower(metres), upper(metres),
                   {_MICROSECONDS.format("lower(during)")}, {_MICROSECONDS.format("upper(during)")}, {_LAPSES}
            FROM berth_claims
            WHERE place_id = ANY ($1) AND during && tstzrange(clock_timestamp(), NULL)""",  # noqa: S608  constants
        place_ids,
    )


async def floor_claims(read: Read, place_ids: Sequence[int]) -> list[Any]:
    """Give the claims on floors that end today or later.

    Place, booking, leg, whether it is of a change that waits, pool, first and last day, quantity, lapse.
    """
    return await read.fetch(
        f"""SELECT place_id, booking, leg, change, pool, lower(days), upper(days), quantity, {_LAPSES}
            FROM storage_claims
            WHERE place_id = ANY ($1) AND upper(days) >= current_date - 1""",  # noqa: S608  constants
        place_ids,
    )
