"""Requests that schemathesis makes up from the OpenAPI document, and what every answer to one is held to."""

import httpx
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.asking import new_key
from tests.leaving import is_told
from tests.promised import document

load_all_checks()
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
# What the document says of status, media type, headers and body of an answer.
SAID = [
    CHECKS.get_one(name)
    for name in ("content_type_conformance", "response_headers_conformance", "response_schema_conformance")
]
# What takes no input, or any text for it, can't be asked wrongly.
CASES = [(label, GenerationMode.POSITIVE) for label in OPERATIONS]
CASES += [(label, GenerationMode.NEGATIVE) for label in OPERATIONS if "/v1/" in label]


async def sent(client: httpx.AsyncClient, case: schemathesis.Case, key: str) -> httpx.Response:
    """Send a case through our own client: schemathesis would run the application on an event loop of its own."""
    parts = case.as_transport_kwargs(base_url=str(client.base_url))
    headers = dict(parts["headers"]) | {"Authorization": f"Bearer {key}"}
    headers.setdefault("Idempotency-Key", new_key())
    content = parts.get("data")
    request = client.build_request(
        parts["method"], parts["url"], params=parts.get("params"), cookies=None, headers=headers, json=parts.get("json"),
        content=content if isinstance(content, str | bytes) else None, data=content if isinstance(content, dict) else None,
    )  # fmt: skip
    answer: httpx.Response = await client.send(request)
    return answer


def hold(case: schemathesis.Case, answer: httpx.Response) -> None:
    """Hold an answer to the document: never a 5xx, and nothing that it does not tell of."""
    said = case.operation.definition.raw
    assert answer.status_code < 500, answer.text
    assert str(answer.status_code) in said["responses"] or answer.status_code >= 400, answer.status_code
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert is_told(said, answer.status_code, answer.json()["code"]), answer.text
    case.validate_response(answer, checks=SAID)
