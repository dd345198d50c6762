"""Bookings through HTTP against pgbench with the same statement, on one server in one run, by claims in the database."""

from benchmarks import stage

SECONDS = 8
CLIENTS = 16


def run(claims: int) -> list[dict[str, object]]:
    """Measure berth, and berth with thirty days of storage; give a row for each."""
    rows = []
    with stage.postgres(claims) as server, stage.api(server, processes=2) as url:
        first = 0
        for name, script, storage in (("berth", "berth.sql", "0"), ("berth + 30 days", "corridor.sql", "1")):
            _http(url, first, storage, seconds=2)  # warm-up: caches, plans, connections
            first += 50_000
            direct, through = [], []
            for _ in range(2):  # in turn, so that a machine that drifts drifts for both
                direct.append(stage.pgbench(server, script=script, seconds=SECONDS, clients=CLIENTS))
                through.append(_http(url, first, storage, seconds=SECONDS))
                first += 50_000
            rate = max(each["per_second"] for each in through)
            rows.append(
                {
                    "claims": claims, "booking": name, "HTTP/s": round(rate), "pgbench/s": round(max(direct)),
                    "ratio": round(rate / max(direct), 2), "p99 ms": max(each["p99_ms"] for each in through),
                    "errors": sum(each["not_2xx"] + each["broken"] for each in through),
                }
            )  # fmt: skip
    return rows


def _http(url: str, first: int, storage: str, *, seconds: int) -> dict[str, float]:
    environment = {
        "KEY": stage.KEY,
        "FIRST": str(first),
        "BASE": str(int(stage.base().timestamp())),
        "STORAGE": storage,
    }
    return stage.wrk(url, script="book.lua", seconds=seconds, connections=CLIENTS, environment=environment)
