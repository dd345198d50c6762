"""200 clients on one slot, round after round: one wins each, the others are refused with alternatives; nobody fails."""

from benchmarks import stage

SECONDS = 8
CLIENTS = 200


def run(claims: int) -> list[dict[str, object]]:
    """Measure the crowd; give one row."""
    with stage.postgres(claims) as server, stage.api(server, processes=2) as url:
        environment = {"KEY": stage.KEY, "FIRST": "0", "BASE": str(int(stage.base().timestamp()) + 100 * 86_400)}
        found = stage.wrk(url, script="contend.lua", seconds=SECONDS, connections=CLIENTS, environment=environment)
        deadlocks = server.psql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").strip()
    return [
        {
            "claims": claims, "clients": CLIENTS, "requests/s": round(found["per_second"]), "201": found["created"],
            "409": found["refused"], "other": found["not_2xx"], "broken": found["broken"], "p50 ms": found["p50_ms"],
            "p99 ms": found["p99_ms"], "deadlocks": deadlocks,
        }
    ]  # fmt: skip
