"""SQL of what firm bookings say of the goods under a reference, and of telling that a declaration differs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from service.customs.matching import Consignment
from service.customs.queries.events import FIRM
from service.database import Tx


async def goods_under(tx: Tx, type_: str, country: str, value: str) -> list[Consignment]:
    """Give what each firm booking under a reference says of its goods, the one made first, first."""
    rows = await tx.fetch(
        f"""SELECT b.id, (b.facts #>> '{{cargo,packages}}')::bigint, (b.facts #>> '{{cargo,weight_t}}')::numeric,
                   EXISTS (SELECT FROM booking_references o JOIN customs_references other ON other.id = o.reference
                           WHERE o.booking = b.number AND other.type = c.type AND other.id <> c.id)
            FROM customs_references c JOIN booking_references r ON r.reference = c.id
            JOIN bookings b ON b.number = r.booking
            WHERE c.type = $1 AND c.country = $2 AND c.value = $3 AND {FIRM} ORDER BY b.number""",  # noqa: S608  constants
        type_,
        country,
        value,
    )
    return [Consignment(*row) for row in rows]


async def tell_discrepancy(
    tx: Tx, bookings: Sequence[str], by: str, reference: Mapping[str, str], reasons: Sequence[Mapping[str, Any]]
) -> None:
    """Record for each booking that a declaration differs from it: for its operators and customs, not for its owner."""
    await tx.execute(
        """INSERT INTO events (type, subject, by, facilities, for_customs, current)
           SELECT $5, b.id, $2, b.facilities, true,
                  json_build_object('booking', b.id, 'reference', $3::json, 'reasons', $4::json)
           FROM bookings b WHERE b.id = ANY ($1) ORDER BY b.number""",
        list(bookings),
        by,
        json.dumps(dict(reference)),
        json.dumps(list(reasons)),
        "customs.discrepancy",
    )
