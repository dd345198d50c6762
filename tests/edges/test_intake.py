"""Strict reading: hostile bodies are refused with a clear problem, never with a 5xx."""

import json
from contextlib import suppress
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body, FastAPI
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Refusal
from service.intake import DEEPEST, StrictRoute, decode

from .conftest import BODY_LIMIT, Note
from .test_problems import is_problem

GOOD = {"vessel": "CASPIAN TRADER", "loa_m": 190.0}
WINDOW = {"start": "2026-12-01T06:00:00Z", "end": "2026-12-02T18:00:00+05:00"}
JSON = {"content-type": "application/json"}


async def post(client: httpx.AsyncClient, body: str | bytes, **headers: str) -> httpx.Response:
    return await client.post("/v1/calls", content=body, headers=JSON | headers)


async def test_a_good_body_is_read_once_and_exactly(client: httpx.AsyncClient) -> None:
    legs = [
        {"kind": "berth", "quay": " Q1 ", "from_m": 0, "window": WINDOW},
        {"kind": "storage", "quantity": 2.0, "window": WINDOW},
    ]
    response = await client.post("/v1/calls", json=GOOD | {"legs": legs, "stay": "PT36H", "remark": "день"})
    assert response.status_code == 201
    body = response.json()
    assert body["loa_m"] == 190.0
    assert body["stay"] == "PT36H"
    assert body["legs"][0]["quay"] == "Q1"
    assert body["legs"][1]["quantity"] == 2
    assert body["legs"][0]["window"] == {"start": "2026-12-01T06:00:00Z", "end": "2026-12-02T13:00:00Z"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{", id="cut off"),
        pytest.param("{'vessel': 1}", id="not JSON"),
        pytest.param(json.dumps(GOOD) + "x", id="more than one document"),
        pytest.param('{"vessel": "A", "vessel": "B", "loa_m": 1}', id="a key twice"),
        pytest.param('{"vessel": "A", "loa_m": NaN}', id="NaN"),
        pytest.param('{"vessel": "A", "loa_m": -Infinity}', id="Infinity"),
        pytest.param('{"vessel": "A", "loa_m": ' + "9" * 3000 + "}", id="3,000 digits"),
        pytest.param('{"vessel": "A", "loa_m": 1.' + "9" * 3000 + "}", id="3,000 decimals"),
        pytest.param('{"vessel": "A", "loa_m": 1e999999999}', id="a huge exponent"),
        pytest.param('{"vessel": "A", "loa_m": 1e-99999999999999999999}', id="an exponent past Decimal's"),
        pytest.param('{"vessel": "A\\u0000", "loa_m": 1}', id="NUL, escaped"),
        pytest.param('{"vessel": "A\0", "loa_m": 1}', id="NUL, raw"),
        pytest.param('{"vessel": "\\ud800", "loa_m": 1}', id="half a surrogate pair"),
        pytest.param('{"\\udfff": "A", "loa_m": 1}', id="half a surrogate pair in a key"),
        pytest.param("\ufeff" + json.dumps(GOOD), id="a byte order mark"),
        pytest.param("[" * 2000 + "]" * 2000, id="deep"),
        pytest.param('{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), id="one too deep"),
        pytest.param(b'{"vessel": "\xff", "loa_m": 1}', id="not UTF-8"),
        pytest.param(b"\xff\xfe{\x00}\x00", id="UTF-16"),
        pytest.param(json.dumps(dict.fromkeys(map(str, range(501)))), id="501 keys"),
    ],
)
async def test_what_is_not_strict_json_is_refused_with_a_400(client: httpx.AsyncClient, body: str | bytes) -> None:
    is_problem(await post(client, body), 400, "malformed-json")


@pytest.mark.parametrize("body", ["", "null", "5", '"text"', "[]", "true", "1.5", "{}"])
async def test_json_of_another_shape_is_a_422(client: httpx.AsyncClient, body: str) -> None:
    is_problem(await post(client, body), 422, "invalid-request")


async def test_brackets_in_text_are_not_depth(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/calls", json=GOOD | {"vessel": '[{"\\' * 40})
    assert response.status_code == 201


async def test_an_emoji_is_a_whole_surrogate_pair(client: httpx.AsyncClient) -> None:
    response = await post(client, '{"vessel": "\\ud83d\\ude80 \\\\u0000", "loa_m": 1}')
    assert response.json()["vessel"] == "\U0001f680 \\u0000"


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"loa_m": "190"}, "/loa_m", "number-malformed"),
        ({"loa_m": 190.005}, "/loa_m", "decimal-max-places"),
        ({"loa_m": True}, "/loa_m", "number-malformed"),
        ({"loa_m": 0}, "/loa_m", "greater-than"),
        ({"crew": "5"}, "/crew", "int-type"),
        ({"hold": 1}, "/hold", "bool-type"),
        ({"vessel": ""}, "/vessel", "string-too-short"),
        ({"vessel": "A\nB"}, "/vessel", "string-pattern-mismatch"),
        ({"remark": "x" * 11}, "/remark", "string-too-long"),
        ({"colour": "red"}, "/colour", "unknown-field"),
        ({"a/b~c": 1}, "/a~1b~0c", "unknown-field"),
        (
            {"legs": [{"kind": "berth", "quay": "Q", "window": {"start": 5, "end": WINDOW["end"]}}]},
            "/legs/0/window/start",
            "moment-malformed",
        ),
        ({"legs": [{"kind": "berth", "quay": "Q"}]}, "/legs/0/window", "missing"),
        (
            {"legs": [{"kind": "berth", "quay": "Q", "from_m": 0.5, "window": WINDOW}]},
            "/legs/0/from_m",
            "whole-number-malformed",
        ),
        (
            {"legs": [{"kind": "berth", "quay": "Q", "from_m": 1e30, "window": WINDOW}]},
            "/legs/0/from_m",
            "less-than-equal",
        ),
        ({"legs": [{"kind": "airship"}]}, "/legs/0", "union-tag-invalid"),
        (
            {
                "legs": [
                    {"kind": "storage", "quantity": 1, "window": {"start": WINDOW["start"], "end": WINDOW["start"]}}
                ]
            },
            "/legs/0/window",
            "window-backwards",
        ),
        ({"legs": {}}, "/legs", "list-type"),
        ({"stay": "P1M"}, "/stay", "duration-malformed"),
    ],
)
async def test_a_fault_in_the_body_is_named_with_its_pointer(
    client: httpx.AsyncClient, changed: dict[str, object], pointer: str, code: str
) -> None:
    body = is_problem(await client.post("/v1/calls", json=GOOD | changed), 422, "invalid-request")
    assert [(each["pointer"], each["code"]) for each in body["errors"]] == [(pointer, code)]  # type: ignore[attr-defined]


async def test_a_thousand_faults_make_a_short_answer(client: httpx.AsyncClient) -> None:
    body = is_problem(await post(client, json.dumps(GOOD | {f"f{n}": 1 for n in range(300)})), 422, "invalid-request")
    assert len(body["errors"]) == 50  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "",
        "application/xml",
        "json",
        "text/json",
    ],
)
async def test_another_content_type_is_a_415(client: httpx.AsyncClient, content_type: str) -> None:
    is_problem(await post(client, json.dumps(GOOD), **{"content-type": content_type}), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "Application/JSON",
        "application/merge-patch+json",
    ],
)
async def test_json_is_known_however_it_is_declared(client: httpx.AsyncClient, content_type: str) -> None:
    assert (await post(client, json.dumps(GOOD), **{"content-type": content_type})).status_code == 201


async def test_a_body_over_the_limit_is_a_413(client: httpx.AsyncClient) -> None:
    body = is_problem(await post(client, b" " * (BODY_LIMIT + 1)), 413, "body-too-large")
    assert body["limit_bytes"] == BODY_LIMIT
    assert (await post(client, json.dumps(GOOD).encode().ljust(BODY_LIMIT))).status_code == 201


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{", "application/json"),
        ("a=1", "application/x-www-form-urlencoded"),
        (" " * (BODY_LIMIT + 1), "application/json"),
    ],
)
async def test_a_stranger_learns_that_he_is_one_before_anything_about_his_body(
    client: httpx.AsyncClient, body: str, content_type: str
) -> None:
    is_problem(
        await post(client, body, authorization="Bearer nobody", **{"content-type": content_type}), 401, "stranger"
    )


@pytest.mark.parametrize("body", ["{", '{"note": "a"}', ""])
async def test_a_body_that_may_be_left_out_is_read_as_strictly_when_it_comes(
    client: httpx.AsyncClient, body: str
) -> None:
    response = await client.post("/v1/calls/1/cancel", content=body, headers=JSON)
    if body == "{":
        is_problem(response, 400, "malformed-json")
    else:
        assert response.json() == ({"note": "a"} if body else None)


def test_a_route_for_any_body_at_all_or_for_two_is_refused_when_it_is_made() -> None:
    async def anything(body: Annotated[Any, Body()]) -> None:
        assert body

    async def two(one: Note | None = None, other: Note | None = None) -> None:
        assert one != other

    for endpoint in (anything, two):
        with pytest.raises(TypeError, match="/either"):
            StrictRoute("/either", endpoint, methods=["POST"])


async def test_the_body_stands_in_openapi_as_the_model_it_is(app: FastAPI) -> None:
    document = app.openapi()
    schema = document["paths"]["/v1/calls"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Call"}
    fields = document["components"]["schemas"]["Call"]["properties"]
    assert fields["loa_m"]["type"] == "number"
    assert fields["stay"]["anyOf"][0]["format"] == "duration"
    assert fields["remark"]["anyOf"][0]["maxLength"] == 10


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_whatever_break_the_reader(body: bytes) -> None:
    with suppress(Refusal):
        decode(body)


_documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(document=_documents, ascii_only=st.booleans())
def test_every_honest_document_is_read_as_it_is(document: object, *, ascii_only: bool) -> None:
    assert decode(json.dumps(document, ensure_ascii=ascii_only).encode()) == document
