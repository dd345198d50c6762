"""Ids, figures and log lines of requests, and the headers of every answer."""

import json
import logging
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from service.logs import configure, redact
from service.telemetry import complete

from .test_problems import is_problem

SECRETS = [
    "psk_test_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
    "psk_live_x-y_z",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJvcmcifQ.c2lnbmF0dXJl",
]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


async def test_a_request_keeps_its_own_id_in_the_answer_the_problem_and_the_log(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    response = await client.get("/nowhere", headers={"x-request-id": "my-own.id_1"})
    assert response.headers["x-request-id"] == "my-own.id_1"
    assert is_problem(response, 404, "no-such-path")["request_id"] == "my-own.id_1"
    assert lines(capsys.readouterr().out)[-1]["request_id"] == "my-own.id_1"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "new\tline", "{}", '"quoted"'])
async def test_an_id_that_could_do_harm_in_a_log_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    response = await client.get("/v1/calls", headers={"x-request-id": sent})
    assert response.headers["x-request-id"].startswith("req_")


async def test_each_request_without_an_id_gets_one_of_its_own(client: httpx.AsyncClient) -> None:
    given = {(await client.get("/v1/calls")).headers["x-request-id"] for _ in range(5)}
    assert len(given) == 5


async def test_the_line_of_a_request_has_its_route_and_none_of_its_contents(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"authorization": f"Bearer {SECRETS[0]}", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    await client.get("/v1/calls?state=hidden", headers=headers)
    await client.get("/v1/calls/4711", headers=headers)
    await client.get("/limited/100")
    out = capsys.readouterr().out
    first, second, third = lines(out)
    assert (first["method"], first["route"], first["status"]) == ("GET", "/v1/calls", 200)
    assert first["trace_id"] == trace
    assert first["ms"] >= 0
    assert second["route"] == "/v1/calls/{call_id}"
    assert third["organisation_id"] == "org_limited"
    assert "trace_id" not in third
    for hidden in (SECRETS[0], "hidden", "4711"):
        assert hidden not in out


@pytest.mark.parametrize(
    "sent", [f"00-{'0' * 32}-00f067aa0ba902b7-01", "00-xyz", "00-" + "A" * 32 + "-00f067aa0ba902b7-01"]
)
async def test_a_malformed_trace_is_not_followed(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str], sent: str
) -> None:
    await client.get("/v1/calls", headers={"traceparent": sent})
    assert "trace_id" not in lines(capsys.readouterr().out)[-1]


async def test_a_log_line_inside_a_request_says_which_request(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/refuse/broken", headers={"x-request-id": "broken-1"})
    failed, _ = lines(capsys.readouterr().out)
    assert failed["event"] == "request_failed"
    assert failed["request_id"] == "broken-1"
    assert "RuntimeError: secret of the inside" in failed["exception"]


async def test_figures_count_by_route_and_do_not_grow_with_ids_or_scanners(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.get(f"/v1/calls/{number + 1}")
        await client.get(f"/scan/{number}.php")
        await client.request(f"BREW{number}", "/v1/calls")
    text = (await client.get("/metrics")).text
    assert 'slotway_requests_total{method="GET",route="/v1/calls/{call_id}",status="200"}' in text
    assert 'slotway_requests_total{method="GET",route="unmatched",status="404"}' in text
    assert 'slotway_request_seconds_count{method="GET",route="/v1/calls/{call_id}"}' in text
    assert 'method="other"' in text
    assert "BREW" not in text
    assert "php" not in text
    assert "slotway_requests_in_flight 1.0" in text  # the very request that asks


async def test_a_plain_route_of_the_framework_is_counted_by_its_endpoint(client: httpx.AsyncClient) -> None:
    await client.get("/openapi.json")
    assert 'method="GET",route="openapi",status="200"' in (await client.get("/metrics")).text


async def test_a_head_request_is_counted_as_one(client: httpx.AsyncClient) -> None:
    await client.head("/v1/calls")
    assert 'method="HEAD",route="/v1/calls",status="200"' in (await client.get("/metrics")).text


async def test_every_answer_carries_the_headers_of_a_careful_service(client: httpx.AsyncClient) -> None:
    for path in ("/v1/calls", "/nowhere", "/refuse/broken", "/refuse/slow"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "strict-transport-security" not in headers


async def test_what_needs_a_key_is_kept_out_of_caches(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/calls", headers={"authorization": "Bearer x"})).headers["cache-control"] == "no-store"
    assert "cache-control" not in (await client.get("/v1/calls")).headers


async def test_only_over_https_are_browsers_told_to_stay_with_it(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://slotway.test") as client:
        assert "max-age" in (await client.get("/v1/calls")).headers["strict-transport-security"]


def test_a_header_that_a_route_has_set_stands() -> None:
    lines_ = complete([(b"Cache-Control", b"private")], [(b"cache-control", b"no-store"), (b"x", b"1")])
    assert lines_ == [(b"Cache-Control", b"private"), (b"x", b"1")]


@pytest.mark.parametrize("secret", SECRETS)
def test_the_net_catches_secrets_wherever_they_stand(secret: str) -> None:
    for said in (secret, f"key={secret}&x", f"Bearer {secret}", f"tail {secret}\\n"):
        assert secret not in redact(None, "info", json.dumps({"event": said, "nested": {"list": [said]}}))


@pytest.mark.parametrize(
    "line",
    [
        '{"authorization": "anything at all"}',
        '{"password": "anything at all"}',
        '{"idempotency_key": "anything at all"}',
        '{"Token": "anything \\" at all"}',
        '{"dsn": "postgresql://slotway:anything@db/slotway"}',
    ],
)
def test_the_net_catches_what_is_named_a_secret(line: str) -> None:
    caught = redact(None, "info", line)
    assert "anything" not in caught
    json.loads(caught)


def test_the_net_lets_the_rest_through() -> None:
    line = '{"event": "request", "route": "/v1/keys/{key_id}", "url": "http://127.0.0.1:8000/docs"}'
    assert redact(None, "info", line) == line


def test_the_standard_librarys_logs_come_out_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    logging.getLogger("some.library").warning("no route to %s", SECRETS[1])
    structlog.get_logger("late").info("ours", at=3)
    foreign, ours = lines(capsys.readouterr().out)
    assert foreign["event"] == "no route to [redacted]"
    assert foreign["level"] == "warning"
    assert foreign["logger"] == "some.library"
    assert ours["event"] == "ours"
    assert {"timestamp", "level"} <= set(ours)
