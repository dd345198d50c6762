"""Requests that schemathesis makes up from the OpenAPI document, right ones and wrong ones: never a 5xx, never an undocumented answer."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from service.app import create_app
from tests.asking import new_key
from tests.conftest import settings_for

load_all_checks()
SCHEMA = schemathesis.openapi.from_dict(create_app(settings_for("postgresql:///nowhere")).openapi())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
# What the document says of status, media type, headers and body of an answer.
SAID = [
    CHECKS.get_one(name)
    for name in ("content_type_conformance", "response_headers_conformance", "response_schema_conformance")
]
# What takes no input, or any text for it, can't be asked wrongly.
CASES = [(label, GenerationMode.POSITIVE) for label in OPERATIONS]
CASES += [(label, GenerationMode.NEGATIVE) for label in OPERATIONS if "/v1/" in label]
# By the first part of the label that fits; all others are asked by the forwarder.
AS = {"admin": "admin", "draught-notices": "operator_pkgwd", "/retire": "operator_pkgwd", "PATCH": "operator_pkgwd"}
AS |= dict.fromkeys(("POST /v1/ports", "POST /v1/terminals", "POST /v1/free-zones"), "admin")
AS |= dict.fromkeys(("POST /v1/quays", "POST /v1/berths", "POST /v1/warehouses"), "operator_pkgwd")
AS |= {"/v1/customs/": "customs"}
AS |= dict.fromkeys(("tidal-windows", "partner-groups", "berth-windows", "allotments"), "operator_pkgwd")


@pytest.fixture
async def calm(crowd):
    """A database in which nobody is asked to slow down."""
    await crowd.sql("UPDATE organisations SET rate_per_s = NULL")
    return crowd


def key_for(label: str, keys: dict[str, str]) -> str:
    return keys[next((who for part, who in AS.items() if part in label), "forwarder")]


async def sent(client: httpx.AsyncClient, case: schemathesis.Case, key: str) -> httpx.Response:
    """Send a case through our own client: schemathesis would run the application on an event loop of its own."""
    parts = case.as_transport_kwargs(base_url="http://slotway.test")
    headers = dict(parts["headers"]) | {"Authorization": f"Bearer {key}"}
    headers.setdefault("Idempotency-Key", new_key())
    content = parts.get("data")
    request = client.build_request(
        parts["method"], parts["url"], params=parts.get("params"), cookies=None, headers=headers, json=parts.get("json"),
        content=content if isinstance(content, str | bytes) else None, data=content if isinstance(content, dict) else None,
    )  # fmt: skip
    answer: httpx.Response = await client.send(request)
    return answer


@pytest.mark.parametrize(("label", "mode"), CASES, ids=[f"{label}, {mode.value}" for label, mode in CASES])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(data=st.data())
async def test_what_schemathesis_makes_up_is_answered_as_documented(calm, keys, label, mode, data):
    operation = OPERATIONS[label]
    case = data.draw(operation.as_strategy(generation_mode=mode))
    answer = await sent(calm.clients[0], case, key_for(label, keys))
    assert answer.status_code < 500, answer.text
    assert str(answer.status_code) in operation.definition.raw["responses"] or answer.status_code >= 400, (
        answer.status_code
    )
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    case.validate_response(answer, checks=SAID)
