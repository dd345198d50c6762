"""SQL of the ledger: the claims of a place that are not over."""

from collections.abc import Sequence
from typing import Any

from service.database import Read

# Whole microseconds, computed exactly: extract() gives numeric. `infinity` becomes null.
_MICROSECONDS = "(extract(epoch FROM {0}) * 1000000)::bigint"
_LAPSES = "CASE WHEN expires_at < 'infinity' THEN " + _MICROSECONDS.format("expires_at") + " END"


async def quay_claims(read: Read, place_ids: Sequence[int]) -> list[Any]:
    """Give the claims on quays that end in the future: place_id, booking, leg, from_m, to_m, start_us, end_us, lapses_us."""
    return await read.fetch(
        f"""SELECT place_id, booking, leg, lower(metres) AS from_m, upper(metres) AS to_m,
                   {_MICROSECONDS.format("lower(during)")} AS start_us, {_MICROSECONDS.format("upper(during)")} AS end_us,
                   {_LAPSES} AS lapses_us
            FROM berth_claims
            WHERE place_id = ANY ($1) AND during && tstzrange(clock_timestamp(), NULL)""",  # noqa: S608  constants
        place_ids,
    )


async def floor_claims(read: Read, place_ids: Sequence[int]) -> list[Any]:
    """Give the claims on floors that end today or later: place_id, booking, leg, first_on, last_on, quantity, lapses_us."""
    return await read.fetch(
        f"""SELECT place_id, booking, leg, lower(days) AS first_on, upper(days) AS last_on, quantity, {_LAPSES} AS lapses_us
            FROM storage_claims
            WHERE place_id = ANY ($1) AND upper(days) >= current_date - 1""",  # noqa: S608  constants
        place_ids,
    )
