"""Sloppy queries are refused by name, and good ones read as what they are."""

import httpx
import pytest

from .test_problems import is_problem


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("colour=red", [("?colour", "unknown-parameter")]),
        ("limit=1&limit=2", [("?limit", "repeated-parameter")]),
        ("state=%00", [("?state", "unspeakable")]),
        ("Limit=1&x", [("?Limit", "unknown-parameter"), ("?x", "unknown-parameter")]),
        ("a=1&b=2", [("?a", "unknown-parameter"), ("?b", "unknown-parameter")]),
    ],
)
async def test_a_query_the_path_does_not_know_is_refused_by_name(
    client: httpx.AsyncClient, query: str, places: list[tuple[str, str]]
) -> None:
    body = is_problem(await client.get(f"/v1/calls?{query}"), 422, "unknown-parameter")
    assert [(each["pointer"], each["code"]) for each in body["errors"]] == places  # type: ignore[attr-defined]


async def test_a_path_without_parameters_knows_none(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/v1/calls/1?x=1"), 422, "unknown-parameter")
    is_problem(
        await client.post("/v1/calls?dry=1", json={"vessel": "CASPIAN TRADER", "loa_m": 190}), 422, "unknown-parameter"
    )


async def test_a_query_model_reads_lists_decimals_and_moments(client: httpx.AsyncClient) -> None:
    response = await client.get(
        "/v1/slots?port=PKGWD&port=PKKHI&loa_m=190.25&from=2026-12-01T06:00:00%2B05:00&bonded=true"
    )
    assert response.json() == {
        "port": ["PKGWD", "PKKHI"],
        "loa_m": "190.25",
        "from": "2026-12-01T01:00:00Z",
        "bonded": True,
    }


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("loa_m=1&from=2026-12-01T06:00:00Z", "?port"),
        ("port=A&loa_m=1.001&from=2026-12-01T06:00:00Z", "?loa_m"),
        ("port=A&loa_m=NaN&from=2026-12-01T06:00:00Z", "?loa_m"),
        ("port=A&loa_m=1e2&from=2026-12-01T06:00:00Z", "?loa_m"),
        ("port=A&loa_m=1&from=2026-12-01T06:00:00+05:00", "?from"),
        ("port=A&loa_m=1&from=1764568800", "?from"),
        ("port=A&loa_m=1&from=2026-12-01T06:00:00Z&bonded=yes", "?bonded"),
    ],
)
async def test_a_fault_in_the_query_is_named(client: httpx.AsyncClient, query: str, pointer: str) -> None:
    body = is_problem(await client.get(f"/v1/slots?{query}"), 422, "invalid-request")
    assert [each["pointer"] for each in body["errors"]] == [pointer]  # type: ignore[attr-defined]
