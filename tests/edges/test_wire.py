"""On a real connection: bodies that never end, clients that leave, and HEAD."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from service.protocol import MOST_HEAD_BYTES, Protocol


@pytest.fixture
def server(app: FastAPI) -> Iterator[int]:
    """Give the port of a real uvicorn in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(
        uvicorn.Config(app, http=Protocol, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listening])))
    thread.start()
    yield listening.getsockname()[1]
    running.should_exit = True
    thread.join()
    listening.close()


def say(port: int, *parts: bytes) -> bytes:
    """Say the bytes to the server, and give what it answers until it closes or falls silent."""
    heard = b""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=2)) as line:
        for part in parts:
            line.sendall(part)
        while True:
            try:
                more = line.recv(65536)
            except TimeoutError:
                return heard
            heard += more
            if not more or heard.endswith((b"}", b"0\r\n\r\n")):
                return heard


def test_a_chunked_body_is_refused_when_it_grows_too_large_and_not_at_its_end(server: int) -> None:
    head = b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"400\r\n" + b" " * 0x400 + b"\r\n"
    heard = say(server, head, *[chunk] * 9)  # no last chunk: the client means to go on for ever
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert b"/problems/body-too-large" in heard


def test_a_declared_length_over_the_limit_is_refused_before_the_body_comes(server: int) -> None:
    heard = say(
        server,
        b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n",
    )
    assert heard.startswith(b"HTTP/1.1 413 ")


def test_a_client_that_leaves_in_the_middle_of_its_body_breaks_nothing(
    server: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_connection(("127.0.0.1", server))) as line:
        line.sendall(
            b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
    assert say(server, b"GET /v1/calls/1 HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b'{"id":1}')
    assert "request_failed" not in capsys.readouterr().out


def test_head_over_a_real_connection_leaves_it_usable(server: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{server}") as client:
        assert client.head("/v1/calls").headers["content-length"] != "0"
        assert client.head("/stream", timeout=2).status_code == 200
        assert client.get("/v1/calls/7").json() == {"id": 7}


@pytest.mark.parametrize(
    "request_", [b"FOO / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"]
)
def test_what_is_no_request_is_answered_with_a_problem(server: int, request_: bytes) -> None:
    heard = say(server, request_)
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == "malformed-http"
    assert json.loads(body)["request_id"].encode() in head


@pytest.mark.parametrize("part", [b"GET /%s HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX-Long: %s"])
def test_a_head_without_end_is_refused_before_it_fills_the_memory(server: int, part: bytes) -> None:
    heard = say(server, part % (b"a" * MOST_HEAD_BYTES), b"b" * 1000)
    assert heard.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert b"/problems/" in heard


def test_a_large_body_in_one_piece_with_its_head_is_no_large_head(server: int) -> None:
    body = b" " * (MOST_HEAD_BYTES * 2)
    head = b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    assert b" 431 " not in say(server, head % len(body) + body)[:20]
