"""The contract as it is now breaks no client of the last one, unless the version and the changelog say so."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.contract.breaking import DOCUMENT, Break, bare, breaks

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "contract"


def parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def further(old: str, new: str) -> bool:
    """Say whether a version may break clients of another: semver 2.0, 4 and 8."""
    (major, minor, _), (now, now_minor, _) = parts(old), parts(new)
    return now > major or (now == major == 0 and now_minor > minor)


def noted(changelog: str, version: str) -> str:
    """Give what the changelog says under Breaking of a version."""
    section = re.search(
        rf"^## \[[^\n]*{re.escape(version)}[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    breaking = re.search(r"^### Breaking\n(.*?)(?=^### |\Z)", section[1] if section else "", re.MULTILINE | re.DOTALL)
    return breaking[1] if breaking else ""


def unannounced(found: list[Break], old: str, new: str, changelog: str) -> list[Break]:
    """Give the breaks that a version does not allow, or the changelog does not name in backquotes."""
    said = noted(changelog, new) if further(old, new) else ""
    return [each for each in found if f"`{each.where}`" not in said]


def test_no_client_of_the_last_contract_breaks_unannounced():
    """What to do about it stands in CONTRIBUTING.md."""
    last = max((path.stem for path in KEPT.glob("*.json")), key=parts)
    now = json.loads(DOCUMENT.read_text())
    found = breaks(json.loads((KEPT / f"{last}.json").read_text()), now)
    assert unannounced(found, last, now["info"]["version"], (ROOT / "CHANGELOG.md").read_text()) == []


def test_a_break_is_announced_by_a_further_version_and_a_note_under_it():
    found = [Break("POST /v1/x.berth", "is gone")]
    note = (
        "# Changelog\n\n## [Unreleased]: 0.2.0\n\n### Breaking\n\n- `POST /v1/x.berth` is no more.\n\n### Added\n\nx\n"
    )
    assert unannounced(found, "0.1.0", "0.2.0", note) == []
    assert unannounced(found, "0.1.0", "0.2.0", note.replace("berth", "quay")) == found
    assert unannounced(found, "0.1.0", "0.2.0", note.replace("Breaking", "Changed")) == found
    assert unannounced(found, "0.1.0", "0.2.0", note.replace("0.2.0", "0.1.9")) == found
    assert unannounced(found, "0.2.0", "0.2.0", note) == found
    assert [further("0.1.0", each) for each in ("0.1.1", "0.2.0", "1.0.0")] == [False, True, True]
    assert [further("1.0.0", each) for each in ("1.0.1", "1.1.0", "2.0.0")] == [False, False, True]


MODELS: dict[str, Any] = {
    "Wish": {
        "type": "object",
        "required": ["quay"],
        "properties": {
            "quay": {"type": "string"},
            "from_m": {"type": "number", "minimum": 0},
            "kind": {"type": "string", "enum": ["planned", "emergency"]},
            "legs": {"type": "array", "items": {"$ref": "#/components/schemas/Leg"}},
        },
    },
    "Leg": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "inner": {"anyOf": [{"$ref": "#/components/schemas/Leg"}, {"type": "null"}]}},
    },
    "Thing": {
        "type": "object",
        "required": ["id", "legs"],
        "properties": {
            "id": {"type": "string"},
            "count": {"type": "integer"},
            "legs": {"type": "array", "items": {"$ref": "#/components/schemas/Leg"}},
        },
    },
}  # fmt: skip
JSON_WISH = {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}}
JSON_THING = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
LIMIT = {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "maximum": 100}}
BEFORE: dict[str, Any] = {
    "paths": {
        "/v1/things": {
            "get": {"parameters": [LIMIT], "responses": {"200": {"description": "x", "content": JSON_THING}}},
            "post": {
                "parameters": [],
                "requestBody": {"content": JSON_WISH},
                "responses": {"201": {"content": JSON_THING}, "409": {"description": "x"}},
                "security": [{"key": ["things:write"]}],
            },
        }
    },
    "webhooks": {"thing.made": {"post": {"requestBody": {"content": JSON_THING}}}},
    "components": {"schemas": MODELS},
}
POST = ("paths", "/v1/things", "post")
WISH, THING = ("components", "schemas", "Wish"), ("components", "schemas", "Thing")
GONE = object()
# What is changed, to what, and where a client breaks by it; None: nowhere.
RULES: list[tuple[tuple[Any, ...], Any, str | None]] = [
    (("paths", "/v1/things"), GONE, "GET /v1/things"),
    (POST, GONE, "POST /v1/things"),
    (("webhooks", "thing.made"), GONE, "thing.made"),
    (("paths", "/v1/others"), {"get": {"responses": {}}}, None),
    ((*POST, "requestBody", "required"), True, "POST /v1/things"),
    ((*POST, "parameters"), [LIMIT], None),
    ((*POST, "parameters"), [LIMIT | {"required": True}], "POST /v1/things ?limit"),
    (("paths", "/v1/things", "get", "parameters"), [], "GET /v1/things ?limit"),
    (("paths", "/v1/things", "get", "parameters", 0, "schema", "maximum"), 50, "GET /v1/things ?limit"),
    (("paths", "/v1/things", "get", "parameters", 0, "schema", "maximum"), 500, None),
    ((*POST, "responses", "201"), GONE, "POST /v1/things 201"),
    ((*POST, "responses", "409"), GONE, None),
    ((*POST, "responses", "200"), {"content": JSON_THING}, None),
    ((*POST, "security"), [{"key": ["things:write"]}, {"oauth": ["things:write"]}], None),
    ((*POST, "security"), [{"key": ["things:admin"]}], "POST /v1/things"),
    ((*POST, "security"), [{"oauth": ["things:write"]}], "POST /v1/things"),
    ((*WISH, "properties", "note"), {"type": "string"}, None),
    ((*WISH, "properties", "from_m"), GONE, "POST /v1/things.from_m"),
    ((*WISH, "required"), ["quay", "kind"], "POST /v1/things.kind"),
    ((*WISH, "required"), [], None),
    ((*WISH, "properties", "from_m", "minimum"), 10, "POST /v1/things.from_m"),
    ((*WISH, "properties", "from_m", "type"), "integer", "POST /v1/things.from_m"),
    ((*WISH, "properties", "quay", "pattern"), "^[A-Z]+$", "POST /v1/things.quay"),
    ((*WISH, "properties", "quay"), {"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
    ((*WISH, "properties", "kind", "enum"), ["planned"], "POST /v1/things.kind"),
    ((*WISH, "properties", "kind", "enum"), ["planned", "emergency", "other"], None),
    ((*THING, "properties", "note"), {"type": "string"}, None),
    ((*THING, "properties", "count"), GONE, "GET /v1/things 200.count"),
    ((*THING, "required"), ["legs"], "thing.made.id"),
    ((*THING, "properties", "count"), {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "GET /v1/things 200.count"),
    ((*THING, "properties", "count", "type"), "number", "POST /v1/things 201.count"),
    (("components", "schemas", "Leg", "properties", "id"), GONE, "POST /v1/things.legs[].id"),
    (("components", "schemas", "Leg", "properties", "inner"), GONE, "GET /v1/things 200.legs[].inner"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where"), RULES, ids=[f"{'.'.join(map(str, r[0]))} {r[2]}" for r in RULES])
def test_what_breaks_a_client_is_told_and_what_does_not_is_let_pass(path, value, where):
    after = deepcopy(BEFORE)
    part: Any = after
    for step in path[:-1]:
        part = part[step]
    if value is GONE:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    found = {each.where for each in breaks(BEFORE, after)}
    assert where in found if where else found == set()


def test_words_are_no_part_of_the_contract_and_fields_of_their_names_are():
    described = {"type": "object", "title": "x", "properties": {"title": {"type": "string", "description": "x"}}}
    assert bare(described) == {"type": "object", "properties": {"title": {"type": "string"}}}
    answers = {"responses": {"200": {"description": "x"}, "404": {"description": "x"}}}
    assert bare(answers) == {"responses": {"200": {}}}
