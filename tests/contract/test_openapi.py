"""The OpenAPI document: valid, complete, current, and true of the answers that a client gets."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from service.errors import every_refusal
from tests.asking import ahead, berth, booking, new_key, rfc, storage, window
from tests.contract.operations import Operation, operations

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"
# Paths for programs and people that no document has to describe in full.
BARE = {"/livez", "/readyz", "/problems/", "/problems/{code}"}


@pytest.fixture
def document(app) -> dict[str, Any]:
    found: dict[str, Any] = app.openapi()
    return found


def test_the_document_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(document)] == []


def test_the_document_in_docs_is_current(document):
    """`python -m service openapi > docs/openapi.json` makes it so."""
    assert json.loads(SNAPSHOT.read_text()) == json.loads(json.dumps(document))


def test_every_reference_in_the_document_leads_somewhere(document):
    names = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names
    assert names <= document["components"]["schemas"].keys()


def test_every_operation_says_what_it_does_for_whom_and_what_may_come_of_it(app):
    for each in operations(app):
        said, answers = each.said, each.said["responses"]
        assert len(said["summary"].split()) >= (2 if each.path in BARE else 3), str(each)
        assert [status for status in answers if status.startswith("2")], str(each)
        assert answers["default"]["content"].keys() == {"application/problem+json"}
        if each.path.startswith("/v1"):
            assert said["security"], str(each)
            assert {"401", "403", "429"} <= answers.keys(), str(each)
            assert "404" in answers or not each.names, str(each)
            assert "422" in answers or not (each.reads_body or said.get("parameters")), str(each)
    assert len({each.said["operationId"] for each in operations(app)}) == len(list(operations(app)))


def test_every_refusal_in_the_document_is_a_problem(app):
    for each in operations(app):
        for status, answer in each.said["responses"].items():
            if status.startswith(("4", "5")):
                assert answer["content"].keys() == {"application/problem+json"}, (str(each), status)
                for code, example in answer["content"]["application/problem+json"]["examples"].items():
                    assert (example["value"]["code"], str(example["value"]["status"])) == (code, status)


def test_every_answer_that_succeeds_has_a_model_and_every_parameter_a_type(app):
    for each in operations(app, under="/v1"):
        for status, answer in each.said["responses"].items():
            if status.startswith("2"):
                assert answer["content"]["application/json"]["schema"], (str(each), status)
        for parameter in each.said.get("parameters", ()):
            assert parameter["schema"].keys() - {"title", "description", "default"}, (str(each), parameter["name"])


def within(document: dict[str, Any], schema: Any, seen: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield (where, part) for every part of a schema, through its references, each model once."""
    for name, part in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if name == "$ref":
            model = part.rpartition("/")[2]
            if model not in seen:
                seen.add(model)
                yield from (
                    (f"{model}.{where}", found)
                    for where, found in within(document, document["components"]["schemas"][model], seen)
                )
        else:
            yield str(name), part
        if isinstance(part, dict | list):
            yield from ((f"{name}.{where}", found) for where, found in within(document, part, seen))


def test_no_enumeration_in_an_answer_is_closed(app, document):
    closed = set()
    for each in operations(app):
        for status, answer in each.said["responses"].items():
            for where, _ in within(document, answer["content"], set()):
                if where.rpartition(".")[2] in ("enum", "const") and status.startswith("2"):
                    closed.add((str(each), where))
    assert closed == set()


async def test_every_type_of_problem_has_a_page_for_programs_and_for_people(client, document):
    codes = {each.code() for each in every_refusal() if each.__module__.startswith("service.")}
    named = set(re.findall(r'"/problems/([a-z0-9-]+)"', json.dumps(document)))
    assert named <= codes
    for code in sorted(codes):
        answer = await client.get(f"/problems/{code}")
        assert (answer.status_code, answer.json()["code"]) == (200, code)
        shown = await client.get(f"/problems/{code}", headers={"Accept": "text/html"})
        assert shown.headers["content-type"].startswith("text/html")
        assert code in shown.text


class Walker:
    """A client that holds each answer against the model that the document gives for it."""

    def __init__(self, client, app, keys: dict[str, str]) -> None:
        self.client = client
        self.keys = keys
        self.document = app.openapi()
        self.operations = {str(each): each for each in operations(app)}
        self.walked: set[str] = set()

    async def __call__(
        self, name: str, who: str, path: str = "", body: Any = None, status: int = 200, **more: Any
    ) -> Any:
        operation = self.operations[name]
        headers = {"Authorization": f"Bearer {self.keys[who]}"} | more.pop("headers", {})
        answer = await self.client.request(operation.method, path or operation.path, json=body, headers=headers, **more)
        assert answer.status_code == status, answer.text
        self.hold(operation, answer)
        self.walked.add(name)
        return answer.json()

    def hold(self, operation: Operation, answer: Any) -> None:
        content = operation.said["responses"][str(answer.status_code)]["content"]
        kind = answer.headers["content-type"]
        schema = content[kind]["schema"] | {"components": self.document["components"]}
        errors = [error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(answer.json())]
        assert errors == [], (str(operation), answer.text)
        model = self.document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
        # A field that the model does not know would be a promise that nobody wrote down.
        if kind == "application/json" and isinstance(answer.json(), dict) and "properties" in model:
            assert answer.json().keys() <= model["properties"].keys(), str(operation)


async def test_the_answers_on_a_walk_through_all_routes_are_what_the_document_says(client, app, keys):
    walk = Walker(client, app, keys)
    await walk("GET /v1/ports", "forwarder")
    await walk("GET /v1/ports/{unlocode}", "forwarder", "/v1/ports/PKGWD")
    await walk("GET /v1/ports/{unlocode}", "forwarder", "/v1/ports/PKKHI")
    await walk("GET /v1/ports/{unlocode}", "forwarder", "/v1/ports/DEHAM", status=404)
    when = {"from": rfc(ahead(10)), "to": rfc(ahead(20))}
    for loa in (190, 900):
        await walk(
            "GET /v1/berth-slots",
            "forwarder",
            params=when | {"port": ["PKGWD", "PKKHI"], "loa_m": loa, "duration": "PT20H"},
        )
    for quantity in (5, 99_999):
        await walk(
            "GET /v1/storage-slots",
            "forwarder",
            params=when | {"port": "PKGWD", "quantity": quantity, "duration": "P5D"},
        )
    await walk("GET /v1/berth-slots", "forwarder", status=422)
    body, key = booking(berth(from_m=0), storage(), shipper={"name": "Steppe Metals", "bin": "020240000555"},
                        cargo={"class": "general", "weight_t": 24000.125}, contact={"name": "A"}, remark="x",
                        customs_references=[{"type": "TIR", "country": "KZ", "value": "XC1"}]), {"Idempotency-Key": new_key()}  # fmt: skip
    await walk("POST /v1/bookings", "forwarder", body=body, params={"validate_only": "true"}, headers=key)
    held = await walk("POST /v1/bookings", "forwarder", body=body, status=201, headers=key)
    await walk(
        "POST /v1/bookings", "rival", body=booking(berth(from_m=0)), status=409, headers={"Idempotency-Key": new_key()}
    )
    await walk("POST /v1/bookings", "rival", body=booking(berth(from_m=0)), status=400)
    at = f"/v1/bookings/{held['id']}"
    await walk("GET /v1/bookings/{booking_id}", "forwarder", at)
    await walk("POST /v1/bookings/{booking_id}/extend-hold", "forwarder", f"{at}/extend-hold")
    await walk(
        "POST /v1/bookings/{booking_id}/confirm", "forwarder", f"{at}/confirm", status=412, headers={"If-Match": '"9"'}
    )
    await walk("POST /v1/bookings/{booking_id}/confirm", "forwarder", f"{at}/confirm")
    await walk("GET /v1/bookings/{booking_id}", "customs", at)
    await walk("POST /v1/bookings/{booking_id}/cancel", "forwarder", f"{at}/cancel", {"reason": "the ship sank"})
    await walk("POST /v1/bookings/{booking_id}/cancel", "rival", f"{at}/cancel", status=404)
    notice = {"quay": "PKGWD-MPT", "window": window(10), "draught_m": 9, "reference": "NtM 1", "source": "test"}
    await walk("POST /v1/draught-notices", "operator_pkgwd", body=notice, params={"validate_only": "true"})
    await walk("POST /v1/draught-notices", "operator_pkgwd", body=notice, status=201)
    for name in ("GET /v1/bookings", "GET /v1/events", "GET /v1/draught-notices", "GET /v1/keys"):
        for who in keys:
            assert (await walk(name, who))["items"] or who == "rival" or name != "GET /v1/keys"
    await accounts(walk)
    assert walk.operations.keys() - walk.walked == {f"GET {path}" for path in BARE}


async def accounts(walk: Walker) -> None:
    made = await walk("POST /v1/keys", "forwarder", body={"name": "drill"}, status=201)
    await walk("POST /v1/keys/{key_id}/revoke", "forwarder", f"/v1/keys/{made['id']}/revoke")
    body = {"name": "Steppe Terminals", "role": "operator"}
    organisation = await walk("POST /v1/admin/organisations", "admin", body=body, status=201)
    await walk("GET /v1/admin/organisations", "admin")
    at = f"/v1/admin/organisations/{organisation['id']}/mandates"
    await walk("POST /v1/admin/organisations/{organisation_id}/mandates", "admin", at, {"facilities": ["PKGWD-GMT"]})
    key = await walk(
        "POST /v1/admin/keys", "admin", body={"name": "x", "organisation_id": organisation["id"]}, status=201
    )
    await walk("GET /v1/admin/keys", "admin")
    await walk("POST /v1/admin/keys/{key_id}/revoke", "admin", f"/v1/admin/keys/{key['id']}/revoke")
