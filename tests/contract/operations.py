"""The operations of the OpenAPI document, and a request for each: a new route is tested as soon as it is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from service import ids

METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
# Something of the right form that nobody has, for each parameter of a path.
NOBODYS = {
    "booking_id": ids.new("bkg"),
    "key_id": ids.new("key"),
    "organisation_id": ids.new("org"),
    "unlocode": "DEHAM",
    "code": "nil",
    "closure_id": ids.new("cls"),
    "group_id": ids.new("pgr"),
    "window_id": ids.new("bwn"),
    "allotment_id": ids.new("alt"),
    "vocabulary": "nil",
    "endpoint_id": ids.new("whe"),
    "delivery_id": ids.new("whd"),
}
# A well-formed body for each operation that would refuse an empty one before it looks for the object.
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/closures/{closure_id}/lift": {"reason": "x"},
    "PATCH /v1/partner-groups/{group_id}": {"name": "x"},
    "PATCH /v1/webhook-endpoints/{endpoint_id}": {"description": "x"},
    "POST /v1/webhook-endpoints/{endpoint_id}/replay": {"after": "0"},
    "POST /v1/bookings/{booking_id}/amend": {"remark": "x"},
    "POST /v1/bookings/{booking_id}/decline": {"reason": "x"},
    **{
        f"POST /v1/bookings/{{booking_id}}/{each}": {"leg": ids.new("leg")}
        for each in ("arrive", "complete", "no-show", "gate-in", "gate-out")
    },
    "POST /v1/bookings/{booking_id}/customs-references": {
        "customs_references": [{"type": "TIR", "country": "KZ", "value": "XC9"}]
    },
    "POST /v1/bookings/{booking_id}/shift": {"leg": ids.new("leg"), "from_m": 0, "reason": "x"},
}


@dataclass(frozen=True)
class Operation:
    """A method and a path, and what the document says of them."""

    method: str
    path: str
    said: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def scopes(self) -> list[list[str]]:
        """What it asks for, each once: the same scopes, whichever way one shows who one is."""
        asked = [scopes for each in self.said.get("security", ()) for scopes in each.values()]
        return [each for nth, each in enumerate(asked) if each not in asked[:nth]]

    @property
    def reads_body(self) -> bool:
        return "requestBody" in self.said

    @property
    def shows_a_secret(self) -> bool:
        """Whether it can't be repeated under an Idempotency-Key."""
        return "secret-shown-once" in str(self.said["responses"].get("400"))

    @property
    def names(self) -> list[str]:
        """The parameters of its path."""
        return [part.strip("{}") for part in self.path.split("/") if part.startswith("{")]

    def request(self, **objects: str) -> dict[str, Any]:
        """Give method, address and a body; objects that are not given are nobody's."""
        request: dict[str, Any] = {"method": self.method, "url": self.path.format(**NOBODYS | objects)}
        return request | ({"json": BODIES.get(str(self), {})} if self.reads_body else {})


def operations(app: FastAPI, under: str = "/") -> Iterator[Operation]:
    for path, of_path in app.openapi()["paths"].items():
        if path.startswith(under):
            for method in sorted(METHODS & of_path.keys()):
                yield Operation(method.upper(), path, of_path[method])


def asked(operation: Operation) -> dict[str, Any]:
    """Give the request that the examples of an operation make, as a rehearsal where there is one."""
    given = {each["name"]: each for each in operation.said.get("parameters", ()) if "example" in each}
    path = operation.path.format(**{name: each["example"] for name, each in given.items() if each["in"] == "path"})
    query = {name: each["example"] for name, each in given.items() if each["in"] == "query"}
    if "validate_only" in query:
        query["validate_only"] = "true"
    request: dict[str, Any] = {"method": operation.method, "url": path, "params": query}
    for kind, content in operation.said.get("requestBody", {}).get("content", {}).items():
        request["json" if kind == "application/json" else "data"] = content["example"]
    return request
