"""Webhooks that one worker hands out to a fast receiver, against what the bare client does; and how soon one comes.

python -m benchmarks.webhooks
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import asyncpg
import httpx
import uvloop

from benchmarks.__main__ import table
from benchmarks.stage import ROOT, free_port, serving
from service import embedded, ids
from service.webhooks.rules import new_secret

WEBHOOKS = 6_000  # of one measurement, all endpoints together
SOON = 40  # events of which the delay is measured
LEG = {
    "kind": "berth",
    "quay": "PKGWD-MPT",
    "from_m": 0,
    "to_m": 209,
    "window": {"start": "2026-12-01T06:00:00Z", "end": "2026-12-02T18:00:00Z"},
}
BOOKING = {
    "id": "bkg_01kb3v7x9ef6wvq0m8y3k2n5ra", "state": "confirmed", "client_reference": "BENCH", "legs": [LEG],
    "vessel": {"name": "BENCH", "imo": "9074729", "loa_m": 190, "beam_m": 28, "draught_m": 10.5},
    "cargo": {"class": "general", "hs_code": "7202", "weight_t": 24000, "customs_references": []},
}  # fmt: skip
EVENTS = """
    INSERT INTO events (type, subject, by, owner_id, facilities, for_customs, previous, current, cause)
    SELECT 'booking.confirmed', 'bkg_' || n, 'org_bench', 'org_bench', '{}', false, $1, $1, NULL FROM generate_series(1, $2) n
"""


def main() -> None:
    """Print a row for each number of endpoints, and the delay of an event on a quiet system."""
    with embedded.ephemeral(durable=True) as server:
        environment = os.environ | {"DATABASE_URL": server.dsn}
        for command in ("migrate", "seed"):
            subprocess.run(
                [sys.executable, "-m", "service", command], env=environment, cwd=ROOT, check=True, capture_output=True
            )
        port = free_port()
        with serving([sys.executable, "-m", "benchmarks.taker", str(port)], port, "/", {}) as url:
            asyncio.run(_prepared(server.dsn))
            rows = [_measured(server.dsn, url, endpoints) for endpoints in (1, 20, 100)]
            sys.stdout.write(table(rows))
            delays = _delays(server.dsn, url)
    cut = quantiles(delays, n=20)
    sys.stdout.write(
        f"An event to its webhook, ms: half within {cut[9] * 1000:.0f}, 95 % within {cut[18] * 1000:.0f}\n"
    )


async def _prepared(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("INSERT INTO organisations (id, name, role) VALUES ('org_bench', 'Bench', 'forwarder')")
    await connection.close()


def _measured(dsn: str, url: str, endpoints: int) -> dict[str, Any]:
    asyncio.run(_laid_up(dsn, url, endpoints, WEBHOOKS // endpoints))
    told(url)
    with worker(dsn) as process:
        handed_out, cpu_s = _until_taken(url, process.pid)
    bare = {name: _bare(url, name, endpoints) for name in ("client", "transport")}
    rate = WEBHOOKS / handed_out
    print(f"{endpoints} endpoints: {rate:.0f}/s, bare {bare['client']:.0f}/s", file=sys.stderr, flush=True)
    return {
        "endpoints": endpoints, "webhooks, 1/s": round(rate), "CPU of the worker, us each": round(1e6 * cpu_s / WEBHOOKS),
        "bare client, 1/s": round(bare["client"]), "ratio": round(rate / bare["client"], 2),
        "bare transport, 1/s": round(bare["transport"]),
    }  # fmt: skip


async def _laid_up(dsn: str, url: str, endpoints: int, events: int) -> None:
    """Let so many events wait for each of so many endpoints, numbered as they are before a worker begins."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("DELETE FROM webhook_deliveries")
    await connection.execute("DELETE FROM webhook_endpoints")
    await connection.executemany(
        """INSERT INTO webhook_endpoints (id, organisation_id, url, event_types, enabled, secret, cursor)
           SELECT $1, 'org_bench', $2, '{*}', true, $3, coalesce(max(position), 0) FROM events""",
        [(ids.new("whe"), f"{url}/{nth}", new_secret()) for nth in range(endpoints)],
    )
    await connection.execute(EVENTS, json.dumps(BOOKING), events)
    await connection.execute("UPDATE events SET position = id WHERE position IS NULL")
    await connection.execute("ANALYZE")
    await connection.close()


@contextmanager
def worker(dsn: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker."""
    environment = os.environ | {
        "DATABASE_URL": dsn,
        "SLOTWAY_WEBHOOKS_INSECURE": "true",
        "SLOTWAY_LOG_LEVEL": "warning",
    }
    with subprocess.Popen([sys.executable, "-m", "service", "worker"], env=environment, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.terminate()


def told(url: str) -> dict[str, Any]:
    """Give what the receiver says."""
    found: dict[str, Any] = httpx.get(url, trust_env=False).json()
    return found


def _until_taken(url: str, pid: int) -> tuple[float, float]:
    """Give the seconds from the first to the last, and the processor time of the worker for them."""
    before = told(url)["taken"]
    while (first := told(url))["taken"] == before:
        time.sleep(0.01)
    began, cpu_s = time.monotonic(), _cpu_s(pid)
    while (last := told(url))["taken"] < before + WEBHOOKS:
        time.sleep(0.05)
    share = WEBHOOKS / (last["taken"] - first["taken"])  # those that came before the first look are not counted
    return (last["last_at"] - began) * share, (_cpu_s(pid) - cpu_s) * share


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bare(url: str, name: str, connections: int) -> float:
    """Give webhooks a second of the HTTP client by itself, on one core, in a process of its own."""
    run = [sys.executable, "-m", "benchmarks.webhooks", name, url, str(connections)]
    return float(subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


async def bare(name: str, url: str, connections: int) -> float:
    """Post as many bodies of the same size, each connection one after the other."""
    body = json.dumps({"data": {"previous": BOOKING, "current": BOOKING}}, indent=2).encode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": "evt_1",
        "webhook-timestamp": "1",
        "webhook-signature": "v1," + "a" * 44,
    }
    one = httpx.Limits(max_connections=1)

    async def posted(times: int) -> None:
        if name == "client":
            async with httpx.AsyncClient(trust_env=False, verify=False, limits=one) as client:
                for _ in range(times):
                    (await client.post(url, content=body, headers=headers)).raise_for_status()
            return
        async with httpx.AsyncHTTPTransport(trust_env=False, verify=False, limits=one) as transport:
            for _ in range(times):
                answer = await transport.handle_async_request(httpx.Request("POST", url, content=body, headers=headers))
                await answer.aread()
                await answer.aclose()

    began = time.perf_counter()
    await asyncio.gather(*(posted(WEBHOOKS // connections) for _ in range(connections)))
    return WEBHOOKS / (time.perf_counter() - began)


def _delays(dsn: str, url: str) -> list[float]:
    """Give the seconds from the commit of an event to its webhook, one event after the other."""
    asyncio.run(_laid_up(dsn, url, 1, 1))
    with worker(dsn):
        before = told(url)["taken"]
        while told(url)["taken"] == before:
            time.sleep(0.01)
        return asyncio.run(_one_by_one(dsn, url))


async def _one_by_one(dsn: str, url: str) -> list[float]:
    connection, delays = await asyncpg.connect(dsn), []
    for nth in range(SOON):
        await asyncio.sleep(0.05 + 0.0037 * nth)  # at any moment of the worker's beat
        before = told(url)["taken"]
        await connection.execute(EVENTS, json.dumps(BOOKING), 1)
        committed = time.monotonic()
        while (now := told(url))["taken"] == before:  # noqa: ASYNC110  the receiver is another process
            await asyncio.sleep(0.005)
        delays.append(now["last_at"] - committed)
    await connection.close()
    return delays


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(str(uvloop.run(bare(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
    else:
        main()
