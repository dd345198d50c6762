"""SQL of draught notices and the limits they put in force."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.database import Read, Tx
from service.ports.queries.catalogue import LIMIT
from service.ports.rules import BEGINNING, END, LONGEST_CM, BerthLimit


@dataclass(frozen=True, slots=True)
class QuayNamed:
    """The quay that a notice is about."""

    place_id: int
    code: str
    facility: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice, and what of it is in force: a later one takes its place where the two overlap."""

    id: str
    quay: str
    reference: str
    source: str
    as_of: str | None
    confidence: str
    published_at: datetime
    limits: tuple[BerthLimit, ...]


async def quay_of(read: Read, *, quay: str | None, berth: str | None) -> QuayNamed | None:
    """Give a quay by its code, or the one that a berth is on."""
    row = await read.fetchrow(
        """SELECT id, code, facility FROM places
           WHERE kind = 'quay' AND (code = $1 OR id = (SELECT place_id FROM berths WHERE code = $2))""",
        quay,
        berth,
    )
    return None if row is None else QuayNamed(row["id"], row["code"], row["facility"])


async def berths_of(read: Read, place_id: int) -> list[str]:
    """Give the codes of a quay's berths, along the quay."""
    rows = await read.fetch("SELECT code FROM berths WHERE place_id = $1 ORDER BY from_m, code", place_id)
    return [row["code"] for row in rows]


async def add_notice(tx: Tx, notice_id: str, place_id: int, *, published_by: str, reference: str, source: str) -> None:
    """Add a notice, published now by an operator."""
    await tx.execute(
        """INSERT INTO draught_notices (id, place_id, published_by, reference, source, as_of, confidence)
           VALUES ($1, $2, $3, $4, $5, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'operator')""",
        notice_id,
        place_id,
        published_by,
        reference,
        source,
    )


async def taken_out(tx: Tx, limit: BerthLimit) -> list[BerthLimit]:
    """Take the limits out that overlap this one, and give them."""
    rows = await tx.fetch(
        f"""WITH l AS (
                DELETE FROM berth_limits
                WHERE berth = $1 AND valid && tstzrange($2, $3) AND loa_band_cm && int4range($4, $5)
                RETURNING *)
            SELECT {LIMIT} FROM l ORDER BY valid, loa_band_cm""",  # noqa: S608  put together from constants
        limit.berth,
        *_ends(limit),
    )
    return [_limit(row) for row in rows]


async def put_in(tx: Tx, limits: Iterable[BerthLimit]) -> None:
    """Put limits in force; the constraint `berth_limit_overlaps` proves that no two overlap."""
    await tx.execute(
        """INSERT INTO berth_limits (notice_id, berth, valid, loa_band_cm, draught_m, draught_with_tide_m, max_loa_m,
                                     max_beam_m)
           SELECT notice_id, berth, tstzrange(since, until), int4range(low_cm, high_cm), draught_m, draught_with_tide_m,
                  max_loa_m, max_beam_m
           FROM json_to_recordset($1) AS r (
               notice_id text, berth text, since timestamptz, until timestamptz, low_cm int, high_cm int,
               draught_m numeric, draught_with_tide_m numeric, max_loa_m numeric, max_beam_m numeric)""",
        json.dumps([_row(limit) for limit in limits]),
    )


_NOTICES = """
SELECT d.id, p.code AS quay, d.reference, d.source, d.as_of, d.confidence, d.published_at
FROM draught_notices d JOIN places p ON p.id = d.place_id
"""


async def one(read: Read, notice_id: str) -> Notice:
    """Give a notice that is there."""
    rows = await read.fetch(_NOTICES + "WHERE d.id = $1", notice_id)
    return (await _with_limits(read, rows))[0]


async def listed(read: Read, *, quay: str | None, before: str | None, limit: int) -> list[Notice]:
    """Give notices, the newest first, of one quay or of all, from the one before `before` on."""
    rows = await read.fetch(
        _NOTICES
        + """WHERE ($1::text IS NULL OR p.code = $1) AND ($2::text IS NULL OR d.id < $2)
             ORDER BY d.id DESC LIMIT $3""",
        quay,
        before,
        limit,
    )
    return await _with_limits(read, rows)


async def _with_limits(read: Read, rows: Sequence[Any]) -> list[Notice]:
    found = await read.fetch(
        f"""SELECT {LIMIT} FROM berth_limits l JOIN berths b ON b.code = l.berth WHERE l.notice_id = ANY ($1)
            ORDER BY b.from_m, l.berth, l.valid, l.loa_band_cm""",  # noqa: S608  put together from constants
        [row["id"] for row in rows],
    )
    limits = [_limit(each) for each in found]
    return [
        Notice(
            id=row["id"],
            quay=row["quay"],
            reference=row["reference"],
            source=row["source"],
            as_of=row["as_of"],
            confidence=row["confidence"],
            published_at=row["published_at"],
            limits=tuple(limit for limit in limits if limit.notice_id == row["id"]),
        )
        for row in rows
    ]


def _limit(row: Any) -> BerthLimit:
    return BerthLimit(
        notice_id=row["notice"],
        berth=row["berth"],
        since=row["since"] or BEGINNING,
        until=row["until"] or END,
        low_cm=row["low_cm"] or 0,
        high_cm=row["high_cm"] or LONGEST_CM,
        draught_m=row["draught_m"],
        draught_with_tide_m=row["draught_with_tide_m"],
        max_loa_m=row["max_loa_m"],
        max_beam_m=row["max_beam_m"],
    )


def _ends(limit: BerthLimit) -> tuple[datetime | None, datetime | None, int, int | None]:
    """Give the sides of a limit's rectangle as the database has them: null where it has none."""
    return (
        None if limit.since == BEGINNING else limit.since,
        None if limit.until == END else limit.until,
        limit.low_cm,
        None if limit.high_cm == LONGEST_CM else limit.high_cm,
    )


def _row(limit: BerthLimit) -> dict[str, Any]:
    since, until, low_cm, high_cm = _ends(limit)
    measures = ("draught_m", "draught_with_tide_m", "max_loa_m", "max_beam_m")
    exact = {name: None if (value := getattr(limit, name)) is None else str(value) for name in measures}
    return exact | {
        "notice_id": limit.notice_id,
        "berth": limit.berth,
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "low_cm": low_cm,
        "high_cm": high_cm,
    }
