"""Which changes of the contract would break a client that was written for it as it was.

Unknown fields and parameters are refused, so what a client may send must not shrink; what he is answered must not lose
anything that was promised. Lists of values in answers are open, so a new one breaks nobody.

`python -m tests.contract.breaking` gives the contract as it is now, without its words: what docs/contract keeps.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Part = Mapping[str, Any]
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
WORDS = {"description", "title", "summary", "example", "examples", "default", "operationId", "tags", "info"}
NAMED = {"properties", "schemas", "paths", "webhooks", "responses", "securitySchemes"}  # by names of ours
LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


class Break(NamedTuple):
    """Where a client breaks (`POST /v1/bookings`, or a field of it), and by what."""

    where: str
    what: str


def bare(part: Any, of: str = "") -> Any:
    """Give a document without its words and without what is refused; `of` is the member whose names are ours."""
    if isinstance(part, list):
        return [bare(each) for each in part]
    if not isinstance(part, dict):
        return part
    left_out = {each for each in part if not each.startswith("2")} if of == "responses" else set() if of else WORDS
    return {
        name: bare(each, "" if of or name not in NAMED else name) for name, each in part.items() if name not in left_out
    }


@dataclass(frozen=True)
class Shape:
    """What values a schema lets through, its references followed and its choices taken together."""

    types: frozenset[str] = frozenset()
    fields: dict[str, Part] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Part | None = None
    values: frozenset[str] | None = None
    bounds: dict[str, Any] = field(default_factory=dict)


def shape(document: Part, schema: Part) -> Shape:
    """Give the shape of a schema."""
    if "$ref" in schema:
        return shape(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    several = [shape(document, each) for each in schema.get("anyOf", schema.get("oneOf", schema.get("allOf", ())))]
    if several:
        some = [each for each in several if each.types != {"null"}]
        sets = [each.required for each in some]
        return Shape(
            frozenset().union(*(each.types for each in several)),
            {name: value for each in some for name, value in each.fields.items()},
            frozenset().union(*sets) if "allOf" in schema else sets[0].intersection(*sets) if sets else frozenset(),
            next((each.items for each in some if each.items is not None), None),
            None if any(each.values is None for each in some) else frozenset().union(*(each.values for each in some)),
            some[0].bounds if len(some) == 1 else {},
        )
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return Shape(
        frozenset([schema.get("type", "any")]),
        dict(schema.get("properties", {})),
        frozenset(schema.get("required", ())),
        schema.get("items"),
        None if values is None else frozenset(map(json.dumps, values)),
        {name: schema[name] for name in (*LEAST, *MOST, "pattern") if name in schema},
    )


@dataclass(frozen=True)
class Comparison:
    """Compares two documents; `seen` are the pairs of models that are being compared, which may hold each other."""

    old: Part
    new: Part
    seen: set[tuple[str, ...]] = field(default_factory=set)

    def breaks(self) -> Iterator[Break]:
        """Yield every change that breaks a client."""
        for path, methods in self.old["paths"].items():
            for method, operation in methods.items():
                now = self.new["paths"].get(path, {}).get(method)
                name = f"{method.upper()} {path}"
                yield from [Break(name, "is gone")] if now is None else self._operation(name, operation, now)
        for name, entry in self.old.get("webhooks", {}).items():
            now = self.new.get("webhooks", {}).get(name)
            yield from (
                [Break(name, "is gone")]
                if now is None
                else self._bodies(name, entry["post"]["requestBody"], now["post"]["requestBody"], asked=False)
            )

    def _operation(self, name: str, old: Part, new: Part) -> Iterator[Break]:
        yield from self._parameters(name, old, new)
        if new.get("requestBody", {}).get("required") and not old.get("requestBody", {}).get("required"):
            yield Break(name, "needs a body")
        if "requestBody" in old:
            yield from self._bodies(name, old["requestBody"], new.get("requestBody", {}), asked=True)
        for status, answer in old["responses"].items():
            if status.startswith("2"):
                yield from self._bodies(f"{name} {status}", answer, new["responses"].get(status, {}), asked=False)
        if not all(any(_grants(each, one) for one in new.get("security", [{}])) for each in old.get("security", [{}])):
            yield Break(name, "needs another scope")

    def _parameters(self, name: str, old: Part, new: Part) -> Iterator[Break]:
        before, now = ({each["name"]: each for each in one.get("parameters", ())} for one in (old, new))
        for parameter in before.keys() - now.keys():
            yield Break(f"{name} ?{parameter}", "is gone")
        for parameter, said in now.items():
            if said.get("required") and not before.get(parameter, {}).get("required"):
                yield Break(f"{name} ?{parameter}", "is needed")
            if parameter in before:
                yield from self._schemas(
                    f"{name} ?{parameter}", before[parameter]["schema"], said["schema"], asked=True
                )

    def _bodies(self, name: str, old: Part, new: Part, *, asked: bool) -> Iterator[Break]:
        for kind, content in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield Break(name, f"has no {kind} any more")
            else:
                yield from self._schemas(name, content["schema"], new["content"][kind]["schema"], asked=asked)

    def _schemas(self, where: str, old: Part, new: Part, *, asked: bool) -> Iterator[Break]:
        pair = (where.partition(".")[0], json.dumps(old), json.dumps(new))
        if pair in self.seen and "$ref" in pair[1]:
            return
        self.seen.add(pair)
        before, now = shape(self.old, old), shape(self.new, new)
        yield from (Break(where, what) for what in (_narrowed(before, now) if asked else _widened(before, now)))
        for name in sorted(before.fields):
            if name in now.fields:
                yield from self._schemas(f"{where}.{name}", before.fields[name], now.fields[name], asked=asked)
            else:
                yield Break(f"{where}.{name}", "is gone")
        needed = now.required - before.required if asked else (before.required - now.required) & now.fields.keys()
        for name in sorted(needed):
            yield Break(f"{where}.{name}", "is needed" if asked else "may be missing")
        if before.items is not None and now.items is not None:
            yield from self._schemas(f"{where}[]", before.items, now.items, asked=asked)


def _narrowed(before: Shape, now: Shape) -> Iterator[str]:
    """Yield why something that could be sent can't be any more."""
    if "any" not in now.types and (lost := before.types - _with_integers(now.types)):
        yield f"is no longer {', '.join(sorted(lost))}"
    if now.values is not None and (before.values is None or before.values - now.values):
        yield "takes fewer values"
    for name in now.bounds.keys() - {"pattern"}:
        was, least = before.bounds.get(name), name in LEAST
        if was is None or (now.bounds[name] > was if least else now.bounds[name] < was):
            yield f"has a narrower {name}"
    if "pattern" in now.bounds and now.bounds["pattern"] != before.bounds.get("pattern"):
        yield "has another pattern"


def _widened(before: Shape, now: Shape) -> Iterator[str]:
    """Yield why something may be answered that nobody was told of."""
    if "any" not in before.types and (new := now.types - _with_integers(before.types)):
        yield f"may be {', '.join(sorted(new))}"


def _with_integers(types: frozenset[str]) -> frozenset[str]:
    return types | ({"integer"} if "number" in types else set())


def _grants(old: Part, new: Part) -> bool:
    """Say whether who had what was needed has what is needed now."""
    return new.keys() <= old.keys() and all(set(scopes) <= set(old[scheme]) for scheme, scopes in new.items())


def breaks(old: Part, new: Part) -> list[Break]:
    """Give every change from one document to another that breaks a client, each once."""
    return sorted(set(Comparison(bare(old), bare(new)).breaks()))


if __name__ == "__main__":
    print(json.dumps(bare(json.loads(DOCUMENT.read_text())), indent=1))  # noqa: T201
