"""Asking for a token: who gets one, for what, and how whoever does not is told."""

import re
from base64 import b64encode

import httpx
import pytest

from service.app import create_app
from service.ratelimit import FailedAttempts
from tests.conftest import settings_for
from tests.tokens.asking import PORTS, TOKEN, asked, bearing, id_of, made_key, token_of

GRANT = {"grant_type": "client_credentials"}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()}


def refused(answer: httpx.Response, status: int, code: str, error: str) -> dict[str, object]:
    """Hold an answer to be a problem for those who read problems, and an error for those who know OAuth."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert (said["code"], said["error"]) == (code, error)
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", said["error_description"])  # RFC 6749, 5.2
    return said


async def test_a_key_gets_a_token_that_opens_what_the_key_opens(client, keys):
    answer = await asked(client, keys["forwarder"])
    said = answer.json()
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 600)
    assert {"bookings:write", "places:read"} <= set(said["scope"].split())
    assert (await client.get(PORTS, headers=bearing(said["access_token"]))).status_code == 200


async def test_the_client_may_name_itself_with_http_basic(client, keys):
    headers = basic(await id_of(client, keys["customs"]), keys["customs"])
    answer = await client.post(TOKEN, data=GRANT, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_token_is_for_the_scopes_that_were_asked_for_and_no_others(client, keys):
    answer = await asked(client, keys["forwarder"], scope="slots:read bookings:read")
    assert answer.json()["scope"] == "bookings:read slots:read"
    headers = bearing(answer.json()["access_token"])
    assert (await client.get("/v1/bookings", headers=headers)).status_code == 200
    refusal = await client.get(PORTS, headers=headers)
    assert (refusal.status_code, refusal.json()["code"], refusal.json()["scope"]) == (
        403,
        "scope-missing",
        "places:read",
    )


async def test_a_scope_that_the_key_lacks_is_refused_and_those_it_has_are_named(client, keys):
    narrow = (await made_key(client, keys["forwarder"], scopes=["slots:read", "keys:write"]))["key"]
    said = refused(await asked(client, narrow, scope="slots:read places:read"), 400, "scope-not-held", "invalid_scope")
    assert said["scopes"] == ["keys:write", "slots:read"]


async def test_a_scope_of_blanks_alone_does_not_get_all_that_the_key_has(client, keys):
    refused(await asked(client, keys["forwarder"], scope="  "), 400, "scope-not-held", "invalid_scope")


@pytest.mark.parametrize(
    ("form", "status", "code", "error"),
    [
        ("", 400, "token-request-malformed", "invalid_request"),
        ("grant_type=", 400, "token-request-malformed", "invalid_request"),
        ("grant_type", 400, "token-request-malformed", "invalid_request"),
        ("grant_type=%ff", 400, "token-request-malformed", "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", 400, "token-request-malformed", "invalid_request"),
        ("grant_type=client_credentials&scope=a&scope=b", 400, "token-request-malformed", "invalid_request"),
        ("&".join(f"a{n}=1" for n in range(99)), 400, "token-request-malformed", "invalid_request"),
        ("grant_type=password&username=a&password=b", 400, "grant-type-unsupported", "unsupported_grant_type"),
        ("grant_type=client_credentials", 401, "client-unknown", "invalid_client"),
        ("grant_type=client_credentials&client_id=key_1", 401, "client-unknown", "invalid_client"),
        ("grant_type=client_credentials&client_id=key_1&client_secret=", 401, "client-unknown", "invalid_client"),
        ("grant_type=client_credentials&client_id=%00&client_secret=%00", 401, "client-unknown", "invalid_client"),
        ("a=" + "x" * 9000, 413, "body-too-large", "invalid_request"),
    ],
)  # fmt: skip
async def test_what_is_no_request_for_a_token_is_refused_in_both_languages(client, form, status, code, error):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post(TOKEN, content=form, headers=headers)
    refused(answer, status, code, error)
    assert answer.headers.get("www-authenticate") == ('Basic realm="slotway"' if status == 401 else None)


async def test_json_is_no_form(client):
    refused(await client.post(TOKEN, json=GRANT), 400, "token-request-malformed", "invalid_request")


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic /w==", "Basic YTpi", "Bearer x", "Digest x", ""])
async def test_a_client_that_can_t_be_read_from_the_header_is_unknown(client, header):
    answer = await client.post(TOKEN, data=GRANT, headers={"Authorization": header})
    refused(answer, 401, "client-unknown", "invalid_client")


async def test_a_client_names_itself_in_one_place(client, keys):
    key_id = await id_of(client, keys["customs"])
    for more in ({"client_secret": keys["customs"]}, {"client_id": "key_other"}):
        answer = await client.post(TOKEN, data=GRANT | more, headers=basic(key_id, keys["customs"]))
        refused(answer, 400, "token-request-malformed", "invalid_request")


async def test_a_secret_in_the_address_is_refused_and_not_told_again(client, keys):
    sent = GRANT | {"client_id": await id_of(client, keys["customs"]), "client_secret": keys["customs"]}
    answer = await client.post(TOKEN, params=sent, data=sent)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-parameter")
    assert keys["customs"] not in answer.text


async def test_whatever_is_wrong_with_a_client_is_told_in_the_same_words(client, keys):
    revoked, other = await made_key(client, keys["forwarder"]), await made_key(client, keys["forwarder"])
    token = await token_of(client, other["key"])
    await client.post(f"/v1/keys/{revoked['id']}/revoke", headers=bearing(keys["forwarder"]))
    mixed = {
        "a wrong secret": (other["id"], keys["forwarder"][:-1] + "_"),
        "no such client": ("key_nobody", "psk_test_" + "A" * 43),
        "the secret of another": (other["id"], keys["rival"]),
        "a revoked key": (revoked["id"], revoked["key"]),
        "a key of the other environment": (other["id"], other["key"].replace("_test_", "_live_")),
        "a token for a secret": (other["id"], token),
        "an organisation for a client": (other["organisation_id"], other["key"]),
    }
    told = set()
    for key_id, secret in mixed.values():
        answer = await client.post(TOKEN, data=GRANT | {"client_id": key_id, "client_secret": secret})
        said = refused(answer, 401, "client-unknown", "invalid_client")
        told.add(answer.text.replace(said["request_id"], ""))
    assert len(told) == 1


async def test_an_address_that_keeps_guessing_secrets_is_made_to_wait(app, client, keys):
    app.state.failed_attempts = FailedAttempts(burst=3, rate_per_s=0.01)
    known = await id_of(client, keys["forwarder"])
    guess = GRANT | {"client_id": known, "client_secret": "psk_test_" + "A" * 43}
    for _ in range(3):
        refused(await client.post(TOKEN, data=guess), 401, "client-unknown", "invalid_client")
    answer = await client.post(TOKEN, data=guess)
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-failed-attempts")
    assert (await asked(client, keys["forwarder"])).status_code == 200, "a key that is known goes on"


async def test_tokens_are_asked_for_within_the_rate_of_the_organisation(client, keys, db):
    async def slow(tx):
        await tx.execute("UPDATE organisations SET rate_per_s = 3")

    await db.write(slow)
    form = GRANT | {"client_id": "key_x", "client_secret": keys["customs"]}
    form["client_id"] = await id_of(client, keys["customs"])
    answers = [await client.post(TOKEN, data=form) for _ in range(5)]
    assert 429 in {each.status_code for each in answers}
    assert answers[-1].json()["code"] == "too-many-requests"


async def test_an_installation_without_signing_keys_says_that_it_makes_no_tokens(url, keys):
    bare = create_app(settings_for(url))
    transport = httpx.ASGITransport(bare, raise_app_exceptions=False)
    async with (
        bare.router.lifespan_context(bare),
        httpx.AsyncClient(transport=transport, base_url="http://slotway.test") as client,
    ):
        refused(await asked(client, keys["customs"]), 404, "tokens-not-offered", "unsupported_grant_type")
        assert (await client.get("/.well-known/jwks.json")).json() == {"keys": []}
        assert (await client.get("/.well-known/oauth-authorization-server")).status_code == 404
        assert (await client.get(PORTS, headers=bearing("eyJhbGciOiJub25lIn0.e30."))).json()["code"] == "token-invalid"


async def test_the_metadata_lead_to_where_tokens_are_made_and_verified(client):
    answer = await client.get("/.well-known/oauth-authorization-server")
    said = answer.json()
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert said["issuer"] == "http://127.0.0.1:8000"
    assert said["token_endpoint"].removeprefix(said["issuer"]) == TOKEN
    assert said["response_types_supported"] == []
    assert said["grant_types_supported"] == ["client_credentials"]
    keys = await client.get(said["jwks_uri"].removeprefix(said["issuer"]))
    assert keys.headers["cache-control"] == "public, max-age=300"
    (key,) = keys.json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}, "no private half"
