"""The stage of a benchmark: a durable Postgres, a port with many quays, claims from the past to the future, API processes."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from service import embedded

ROOT = Path(__file__).parent.parent
QUAYS = 200  # enough that callers seldom wait for one place, as in real life
KEY = "psk_test_" + "b" * 43

PLACES = """
    INSERT INTO ports SELECT 'XXBEN', 'Benchmark', 'XX', 'Asia/Karachi', NULL, NULL, 'nobody', 'made up', NULL, 'assumed', NULL;
    INSERT INTO facilities VALUES ('XXBEN-T', 'XXBEN', 'terminal', 'Benchmark', 'nobody', NULL);
    INSERT INTO ports SELECT 'XXTWO', 'Two quays', 'XX', 'Asia/Karachi', NULL, NULL, 'nobody', 'made up', NULL, 'assumed', NULL;
    INSERT INTO facilities VALUES ('XXTWO-T', 'XXTWO', 'terminal', 'Benchmark', 'nobody', NULL);
    INSERT INTO places (code, kind, port, facility)
        SELECT 'XXBEN-Q' || n, 'quay', 'XXBEN', 'XXBEN-T' FROM generate_series(0, {quays} - 1) n
        UNION ALL SELECT 'XXBEN-W' || n, 'warehouse', 'XXBEN', 'XXBEN-T' FROM generate_series(0, 9) n
        UNION ALL SELECT 'XXTWO-Q' || n, 'quay', 'XXTWO', 'XXTWO-T' FROM generate_series(0, 1) n;
    INSERT INTO quays (place_id, length_m, clearance_least_m, clearance_percent, turnaround, shortest_stay, longest_stay,
                       horizon, hold_for, hold_at_most, pending_for, amend_until, no_show_after)
        SELECT p.id, 600, q.clearance_least_m, q.clearance_percent, q.turnaround, q.shortest_stay, q.longest_stay,
               q.horizon, q.hold_for, q.hold_at_most, q.pending_for, q.amend_until, q.no_show_after
        FROM places p, quays q JOIN places g ON g.id = q.place_id AND g.code = 'PKGWD-MPT'
        WHERE p.kind = 'quay' AND p.code LIKE 'XX%';
    INSERT INTO berths (code, place_id, from_m, length_m, cargo, hazard_classes, bookable, source, confidence)
        SELECT p.code || '-1', p.id, 0, 600, '{{general}}', '{{}}', true, 'made up', 'assumed'
        FROM places p WHERE p.kind = 'quay' AND p.code LIKE 'XX%';
    INSERT INTO draught_notices (id, place_id, reference, source, confidence)
        SELECT 'ntc_' || p.id, p.id, 'made up', 'made up', 'assumed' FROM places p WHERE p.kind = 'quay' AND p.code LIKE 'XX%';
    INSERT INTO berth_limits (notice_id, berth, valid, draught_m)
        SELECT 'ntc_' || p.id, p.code || '-1', '(,)', 12 FROM places p WHERE p.kind = 'quay' AND p.code LIKE 'XX%';
    INSERT INTO warehouses (place_id, unit, capacity, bonded, hazard_classes, temperature, bookable, shortest_stay, longest_stay,
                            horizon, hold_for, hold_at_most, pending_for, amend_until, no_show_after, source, confidence)
        SELECT p.id, 'm2', 2000000000, true, '{{}}', 'ambient', true, w.shortest_stay, w.longest_stay, w.horizon, w.hold_for,
               w.hold_at_most, w.pending_for, w.amend_until, w.no_show_after, 'made up', 'assumed'
        FROM places p, warehouses w JOIN places g ON g.id = w.place_id AND g.code = 'PKGWD-FZS-W1'
        WHERE p.kind = 'warehouse' AND p.code LIKE 'XX%';
    INSERT INTO organisations (id, name, role) VALUES ('org_bench', 'Benchmark', 'forwarder');
    INSERT INTO api_keys (id, organisation_id, name, hint, digest, scopes)
        VALUES ('key_bench', 'org_bench', 'bench', 'bbbb', sha256('{key}'),
                '{{bookings:read,bookings:write,slots:read,places:read,events:read}}');
    CREATE SEQUENCE bench;
"""

# What the API sends to the guard, made from a number that nobody has twice; for pgbench.
ASKED = """
    CREATE FUNCTION bench_asked(n bigint, storage boolean) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'organisation', 'org_bench', 'asker', 'org_bench', 'awaits', '{{}}'::text[], 'key', 'pgbench-' || n, 'fingerprint', repeat('f', 64), 'id', 'bkg_' || lpad(n::text, 26, '0'),
        'client_reference', 'P-' || n, 'port', 'XXBEN', 'facilities', '{{XXBEN-T}}'::text[], 'state', 'confirmed',
        'lapses_after', NULL, 'hold_at_most', NULL,
        'facts', json_build_object('vessel', '{{"name": "BENCH", "imo": "9074729", "loa_m": 90, "beam_m": 15, "draught_m": 5.5}}'::json,
                                   'shipper', NULL, 'cargo', '{{"class": "general", "hs_code": "7202", "weight_t": 24000}}'::json),
        'places', CASE WHEN storage THEN ARRAY[{quay} + n % 200, {floor} + n % 10] ELSE ARRAY[{quay} + n % 200] END,
        'read_at', CASE WHEN storage THEN ARRAY[1, 1] ELSE ARRAY[1] END,
        'wanted', CASE WHEN storage THEN json_build_array(berth, floor) ELSE json_build_array(berth) END)
    FROM (SELECT '{base}'::timestamptz + n / 200 % 2300 * interval '5 hours' AS at) s,
    LATERAL (SELECT
        json_build_object('leg', 0, 'id', 'leg_' || lpad(n::text, 26, '0'), 'place', {quay} + n % 200, 'starts_at', at,
            'ends_at', at + interval '3 hours', 'blocked', tstzrange(at, at + interval '5 hours'), 'need', 100,
            'from_m', 110 + n / 500000 * 110, 'stretches', NULL) AS berth,
        json_build_object('leg', 1, 'id', 'leg_1' || lpad(n::text, 25, '0'), 'place', {floor} + n % 10, 'starts_at', at,
            'ends_at', at + interval '30 days', 'first_on', at::date, 'last_on', at::date + 31, 'quantity', 1) AS floor) l
    $$
"""

# From two days ago on, in weeks that the benchmark does not book; 12 ships of 50 m side by side on every quay.
HISTORY = """
    INSERT INTO berth_claims (booking, leg, place_id, metres, during)
    SELECT -n, 0, q.id, int4range((n / {quays} % 12 * 50)::int, (n / {quays} % 12 * 50 + 50)::int),
           tstzrange(q.base + slot * interval '2 hours', q.base + (slot + 1) * interval '2 hours')
    FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nth, date_trunc('hour', now()) - interval '2 days' AS base
          FROM places WHERE code LIKE 'XXBEN-Q%') q,
         LATERAL (SELECT n, (n / {quays} / 12) AS slot FROM generate_series(1 + q.nth, {claims}, {quays}) n) s
"""


@contextmanager
def postgres(claims: int) -> Iterator[embedded.Server]:
    """A migrated, seeded, durable server with so many claims in it."""
    with embedded.ephemeral(durable=True, settings={"max_connections": "100", "shared_buffers": "1GB"}) as server:
        run = [sys.executable, "-m", "service"]
        environment = os.environ | {"DATABASE_URL": server.dsn}
        for command in ("migrate", "seed"):
            subprocess.run([*run, command], env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        asyncio.run(_fill(server.dsn, claims))
        yield server


async def _fill(dsn: str, claims: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(PLACES.format(quays=QUAYS, key=KEY))
    quay = await connection.fetchval("SELECT id FROM places WHERE code = 'XXBEN-Q0'")
    floor = await connection.fetchval("SELECT id FROM places WHERE code = 'XXBEN-W0'")
    await connection.execute(ASKED.format(quay=quay, floor=floor, base=base()))
    # Filled without the constraint, which is then made anew over all rows: minutes faster, and it checks them all.
    await connection.execute("ALTER TABLE berth_claims DROP CONSTRAINT berth_slot_taken")
    await connection.execute(HISTORY.format(quays=QUAYS, claims=claims), timeout=900)
    await connection.copy_records_to_table(
        "berth_claims", records=[claim async for claim in _two_quays(connection)],
        columns=["booking", "leg", "place_id", "metres", "during"],
    )  # fmt: skip
    await connection.execute(
        "ALTER TABLE berth_claims ADD CONSTRAINT berth_slot_taken EXCLUDE USING gist"
        " (during WITH &&, place_id WITH =, metres WITH &&, booking WITH <>)",
        timeout=1800,
    )
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _two_quays(connection: asyncpg.Connection) -> AsyncIterator[tuple[object, ...]]:
    """2,000 claims in the next 90 days on two quays of four lanes each, three quarters full."""
    chance, number = random.Random(90), -3_000_000
    for place in await connection.fetch("SELECT id FROM places WHERE code LIKE 'XXTWO-Q%' ORDER BY id"):
        for lane in range(4):
            at = base() - timedelta(days=60)
            for _ in range(250):
                at += timedelta(minutes=chance.expovariate(1 / 130))
                end = at + timedelta(minutes=chance.randrange(120, 660))
                number -= 1
                metres = asyncpg.Range(lane * 150, lane * 150 + 130)
                yield number, 0, place["id"], metres, asyncpg.Range(at, end)
                at = end


def base() -> datetime:
    """When the first booking of a benchmark starts: after all the history."""
    return datetime.fromtimestamp(time.time() // 3600 * 3600, UTC) + timedelta(days=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int, path: str, environment: dict[str, str]) -> Iterator[str]:
    """Run a server until its path answers; give its address."""
    process = subprocess.Popen(
        command, env=os.environ | environment, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(url + path, timeout=2).read()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@contextmanager
def api(server: embedded.Server, processes: int) -> Iterator[str]:
    """Run the service's API on a loopback port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "service",
        "api",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--processes",
        str(processes),
    ]
    with serving(command, port, "/livez", {"DATABASE_URL": server.dsn, "SLOTWAY_LOG_LEVEL": "warning"}) as url:
        yield url


def wrk(url: str, *, script: str, seconds: int, connections: int, environment: dict[str, str]) -> dict[str, float]:
    """Put load on an address for some seconds; give requests a second, errors, and latencies in milliseconds."""
    command = [
        "wrk",
        "-t1",
        "--timeout",
        "10s",
        f"-c{connections}",
        f"-d{seconds}s",
        "-s",
        str(ROOT / "benchmarks" / script),
        url,
    ]
    said = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(said[said.rindex("{") :])
    return found


def pgbench(server: embedded.Server, *, script: str, seconds: int, clients: int) -> float:
    """Run a script with pgbench's prepared statements; give transactions a second."""
    command = [str(embedded.binary("pgbench")), "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds),
               "-f", str(ROOT / "benchmarks" / script), server.dsn]  # fmt: skip
    environment = os.environ | {"PGOPTIONS": "-c enable_seqscan=off -c jit=off"}  # as the service's own connections
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return next(float(line.split()[2]) for line in said.splitlines() if line.startswith("tps = "))
