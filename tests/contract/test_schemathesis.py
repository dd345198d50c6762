"""Requests that schemathesis makes up from the OpenAPI document, right ones and wrong ones: never a 5xx, never an undocumented answer."""

from datetime import timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup

from tests.contract.made_up import CASES, OPERATIONS, hold, sent

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


@pytest.mark.parametrize(("label", "mode"), CASES, ids=[f"{label}, {mode.value}" for label, mode in CASES])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(data=st.data())
async def test_what_schemathesis_makes_up_is_answered_as_documented(calm, keys, label, mode, data):
    case = data.draw(OPERATIONS[label].as_strategy(generation_mode=mode))
    hold(case, await sent(calm.clients[0], case, key_for(label, keys)))


def answered(status: int, body: object, kind: str = "application/json") -> httpx.Response:
    request = httpx.Request("GET", "http://slotway.test/v1/ports")
    answer = httpx.Response(status, json=body, headers={"content-type": kind}, request=request)
    answer.elapsed = timedelta(0)
    return answer


def refused(status: int, code: str) -> httpx.Response:
    body = {"type": f"/problems/{code}", "title": "x", "status": status, "code": code, "request_id": "r", "detail": "x"}
    return answered(status, body, "application/problem+json")


def test_an_answer_that_the_document_tells_of_is_held_to_be_right():
    case = OPERATIONS["GET /v1/ports"].Case()
    for right in (refused(422, "invalid-request"), refused(404, "no-such-path")):
        hold(case, right)


@pytest.mark.parametrize("wrong", [
    refused(500, "internal-error"), refused(422, "slot-taken"), answered(202, {}), answered(200, {"ports": 1}),
    answered(422, {}, "text/plain"), answered(200, {}, "text/plain"),
])  # fmt: skip
def test_an_answer_that_the_document_does_not_tell_of_is_found(wrong):
    case = OPERATIONS["GET /v1/ports"].Case()
    with pytest.raises((AssertionError, FailureGroup)):
        hold(case, wrong)
