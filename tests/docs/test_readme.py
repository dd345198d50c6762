"""What the pages tell to type is typed, against a real service; what they show is what it answers."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from tests.docs.walking import ROOT, Step, differences, steps, unlike, walked

FIRST = "README.md"
GO_ON = ["docs/forwarders.md", "docs/operators.md", "docs/customs.md"]
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="the pages use curl, which is not installed")


@pytest.fixture
def folder(url, keys, tmp_path):
    """A folder like a checkout in which `run.py` has started the service: `.data/demo.json` and an address that works."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "demo.json").write_text(json.dumps({"url": address, "keys": keys}))
    with subprocess.Popen(
        [sys.executable, "-m", "service", "api", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "SLOTWAY_PUBLIC_URL": address, "SLOTWAY_LOG_LEVEL": "error"},
    ) as service:
        try:
            await_ready(service, address)
            yield tmp_path
        finally:
            service.terminate()


def await_ready(service: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + 30
    while True:
        assert service.poll() is None and time.monotonic() < until, "the service has not become ready"  # noqa: PT018
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{address}/readyz", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return


@needs_curl
def test_the_first_booking_of_the_readme_works_as_printed(folder):
    walk = steps(FIRST)
    assert [step.kind for step in walk] == ["", "json", "json", "json", "json", "json"]
    assert found_wrong(walk, folder) == []


@needs_curl
@pytest.mark.parametrize("page", GO_ON)
def test_each_users_page_goes_on_from_there_and_works_as_printed(folder, page):
    walk = steps(page)
    assert any(step.kind for step in walk)
    assert found_wrong([*steps(FIRST), *walk], folder) == []


def found_wrong(walk: list[Step], folder) -> list[str]:
    return [wrong for step, said in zip(walk, walked(walk, folder), strict=True) for wrong in differences(step, said)]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ('{"state": "held"}', {"state": "confirmed"}),
        ('{"state": "held"}', {"state": "held", "version": 1}),
        ('{"state": "held", ...}', {"version": 1}),
        ("[1, ..., 3]", [1, 2]),
        ('{"start": "2026-12-01T06:00:00Z"}', {"start": "2026-12-01T07:00:00Z"}),
        ('{"id": "bkg_01m8..."}', {"id": "leg_01m8"}),
        ('{"message": "A draught of ... m"}', {"message": "A beam of 30 m"}),
    ],
)
def test_an_answer_that_is_not_as_shown_is_told_apart(shown, said):
    assert differences(Step("page", "", "json", shown), json.dumps(said)) != []


def test_an_answer_may_have_more_only_where_the_page_says_so():
    assert list(unlike({"a": 1, "...": "..."}, {"a": 1, "b": 2}, "page")) == []
