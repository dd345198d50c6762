#!/usr/bin/env python3
"""The one command of a fresh clone: it makes the environment, the database and the service. Standard library only.

    python3 run.py [--host 127.0.0.1] [--port 8000] [--reset]    start everything; Ctrl-C ends it
    python3 run.py tour                                          a corridor played from end to end by three programs
    python3 run.py test [pytest arguments]                       all checks, then the tests
    python3 run.py bench [arguments]                             the benchmarks
    python3 run.py <anything else>                               python -m service <...>, with the database started

docs/starting.md tells what it leaves where, and what to do when it complains.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  whoever has an older one must read this, not a traceback
    sys.exit("run.py needs Python 3.11 or newer; this is %d.%d (%s)" % (*sys.version_info[:2], sys.executable))  # noqa: UP031

import argparse
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from service import child, embedded, local
from service import tour as corridor
from service.parts import give_up, say

ROOT = Path(__file__).resolve().parent
VENV, TOOLS = ROOT / ".venv", ROOT / ".tools"
PYTHON, STAMP = VENV / "bin" / "python", VENV / "installed.txt"
LOCK, DEV_LOCK = "requirements.lock", "requirements-dev.lock"
# Each of these would send an installation elsewhere than into .venv, or a child to other modules than ours.
MISLEADING = (
    *("PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT", "UV_PYTHON", "UV_SYSTEM_PYTHON"),
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV"),
)
# A file's tests stay together: those of the drills share one installation.
SIDE_BY_SIDE = ("-n", "auto", "--dist", "loadscope", "--no-loadscope-reorder")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as check; check()"
STATIC_CHECKS = {
    "ruff format --check": ["-m", "ruff", "format", "--check", "."],
    "ruff check": ["-m", "ruff", "check", "."],
    "mypy": ["-m", "mypy"],
    "lint-imports": ["-c", LINT_IMPORTS, "--no-logo"],
}


# --- the environment -------------------------------------------------------------------------------------------------


def clean_environment() -> dict[str, str]:
    """Give our environment without what would mislead a child, and with a home that can be written."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(MISLEADING)}
    if not os.access(kept.get("HOME") or "/nonexistent", os.W_OK | os.X_OK):
        kept["HOME"] = str(TOOLS / "home")
    return kept


def install(lock: str) -> None:
    """Bring `.venv` to the state of the lock file; nothing to do when its stamp says so already.

    The development lock holds all of the other one, so it serves both.
    """
    if not is_installed(lock):
        (TOOLS / "home").mkdir(parents=True, exist_ok=True)
        with (TOOLS / "install.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not is_installed(lock):
                install_now(lock)


def is_installed(lock: str) -> bool:
    """Say whether the stamp of the environment is that of the lock file, or of the larger one, at this path."""
    stamps = {fingerprint(name) for name in (lock, DEV_LOCK)}
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text() in stamps


def fingerprint(lock: str) -> str:
    """Name what an installation depends on: the lock's bytes, and the path, which its scripts contain."""
    return hashlib.sha256((ROOT / lock).read_bytes() + os.fsencode(ROOT)).hexdigest()


def install_now(lock: str) -> None:
    """Install with uv, else with pip. The stamp comes last: an interrupted installation starts again."""
    STAMP.unlink(missing_ok=True)
    if not works([str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        say("making .venv")
        shutil.rmtree(VENV, ignore_errors=True)
        demand(patiently([sys.executable, "-m", "venv", "--without-pip", str(VENV)]), "python -m venv")
    if not install_with_uv(lock):
        # Also where uv was had but failed: pip knows its own settings for a proxy or a certificate.
        say(f"installing {lock} with pip")
        demand(patiently([*find_pip(), "install", "--require-hashes", "-r", lock]), "pip install")
    STAMP.write_text(fingerprint(lock))


def install_with_uv(lock: str) -> bool:
    """Install with uv; False if it cannot be had, or fails."""
    uv = find_uv()
    if uv is None:
        return False
    say(f"installing {lock} with uv")
    return patiently([uv, "pip", "sync", "--require-hashes", "--python", str(PYTHON), lock])


def find_uv() -> str | None:
    """Give uv from PATH or from beside the project, where pip puts it when it is missing; None if it cannot be had."""
    ours = TOOLS / "uv" / "bin" / "uv"
    for candidate in (shutil.which("uv"), str(ours)):
        if candidate and works([candidate, "--version"]):
            return candidate
    say("installing uv beside the project")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(TOOLS / "uv"), "uv"]
    return str(ours) if works(pip) and works([str(ours), "--version"]) else None


def find_pip() -> list[str]:
    """Give a pip for the environment: that of this Python (Debian splits ensurepip off), else one put into it."""
    if works([sys.executable, "-m", "pip", "--python", str(PYTHON), "--version"]):
        return [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    demand(patiently([str(PYTHON), "-m", "ensurepip"]), "python -m ensurepip")
    return [str(PYTHON), "-m", "pip"]


def mortal(command: list[str]) -> list[str]:
    """Make a command end with us, even if we are killed."""
    return child.command(child.Identity.SELF, signal.SIGKILL, *command)


def works(command: list[str]) -> bool:
    """Say whether the command can be run and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, check=False, env=clean_environment()).returncode == 0
    except OSError:
        return False


def patiently(command: list[str]) -> bool:
    """Run a command to its end, say every few seconds that it is still at it, and give whether it succeeded."""
    process = subprocess.Popen(mortal(command), env=clean_environment(), cwd=ROOT)
    begun = time.monotonic()
    while True:
        try:
            return process.wait(5) == 0
        except subprocess.TimeoutExpired:
            say(f"  ... still at it after {time.monotonic() - begun:.0f} s")


def demand(succeeded: bool, name: str) -> None:  # noqa: FBT001  the outcome of a step, and its name
    """End when a step has failed."""
    if not succeeded:
        give_up(f"{name} failed; its own words are above")


# --- the checks ------------------------------------------------------------------------------------------------------


def test(arguments: list[str]) -> int:
    """Run the static checks beside each other; name those that failed, and only if there is none run pytest."""
    install(DEV_LOCK)
    with ThreadPoolExecutor(len(STATIC_CHECKS)) as side_by_side:
        failed = [name for name, passed in side_by_side.map(check, STATIC_CHECKS) if not passed]
    if failed:
        say(f"run.py test: failed: {', '.join(failed)}")
        return 1
    say("pytest")
    begun = time.monotonic()
    code = in_foreground([str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, *arguments], clean_environment())
    say(f"pytest: {'passed' if code == 0 else f'failed (exit {code})'} after {time.monotonic() - begun:.1f} s")
    return code


def check(name: str) -> tuple[str, bool]:
    """Run one static check; say how it went and how long it took, with its output if it failed."""
    begun = time.monotonic()
    command = [str(PYTHON), *STATIC_CHECKS[name]]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(), capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    output = "" if done.returncode == 0 else f"{done.stdout}{done.stderr}".strip() + "\n"
    say(f"{output}{name}: {'failed' if done.returncode else 'passed'} after {time.monotonic() - begun:.1f} s")
    return name, done.returncode == 0


def in_foreground(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command that has the terminal. A Ctrl-C is its own affair: it hears it too, and we wait for its end."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(mortal(command), cwd=ROOT, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


# --- the commands ----------------------------------------------------------------------------------------------------


def checkout() -> local.Checkout:
    """Give the places of this checkout, for its children."""
    return local.Checkout(ROOT, PYTHON, ROOT / ".data", clean_environment())


def serve(arguments: list[str]) -> int:
    """Start everything and stay until Ctrl-C."""
    parser = argparse.ArgumentParser("run.py", usage=__doc__, add_help=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--reset", action="store_true")
    asked = parser.parse_args(arguments)
    with local.only_one(TOOLS / "run.lock", local.url_of(asked.host, asked.port)):
        local.demand_free_port(asked.host, asked.port)
        if asked.reset:
            local.forget(checkout())
        install(LOCK)
        try:
            local.serve(checkout(), asked.host, asked.port)
        except KeyboardInterrupt:
            say("stopped")
    return 0


def pass_on(arguments: list[str]) -> int:
    """Run `python -m service ...` beside the database, started for the time being if it does not run."""
    install(LOCK)
    here = checkout()
    with local.database(here) as url:
        return in_foreground(here.program(*arguments), local.variables_of(here, url))


def tour(arguments: list[str]) -> int:
    """Play a corridor from end to end, beside whatever else runs here."""
    argparse.ArgumentParser("run.py tour", add_help=False).parse_args(arguments)
    install(DEV_LOCK)
    corridor.play(checkout())
    return 0


def bench(arguments: list[str]) -> int:
    """Run the benchmarks, which start a durable server of their own."""
    install(DEV_LOCK)
    return in_foreground([str(PYTHON), "-m", "benchmarks", *arguments], clean_environment())


def interrupt(*_: object) -> None:
    """Treat SIGTERM and a closed terminal like Ctrl-C; once is enough, what follows is the clearing up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    """Do what the first word says; without one, start everything."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN or number is signal.SIGINT:
            signal.signal(number, interrupt)
    if arguments and arguments[0] in {"-h", "--help"}:
        say(str(__doc__))
        return 0
    try:
        TOOLS.mkdir(exist_ok=True)
        if not arguments or arguments[0].startswith("-"):
            return serve(arguments)
        commands = {"tour": tour, "test": test, "bench": bench}
        return commands[arguments[0]](arguments[1:]) if arguments[0] in commands else pass_on(arguments)
    except KeyboardInterrupt:
        return 130
    except embedded.EmbeddedError as error:
        give_up(str(error))
    except PermissionError as error:
        give_up(f"cannot write {error.filename}: {error.strerror}; run it as the owner of {ROOT}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
