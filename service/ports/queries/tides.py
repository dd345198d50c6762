"""SQL of tidal windows: when a ship that needs the tide at a port may come or go."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.database import Read, Tx
from service.ports.queries.notices import QuayNamed

Ends = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class TidalWindow:
    """A tidal window of a port, half-open, and where it was published."""

    id: int
    port: str
    start: datetime
    end: datetime
    source: str
    reference: str | None
    published_at: datetime


async def lock_port(tx: Tx, port: str) -> None:
    """Keep anybody from making a quay at a port, and from publishing its tides, until the end of the transaction."""
    await tx.execute("SELECT FROM ports WHERE unlocode = $1 FOR UPDATE", port)


async def quays_of(read: Read, port: str) -> list[QuayNamed]:
    """Give the quays of a port that are not retired."""
    rows = await read.fetch(
        """SELECT id, code, facility FROM places
           WHERE port = $1 AND kind = 'quay' AND retired_at IS NULL ORDER BY id""",
        port,
    )
    return [QuayNamed(*row) for row in rows]


async def take_out(tx: Tx, port: str, within: Ends) -> list[str]:
    """Take out the windows of a port that lie inside of a span; gives for each who published it."""
    rows = await tx.fetch(
        "DELETE FROM tidal_windows WHERE port = $1 AND during <@ tstzrange($2, $3) RETURNING published_by",
        port,
        *within,
    )
    return [row["published_by"] for row in rows]


async def in_the_way(read: Read, port: str, windows: Sequence[Ends], *, limit: int) -> list[Ends]:
    """Give windows of a port that stand and overlap one of these, the earliest first, at most `limit`."""
    rows = await read.fetch(
        """SELECT DISTINCT lower(t.during), upper(t.during)
           FROM json_to_recordset($2) AS w (since timestamptz, until timestamptz)
           JOIN tidal_windows t ON t.port = $1 AND t.during && tstzrange(w.since, w.until)
           ORDER BY 1 LIMIT $3""",
        port,
        _rows(windows),
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def put_in(
    tx: Tx, port: str, windows: Sequence[Ends], *, source: str, reference: str | None, published_by: str
) -> None:
    """Put windows in; the constraint `tidal_window_overlaps` proves that no two overlap."""
    await tx.execute(
        """INSERT INTO tidal_windows (port, during, source, reference, published_by)
           SELECT $1, tstzrange(w.since, w.until), $3, $4, $5
           FROM json_to_recordset($2) AS w (since timestamptz, until timestamptz)""",
        port,
        _rows(windows),
        source,
        reference,
        published_by,
    )


async def listed(
    read: Read,
    *,
    port: str | None,
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[TidalWindow]:
    """Give windows that meet a span, of one port or of all, the earliest first, from the one after `after` on."""
    rows = await read.fetch(
        """SELECT id, port, lower(during), upper(during), source, reference, published_at FROM tidal_windows
           WHERE ($1::text IS NULL OR port = $1) AND during && tstzrange($2, $3)
             AND ($4::timestamptz IS NULL OR (lower(during), id) > ($4, $5::bigint))
           ORDER BY lower(during), id LIMIT $6""",
        port,
        since,
        until,
        *(after or (None, None)),
        limit,
    )
    return [TidalWindow(*row) for row in rows]


def _rows(windows: Sequence[Ends]) -> str:
    rows: list[dict[str, Any]] = [{"since": start.isoformat(), "until": end.isoformat()} for start, end in windows]
    return json.dumps(rows)
