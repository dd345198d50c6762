"""A corridor played from end to end: a service on data of its own, and three programs that know its address and a key.

    run.py tour ─┬─ database, API and worker, forgotten at the end
                 ├─ examples/port_operator.py   asks for approval ─┐
                 ├─ examples/customs.py         declares          ─┤ then they follow the stream
                 └─ examples/forwarder.py                          └─ begins

From then on they only meet in Slotway. Standard library only: `run.py` imports this.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from service import child
from service.local import Checkout, running, url_of
from service.parts import Part, give_up, say

HOST, WITHIN_S = "127.0.0.1", 180
READY = "follows the stream"
STORY = """A forwarder books a berth and a floor for a ship, and a floor for a lot that stands at the gate of Gwadar.
The operator approves, takes the lot in, and closes a part of the quay. Customs holds the lot, and releases it."""
GD_SHIP, GD_LOT = "KAPW-HC-22012-18-08-2022", "KAPS-HC-36035-06-09-2024"


@dataclass(frozen=True)
class Role:
    """One of the programs: what it is called, its file, the demonstration's key that it has, and its colour."""

    name: str
    file: str
    key: str
    colour: int
    declarations: tuple[str, ...] = ()


OPERATOR = Role("operator", "port_operator.py", "operator_pkgwd", 33)
CUSTOMS = Role("customs", "customs.py", "customs", 35, (GD_SHIP, GD_LOT))
FORWARDER = Role("forwarder", "forwarder.py", "forwarder", 36, (GD_SHIP, GD_LOT))


@dataclass
class Player:
    """A program that runs; what it says is told as it says it."""

    role: Role
    process: subprocess.Popen[str]
    ready: threading.Event = field(default_factory=threading.Event)

    def tell(self) -> None:
        """Tell its lines until it ends."""
        name = f"{self.role.name:>9} │"
        if sys.stdout.isatty():
            name = f"\033[{self.role.colour}m{name}\033[0m"
        for line in self.process.stdout or ():
            say(f"{name} {line.rstrip()}")
            if line.strip() == READY:
                self.ready.set()


def play(here: Checkout) -> None:
    """Play it. Ends with an error when a program does, or when it takes longer than three minutes."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slotway-tour-") as folder:
        ours = replace(here, data=Path(folder), environment=_plain(here))
        with socket.create_server((HOST, 0)) as free:
            port = free.getsockname()[1]
        with running(ours, HOST, port) as parts:
            say(f"ready at {url_of(HOST, port)}\n\n{STORY}\n")
            _perform(ours, url_of(HOST, port), parts)
    say(
        f"\nAll of it took {time.monotonic() - begun:.0f} s, and its data is gone. The three programs are in examples/."
    )


def _plain(here: Checkout) -> dict[str, str]:
    """Give the environment without what would make it another service than that of a fresh clone."""
    return {
        name: value for name, value in here.environment.items() if not name.startswith(("SLOTWAY_", "DATABASE_URL"))
    }


def _perform(here: Checkout, address: str, parts: list[Part]) -> None:
    keys = json.loads(here.demo.read_text())["keys"]
    until = time.monotonic() + WITHIN_S
    with _player(here, address, keys, OPERATOR) as operator, _player(here, address, keys, CUSTOMS) as customs:
        for each in (operator, customs):
            _await(each, parts, until, to_be_ready=True)
        with _player(here, address, keys, FORWARDER) as forwarder:
            for each in (operator, customs, forwarder):
                _await(each, parts, until)


@contextmanager
def _player(here: Checkout, address: str, keys: dict[str, str], role: Role) -> Iterator[Player]:
    """Start a program, and end it afterwards with all that it has started."""
    command = [str(here.python), "-u", str(here.root / "examples" / role.file), *role.declarations]
    # What it leaves in its temporary folder when it is killed goes with ours.
    known = {"SLOTWAY_URL": address, "SLOTWAY_KEY": keys[role.key], "TMPDIR": str(here.data), "NO_PROXY": HOST}
    process = subprocess.Popen(  # noqa: S603  our own program
        child.command(child.Identity.SELF, signal.SIGKILL, *command), cwd=here.root, start_new_session=True, text=True,
        env={**here.environment, "PYTHONPATH": str(here.root / "clients" / "python" / "src"), **known},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    player = Player(role, process)
    telling = threading.Thread(target=player.tell, daemon=True)
    telling.start()
    try:
        yield player
        telling.join()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(player: Player, parts: list[Part], until: float, *, to_be_ready: bool = False) -> None:
    """Wait until a program has ended well, or has only said that it is ready."""
    while player.process.poll() is None and not (to_be_ready and player.ready.is_set()):
        for part in parts:
            part.demand_alive()
        if time.monotonic() > until:
            give_up(f"the {player.role.name} is not through after {WITHIN_S} s")
        time.sleep(0.05)
    if player.process.returncode:
        give_up(f"the {player.role.name} has failed (exit {player.process.returncode})")
