"""`python -m service signing-keys ...`: making and rotating the keys that access tokens are signed with."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from service import clock
from service.tokens import keyfile


def parser() -> argparse.ArgumentParser:
    """Describe `signing-keys make` and `signing-keys rotate`."""
    top = argparse.ArgumentParser(prog="python -m service signing-keys", description="The file SLOTWAY_SIGNING_KEYS.")
    actions = top.add_subparsers(required=True, metavar="make | rotate")
    actions.add_parser("make", help="make the file, if there is none").set_defaults(work=_make)
    actions.add_parser("rotate", help="sign with a new key from now on").set_defaults(work=_rotate)
    return top


def run(given: Sequence[str], file: Path | None) -> None:
    """Do what follows `signing-keys` on the command line."""
    arguments = parser().parse_args(given)
    if file is None:
        sys.exit("SLOTWAY_SIGNING_KEYS names no file")
    try:
        arguments.work(file)
    except keyfile.KeysUnreadable as error:
        sys.exit(f"{file} is left as it is: {error}")
    except OSError as error:
        sys.exit(f"{file} can't be written: {error.strerror}")


def _make(file: Path) -> None:
    _say(f"{file} is made" if keyfile.make(file) else f"{file} is there already")


def _rotate(file: Path) -> None:
    new, *former = keyfile.rotate(file, at=clock.now().timestamp())
    _say(f"{new} signs; every process knows within seconds")
    for kid in former:
        _say(f"{kid} verifies, until its tokens have expired")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
