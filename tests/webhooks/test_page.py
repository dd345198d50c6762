"""The page for receivers: the program that it prints believes what is signed, and its tables are the service's."""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import closing

import httpx
import pytest

from service.webhooks import rules, schemas
from tests.docs.walking import BLOCK, ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
UNITS = {"s": 1, "min": 60, "h": 3600}
EVENT = b'{"id":"evt_1","type":"booking.held","subject":"bkg_1","sequence":"0000000000000004"}'


@pytest.fixture
def secret() -> bytes:
    return rules.new_secret()


@pytest.fixture
def receiver(tmp_path, secret):
    """The program of the page as a process: it and its address."""
    pytest.importorskip("standardwebhooks")
    (program,) = [found[2] for found in BLOCK.finditer(PAGE) if found[1] == "python"]
    (tmp_path / "receiver.py").write_text(program)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"SECRET": rules.secret_text(secret), "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "receiver.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        await_open(process, port)
        yield process, f"http://127.0.0.1:{port}/slotway"
        process.terminate()


def await_open(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 15
    while True:
        assert process.poll() is None and time.monotonic() < until, "the receiver does not listen"  # noqa: PT018
        with closing(socket.socket()) as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


def sent(address: str, *live: bytes, body: bytes = EVENT, ago_s: int = 0) -> int:
    at = int(time.time()) - ago_s
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(at),
        "webhook-signature": rules.signature(live, "evt_1", at, EVENT),
    }
    return httpx.post(address, content=body, headers=headers, trust_env=False).status_code


def test_the_receiver_of_the_page_takes_what_is_signed_once_and_nothing_else(receiver, secret):
    process, address = receiver
    other = rules.new_secret()
    assert sent(address, secret) == 204
    assert sent(address, other, secret) == 204
    assert sent(address, other) == 400
    assert sent(address, secret, body=EVENT.replace(b"held", b"lost")) == 400
    assert sent(address, secret, ago_s=600) == 400
    process.terminate()
    assert process.stdout.read() == b"0000000000000004 booking.held bkg_1\n"


def test_the_tries_of_the_page_are_those_of_the_schedule():
    told = re.findall(r"^\| \d+ \| (\d+) (s|min|h) \|$", PAGE, re.MULTILINE)
    assert [int(number) * UNITS[unit] for number, unit in told] == list(rules.WAITS_S)


def test_the_errors_of_the_page_are_those_of_the_document():
    table = PAGE.partition("| `error` |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == list(schemas.ERRORS)


def test_the_bounds_of_the_page_are_those_of_the_service():
    text = re.sub(r"\s+", " ", PAGE)
    for said in (
        f"up to {rules.MOST_ENDPOINTS} endpoints",
        f"at most {rules.MOST_REPLAYED} events",
        f"{rules.MOST_AGAIN:,} that you have asked for again",
        f"For {rules.TWO_SECRETS_H} hours everything is signed with both",
    ):
        assert said in text
