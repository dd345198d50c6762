"""Examples in the OpenAPI document: one for everything that is sent and answered, true to its model and to the service."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from service.document import describe
from service.document.examples import Composer
from service.document.words import ANSWERS, LEFT_OUT, SHAPES, WORDS
from tests.contract.operations import Operation, asked, operations
from tests.contract.test_roles import EXPECTED

WHO = {"forwarder": "forwarder", "operator": "operator_pkgwd", "customs": "customs", "admin": "admin"}
PICTURES = {"image/svg+xml"}
STREAM = "GET /v1/events/stream"  # it does not end by itself


@pytest.fixture
def document(app) -> dict[str, Any]:
    found: dict[str, Any] = app.openapi()
    return found


def shown(said: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (what, media type object) for the body and each answer of success of an operation."""
    yield from (("body", each) for each in said.get("requestBody", {}).get("content", {}).values())
    for status, answer in said["responses"].items():
        if status.startswith("2"):
            yield from ((status, each) for kind, each in answer.get("content", {}).items() if kind not in PICTURES)


def faults(document: dict[str, Any], schema: dict[str, Any], example: Any) -> list[str]:
    whole = schema | {"components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{'/'.join(map(str, each.instance_path))}: {each.message}" for each in validator.iter_errors(example)]


def test_every_body_and_every_answer_has_an_example_and_each_fits_its_model(app, document):
    for each in operations(app):
        for what, content in shown(each.said):
            assert "example" in content, (str(each), what)
            if str(each) != STREAM:
                assert faults(document, content["schema"], content["example"]) == [], (str(each), what)


def test_every_parameter_that_is_needed_has_an_example_and_each_fits_its_type(app, document):
    for each in operations(app):
        for parameter in each.said.get("parameters", ()):
            name = (str(each), parameter["name"])
            assert "example" in parameter or not parameter["required"], name
            if "example" in parameter:
                assert faults(document, parameter["schema"], parameter["example"]) == [], name


def test_no_example_is_made_up(document):
    """A field named here wants `examples` of its own, or a word in service/document/words.py."""
    assert describe(json.loads(json.dumps(document))) == set()


def test_no_word_is_there_for_nothing(app, document):
    models = [(name.rpartition("__")[2], model) for name, model in document["components"]["schemas"].items()]
    fields = {f"{name}.{field}" for name, model in models for field in model.get("properties", {})}
    names = {each.partition(".")[2] for each in fields}
    asked = {parameter["name"] for each in operations(app) for parameter in each.said.get("parameters", ())}
    places = {"problem"}  # whose code a path has
    for word in WORDS:
        assert word in fields | names | asked | places or word.startswith("/"), word
    assert fields >= LEFT_OUT
    assert {name for name, _ in models} >= SHAPES.keys()
    assert {str(each) for each in operations(app)} >= ANSWERS.keys()


async def test_every_example_of_a_request_is_one_that_the_service_can_read(app, client, keys):
    """What it then makes of it is another matter: the thing that it names may not be there."""
    for each in operations(app, under="/v1"):
        for role in EXPECTED[str(each)][1] if str(each) != STREAM else ():
            answer = await client.request(**asked(each), headers=headers(each, keys[WHO[role]]))
            assert answer.status_code < 500, (str(each), answer.text)
            assert answer.status_code not in (400, 401, 403, 405, 415), (str(each), answer.text)
            codes = {fault["code"] for fault in answer.json().get("errors", ())}
            assert answer.json().get("code") not in ("invalid-request", "unknown-parameter"), (str(each), codes)


def headers(operation: Operation, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} | {
        each["name"]: each["example"]
        for each in operation.said.get("parameters", ())
        if each["in"] == "header" and "example" in each
    }


def test_an_example_is_put_together_from_what_is_known_of_its_fields():
    models = {
        "Thing": {"properties": {"quay": {"type": "string"}, "own": {"type": "string", "examples": ["mine", "yours"]}}},
        "Other": {"properties": {"odd": {"type": "string"}}},
    }
    composer = Composer(models)
    several = {"type": "array", "items": {"anyOf": [{"$ref": "#/x/Thing"}, {"$ref": "#/x/Other"}]}}
    assert composer.example(several, "") == [{"quay": WORDS["quay"], "own": "mine"}, {"odd": "text"}]
    assert composer.unknown == {"Other.odd"}
    assert composer.example({"type": "integer"}, "Thing", "quay") == 1, "a word of another type is no example"
    assert composer.example({"anyOf": [{"type": "null"}, {"type": "string"}]}, "Thing", "quay") == WORDS["quay"]
