"""Examples put together from those of the fields: what a client might send, and what he might be answered.

What a model or a field says of itself comes first, then the word that its name is everywhere. So the example of a new
route comes of itself, and no two routes show one thing in two ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from service.document.words import LEFT_OUT, SHAPES, WORDS, Like

Schema = dict[str, Any]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}
_MADE_UP: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "object": {}, "null": None}


@dataclass(frozen=True, slots=True)
class Composer:
    """Puts examples together from the models of a document; `unknown` gathers the fields that it had to make up."""

    models: Schema
    unknown: set[str] = field(default_factory=set)

    def example(self, schema: Schema, where: str, name: str = "") -> Any:
        """Give an example of a schema: that of the field `name` of the model, or the path, that `where` says."""
        return self._several(schema, where, name)[0]

    def _several(self, schema: Schema, where: str, name: str) -> list[Any]:
        """Give what a list of such things would show: one of them, or one of each kind that may be in it."""
        known = _known(schema, where, name)
        if known:
            return self._of_model(known[0].model) if isinstance(known[0], Like) else known
        if "$ref" in schema:
            return self._of_model(schema["$ref"].rpartition("/")[2])
        choices = [each for each in _choices(schema) if each.get("type") != "null"]
        if choices:
            return [each for choice in choices for each in self._several(choice, where, name)]
        if schema.get("type") == "array":
            return [self._several(schema["items"], where, name)]
        if "properties" in schema:
            return [self._object(schema, where)]
        return [self._plain(schema, where, name)]

    def _of_model(self, model: str) -> list[Any]:
        bare = model.rpartition("__")[2]  # two models of one name have that of their module before it
        said: list[Any] = self.models[model].get("examples") or SHAPES.get(bare, [])
        return said or [self._object(self.models[model], bare)]

    def _object(self, schema: Schema, model: str) -> dict[str, Any]:
        return {
            name: self.example(each, model, name)
            for name, each in schema.get("properties", {}).items()
            if f"{model}.{name}" not in LEFT_OUT
        }

    def _plain(self, schema: Schema, where: str, name: str) -> Any:
        for said in ("const", "default"):
            if said in schema:
                return schema[said]
        type_ = schema.get("type", "object")
        if type_ != "boolean":
            self.unknown.add(f"{where}.{name}")
        return _MADE_UP[type_]


def _known(schema: Schema, where: str, name: str) -> list[Any]:
    """Give what the field says of itself, or what its name is everywhere, if that fits; models say it themselves."""
    if "examples" in schema:
        return list(schema["examples"][:1])
    if f"{where}.{name}" in WORDS:
        return [WORDS[f"{where}.{name}"]]
    if name in WORDS and not any(_models(schema)) and _fits(schema, WORDS[name]):
        return [WORDS[name]]
    return []


def _choices(schema: Schema) -> list[Schema]:
    choices: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    return choices


def _models(schema: Schema) -> Iterator[str]:
    """Yield the models that a field, or the things in its list, are of."""
    if "$ref" in schema:
        yield schema["$ref"]
    for each in [*_choices(schema), *([schema["items"]] if "items" in schema else [])]:
        yield from _models(each)


def _fits(schema: Schema, value: object) -> bool:
    """Say whether a value is of a type that a field may have."""
    if choices := _choices(schema):
        return any(_fits(each, value) for each in choices)
    kind = _TYPES.get(schema.get("type", ""), object)
    return isinstance(value, kind) and (not isinstance(value, bool) or kind in (bool, object))
