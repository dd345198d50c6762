"""The Idempotency-Key: quoted or bare, the same key; and a fingerprint that tells requests apart, not spellings."""

import httpx
import pytest
from pydantic import BaseModel

from service.idempotency import IdempotencyKeyMalformed, fingerprint, read_key
from service.intake import decode

from .conftest import Call
from .test_problems import is_problem


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ('"8e03978e"', "8e03978e"),
        (r'"a\"b\\c"', r'a"b\c'),
        ("a,b;c=d", "a,b;c=d"),
        ("x" * 255, "x" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
    ],
)
async def test_a_key_is_the_same_quoted_or_bare(client: httpx.AsyncClient, sent: str, key: str) -> None:
    response = await client.post("/v1/keyed", headers={"idempotency-key": sent})
    assert response.status_code == 200
    assert response.json() == key


@pytest.mark.parametrize(
    "sent",
    [
        "",
        " ",
        "a b",
        '"',
        '""',
        '"a',
        'a" b',
        '"a"b',
        '"a";x=1',
        r'"a\b"',
        "x" * 256,
        '"' + "x" * 256 + '"',
        "ключ",
        "a\tb",
        "\x7f",
    ],
)
async def test_a_key_of_another_form_is_refused(client: httpx.AsyncClient, sent: str) -> None:
    headers = [(b"idempotency-key", sent.encode())]
    is_problem(await client.post("/v1/keyed", headers=headers), 400, "idempotency-key-malformed")
    is_problem(await client.post("/v1/maybe-keyed", headers=headers), 400, "idempotency-key-malformed")


async def test_two_keys_are_no_key(client: httpx.AsyncClient) -> None:
    headers = [("idempotency-key", "a"), ("idempotency-key", "a")]
    is_problem(await client.post("/v1/keyed", headers=headers), 400, "idempotency-key-malformed")


async def test_a_missing_key_is_refused_only_where_one_is_needed(client: httpx.AsyncClient) -> None:
    is_problem(await client.post("/v1/keyed"), 400, "idempotency-key-missing")
    assert (await client.post("/v1/maybe-keyed")).json() is None


def test_a_header_in_two_lines_is_seen_as_two() -> None:
    assert read_key([]) is None
    with pytest.raises(IdempotencyKeyMalformed):
        read_key(["a", "b"])


def call(text: str) -> BaseModel:
    return Call.model_validate(decode(text.encode()))


def test_the_fingerprint_knows_a_request_by_what_it_says_and_not_by_its_spelling() -> None:
    said = fingerprint("POST", "/v1/calls", call('{"vessel": "A", "loa_m": 190}'))
    assert said == fingerprint("POST", "/v1/calls", call('{ "loa_m": 190 ,"vessel":"A" }'))
    assert len(said) == 32


def test_the_fingerprint_differs_with_method_path_and_every_field() -> None:
    one = call('{"vessel": "A", "loa_m": 190}')
    others = [
        fingerprint("PUT", "/v1/calls", one),
        fingerprint("POST", "/v1/call", one),
        fingerprint("POST", "/v1/calls", None),
        fingerprint("POST", "/v1/calls", call('{"vessel": "A", "loa_m": 190.01}')),
        fingerprint("POST", "/v1/calls", call('{"vessel": "A", "loa_m": 190, "hold": true}')),
    ]
    assert len({fingerprint("POST", "/v1/calls", one), *others}) == 6
