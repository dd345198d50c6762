"""SQL of what customs says: kept, added up by reference, matched with bookings, listed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.customs.rules import CustomsEvent, CustomsState, CustomsStatus, Said
from service.database import Read, Tx

FIRM = "b.state IN ('confirmed', 'arrived', 'completed')"


@dataclass(frozen=True, slots=True)
class Reference:
    """A customs reference whose row is locked."""

    id: int
    status: CustomsStatus
    matched: bool
    goods_have_left: bool


async def locked(tx: Tx, type_: str, country: str, value: str) -> Reference:
    """Lock a reference, known or not yet, and give it; a booking that names it is matched before this or after."""
    await tx.execute(
        "INSERT INTO customs_references (type, country, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        type_,
        country,
        value,
    )
    number = await tx.fetchval(
        """SELECT id FROM customs_references WHERE type = $1 AND country = $2 AND value = $3 FOR NO KEY UPDATE""",
        type_,
        country,
        value,
    )
    # A statement of its own: it sees what was committed while the lock was waited for.
    row = await tx.fetchrow(
        f"""SELECT c.state, c.holds, c.changed_at,
                   EXISTS (SELECT FROM booking_references r JOIN bookings b ON b.number = r.booking
                           WHERE r.reference = c.id AND {FIRM}),
                   goods_have_left(c.id)
            FROM customs_references c WHERE c.id = $1""",  # noqa: S608  constants
        number,
    )
    state, holds, since, matched, left = row
    return Reference(number, CustomsStatus(CustomsState(state), tuple(holds), since), matched, left)


async def first(tx: Tx, sender: str, event_id: str) -> tuple[str, int] | None:
    """Give fingerprint and logged event of what a sender has sent under an id before, or None."""
    row = await tx.fetchrow(
        "SELECT fingerprint, event FROM customs_events WHERE sender = $1 AND event_id = $2", sender, event_id
    )
    return None if row is None else (row[0], row[1])


@dataclass(frozen=True, slots=True)
class Kept:
    """A customs event about to be kept as it came: whose, under which id and reference, and its event in the log."""

    sender: str
    event_id: str
    fingerprint: str
    reference: int
    what: CustomsEvent
    remark: str | None
    event: int


async def keep(tx: Tx, kept: Kept) -> None:
    """Keep a customs event; its reference is locked."""
    await tx.execute(
        """INSERT INTO customs_events
               (sender, event_id, fingerprint, reference, event_type, event_time, hold_code, remark, event)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        kept.sender,
        kept.event_id,
        kept.fingerprint,
        kept.reference,
        kept.what.said,
        kept.what.at,
        kept.what.hold_code,
        kept.remark,
        kept.event,
    )


async def said_of(tx: Tx, reference: int) -> list[CustomsEvent]:
    """Give all that was said of a reference, in the order of the events' own time."""
    rows = await tx.fetch(
        """SELECT event_type, event_time, hold_code FROM customs_events WHERE reference = $1
           ORDER BY event_time, number""",
        reference,
    )
    return [CustomsEvent(Said(said), at, code) for said, at, code in rows]


async def store(tx: Tx, reference: int, status: CustomsStatus) -> None:
    """Store where a reference stands."""
    await tx.execute(
        """UPDATE customs_references SET state = $2, holds = $3, changed_at = $4, heard_at = clock_timestamp()
           WHERE id = $1""",
        reference,
        status.state,
        list(status.holds),
        status.since,
    )


async def tell(tx: Tx, reference: int, by: str, cause: Mapping[str, Any]) -> None:
    """Record what has become of a reference, an event for each firm booking that travels under it."""
    await tx.execute(
        f"""SELECT tell_customs(b, $1, $2, $3::json) FROM booking_references r JOIN bookings b ON b.number = r.booking
            WHERE r.reference = $1 AND {FIRM} ORDER BY b.number""",  # noqa: S608  constants
        reference,
        by,
        json.dumps(dict(cause)),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A reference with open customs holds; `holds` and `bookings` are JSON text."""

    number: int
    type: str
    country: str
    value: str
    holds: str
    bookings: list[str]


async def held(read: Read, *, after: int, limit: int) -> list[Held]:
    """Give the references on which a hold is open, after a number, with what customs wrote when each was placed."""
    rows = await read.fetch(
        f"""SELECT c.id, c.type, c.country, c.value,
                   (SELECT json_agg(json_build_object('hold_code', h.hold_code, 'placed_at', rfc3339(h.event_time),
                                                      'remark', h.remark) ORDER BY h.event_time, h.number)::text
                    FROM (SELECT DISTINCT ON (e.hold_code) e.* FROM customs_events e
                          WHERE e.reference = c.id AND e.event_type = 'HOLD' AND e.hold_code = ANY (c.holds)
                          ORDER BY e.hold_code, e.event_time DESC, e.number DESC) AS h),
                   ARRAY(SELECT b.id FROM booking_references r JOIN bookings b ON b.number = r.booking
                         WHERE r.reference = c.id AND {FIRM} ORDER BY b.number)
            FROM customs_references c WHERE c.holds <> '{{}}' AND c.id > $1 ORDER BY c.id LIMIT $2""",  # noqa: S608  constants
        after,
        limit,
    )
    return [Held(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Received:
    """A customs event as it came, when, its answer (JSON text), and whether it is matched by now."""

    number: int
    event_id: str
    event_type: str
    event_time: datetime
    type: str
    country: str
    value: str
    hold_code: str | None
    remark: str | None
    received_at: datetime
    answer: str
    matched: bool


async def received(read: Read, sender: str, *, matched: bool | None, after: int, limit: int) -> list[Received]:
    """Give what a sender has sent, in the order in which it came, after a number; only what is matched, or is not."""
    rows = await read.fetch(
        f"""SELECT * FROM (
                SELECT e.number, e.event_id, e.event_type, e.event_time, c.type, c.country, c.value,
                       e.hold_code, e.remark, answered.occurred_at, answered.current::text,
                       EXISTS (SELECT FROM booking_references r JOIN bookings b ON b.number = r.booking
                               WHERE r.reference = c.id AND {FIRM}) AS matched
                FROM customs_events e JOIN customs_references c ON c.id = e.reference
                JOIN events answered ON answered.id = e.event
                WHERE e.sender = $1 AND e.number > $2) AS sent
            WHERE $3::boolean IS NULL OR matched = $3 ORDER BY number LIMIT $4""",  # noqa: S608  constants
        sender,
        after,
        matched,
        limit,
    )
    return [Received(*row) for row in rows]
