"""`GET /v1/berth-slots` on two quays with 2,000 claims in 90 days, against a bare route that returns the same bytes."""

import sys
import urllib.request
from contextlib import AbstractContextManager
from datetime import timedelta
from urllib.parse import urlencode

from benchmarks import stage

SECONDS = 5
CLIENTS = 16


def run(claims: int) -> list[dict[str, object]]:
    """Measure slots where many are free and where few are, asked again and again and each time anew."""
    rows = []
    with stage.postgres(claims) as server, stage.api(server, processes=1) as url:
        for name, stay in (("plenty", "PT2H"), ("rare", "PT10H")):
            path = _path(stay)
            with _bare(_get(url + path)) as plain:
                for asked, distinct in (("the same", "0"), ("another each time", "1")):
                    ours, theirs = [], []
                    for _ in range(2):  # in turn, so that a machine that drifts drifts for both
                        ours.append(_rate(url + path, distinct))
                        theirs.append(_rate(plain + "/", "0"))
                    ours_best = max(each["per_second"] for each in ours)
                    bare_best = max(each["per_second"] for each in theirs)
                    rows.append(
                        {
                            "claims": claims, "slots": name, "query": asked, "search/s": round(ours_best),
                            "bare/s": round(bare_best), "ratio": round(ours_best / bare_best, 2),
                            "p99 ms": max(each["p99_ms"] for each in ours),
                            "errors": sum(each["not_2xx"] + each["broken"] for each in ours),
                        }
                    )  # fmt: skip
    return rows


def _path(stay: str) -> str:
    start = stage.base() - timedelta(days=59)
    window = {"from": start.isoformat(), "to": (start + timedelta(days=89)).isoformat(), "duration": stay}
    return "/v1/berth-slots?" + urlencode({"port": "XXTWO", "loa_m": 90, "draught_m": 5, "cargo": "general", **window})


def _get(address: str) -> bytes:
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {stage.KEY}"})
    body: bytes = urllib.request.urlopen(asked).read()
    return body


def _bare(body: bytes) -> AbstractContextManager[str]:
    """Serve bytes from a bare route of the same framework on the same server software."""
    (stage.ROOT / ".data").mkdir(exist_ok=True)
    answer = stage.ROOT / ".data" / "bare.json"
    answer.write_bytes(body)
    port = stage.free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "benchmarks.bare:app",
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    return stage.serving(command, port, "/", {"BARE": str(answer)})


def _rate(address: str, distinct: str) -> dict[str, float]:
    environment = {"KEY": stage.KEY, "DISTINCT": distinct}
    return stage.wrk(address, script="get.lua", seconds=SECONDS, connections=CLIENTS, environment=environment)
