"""The section `webhooks` of the document: an entry for each type of event, true to the event and to how it is sent."""

import base64
import hashlib
import hmac
import re
from typing import Any

import jsonschema_rs
import pytest

from service.document.webhooks import SUBJECTS
from service.events.types import TYPES
from service.webhooks.rules import new_secret, signature


@pytest.fixture
def document(app) -> dict[str, Any]:
    found: dict[str, Any] = app.openapi()
    return found


def test_there_is_an_entry_for_each_type_of_event_and_no_other(document):
    assert document["webhooks"].keys() == TYPES.keys()
    assert SUBJECTS.keys() == {each.kind for each in TYPES.values()}
    for name, each in TYPES.items():
        assert document["webhooks"][name].keys() == {"post"}
        assert document["webhooks"][name]["post"]["summary"] == each.meaning.removesuffix(".")


def test_every_example_of_an_event_is_one_and_is_of_its_type(document):
    for name, entry in document["webhooks"].items():
        content = entry["post"]["requestBody"]["content"]["application/json"]
        schema = content["schema"] | {"components": document["components"]}
        example = content["example"]
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        assert [error.message for error in validator.iter_errors(example)] == [], name
        assert example["type"] == name
        assert not validator.is_valid(example | {"type": "other"})
        assert not validator.is_valid(example | {"data": {"previous": None, "current": {}, "cause": None}})
        assert example["data"]["current"], name


def test_every_entry_tells_the_headers_that_are_sent_and_what_an_answer_does(document):
    for entry in document["webhooks"].values():
        said = entry["post"]
        headers = {each["name"]: each for each in said["parameters"]}
        assert headers.keys() == {"webhook-id", "webhook-timestamp", "webhook-signature"}
        assert all(each["in"] == "header" and each["required"] for each in headers.values())
        assert said["responses"].keys() == {"2XX", "410", "default"}
        assert re.fullmatch(r"evt_[0-9a-z]{26}", headers["webhook-id"]["example"])


def test_the_signature_is_what_the_entry_says_it_is(document):
    secret, body = new_secret(), b'{"type": "booking.held"}'
    digest = hmac.new(secret, b"evt_1.1795597200." + body, hashlib.sha256).digest()
    assert signature([secret], "evt_1", 1795597200, body) == "v1," + base64.b64encode(digest).decode()
    described = document["webhooks"]["booking.held"]["post"]["parameters"][2]
    assert "`id.timestamp.body`" in described["description"]
    assert re.fullmatch(r"v1,[A-Za-z0-9+/]{43}=", described["example"])
