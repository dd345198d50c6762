"""`python3 run.py`, for real, in a copy of the checkout whose path has a space: started, started again, killed.

They share one copy and its one installation: `run.py test` gives the tests of a file to one worker.
"""

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
NOT_COPIED = (".git", ".venv", ".data", "home", "*.lock.*", "__pycache__", ".*_cache", ".hypothesis")
KEYS = {"forwarder", "rival", "operator_pkkhi", "operator_pkgwd", "customs", "admin"}


class Run:
    """One `run.py` in the copy, its output in a file."""

    def __init__(self, clone, *arguments):
        self.output = Path(tempfile.mkdtemp(dir=clone.parent), "output.txt")
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.begun = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "run.py", *arguments], cwd=clone, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self):
        return self.output.read_text()

    def await_ready(self, within_s):
        """Wait for the greeting's last line; gives the seconds that it took."""
        while "Ctrl-C ends it all" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() - self.begun < within_s, self.said
            time.sleep(0.02)
        return time.monotonic() - self.begun

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(40)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of the checkout without what a start makes; nothing of it lives on after the tests."""
    place = tmp_path_factory.mktemp("run") / "my slotway"
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*NOT_COPIED))
    yield place
    for pid in at_work_in(place):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


@pytest.fixture
def run(clone):
    """Start `run.py` in the copy; what a failed test left running is ended."""
    runs = []

    def start(*arguments):
        runs.append(Run(clone, *arguments))
        return runs[-1]

    yield start
    for each in runs:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def started_before(clone, port, run):
    """Make the first start, where no test before has made it."""
    if not (clone / ".data" / "demo.json").exists():
        first = run("--port", port)
        first.await_ready(within_s=300)
        first.end()


def at_work_in(place):
    """The processes that work in a folder of the copy: API, worker, and every process of PostgreSQL."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "cwd").readlink().is_relative_to(place):
                found.append(int(folder.name))
    return found


def nobody_works_in(place, within_s=15):
    until = time.monotonic() + within_s
    while at_work_in(place) and time.monotonic() < until:
        time.sleep(0.05)
    return at_work_in(place) == []


def answer(curl):
    """Do what a printed curl line says, without curl."""
    words = shlex.split(curl)
    url = urlsplit(words[-1])
    headers = dict(word.split(": ", 1) for word in words if ": " in word)
    connection = http.client.HTTPConnection(url.netloc, timeout=10)
    connection.request("GET", url.path + (f"?{url.query}" if url.query else ""), headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_a_taken_port_is_told_before_anything_is_installed(clone, run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = run("--port", str(taken.getsockname()[1]))
        assert refused.process.wait(20) == 1
    assert re.fullmatch(
        r"run\.py: port \d+ on 127\.0\.0\.1 cannot be used \(.+\); choose another with --port\n", refused.said
    )
    assert not (clone / ".venv").exists()


def test_a_first_start_installs_and_its_printed_lines_work_and_ctrl_c_ends_it_all(clone, port, run):
    first = run("--port", port)
    first.await_ready(within_s=300)
    assert "installing requirements.lock" in first.said
    curls = [line.strip() for line in first.said.splitlines() if line.strip().startswith("curl ")]
    assert [answer(curl)[0] for curl in curls] == [200, 200, 200]
    demo = json.loads((clone / ".data" / "demo.json").read_text())
    assert demo["url"] == f"http://127.0.0.1:{port}"
    assert set(demo["keys"]) == KEYS
    assert (clone / ".data" / "demo.json").stat().st_mode & 0o777 == 0o600
    assert (clone / ".data" / "signing-keys.json").stat().st_mode & 0o777 == 0o600
    assert len(json.loads(answer(f"curl {demo['url']}/.well-known/jwks.json")[1])["keys"]) == 1

    second = run("--port", "1")
    assert second.process.wait(20) == 1
    assert second.said.startswith(f"run.py: it already runs in this checkout (pid {first.process.pid}, ")
    assert first.end() == 0
    assert "Traceback" not in first.said
    assert nobody_works_in(clone)


@pytest.mark.usefixtures("started_before")
def test_a_second_start_installs_nothing(clone, port, run):
    again = run("--port", port)
    again.await_ready(within_s=30)
    assert "installing" not in again.said
    assert again.end(signal.SIGTERM) == 0
    assert nobody_works_in(clone)


@pytest.mark.usefixtures("started_before")
def test_kill_9_leaves_nothing_behind_and_nothing_in_the_way_of_the_next_start(clone, port, run):
    killed = run("--port", port)
    killed.await_ready(within_s=30)
    assert len(at_work_in(clone)) > 4
    killed.end(signal.SIGKILL)
    successor = run("--port", port)
    successor.await_ready(within_s=30)
    assert successor.end() == 0
    assert nobody_works_in(clone)


@pytest.mark.parametrize(
    ("part", "word"), [("api", "service api"), ("worker", "service worker"), ("database", "bin/postgres")]
)
@pytest.mark.usefixtures("started_before")
def test_a_part_that_dies_ends_the_whole_and_is_named(clone, port, run, part, word):
    whole = run("--port", port)
    whole.await_ready(within_s=30)
    children = Path(f"/proc/{whole.process.pid}/task/{whole.process.pid}/children").read_text().split()
    victim = next(pid for pid in children if word in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
    os.kill(int(victim), signal.SIGKILL)
    assert whole.process.wait(40) == 1
    assert f"run.py: the {part} has died (signal 9)" in whole.said
    assert nobody_works_in(clone)


@pytest.mark.usefixtures("started_before")
def test_other_words_go_to_the_service_with_the_database_started(clone, run):
    for words, said in ((["migrate"], ""), (["signing-keys", "make"], "is there already")):
        passed_on = run(*words)
        assert passed_on.process.wait(60) == 0, passed_on.said
        assert said in passed_on.said
    assert nobody_works_in(clone)


@pytest.mark.usefixtures("started_before")
def test_reset_forgets_the_data(clone, port, run):
    (clone / ".data" / "left.txt").write_text("from before")
    reset = run("--reset", "--port", port)
    reset.await_ready(within_s=60)
    assert reset.end() == 0
    assert not (clone / ".data" / "left.txt").exists()
    assert "installing" not in reset.said


def test_an_older_python_is_told_so():
    program = "import sys; sys.version_info = (3, 9, 1); sys.argv = ['run.py']; exec(open('run.py').read())"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stderr.startswith("run.py needs Python 3.11 or newer; this is 3.9 (")
