"""`python3 run.py tour`, as somebody sees it who has just cloned: the whole corridor, and nothing left of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each of these needs the one before, whoever says it.
STORY = [
    "customs │ declares KAPS-HC-36035-06-09-2024: no booking travels under it yet",
    "customs │ follows the stream",
    "forwarder │ is offered PKGWD-MPT, metres 0 to 209, ",
    "forwarder │ has a booking that is pending: this quay asks its operator",
    "operator │ approves SHIP ",
    "forwarder │ has the ship confirmed, and kills its follower",
    "forwarder │ books a floor for the lot at the gate, and it is confirmed: 300 pallet of PKGWD-FZS-W2",
    "customs │ asks whether it is 400 packages and 398 t: match",
    "customs │ asks whether it is 410 packages and 400 t: mismatch: 410 packages are declared, 400 are booked. ",
    "operator │ may not let the goods out: customs-hold-open",
    "operator │ looks what closing metres 0 to 209 would do to bookings: 1 moved, 0 displaced",
    "forwarder │ reads where its ship is now: PKGWD-MPT, metres 209 to 418, ",
    "forwarder │ hands in the papers that customs waits for: ",
    "customs │ has the papers, and releases the lot",
    "operator │ reports 130 packages out; their floor is free from tomorrow on",
    "customs │ sees the lot cross the border",
    "forwarder │ starts its follower again",
    "events in the feed, and in the file of its follower, each once",
    "of them as webhooks, all verified, in order, each once",
    "All of it took ",
]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, in the place of the usual one."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def begun():
    """The tour, begun as from a terminal in which other settings stand."""
    nowhere = "127.0.0.1:1"
    misleading = {
        "DATABASE_URL": f"postgresql://nobody@{nowhere}/none", "HTTP_PROXY": f"http://{nowhere}", "SLOTWAY_ENVIRONMENT": "live",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "run.py", "tour"], cwd=ROOT, env={**os.environ, **misleading}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def at_work_on(folder):
    """The command lines of the processes that name the folder."""
    commands = [each.read_bytes().decode() for each in Path("/proc").glob("[0-9]*/cmdline") if each.exists()]
    return [each for each in commands if str(folder) in each]


def test_the_tour_tells_its_story_from_the_first_declaration_to_the_border_and_leaves_nothing(temporary):
    with begun() as tour:
        said, _ = tour.communicate(timeout=240)
    assert tour.returncode == 0, said
    at = -1
    for line in STORY:
        assert line in said[at + 1 :], f"{line!r} did not come, or not in its turn:\n{said}"
        at = said.index(line, at + 1)
    assert list(temporary.iterdir()) == []


def test_a_tour_that_is_broken_off_leaves_nothing(temporary):
    with begun() as tour:
        for line in tour.stdout:
            if "has an endpoint for webhooks" in line:
                break
        tour.send_signal(signal.SIGINT)
        assert tour.wait(60) == 130
    until = time.monotonic() + 10
    while at_work_on(temporary) and time.monotonic() < until:
        time.sleep(0.1)
    assert at_work_on(temporary) == []
    assert list(temporary.iterdir()) == []
