"""A child process that ends with its parent, also after `kill -9`, and that may run as somebody else than root.

This file is run as a program between the parent and the command, in place of `preexec_fn`: it then stays one process
with the command it becomes, and forks safely whatever threads the parent has.

    parent ──Popen──> child.py ──exec──> command        PR_SET_PDEATHSIG survives the exec

PostgreSQL refuses to run as root. As root a command can run in a user namespace of its own, where root's number is an
ordinary one (files stay root's), or, where namespaces are forbidden, as `nobody`. Standard library only, Linux.
"""

import ctypes
import os
import pwd
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

CLONE_NEWUSER = 0x10000000  # linux/sched.h
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2  # linux/prctl.h
CAP_DAC_OVERRIDE, CAPABILITIES_V3 = 1, 0x20080522  # linux/capability.h


class Identity(StrEnum):
    """Who a child is."""

    SELF = "self"  # the user that runs the parent
    NAMESPACE = "namespace"  # the same user under another number, in a user namespace of its own
    NOBODY = "nobody"  # the system's `nobody`; it keeps root's way through closed folders


def command(identity: Identity, stop: signal.Signals, *argv: str | Path) -> list[str]:
    """Give the command line that runs `argv` as `identity`, and sends it `stop` when the calling thread is gone."""
    launcher = [sys.executable, "-I", "-S", __file__, identity, str(int(stop)), str(os.getpid())]
    return [*launcher, *(str(argument) for argument in argv)]


def identity_for_postgres() -> Identity:
    """Who can run PostgreSQL here: it needs a number other than 0 that the user database knows."""
    with suppress(KeyError):
        if pwd.getpwuid(os.geteuid()) and os.geteuid() != 0:
            return Identity.SELF
    return Identity.NAMESPACE if namespaces_allowed() else Identity.NOBODY


def namespaces_allowed() -> bool:
    """Whether this user may make a user namespace: containers and some kernels forbid it."""
    probe = command(Identity.NAMESPACE, signal.SIGKILL, "/bin/true")
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0  # noqa: S603  our own program


def uid_of(identity: Identity) -> int:
    """Give the number that owns what the child writes, seen from here."""
    return pwd.getpwnam("nobody").pw_uid if identity is Identity.NOBODY else os.geteuid()


def become(identity: Identity, stop: int, parent: int, argv: list[str]) -> None:
    """Turn this process into the command. Changes of identity clear the signal of the parent's death: it is last."""
    libc = ctypes.CDLL(None, use_errno=True)
    if identity is Identity.NAMESPACE:
        _enter_namespace(libc)
    if identity is Identity.NOBODY:
        _become_nobody(libc)
    _demand(libc.prctl(PR_SET_PDEATHSIG, stop, 0, 0, 0))
    if os.getppid() == parent:  # else it died before the line above, and no signal will come
        os.execv(argv[0], argv)  # noqa: S606  no shell is the point


def _enter_namespace(libc: ctypes.CDLL) -> None:
    """Map our own user and group, and nothing else, to those of an ordinary account."""
    account = next(entry for entry in _ordinary_accounts() if entry.pw_uid)
    user, group = os.geteuid(), os.getegid()
    _demand(libc.unshare(CLONE_NEWUSER))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{account.pw_uid} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{account.pw_gid} {group} 1")


def _ordinary_accounts() -> list[pwd.struct_passwd]:
    return sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody")


def _become_nobody(libc: ctypes.CDLL) -> None:
    """Give up root for good, but keep CAP_DAC_OVERRIDE: without it a checkout below /root would be out of reach."""
    account = pwd.getpwnam("nobody")
    _demand(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    header = struct.pack("Ii", CAPABILITIES_V3, 0)
    kept = struct.pack("6I", 1 << CAP_DAC_OVERRIDE, 1 << CAP_DAC_OVERRIDE, 1 << CAP_DAC_OVERRIDE, 0, 0, 0)
    # Where the machine has taken that right from root too, go on without it: an open folder needs none.
    if libc.capset(header, kept) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _demand(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    become(Identity(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
