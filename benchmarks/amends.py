"""Amendments through HTTP against bookings through HTTP, in turn on one server, by claims in the database."""

import asyncio

import asyncpg

from benchmarks import stage

SECONDS = 8
CLIENTS = 16
BOOKED = 33_000  # more than can be amended in the time


def run(claims: int) -> list[dict[str, object]]:
    """Measure berth, and berth with thirty days of storage; give a row for each."""
    rows = []
    with stage.postgres(claims) as server, stage.api(server, processes=2) as url:
        first = 0
        for name, storage in (("berth", "0"), ("berth + 30 days", "1")):
            asyncio.run(_booked(server.dsn, first, storage=storage == "1"))
            for script in ("book.lua", "amend.lua"):
                _http(url, script, first, storage, seconds=2)  # warm-up: caches, plans, connections
            booked, amended = [], []
            for turn in range(1, 3):  # in turn, so that a machine that drifts drifts for both
                number = first + turn * BOOKED // 3
                booked.append(_http(url, "book.lua", number, storage, seconds=SECONDS))
                amended.append(_http(url, "amend.lua", number, storage, seconds=SECONDS))
            first += BOOKED
            rate, others = (max(each["per_second"] for each in rates) for rates in (amended, booked))
            rows.append(
                {
                    "claims": claims, "amended": name, "amends/s": round(rate), "bookings/s": round(others),
                    "ratio": round(rate / others, 2), "p99 ms": max(each["p99_ms"] for each in amended),
                    "errors": sum(each["not_2xx"] + each["broken"] for each in amended + booked),
                }
            )  # fmt: skip
    return rows


async def _booked(dsn: str, first: int, *, storage: bool) -> None:
    """Make the bookings that are to be amended, in the lane that `bench_asked` keeps for them."""
    connection = await asyncpg.connect(dsn)
    for low in range(first, first + BOOKED, 1_000):
        made = "SELECT count(book(bench_asked(n, $3))) FROM generate_series($1::bigint, $2) n"
        await connection.fetchval(made, low, low + 999, storage, timeout=60)
    # Many in one transaction leave their places full of dead versions, as bookings one by one do not.
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _http(url: str, script: str, first: int, storage: str, *, seconds: int) -> dict[str, float]:
    environment = {
        "KEY": stage.KEY,
        "FIRST": str(first),
        "BASE": str(int(stage.base().timestamp())),
        "STORAGE": storage,
    }
    return stage.wrk(url, script=script, seconds=seconds, connections=CLIENTS, environment=environment)
