"""SQL of the event log and of the keys that tie a request to its event."""

import json
from dataclasses import dataclass
from typing import Any

from service.database import Tx


@dataclass(frozen=True, slots=True)
class Happening:
    """A change of state about to be recorded. `current` and `previous` are JSON-ready, already as clients see them."""

    type: str
    subject: str
    by: str
    current: dict[str, Any]
    previous: dict[str, Any] | None = None
    cause: dict[str, Any] | None = None
    owner_id: str | None = None
    facilities: tuple[str, ...] = ()
    for_customs: bool = False


async def insert(tx: Tx, happening: Happening) -> int:
    """Append an event, unnumbered; its id is drawn now, under the row locks of the change. Gives the id."""
    event_id: int = await tx.fetchval(
        """INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, previous, current, cause)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id""",
        happening.type,
        happening.subject,
        happening.by,
        happening.owner_id,
        list(happening.facilities),
        happening.for_customs,
        _json(happening.previous),
        _json(happening.current),
        _json(happening.cause),
    )
    return event_id


async def claim_key(tx: Tx, organisation_id: str, key: str, fingerprint: str) -> tuple[str, int] | None:
    """Claim an idempotency key. None: it was free and is ours; else the first fingerprint and the id of its event."""
    first = await tx.fetchrow("SELECT * FROM claim_key($1, $2, $3)", organisation_id, key, fingerprint)
    return None if first["first_print"] is None else (first["first_print"], first["first_event"])


async def current_of(tx: Tx, event_id: int) -> str:
    """Give what an event's subject became, as the JSON text that was answered then."""
    current: str = await tx.fetchval("SELECT current::text FROM events WHERE id = $1", event_id)
    return current


async def tie_key(tx: Tx, organisation_id: str, key: str, event_id: int) -> None:
    """Tie a claimed key to the event of its effect."""
    await tx.execute(
        "UPDATE idempotency_keys SET event_id = $3 WHERE organisation_id = $1 AND key = $2",
        organisation_id,
        key,
        event_id,
    )


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))
