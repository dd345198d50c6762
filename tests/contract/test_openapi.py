"""The OpenAPI document: valid, complete, current, and true of the answers that a client gets."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from service.errors import every_refusal
from tests.asking import ahead, berth, booking, new_key, rfc, storage, window
from tests.contract.operations import Operation, operations
from tests.leaving import is_told
from tests.ports.opening import BERTH, PORT, TERMINAL, WAREHOUSE, ZONE
from tests.webhooks.hooking import pushed

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
        if "Idempotency-Key" in {parameter["name"] for parameter in said.get("parameters", ())}:
            assert is_told(said, 400, "idempotency-key-malformed"), str(each)
    assert len({each.said["operationId"] for each in operations(app)}) == len(list(operations(app)))


def test_every_refusal_in_the_document_is_a_problem(app, document):
    for each in operations(app):
        for status, answer in each.said["responses"].items():
            if status.startswith(("4", "5")):
                assert answer["content"].keys() == {"application/problem+json"}, (str(each), status)
                for code, example in answer["content"]["application/problem+json"]["examples"].items():
                    assert example == {"$ref": f"#/components/examples/{code}"}, "all operations share one"
                    shown = document["components"]["examples"][code]["value"]
                    assert (shown["code"], str(shown["status"])) == (code, status)


def test_every_answer_that_succeeds_has_a_model_and_every_parameter_a_type(app):
    for each in operations(app, under="/v1"):
        for status, answer in each.said["responses"].items():
            if status.startswith("2"):
                shown = "text/event-stream" if each.path.endswith("/stream") else "application/json"
                assert answer["content"][shown]["schema"], (str(each), status)
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
            for where, _ in within(document, answer["content"], set()) if status.startswith("2") else ():
                if where.rpartition(".")[2] in ("enum", "const"):
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
        return answer.text if "text/event-stream" in answer.headers["content-type"] else answer.json()

    def hold(self, operation: Operation, answer: Any) -> None:
        content = operation.said["responses"][str(answer.status_code)]["content"]
        kind = answer.headers["content-type"].partition(";")[0]
        schema = content[kind]["schema"] | {"components": self.document["components"]}
        said = answer.text if kind == "text/event-stream" else answer.json()
        errors = [error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(said)]
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
    await customs(walk, at, body["customs_references"][0])
    await walk("POST /v1/bookings/{booking_id}/cancel", "forwarder", f"{at}/cancel", {"reason": "the ship sank"})
    await walk("POST /v1/bookings/{booking_id}/cancel", "rival", f"{at}/cancel", status=404)
    await readings(walk, at)
    await planning(walk)
    notice = {"quay": "PKGWD-MPT", "window": window(10), "draught_m": 9, "reference": "NtM 1", "source": "test"}
    await walk("POST /v1/draught-notices", "operator_pkgwd", body=notice, params={"validate_only": "true"})
    await walk("POST /v1/draught-notices", "operator_pkgwd", body=notice, status=201)
    for name in ("GET /v1/bookings", "GET /v1/events", "GET /v1/draught-notices", "GET /v1/keys"):
        for who in keys:
            assert (await walk(name, who))["items"] or who == "rival" or name != "GET /v1/keys"
    for last, status in (("0", 200), ("x", 422), ("9999999", 422)):
        await walk("GET /v1/events/stream", "customs", headers={"Last-Event-ID": last}, status=status)
    await accounts(walk)
    await tokens(walk)
    await lives(walk)
    await closed(walk)
    await ports_made(walk)
    await kept_for_partners(walk)
    await pushed(walk)
    assert walk.operations.keys() - walk.walked == {f"GET {path}" for path in BARE}


async def customs(walk: Walker, at: str, reference: dict[str, str]) -> None:
    """What customs says: a hold on what is booked, something of the wrong form, and another event under one id."""
    event = {
        "event_id": "e1",
        "event_type": "HOLD",
        "event_time": "2026-01-01T00:00:00Z",
        "reference": reference,
        "hold_code": "A",
    }
    name = "POST /v1/customs/events"
    await walk(name, "customs", body=event, params={"validate_only": "true"})
    assert (await walk(name, "customs", body=event, status=202))["matched"] is True
    await walk(name, "customs", body=event | {"remark": "x"}, status=409)
    await walk(name, "customs", body=event | {"hold_code": None}, status=422)
    name = "POST /v1/customs/events/batch"
    await walk(name, "customs", body={"events": [event, event | {"remark": "x"}, 7]}, status=207)
    await walk(name, "customs", body={"events": []}, status=422)
    name = "POST /v1/customs/movement-validations"
    await walk(name, "customs", body={"reference": reference, "gross_weight_t": 1.5, "booking": "x"})
    await walk(name, "customs", body={"reference": reference}, status=422)
    name = "POST /v1/customs/messages/{vocabulary}"
    await walk(name, "customs", "/v1/customs/messages/nil", {}, status=404)
    await walk("GET /v1/customs/messages", "customs", params={"taken": "false"})
    for query, status in (({}, 200), ({"changed_since": "2026-01-01T00:00:00Z"}, 200), ({"country": "KZ"}, 422)):
        await walk("GET /v1/customs/bookings", "customs", params=query, status=status)
    await walk(name, "forwarder", body=event, status=403)
    for lists in ("GET /v1/customs/events", "GET /v1/customs/holds"):
        assert (await walk(lists, "customs"))["items"]
    for who, status in (("forwarder", 200), ("operator_pkgwd", 200), ("customs", 200), ("rival", 404)):
        await walk("GET /v1/bookings/{booking_id}/customs", who, f"{at}/customs", status=status)


async def readings(walk: Walker, at: str) -> None:
    """What only looks: the history of a booking, timetables, and what must be true."""
    for who in ("forwarder", "operator_pkgwd", "customs", "admin"):
        assert (await walk("GET /v1/bookings/{booking_id}/history", who, f"{at}/history"))["items"]
    await walk("GET /v1/bookings/{booking_id}/history", "rival", f"{at}/history", status=404)
    body, key = booking(berth(20, from_m=0), storage(20)), {"Idempotency-Key": new_key()}
    await walk("POST /v1/bookings", "forwarder", body=body, status=201, headers=key)
    when = {"from": rfc(ahead(19)), "to": rfc(ahead(24))}
    for kind, code in (("quays", "PKGWD-MPT"), ("warehouses", "PKGWD-FZS-W1")):
        for who in ("forwarder", "rival"):
            name = f"GET /v1/{kind}/{{code}}/timetable"
            await walk(name, who, f"/v1/{kind}/{code}/timetable", params=when)
        await walk(name, who, f"/v1/{kind}/nil/timetable", status=404)
        await walk(
            name, who, f"/v1/{kind}/{code}/timetable", status=406, headers={"Accept": "text/html;q=0.1, text/plain"}
        )
        await walk(name, who, f"/v1/{kind}/{code}/timetable", status=422, params={"to": "2020-01-01T00:00:00Z"})
    assert (await walk("GET /v1/health/invariants", "rival"))["holds"]


async def planning(walk: Walker) -> None:
    """The searches that plan: itineraries found and not found, and wished slots explained."""
    for days, loa_m in ((30, 190), (11, 190), (30, 590)):
        body = {"ports": ["PKGWD", "PKKHI"], "vessel": {"loa_m": loa_m}, "berth": {"duration": "PT36H"},
                "storage": {"quantity": 2500, "duration": "P10D"}, "window": window(10, days * 24)}  # fmt: skip
        await walk("POST /v1/itineraries/search", "rival", body=body)
    await walk("POST /v1/itineraries/search", "rival", body={}, status=422)
    when = {"start": rfc(ahead(20)), "end": rfc(ahead(25))}
    for from_m in ({}, {"from_m": 0}, {"from_m": 600}):
        wish = when | {"quay": "PKGWD-MPT", "loa_m": 190, "draught_m": 12} | from_m
        await walk("GET /v1/berth-slots/explain", "rival", params=wish)
    for quantity in (5, 12_000, 99_999):
        wish = when | {"warehouse": "PKGWD-FZS-W1", "quantity": quantity}
        await walk("GET /v1/storage-slots/explain", "rival", params=wish)
    for kind in ("berth", "storage"):
        await walk(f"GET /v1/{kind}-slots/explain", "rival", status=422)


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


async def tokens(walk: Walker) -> None:
    """What a client of OAuth asks: for a token, in right and in wrong ways, and by which keys it is verified."""
    made = await walk("POST /v1/keys", "rival", body={"name": "drill"}, status=201)
    basic = b64encode(f"{made['id']}:{made['key']}".encode()).decode()
    for more, who, status in (({}, basic, 200), ({"scope": "x"}, basic, 400), ({}, "", 401)):
        form, headers = {"grant_type": "client_credentials"} | more, {"Authorization": f"Basic {who}"}
        await walk("POST /oauth/token", "rival", data=form, status=status, headers=headers)
    for name in ("jwks.json", "oauth-authorization-server"):
        await walk(f"GET /.well-known/{name}", "rival")


async def lives(walk: Walker) -> None:
    """What becomes of a booking: amended, shifted, approved, declined; and what is too early to happen on the ground."""
    who, tanker = "operator_pkkhi", {"name": "OIL", "loa_m": 200, "beam_m": 32, "draught_m": 10}
    for decide, body in (("approve", {}), ("decline", {"reason": "the pier leaks"})):
        pier = booking(berth(40, quay="PKKHI-OP1", from_m=0), vessel=tanker, cargo={"class": "liquid_bulk"}, hold=False)
        key = {"Idempotency-Key": new_key()}
        asked = await walk("POST /v1/bookings", "forwarder", body=pier, status=201, headers=key)
        name, at = f"POST /v1/bookings/{{booking_id}}/{decide}", f"/v1/bookings/{asked['id']}"
        await walk(name, who, f"{at}/{decide}", body)
        await walk(name, who, f"{at}/{decide}", body, status=409)
        await walk(
            "POST /v1/bookings/{booking_id}/cancel",
            "forwarder",
            f"{at}/cancel",
            status=200 if decide == "approve" else 409,
        )
    body, key = booking(berth(50, from_m=0), storage(50), hold=False), {"Idempotency-Key": new_key()}
    made = await walk("POST /v1/bookings", "forwarder", body=body, status=201, headers=key)
    at, leg = f"/v1/bookings/{made['id']}", {"leg": made["legs"][0]["id"]}
    amend, shift = "POST /v1/bookings/{booking_id}/amend", "POST /v1/bookings/{booking_id}/shift"
    tag = {"If-Match": '"1"'}
    await walk(amend, "forwarder", f"{at}/amend", {"remark": "x"}, status=428)
    await walk(amend, "forwarder", f"{at}/amend", {"legs": [berth(51, from_m=0)]}, headers=tag)
    await walk(amend, "forwarder", f"{at}/amend", {"remark": "x"}, status=412, headers=tag)
    shown = await walk("GET /v1/bookings/{booking_id}", "operator_pkgwd", at)
    leg = {"leg": shown["legs"][0]["id"]}
    await walk(
        shift, "operator_pkgwd", f"{at}/shift", leg | {"from_m": 50, "reason": "silt"}, headers={"If-Match": "*"}
    )
    await walk(shift, "operator_pkgwd", f"{at}/shift", leg | {"from_m": 50, "reason": "silt"}, status=428)
    for deed in ("arrive", "complete", "no-show"):
        name = f"POST /v1/bookings/{{booking_id}}/{deed}"
        await walk(name, "operator_pkgwd", f"{at}/{deed}", leg, status=409)
        await walk(name, "operator_pkkhi", f"{at}/{deed}", leg, status=404)
    for way, status in (("gate-in", 422), ("gate-out", 409)):
        await walk(f"POST /v1/bookings/{{booking_id}}/{way}", "operator_pkgwd", f"{at}/{way}", leg, status=status)
    papers = {"customs_references": [{"type": "TIR", "country": "KZ", "value": "XC2"}]}
    for status in (200, 409):
        name = "POST /v1/bookings/{booking_id}/customs-references"
        await walk(name, "forwarder", f"{at}/customs-references", papers, status=status)


async def closed(walk: Walker) -> None:
    who, name = "operator_pkgwd", "POST /v1/closures"
    body = {"quay": "PKGWD-MPT", "window": window(60), "reason": "dredging"}
    moved = body | {"on_conflict": "move", "tolerance": "P3D"}
    key = {"Idempotency-Key": new_key()}
    await walk("POST /v1/bookings", "forwarder", body=booking(berth(60), hold=False), status=201, headers=key)
    plan = (await walk(name, who, body=moved, params={"validate_only": "true"}))["plan"]
    await walk(name, who, body=body, status=409)
    await walk(name, who, body=moved, status=428)
    await walk(name, who, body=moved, status=412, headers={"If-Match": "x"})
    at = "/v1/closures/" + (await walk(name, who, body=moved, status=201, headers={"If-Match": plan}))["id"]
    await walk("GET /v1/closures/{closure_id}", "customs", at)
    assert (await walk("GET /v1/closures", "rival"))["items"]
    await walk("POST /v1/closures/{closure_id}/lift", who, f"{at}/lift", {"reason": "done"})
    await walk("POST /v1/closures/{closure_id}/lift", who, f"{at}/lift", {"reason": "done"}, status=409)
    await walk("GET /v1/closures/{closure_id}", "customs", at)


async def kept_for_partners(walk: Walker) -> None:
    who, soon = "operator_pkkhi", {"first_on": ahead(20).date().isoformat(), "last_on": ahead(30).date().isoformat()}
    tides = {"port": "PKKHI", "windows": [window(20, 3)], "source": "tide tables"}
    await walk("POST /v1/tidal-windows", who, body=tides, status=201)
    await walk("POST /v1/tidal-windows", who, body=tides, status=409)
    assert (await walk("GET /v1/tidal-windows", "customs"))["items"]
    groups = []
    for facility in ("PKKHI-SAPT", "PKKHI-KTA"):
        body = {"facility": facility, "name": "transit", "organisations": []}
        groups.append((await walk("POST /v1/partner-groups", who, body=body, status=201))["id"])
    at = f"/v1/partner-groups/{groups[0]}"
    for headers, status in (({"If-Match": "*"}, 200), ({"If-Match": '"9"'}, 412), ({}, 428)):
        await walk("PATCH /v1/partner-groups/{group_id}", who, at, {"name": "x"}, status=status, headers=headers)
    await walk("GET /v1/partner-groups/{group_id}", who, at)
    berth_window = {"quay": "PKKHI-SAPT", "from_m": 0, "to_m": 300, "group": groups[0], "first": window(20, 12),
                    "every_days": 7, "release_before": "P3D"}  # fmt: skip
    allotment = soon | {"warehouse": "PKKHI-KTA-W1", "group": groups[1], "quantity": 100, "release_before": "P3D"}
    for path, name, body, wrong in (
        ("berth-windows", "window_id", berth_window, {"to_m": 9_999}),
        ("allotments", "allotment_id", allotment, {"release_before": "P99D"}),
    ):
        await walk(f"POST /v1/{path}", who, body=body | wrong, status=422)
        made = await walk(f"POST /v1/{path}", who, body=body, status=201)
        assert (await walk(f"GET /v1/{path}", who))["items"] == [made]
        await walk(f"GET /v1/{path}/{{{name}}}", who, f"/v1/{path}/{made['id']}")
        for status in (200, 409):
            await walk(f"POST /v1/{path}/{{{name}}}/release", who, f"/v1/{path}/{made['id']}/release", status=status)
    assert len((await walk("GET /v1/partner-groups", who))["items"]) == 2


async def ports_made(walk: Walker) -> None:
    at = {"If-Match": "*"}
    for path, who, body in (
        ("ports", "admin", PORT), ("terminals", "admin", TERMINAL), ("free-zones", "admin", ZONE),
        ("quays", "operator_pkgwd", {"code": "PKGWD-Q9", "terminal": "PKGWD-GMT"}),
        ("berths", "operator_pkgwd", BERTH | {"code": "PKGWD-Q9-1", "quay": "PKGWD-Q9"}),
        ("warehouses", "operator_pkgwd", WAREHOUSE | {"code": "PKGWD-FZS-W9", "free_zone": "PKGWD-FZS"}),
    ):  # fmt: skip
        await walk(f"POST /v1/{path}", who, body=body, params={"validate_only": "true"})
        await walk(f"POST /v1/{path}", who, body=body, status=201)
        await walk(f"POST /v1/{path}", who, body=body, status=409)
    for path, code, change in (
        ("berths", "PKGWD-Q9-1", {"max_dwt_t": 9000}), ("quays", "PKGWD-Q9", {"terms": {"hold_for": "PT9M"}}),
        ("warehouses", "PKGWD-FZS-W9", {"capacity": 9}), ("terminals", "PKGWD-GMT", {"name": "x"}),
        ("free-zones", "PKGWD-FZS", {"name": "x"}),
    ):  # fmt: skip
        item = f"/v1/{path}/{code}"
        await walk(f"GET /v1/{path}/{{code}}", "customs", item)
        await walk(f"PATCH /v1/{path}/{{code}}", "operator_pkgwd", item, change, status=428)
        await walk(f"PATCH /v1/{path}/{{code}}", "operator_pkgwd", item, change, headers=at)
        retire, body = f"POST /v1/{path}/{{code}}/retire", {"reason": "worn out", "on_conflict": "displace"}
        plan = await walk(
            retire, "operator_pkgwd", f"{item}/retire", body, params={"validate_only": "true"}, headers=at
        )
        await walk(retire, "operator_pkgwd", f"{item}/retire", body | {"plan": plan["plan"]}, headers=at)
