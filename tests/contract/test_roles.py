"""Who may do what: every operation of the OpenAPI document, asked by strangers, by wrong roles, and for another's objects."""

import re
from typing import Any

import httpx
import pytest

from service.app import create_app
from service.auth import SCOPES
from service.settings import Settings
from tests.asking import ahead, berth, booking, new_key, rfc, storage
from tests.contract.operations import NOBODYS, Operation, asked, operations
from tests.leaving import Leaving
from tests.ports.partnering import ALLOTMENTS, WINDOWS, grouped, kept, quantity, stretch
from tests.webhooks.hooking import Keeper

FORWARDER, OPERATOR, CUSTOMS, ADMIN = "forwarder", "operator", "customs", "admin"
ANYBODY = {FORWARDER, OPERATOR, CUSTOMS, ADMIN}

# The whole of who may do what, and with which scopes, of which all are needed. A new operation, or a change of one, has to
# be written here too.
EXPECTED: dict[str, tuple[str, set[str]]] = {
    "POST /v1/bookings": ("bookings:write", {FORWARDER, OPERATOR}),
    "GET /v1/bookings": ("bookings:read", ANYBODY),
    "GET /v1/bookings/{booking_id}": ("bookings:read", ANYBODY),
    "POST /v1/bookings/{booking_id}/confirm": ("bookings:write", {FORWARDER}),
    "POST /v1/bookings/{booking_id}/extend-hold": ("bookings:write", {FORWARDER}),
    "POST /v1/bookings/{booking_id}/cancel": ("bookings:write", {FORWARDER}),
    "POST /v1/bookings/{booking_id}/amend": ("bookings:write", {FORWARDER}),
    "POST /v1/bookings/{booking_id}/approve": ("bookings:write", {OPERATOR}),
    "POST /v1/bookings/{booking_id}/decline": ("bookings:write", {OPERATOR}),
    "POST /v1/bookings/{booking_id}/arrive": ("bookings:write", {OPERATOR}),
    "POST /v1/bookings/{booking_id}/complete": ("bookings:write", {OPERATOR}),
    "POST /v1/bookings/{booking_id}/no-show": ("bookings:write", {OPERATOR}),
    "POST /v1/bookings/{booking_id}/gate-in": ("bookings:write", {OPERATOR}),
    "POST /v1/bookings/{booking_id}/gate-out": ("bookings:write", {OPERATOR}),
    "POST /v1/bookings/{booking_id}/customs-references": ("bookings:write", {FORWARDER}),
    "POST /v1/bookings/{booking_id}/shift": ("bookings:write", {OPERATOR}),
    "GET /v1/bookings/{booking_id}/history": ("bookings:read", ANYBODY),
    "GET /v1/bookings/{booking_id}/customs": ("bookings:read", ANYBODY),
    "GET /v1/quays/{code}/timetable": ("slots:read", ANYBODY),
    "GET /v1/warehouses/{code}/timetable": ("slots:read", ANYBODY),
    "GET /v1/health/invariants": ("places:read", ANYBODY),
    "GET /v1/berth-slots": ("slots:read", ANYBODY),
    "GET /v1/storage-slots": ("slots:read", ANYBODY),
    "POST /v1/itineraries/search": ("slots:read", ANYBODY),
    "GET /v1/berth-slots/explain": ("slots:read", ANYBODY),
    "GET /v1/storage-slots/explain": ("slots:read", ANYBODY),
    "GET /v1/ports": ("places:read", ANYBODY),
    "GET /v1/ports/{unlocode}": ("places:read", ANYBODY),
    "POST /v1/ports": ("organisations:write", {ADMIN}),
    "POST /v1/terminals": ("organisations:write", {ADMIN}),
    "POST /v1/free-zones": ("organisations:write", {ADMIN}),
    "GET /v1/terminals/{code}": ("places:read", ANYBODY),
    "PATCH /v1/terminals/{code}": ("places:write", {OPERATOR}),
    "POST /v1/terminals/{code}/retire": ("places:write", {OPERATOR}),
    "GET /v1/free-zones/{code}": ("places:read", ANYBODY),
    "PATCH /v1/free-zones/{code}": ("places:write", {OPERATOR}),
    "POST /v1/free-zones/{code}/retire": ("places:write", {OPERATOR}),
    "POST /v1/quays": ("places:write", {OPERATOR}),
    "GET /v1/quays/{code}": ("places:read", ANYBODY),
    "PATCH /v1/quays/{code}": ("places:write", {OPERATOR}),
    "POST /v1/quays/{code}/retire": ("places:write", {OPERATOR}),
    "POST /v1/berths": ("places:write", {OPERATOR}),
    "GET /v1/berths/{code}": ("places:read", ANYBODY),
    "PATCH /v1/berths/{code}": ("places:write", {OPERATOR}),
    "POST /v1/berths/{code}/retire": ("places:write", {OPERATOR}),
    "POST /v1/warehouses": ("places:write", {OPERATOR}),
    "GET /v1/warehouses/{code}": ("places:read", ANYBODY),
    "PATCH /v1/warehouses/{code}": ("places:write", {OPERATOR}),
    "POST /v1/warehouses/{code}/retire": ("places:write", {OPERATOR}),
    "GET /v1/draught-notices": ("places:read", ANYBODY),
    "POST /v1/draught-notices": ("places:write", {OPERATOR}),
    "GET /v1/closures": ("places:read", ANYBODY),
    "POST /v1/closures": ("places:write", {OPERATOR}),
    "GET /v1/closures/{closure_id}": ("places:read", ANYBODY),
    "POST /v1/closures/{closure_id}/lift": ("places:write", {OPERATOR}),
    "GET /v1/tidal-windows": ("places:read", ANYBODY),
    "POST /v1/tidal-windows": ("places:write", {OPERATOR}),
    "GET /v1/partner-groups": ("places:read", ANYBODY),
    "POST /v1/partner-groups": ("places:write", {OPERATOR}),
    "GET /v1/partner-groups/{group_id}": ("places:read", ANYBODY),
    "PATCH /v1/partner-groups/{group_id}": ("places:write", {OPERATOR}),
    "GET /v1/berth-windows": ("places:read", ANYBODY),
    "POST /v1/berth-windows": ("places:write", {OPERATOR}),
    "GET /v1/berth-windows/{window_id}": ("places:read", ANYBODY),
    "POST /v1/berth-windows/{window_id}/release": ("places:write", {OPERATOR}),
    "GET /v1/allotments": ("places:read", ANYBODY),
    "POST /v1/allotments": ("places:write", {OPERATOR}),
    "GET /v1/allotments/{allotment_id}": ("places:read", ANYBODY),
    "POST /v1/allotments/{allotment_id}/release": ("places:write", {OPERATOR}),
    "GET /v1/events": ("events:read", ANYBODY),
    "GET /v1/customs/events": ("customs:read", {CUSTOMS}),
    "POST /v1/customs/events": ("customs:write", {CUSTOMS}),
    "POST /v1/customs/events/batch": ("customs:write", {CUSTOMS}),
    "POST /v1/customs/movement-validations": ("customs:write", {CUSTOMS}),
    "GET /v1/customs/bookings": ("customs:read", {CUSTOMS}),
    "GET /v1/customs/messages": ("customs:read", {CUSTOMS}),
    "POST /v1/customs/messages/{vocabulary}": ("customs:write", {CUSTOMS}),
    "GET /v1/customs/holds": ("customs:read", {CUSTOMS}),
    "GET /v1/events/stream": ("events:read", ANYBODY),
    "GET /v1/webhook-endpoints": ("webhooks:read", ANYBODY),
    "POST /v1/webhook-endpoints": ("webhooks:write events:read", ANYBODY),
    "GET /v1/webhook-endpoints/{endpoint_id}": ("webhooks:read", ANYBODY),
    "PATCH /v1/webhook-endpoints/{endpoint_id}": ("webhooks:write events:read", ANYBODY),
    "DELETE /v1/webhook-endpoints/{endpoint_id}": ("webhooks:write", ANYBODY),
    "POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret": ("webhooks:write", ANYBODY),
    "POST /v1/webhook-endpoints/{endpoint_id}/ping": ("webhooks:write", ANYBODY),
    "GET /v1/webhook-endpoints/{endpoint_id}/deliveries": ("webhooks:read", ANYBODY),
    "POST /v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/resend": ("webhooks:write events:read", ANYBODY),
    "POST /v1/webhook-endpoints/{endpoint_id}/replay": ("webhooks:write events:read", ANYBODY),
    "GET /v1/keys": ("keys:write", ANYBODY),
    "POST /v1/keys": ("keys:write", ANYBODY),
    "POST /v1/keys/{key_id}/revoke": ("keys:write", ANYBODY),
    "GET /v1/admin/keys": ("organisations:write", {ADMIN}),
    "POST /v1/admin/keys": ("organisations:write", {ADMIN}),
    "POST /v1/admin/keys/{key_id}/revoke": ("organisations:write", {ADMIN}),
    "GET /v1/admin/organisations": ("organisations:write", {ADMIN}),
    "POST /v1/admin/organisations": ("organisations:write", {ADMIN}),
    "POST /v1/admin/organisations/{organisation_id}/mandates": ("organisations:write", {ADMIN}),
}
ROLE_OF = {"forwarder": FORWARDER, "operator_pkgwd": OPERATOR, "customs": CUSTOMS, "admin": ADMIN}
SECRET = re.compile(r"Traceback|asyncpg|SELECT |site-packages|organisation_id|psk_(test|live)_[\w-]{8}")


@pytest.fixture
def every(app) -> list[Operation]:
    return list(operations(app, under="/v1"))


async def ask(client, operation: Operation, key: str | None, **objects: str) -> httpx.Response:
    """Ask for an operation with a key, or none; a body that nothing would accept comes along."""
    headers = {"If-Match": "*"} | ({} if operation.shows_a_secret else {"Idempotency-Key": new_key()})
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    answer: httpx.Response = await client.request(**operation.request(**objects), headers=headers)
    return answer


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Hold an answer to be a problem of a status that gives nothing away; gives its members."""
    assert answer.status_code == status, (answer.request.url, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET.search(answer.text) is None, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def made_key(client, key: str, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/keys", json={"name": "drill"} | body, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def revoked_key(client, key: str) -> str:
    made = await made_key(client, key)
    await client.post(f"/v1/keys/{made['id']}/revoke", headers={"Authorization": f"Bearer {key}"})
    return str(made["key"])


async def expired_key(client, crowd, key: str) -> str:
    made = await made_key(client, key, expires_at=rfc(ahead(1)))
    await crowd.sql("UPDATE api_keys SET expires_at = created_at + interval '1 ms' WHERE id = $1", made["id"])
    return str(made["key"])


async def test_the_table_names_every_operation_and_the_scopes_that_the_document_says(every):
    assert {str(each): each.scopes for each in every} == {
        name: [needed.split()] for name, (needed, _) in EXPECTED.items()
    }
    for needed, roles in EXPECTED.values():
        assert roles <= {role for role, scopes in SCOPES.items() if scopes.issuperset(needed.split())}


async def test_a_stranger_is_refused_everywhere_whatever_he_sends(every, client, keys, crowd):
    strangers: dict[str, tuple[str | None, str]] = {
        "no key": (None, "key-missing"),
        "a garbled key": ("psk_test_" + "ä".encode().hex(), "key-unknown"),
        "a made-up token": ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", "token-invalid"),
        "a key that nobody made": ("psk_test_" + "A" * 43, "key-unknown"),
        "a key with a letter changed": (keys["admin"][:-1] + ("A" if keys["admin"][-1] != "A" else "B"), "key-unknown"),
        "a key cut short": (keys["admin"][:-1], "key-unknown"),
        "a key of the other environment": (keys["admin"].replace("_test_", "_live_"), "key-of-another-environment"),
        "a revoked key": (await revoked_key(client, keys["admin"]), "key-revoked"),
        "an expired key": (await expired_key(client, crowd, keys["admin"]), "key-expired"),
    }
    for operation in every:
        for name, (key, code) in strangers.items():
            answer = await ask(client, operation, key)
            assert refused(answer, 401)["code"] == code, (str(operation), name)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert key is None or key not in answer.text


async def test_an_operation_is_for_the_roles_of_the_table_and_for_no_other(every, client, keys):
    found: dict[str, set[str]] = {}
    for operation in every:
        needed, expected = EXPECTED[str(operation)]
        for who, role in ROLE_OF.items():
            answer = await ask(client, operation, keys[who])
            if role in expected:
                assert answer.status_code not in (401, 403, 500), (str(operation), role, answer.text)
                found.setdefault(str(operation), set()).add(role)
            else:
                said = refused(answer, 403)
                assert (said["code"], set(said["roles"]), said["role"]) == ("wrong-role", expected, role)
        assert needed
    assert found == {name: roles for name, (_, roles) in EXPECTED.items()}


def lacking(every: list[Operation], role: str) -> dict[str, list[Operation]]:
    """Give the operations that a role may do, by each scope without which it may not."""
    mine = [each for each in every if role in EXPECTED[str(each)][1]]
    return {scope: [each for each in mine if scope in EXPECTED[str(each)][0].split()] for scope in sorted(SCOPES[role])}


async def test_a_key_that_has_all_scopes_but_one_of_an_operation_is_refused_and_that_one_named(every, client, keys):
    for who, role in ROLE_OF.items():
        for missing, several in lacking(every, role).items():
            key = (await made_key(client, keys[who], scopes=sorted(SCOPES[role] - {missing})))["key"]
            assert several, missing
            for operation in several:
                said = refused(await ask(client, operation, key), 403)
                assert (said["code"], said["scope"]) == ("scope-missing", missing), (str(operation), role)


async def test_of_several_scopes_that_a_key_lacks_the_first_is_named(every, client, keys):
    key = (await made_key(client, keys["forwarder"], scopes=["places:read"]))["key"]
    several = [each for each in every if " " in EXPECTED[str(each)][0]]
    assert several
    for operation in several:
        assert refused(await ask(client, operation, key), 403)["scope"] == EXPECTED[str(operation)][0].split()[0]


async def test_another_s_object_is_answered_as_one_that_nobody_has(every, client, keys, crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(), storage()))).json()
    key = await made_key(client, keys["forwarder"])
    organisation = (await client.get("/v1/keys", headers={"Authorization": f"Bearer {keys['forwarder']}"})).json()
    theirs = {
        "booking_id": held["id"],
        "key_id": key["id"],
        "organisation_id": organisation["items"][0]["organisation_id"],
        **await kept_for_the_forwarder(crowd),
        **await delivered_to_the_forwarder(crowd, keys),
    }
    public = {
        "closure_id",
        "unlocode",
        "code",
        "vocabulary",
    }  # all see places; tests/ports holds that an operator changes his own only
    # Who is no stranger to the forwarder's booking at Gwadar: its operator and the admin. Customs sees it once confirmed.
    mine = {("booking_id", "operator_pkgwd"), ("booking_id", "admin"), ("organisation_id", "admin")}
    mine |= {(name, "operator_pkgwd") for name in ("group_id", "window_id", "allotment_id")}
    asked = 0
    for operation in every:
        for name in set(operation.names) - public:
            for who, role in {**ROLE_OF, "rival": FORWARDER, "operator_pkkhi": OPERATOR}.items():
                if (
                    who == "forwarder"
                    or role not in EXPECTED[str(operation)][1]
                    or (name, who) in mine
                    or role == ADMIN
                ):
                    continue
                answers = [
                    await ask(client, operation, keys[who], **{name: one}) for one in (theirs[name], NOBODYS[name])
                ]
                other, nobodys = (refused(answer, 404) for answer in answers)
                assert without_id(other) == without_id(nobodys), (str(operation), who)
                assert held["client_reference"] not in answers[0].text
                asked += 1
    assert asked > 5
    assert await crowd.sql("SELECT count(*) FROM events WHERE subject = $1", held["id"]) == [(1,)]
    still = await client.get("/v1/bookings", headers={"Authorization": f"Bearer {key['key']}"})
    assert still.status_code == 200


async def kept_for_the_forwarder(crowd) -> dict[str, str]:
    """Give what the operator of Gwadar keeps for the forwarder: a stretch of quay, and a part of a floor."""
    ships, goods = await grouped(crowd, "forwarder", facility="PKGWD-GMT"), await grouped(crowd, "forwarder")
    window, allotment = await kept(crowd, WINDOWS, stretch(ships)), await kept(crowd, ALLOTMENTS, quantity(goods))
    return {"group_id": goods["id"], "window_id": window["id"], "allotment_id": allotment["id"]}


async def delivered_to_the_forwarder(crowd, keys) -> dict[str, str]:
    """Give a webhook endpoint of the forwarder, and a delivery to it."""
    keeper = Keeper(crowd.clients[0], keys["forwarder"])
    await keeper.events()
    made = await keeper.make()
    await keeper.ask("POST", f"/{made['id']}/replay", {"after": "0"}, status=202)
    return {"endpoint_id": made["id"], "delivery_id": (await keeper.log(made))[0]["id"]}


def without_id(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name != "request_id"}


async def test_lists_show_a_stranger_nothing_and_a_search_never_says_who_has_a_place(client, keys, crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(), storage(), contact={"name": "Aigerim"}))).json()
    for who in ("rival", "operator_pkkhi", "customs"):
        for path in (
            "/v1/bookings",
            f"/v1/bookings?client_reference={held['client_reference']}",
            "/v1/events?limit=500",
        ):
            answer = await client.get(path, headers={"Authorization": f"Bearer {keys[who]}"})
            assert answer.status_code == 200
            assert held["id"] not in answer.text
            assert "Aigerim" not in answer.text
    window = {"from": rfc(ahead(10)), "to": rfc(ahead(12))}
    rival = {"Authorization": f"Bearer {keys['rival']}"}
    found = await client.get(
        "/v1/berth-slots", params={"port": "PKGWD", "loa_m": 500, "duration": "PT20H"} | window, headers=rival
    )
    refusal = await crowd.post("/v1/bookings", booking(berth(from_m=held["legs"][0]["from_m"])), role="rival")
    for answer in (found, refusal):
        for fact in (held["id"], held["client_reference"], "Aigerim", "CASPIAN"):
            assert fact not in answer.text


async def test_nothing_that_can_be_read_without_naming_it_shows_a_stranger_what_is_another_s(
    every, client, keys, crowd
):
    """Every list, search and feed of the document, asked by those whom the forwarder's affairs do not concern."""
    held = (await crowd.post("/v1/bookings", booking(berth(), storage(), contact={"name": "Aigerim"}))).json()
    key = await made_key(client, keys["forwarder"], name="the forwarder's own key")
    facts = {
        held["id"],
        held["client_reference"],
        "Aigerim",
        key["id"],
        key["name"],
        key["organisation_id"],
        key["hint"],
    }
    facts |= {leg["id"] for leg in held["legs"]} | set((await kept_for_the_forwarder(crowd)).values())
    read = set()
    for operation in (each for each in every if each.method == "GET" and not each.names):
        for who, role in (("rival", FORWARDER), ("operator_pkkhi", OPERATOR), ("customs", CUSTOMS)):
            if role in EXPECTED[str(operation)][1]:
                answer = await client.request(**asked(operation), headers={"Authorization": f"Bearer {keys[who]}"})
                assert answer.status_code in (200, 422), (str(operation), answer.text)
                assert [fact for fact in facts if fact in answer.text] == [], (str(operation), who)
                read |= {str(operation)} if answer.status_code == 200 else set()
    assert len(read) > 10


async def test_a_live_installation_refuses_keys_of_a_test_one(url, keys):
    live = create_app(Settings.model_validate({"DATABASE_URL": url, "environment": "live", "log_level": "error"}))
    transport = httpx.ASGITransport(Leaving(live), raise_app_exceptions=False)
    async with (
        live.router.lifespan_context(live),
        httpx.AsyncClient(transport=transport, base_url="http://slotway.test") as client,
    ):
        for operation in operations(live, under="/v1"):
            for who in ROLE_OF:
                assert refused(await ask(client, operation, keys[who]), 401)["code"] == "key-of-another-environment"
