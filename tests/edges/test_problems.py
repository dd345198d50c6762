"""Every answer that is not a success is a problem, and tells nothing of the inside."""

import importlib
import pkgutil

import httpx
import pytest
from fastapi import FastAPI

import service
from service.errors import NotFound, Refusal, Unavailable, every_refusal
from service.problems import MEDIA_TYPE, InternalError, InvalidRequest, MethodNotAllowed, problems, status_of

from .conftest import BerthTaken, QuayAsleep


def is_problem(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.headers["content-language"] == "en"
    body = response.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] in (f"/problems/{code}", "about:blank")
    assert body["title"]
    assert body["detail"]
    assert body["request_id"]
    return body


async def test_a_refusal_becomes_a_problem_with_its_members_and_the_time_of_the_server(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get("/refuse/taken")
    body = is_problem(response, 409, "berth-taken")
    assert body["title"] == "The berth is taken."
    assert body["detail"] == "Taken until noon."
    assert body["alternatives"] == [{"loa_m": "190.005"}]  # exact, as text: a float would have lost it
    assert str(body["server_time"]).endswith("Z")
    assert response.headers["retry-after"] == "3"


async def test_a_service_that_cannot_answer_now_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/refuse/asleep")
    is_problem(response, 503, "quay-asleep")
    assert response.headers["retry-after"] == "2"


async def test_a_stranger_learns_how_to_identify(client: httpx.AsyncClient) -> None:
    response = await client.get("/refuse/stranger")
    is_problem(response, 401, "stranger")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/nowhere", "/v1/calls/", "/v1/calls/1/2", "/%00", "/refuse/%00"])
async def test_a_path_that_is_not_there_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    is_problem(await client.get(path), 404, "no-such-path")


async def test_a_wrong_method_is_told_every_method_of_all_routes_of_the_path(client: httpx.AsyncClient) -> None:
    response = await client.put("/v1/calls/1")
    body = is_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS"
    assert body["allow"] == ["DELETE", "GET", "HEAD", "OPTIONS"]


async def test_an_invented_method_is_refused_like_any_other(client: httpx.AsyncClient) -> None:
    is_problem(await client.request("BREW", "/v1/calls"), 405, "method-not-allowed")


async def test_options_tells_what_a_path_answers_to(client: httpx.AsyncClient) -> None:
    response = await client.options("/v1/calls")
    assert response.status_code == 204
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    is_problem(await client.options("/nowhere"), 404, "no-such-path")


async def test_head_gives_the_headers_of_get_without_the_body(client: httpx.AsyncClient) -> None:
    get, head = await client.get("/v1/calls"), await client.head("/v1/calls")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert (await client.head("/nowhere")).status_code == 404
    assert (await client.head("/v1/keyed")).status_code == 405


async def test_what_the_framework_says_of_the_inside_stays_inside(client: httpx.AsyncClient) -> None:
    body = is_problem(await client.get("/refuse/teapot"), 418, "im-a-teapot")
    assert "passwd" not in str(body)


async def test_a_failure_of_our_own_is_logged_whole_and_told_bare(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    body = is_problem(await client.get("/refuse/broken"), 500, "internal-error")
    assert "secret" not in str(body)
    assert "secret of the inside" in capsys.readouterr().out


async def test_a_request_that_takes_too_long_is_given_up_with_a_503(client: httpx.AsyncClient) -> None:
    response = await client.get("/refuse/slow")
    is_problem(response, 503, "request-timed-out")
    assert "retry-after" in response.headers


async def test_a_stream_that_has_begun_may_last_longer_than_a_request(client: httpx.AsyncClient) -> None:
    response = await client.get("/stream")
    assert response.text == "tick\n" * 4


async def test_half_an_answer_is_cut_off_and_not_ended_as_if_it_were_whole(client: httpx.AsyncClient) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        await client.get("/stream-breaks")


async def test_faults_name_their_places(client: httpx.AsyncClient) -> None:
    body = is_problem(await client.get("/v1/calls/zero"), 422, "invalid-request")
    assert body["errors"] == [
        {"pointer": "{call_id}", "code": "whole-number-malformed", "message": "This is a whole number"}
    ]
    body = is_problem(await client.get("/v1/calls?limit=0"), 422, "invalid-request")
    assert [each["pointer"] for each in body["errors"]] == ["?limit"]  # type: ignore[attr-defined]


def test_the_nearest_kind_gives_the_status() -> None:
    assert status_of(MethodNotAllowed) == 405
    assert status_of(InvalidRequest) == 422
    assert status_of(BerthTaken) == 409


def test_refusals_of_one_status_share_a_response_in_openapi() -> None:
    described = problems(BerthTaken, QuayAsleep, InvalidRequest)
    assert set(described) == {409, 503, 422}
    examples = described[409]["content"][MEDIA_TYPE]["examples"]
    assert examples["berth-taken"]["value"]["type"] == "/problems/berth-taken"


def test_openapi_knows_problems_and_nothing_of_the_frameworks_own_errors(app: FastAPI) -> None:
    document = app.openapi()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "Problem" in document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            for status, said in operation["responses"].items():
                assert status.startswith("2") or set(said["content"]) == {MEDIA_TYPE}
            assert "default" in operation["responses"]
    assert app.openapi() == document


def concrete() -> list[type[Refusal]]:
    """Give every refusal the service defines; the engine gives reasons and refuses nothing."""
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if not module.name.endswith("__main__") and ".availability" not in module.name:
            importlib.import_module(module.name)
    return [each for each in every_refusal() if each.__module__.startswith("service.")]


def test_what_is_raised_is_listed_once_and_the_kinds_it_descends_from_are_not() -> None:
    found = every_refusal()
    assert len(set(found)) == len(found)
    assert {InvalidRequest, InternalError, MethodNotAllowed} <= {*found}
    assert not {Refusal, NotFound, Unavailable} & {*found}


def test_every_refusal_has_a_title_and_says_what_to_do() -> None:
    found = concrete()
    assert len(found) > 10
    for each in found:
        title, _, advice = (each.__doc__ or "").strip().partition("\n")
        assert title.endswith("."), each
        assert len(advice.split()) > 3, each
        assert advice.strip().endswith("."), each


def test_every_refusal_has_a_status_and_a_code_of_its_own() -> None:
    found = concrete()
    assert len({each.code() for each in found}) == len(found)
    assert all(400 <= status_of(each) < 600 for each in found)
