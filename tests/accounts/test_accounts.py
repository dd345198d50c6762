"""Organisations and keys over HTTP."""

import pytest

from service.database import Db

ORGANISATIONS = "/v1/admin/organisations"
NEW = {"name": "Steppe Forwarding", "role": "forwarder", "rate_per_s": 50}


async def test_an_admin_makes_an_organisation_and_a_key_that_works(client, as_):
    made = await client.post(ORGANISATIONS, json=NEW, headers=as_("admin"))
    assert made.status_code == 201
    organisation = made.json()
    assert organisation["id"].startswith("org_")
    key = await client.post(
        "/v1/admin/keys", json={"organisation_id": organisation["id"], "name": "desk"}, headers=as_("admin")
    )
    assert key.status_code == 201
    assert "bookings:write" in key.json()["scopes"]
    text = key.json()["key"]
    assert text.startswith("psk_test_")
    assert text.endswith(key.json()["hint"])
    assert (await client.get("/v1/ports", headers={"Authorization": f"Bearer {text}"})).status_code == 200
    listed = await client.get("/v1/admin/keys", params={"organisation_id": organisation["id"]}, headers=as_("admin"))
    (shown,) = listed.json()["items"]
    assert "key" not in shown
    assert shown["id"] == key.json()["id"]


async def test_two_organisations_of_one_name_are_not_made(client, as_):
    assert (await client.post(ORGANISATIONS, json=NEW, headers=as_("admin"))).status_code == 201
    again = await client.post(ORGANISATIONS, json=NEW, headers=as_("admin"))
    assert (again.status_code, again.json()["code"]) == (409, "organisation-name-taken")


async def test_a_repeated_request_gets_the_first_answer(client, as_):
    headers = as_("admin", **{"Idempotency-Key": "one"})
    first = await client.post(ORGANISATIONS, json=NEW, headers=headers)
    again = await client.post(ORGANISATIONS, json=NEW, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await client.post(ORGANISATIONS, json=NEW | {"rate_per_s": 51}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_rehearsal_makes_nothing(client, as_):
    rehearsed = await client.post(ORGANISATIONS, params={"validate_only": "true"}, json=NEW, headers=as_("admin"))
    assert rehearsed.status_code == 200
    assert (await client.post(ORGANISATIONS, json=NEW, headers=as_("admin"))).status_code == 201


async def test_an_operator_is_made_with_facilities_that_there_are(client, as_):
    operator = {"name": "SAPT", "role": "operator", "facilities": ["PKKHI-SAPT", "PKKHI-NONE"]}
    refused = await client.post(ORGANISATIONS, json=operator, headers=as_("admin"))
    assert (refused.status_code, refused.json()["code"]) == (422, "facility-unknown")
    assert refused.json()["facilities"] == ["PKKHI-NONE"]
    made = await client.post(ORGANISATIONS, json=operator | {"facilities": ["PKKHI-SAPT"]}, headers=as_("admin"))
    assert made.json()["facilities"] == ["PKKHI-SAPT"]
    more = await client.post(
        f"{ORGANISATIONS}/{made.json()['id']}/mandates", json={"facilities": ["PKKHI-KICT"]}, headers=as_("admin")
    )
    assert more.json()["facilities"] == ["PKKHI-KICT", "PKKHI-SAPT"]


async def test_only_operators_act_on_facilities(client, as_):
    refused = await client.post(ORGANISATIONS, json=NEW | {"facilities": ["PKKHI-SAPT"]}, headers=as_("admin"))
    assert (refused.status_code, refused.json()["code"]) == (422, "mandate-without-operator")


async def test_a_mandate_for_nobody_is_not_found(client, as_):
    answer = await client.post(
        f"{ORGANISATIONS}/org_nobody/mandates", json={"facilities": ["PKKHI-KICT"]}, headers=as_("admin")
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "organisation-not-found")


async def test_a_new_key_under_an_idempotency_key_is_refused_because_it_could_not_be_shown_again(client, as_):
    answer = await client.post(
        "/v1/keys", json={"name": "desk"}, headers=as_("forwarder", **{"Idempotency-Key": "one"})
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "secret-shown-once")


@pytest.mark.parametrize("who", ["forwarder", "operator_pkgwd", "customs", "admin"])
async def test_everybody_keeps_the_keys_of_their_own_organisation(client, as_, who):
    made = await client.post("/v1/keys", json={"name": "second"}, headers=as_(who))
    assert made.status_code == 201
    theirs = {"Authorization": f"Bearer {made.json()['key']}"}
    assert len((await client.get("/v1/keys", headers=theirs)).json()["items"]) == 2
    revoked = await client.post(f"/v1/keys/{made.json()['id']}/revoke", headers=as_(who))
    assert revoked.json()["revoked_at"] is not None
    again = await client.post(f"/v1/keys/{made.json()['id']}/revoke", headers=as_(who))
    assert again.json() == revoked.json()


async def test_anothers_key_is_not_found(client, as_):
    made = await client.post("/v1/keys", json={"name": "mine"}, headers=as_("forwarder"))
    answer = await client.post(f"/v1/keys/{made.json()['id']}/revoke", headers=as_("rival"))
    assert (answer.status_code, answer.json()["code"]) == (404, "key-not-found")
    shown = (await client.get("/v1/keys", headers=as_("rival"))).json()["items"]
    assert made.json()["id"] not in [key["id"] for key in shown]


async def test_a_key_makes_none_with_more_scopes_than_its_own(client, as_):
    narrow = await client.post(
        "/v1/keys", json={"name": "narrow", "scopes": ["keys:write", "slots:read"]}, headers=as_("forwarder")
    )
    theirs = {"Authorization": f"Bearer {narrow.json()['key']}"}
    wide = await client.post("/v1/keys", json={"name": "wide", "scopes": ["bookings:write"]}, headers=theirs)
    assert (wide.status_code, wide.json()["code"]) == (422, "scope-not-grantable")
    assert wide.json()["scopes"] == ["keys:write", "slots:read"]
    default = await client.post("/v1/keys", json={"name": "default"}, headers=theirs)
    assert default.json()["scopes"] == ["keys:write", "slots:read"]


async def test_no_key_gets_a_scope_that_its_role_has_not(client, as_):
    answer = await client.post(
        "/v1/keys", json={"name": "wide", "scopes": ["organisations:write"]}, headers=as_("forwarder")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "scope-not-grantable")


async def test_a_key_that_has_expired_before_it_is_made_is_refused(client, as_):
    answer = await client.post(
        "/v1/keys", json={"name": "late", "expires_at": "2020-01-01T00:00:00Z"}, headers=as_("forwarder")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "expiry-passed")
    assert answer.json()["errors"][0]["pointer"] == "/expires_at"


async def test_the_list_of_keys_comes_in_pages_that_miss_none(client, as_):
    for name in ("a", "b", "c"):
        await client.post("/v1/keys", json={"name": name}, headers=as_("rival"))
    names, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/keys", params=query, headers=as_("rival"))).json()
        names += [key["name"] for key in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == ["demo", "a", "b", "c"]


async def test_every_change_is_an_event_of_the_organisation_it_concerns(client, as_, db: Db):
    organisation = (await client.post(ORGANISATIONS, json=NEW, headers=as_("admin"))).json()
    key = (
        await client.post(
            "/v1/admin/keys", json={"organisation_id": organisation["id"], "name": "desk"}, headers=as_("admin")
        )
    ).json()
    await client.post(f"/v1/admin/keys/{key['id']}/revoke", headers=as_("admin"))

    async def told(read):
        return [
            (row["type"], row["subject"])
            for row in await read.fetch(
                "SELECT type, subject FROM events WHERE owner_id = $1 ORDER BY id", organisation["id"]
            )
        ]

    assert await db.read(told) == [
        ("organisation.created", organisation["id"]),
        ("key.created", key["id"]),
        ("key.revoked", key["id"]),
    ]
