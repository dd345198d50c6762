"""The parts of the service on one machine, as their parent sees them: begun, ready, alive, ended.

Standard library only: `run.py` imports this.
"""

import http.client
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

READY_WITHIN_S, STOPPED_WITHIN_S = 60, 25


@dataclass(frozen=True)
class Part:
    """A child that has to live: its name, its process, and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def demand_alive(self) -> None:
        """End everything, and say why, when this part has died."""
        if (code := self.process.poll()) is not None:
            give_up(f"the {self.name} has died ({_manner(code)}); the end of {self.log}:\n{_tail(self.log)}")


def say(text: str) -> None:
    """Print at once: whoever waits reads along, also through a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def give_up(why: str) -> NoReturn:
    """End with one clear message."""
    raise SystemExit(f"run.py: {why}")


def finished(name: str, step: subprocess.Popen[str]) -> None:
    """Wait for a step, a second time too; end everything with its own words if it failed."""
    output = step.communicate()[0] if step.returncode is None else ""
    if step.returncode:
        give_up(f"{name} failed ({_manner(step.returncode)}):\n{output.strip()}")


def await_ready(parts: list[Part], address: str) -> None:
    """Poll /readyz until it says 200; a part that dies meanwhile is told at once."""
    until = time.monotonic() + READY_WITHIN_S
    while _status(address, "/readyz") != http.client.OK:
        for part in parts:
            part.demand_alive()
        if time.monotonic() > until:
            give_up(f"not ready within {READY_WITHIN_S} s; see {parts[-1].log.parent}")
        time.sleep(0.03)


def watch(parts: list[Part]) -> NoReturn:
    """Look after the parts; returns only by an exception: an interrupt, or the death of one."""
    while True:
        for part in parts:
            part.demand_alive()
        time.sleep(0.2)


def stop(part: Part) -> None:
    """Ask a part to finish what is in flight and end; after a while, make it."""
    if part.process.poll() is None:
        part.process.terminate()
        try:
            part.process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            part.process.kill()
            part.process.wait()


def _status(address: str, path: str) -> int:
    """Ask without urllib: it would go through a proxy that the user has set."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _manner(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _tail(log: Path) -> str:
    return "\n".join("  " + line for line in log.read_text(errors="replace").strip().splitlines()[-15:])
