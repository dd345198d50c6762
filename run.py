#!/usr/bin/env python3
"""The one command of a fresh clone: it makes the environment, the database and the service. Standard library only.

    python3 run.py [--host 127.0.0.1] [--port 8000] [--reset]    start everything; Ctrl-C ends it
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
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from service import child, embedded

VENV, TOOLS, DATA = ROOT / ".venv", ROOT / ".tools", ROOT / ".data"
PYTHON, STAMP, DEMO = VENV / "bin" / "python", VENV / "installed.txt", DATA / "demo.json"
LOCK, DEV_LOCK = "requirements.lock", "requirements-dev.lock"
# Each of these would send an installation elsewhere than into .venv, or a child to other modules than ours.
MISLEADING = ("PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER")
MISLEADING += ("PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON", "UV_PROJECT", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_CONFIG_FILE")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as check; check()"
STATIC_CHECKS = {
    "ruff format --check": ["-m", "ruff", "format", "--check", "."],
    "ruff check": ["-m", "ruff", "check", "."],
    "mypy": ["-m", "mypy"],
    "lint-imports": ["-c", LINT_IMPORTS],
}


def say(text: str) -> None:
    """Print at once: whoever waits reads along, also through a pipe."""
    print(text, flush=True)


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
    """Install with uv, or with pip where uv cannot be had. The stamp comes last: an interrupted one starts again."""
    STAMP.unlink(missing_ok=True)
    uv = find_uv()
    if not works([str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        say("making .venv")
        shutil.rmtree(VENV, ignore_errors=True)
        patiently([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "python -m venv")
    say(f"installing {lock} with {'uv' if uv else 'pip'}")
    if uv:
        patiently([uv, "pip", "sync", "--require-hashes", "--python", str(PYTHON), lock], "uv pip sync")
    else:
        patiently([str(PYTHON), "-m", "ensurepip"], "python -m ensurepip")
        patiently([str(PYTHON), "-m", "pip", "install", "--require-hashes", "-r", lock], "pip install")
    STAMP.write_text(fingerprint(lock))


def find_uv() -> str | None:
    """Give uv from PATH or from beside the project, where pip puts it when it is missing; None if it cannot be had."""
    ours = TOOLS / "uv" / "bin" / "uv"
    for candidate in (shutil.which("uv"), str(ours)):
        if candidate and works([candidate, "--version"]):
            return candidate
    say("installing uv beside the project")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(TOOLS / "uv"), "uv"]
    return str(ours) if works(pip) and works([str(ours), "--version"]) else None


def works(command: list[str]) -> bool:
    """Say whether the command can be run and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, check=False, env=clean_environment()).returncode == 0
    except OSError:
        return False


def patiently(command: list[str], name: str) -> None:
    """Run a command to its end and say every few seconds that it is still at it; end with its name if it fails."""
    process = subprocess.Popen(command, env=clean_environment(), cwd=ROOT)
    begun = time.monotonic()
    while True:
        try:
            if process.wait(5):
                sys.exit(f"run.py: {name} failed; its own words are above")
        except subprocess.TimeoutExpired:
            say(f"  ... {name} is at it for {time.monotonic() - begun:.0f} s")
        else:
            return


# --- the checks ------------------------------------------------------------------------------------------------------


def test(arguments: list[str]) -> int:
    """Run the static checks beside each other, then pytest. The first that fails ends it, and is named."""
    install(DEV_LOCK)
    begun = time.monotonic()
    running = {name: started_check(arguments) for name, arguments in STATIC_CHECKS.items()}
    outcomes = {name: finished_check(name, process, begun) for name, process in running.items()}
    if failed := [name for name, code in outcomes.items() if code]:
        say(f"run.py test: failed: {', '.join(failed)}")
        return 1
    say("pytest")
    begun = time.monotonic()
    code = in_foreground([str(PYTHON), "-m", "pytest", "-n", "auto", *arguments], clean_environment())
    say(f"pytest: {'passed' if code == 0 else f'failed (exit {code})'} after {time.monotonic() - begun:.1f} s")
    return code


def started_check(arguments: list[str]) -> "subprocess.Popen[str]":
    """Start one static check, its output kept until its turn to be shown."""
    command = [str(PYTHON), *arguments]
    pipe, merged = subprocess.PIPE, subprocess.STDOUT
    return subprocess.Popen(command, cwd=ROOT, env=clean_environment(), stdout=pipe, stderr=merged, text=True)


def finished_check(name: str, process: "subprocess.Popen[str]", begun: float) -> int:
    """Wait for one static check; show its output if it failed, and its time."""
    output, _ = process.communicate()
    if process.returncode:
        say(output.rstrip())
    say(f"{name}: {'failed' if process.returncode else 'passed'} by {time.monotonic() - begun:.1f} s")
    return process.returncode


def in_foreground(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command that has the terminal. A Ctrl-C is its own affair: it hears it too, and we wait for its end."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
