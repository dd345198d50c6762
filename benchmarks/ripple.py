"""The ripple of a closed quay at Karachi, by bookings touched: seen, and done.

python -m benchmarks.ripple
"""

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta
from time import perf_counter
from typing import Any

import asyncpg

from benchmarks.__main__ import table
from benchmarks.stage import ROOT
from service import clock, embedded, ids
from service.app import open_database
from service.auth import Operator
from service.closures.operations import BookingsRipple, close
from service.database import Db
from service.ports.operations.closing import Closing, Part
from service.ports.operations.consequences import OnConflict, Policy
from service.settings import Settings

TOUCHED = 8  # ships side by side at the East Wharf, a day each
LANES = {"PKKHI-EWN": TOUCHED, "PKKHI-KGTML": 12, "PKKHI-SAPT": 15, "PKKHI-KGTL": 6}
FREE = {"roomy": 9, "tight": 2}  # lanes of the other quays that nobody has


def main() -> None:
    """Print a row for each number of bookings, in a port with room for all of them and in one without."""
    rows = [asyncio.run(_measured(count, name)) for name in FREE for count in (50, 500)]
    for few, many in zip(rows[::2], rows[1::2], strict=True):
        many["growth"] = round(many["done ms"] / few["done ms"], 1)
        few["growth"] = ""
    sys.stdout.write(table(rows))


async def _measured(count: int, name: str) -> dict[str, Any]:
    with embedded.ephemeral(durable=True) as server:
        environment = os.environ | {"DATABASE_URL": server.dsn}
        for command in ("migrate", "seed"):
            run = [sys.executable, "-m", "service", command]
            await asyncio.to_thread(subprocess.run, run, env=environment, cwd=ROOT, check=True, capture_output=True)
        await _filled(server.dsn, -(-count // TOUCHED), FREE[name])
        db = await open_database(Settings.model_validate({"DATABASE_URL": server.dsn}))
        try:
            return {"port": name} | await _rippled(db, count)
        finally:
            await db.close()


async def _rippled(db: Db, count: int) -> dict[str, Any]:
    days = -(-count // TOUCHED)
    start = _start() - timedelta(hours=1)
    closing = Closing(
        [Part("", "PKKHI-EWN", None, None, None, None, None)],
        start,
        start + timedelta(days=days),
        "dredging",
        "planned",
    )
    facilities = frozenset({"PKKHI-EWN", "PKKHI-KGTML", "PKKHI-SAPT", "PKKHI-KGTL"})
    by = Operator("org_bench", "operator", "Bench", None, frozenset(), "key_bench", facilities)
    policy = Policy(OnConflict.MOVE, "dredging", timedelta(days=3), rehearsal=True)
    ripple, took = BookingsRipple(), []
    for _ in range(3):
        began = perf_counter()
        await db.rehearse(close, closing, policy, ripple, by=by)
        took.append(perf_counter() - began)
    began = perf_counter()
    event = await db.write(
        close, closing, Policy(OnConflict.MOVE, "dredging", timedelta(days=3), plan="*"), ripple, by=by
    )
    done = perf_counter() - began
    totals = json.loads(await db.read(_current, event))["totals"]
    return {
        "touched": totals["bookings"], "moved": totals["moved"], "displaced": totals["displaced"],
        "seen ms": round(1_000 * min(took)), "done ms": round(1_000 * done),
    }  # fmt: skip


async def _current(read: Any, event: int) -> str:
    text: str = await read.fetchval("SELECT current::text FROM events WHERE id = $1", event)
    return text


def _start() -> Any:
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=10)


async def _filled(dsn: str, days: int, free: int) -> None:
    """Book every lane for every day, but those of the other quays that shall be free."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("INSERT INTO organisations (id, name, role) VALUES ('org_bench', 'Bench', 'operator')")
    places: dict[str, int] = {row["code"]: row["id"] for row in await connection.fetch("SELECT code, id FROM places")}
    others = sum(LANES.values()) - TOUCHED - free
    lanes = [(quay, lane) for quay, most in LANES.items() for lane in range(most)][: TOUCHED + others]
    asked = [
        json.dumps(_booking(places[quay], quay, 100 * lane, day, f"{quay}-{lane}-{day}"))
        for day in range(days + 4)
        for quay, lane in lanes
        if quay != "PKKHI-EWN" or day < days
    ]
    await connection.executemany("SELECT book($1)", [(each,) for each in asked])
    await connection.execute("ANALYZE")
    await connection.close()


def _booking(place: int, quay: str, from_m: int, day: int, name: str) -> dict[str, Any]:
    start = _start() + timedelta(days=day)
    end, blocked = start + timedelta(hours=20), start + timedelta(hours=22)
    leg = {
        "leg": 0, "id": ids.new("leg"), "place": place, "starts_at": str(start), "ends_at": str(end),
        "blocked": f"[{start},{blocked})", "need": 100, "from_m": from_m, "stretches": None,
    }  # fmt: skip
    vessel = {"name": "BENCH", "imo": "9074729", "loa_m": 90, "beam_m": 15, "draught_m": 5.5}
    return {
        "organisation": "org_bench", "asker": "org_bench", "id": ids.new("bkg"), "client_reference": name, "port": "PKKHI",
        "facilities": [quay], "state": "confirmed", "awaits": [], "facts": {"vessel": vessel}, "places": [place],
        "read_at": [1], "wanted": [leg],
    }  # fmt: skip


if __name__ == "__main__":
    main()
