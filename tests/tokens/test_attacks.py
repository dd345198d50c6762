"""Each way in which tokens are forged, tried over HTTP: refused, in a few words, and never with a 5xx."""

import time

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from service.app import create_app
from service.ratelimit import FailedAttempts
from service.tokens import keyfile
from service.tokens.rules import EARLY_S
from tests.conftest import settings_for
from tests.tokens.asking import PORTS, bearing, made_key, token_of
from tests.tokens.forging import Forger, decoded, encoded


@pytest.fixture
async def forger(client, keys, signing_keys) -> Forger:
    return Forger(await token_of(client, keys["forwarder"]), signing_keys)


async def refused(client: httpx.AsyncClient, token: str, code: str = "token-invalid") -> dict[str, object]:
    """Hold a token to be refused as a stranger's, twice: that it was looked at before makes it no better."""
    for _ in range(2):
        answer = await client.get(PORTS, headers=bearing(token))
        assert (answer.status_code, answer.json()["code"]) == (401, code), answer.text
        assert answer.headers["www-authenticate"] == "Bearer"
        assert token not in answer.text
    said: dict[str, object] = answer.json()
    return said


async def passes(client: httpx.AsyncClient, token: str) -> bool:
    return (await client.get(PORTS, headers=bearing(token))).status_code == 200


async def test_what_the_forger_signs_with_our_own_key_and_leaves_as_it_was_is_good(client, forger):
    assert await passes(client, forger.good)
    assert await passes(client, forger.signed())
    assert await passes(client, forger.signed({"more": "than we say"}))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
async def test_a_token_without_a_signature_is_refused(client, forger, algorithm):
    await refused(client, forger.unsigned(algorithm))
    await refused(client, forger.unsigned(algorithm) + forger.good.rpartition(".")[2])


async def test_our_public_key_is_no_secret_to_sign_with(client, forger):
    for token in forger.with_the_public_key_as_a_secret():
        await refused(client, token)


@pytest.mark.parametrize(
    "algorithm", ["HS256", "RS256", "ES384", "ES512", "PS256", "EdDSA", "es256", None, 1, ["ES256"]]
)
async def test_our_own_signature_under_another_algorithm_s_name_is_refused(client, forger, algorithm):
    await refused(client, forger.signed(header={"alg": algorithm}))


async def test_a_key_of_another_is_refused_whatever_its_name(client, forger):
    own = ECKey.generate_key("P-256", auto_kid=True)
    await refused(client, forger.signed_with(own))
    await refused(client, forger.signed_with(own, header={"kid": own.kid}))


@pytest.mark.parametrize("kid", [None, "", "unknown", 0, ["a"], {"a": 1}, "../signing-keys.json", "x' OR 1=1 --"])
async def test_an_unknown_key_id_is_refused(client, forger, kid):
    await refused(client, forger.signed(header={"kid": kid}))


async def test_a_key_or_its_address_brought_along_in_the_header_is_refused(client, forger):
    own = ECKey.generate_key("P-256", auto_kid=True)
    for brought in (
        {"jwk": own.as_dict(private=False)},
        {"jwk": keyfile.public(forger.key)},
        {"jku": "http://127.0.0.1:9/jwks.json"},
        {"x5u": "http://127.0.0.1:9/chain.pem"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"cty": "JWT"},
        {"zip": "DEF"},
        {"anything": 1},
    ):
        await refused(client, forger.signed(header=brought))
        await refused(client, forger.signed_with(own, header={"kid": own.kid} | brought))


@pytest.mark.parametrize("kind", [None, "JWT", "at+JWT", "application/at+jwt", "id+jwt", 1, ["at+jwt"]])
async def test_a_token_of_another_kind_is_refused(client, forger, kind):
    await refused(client, forger.signed(header={"typ": kind}))


@pytest.mark.parametrize(
    "issuer", [None, "", "http://elsewhere.example", "http://127.0.0.1:8000/", ["http://127.0.0.1:8000"], 1]
)
async def test_a_token_of_another_issuer_is_refused(client, forger, issuer):
    await refused(client, forger.signed({"iss": issuer}))


@pytest.mark.parametrize("audience", [None, "", "http://elsewhere.example/test", "http://127.0.0.1:8000/live", [], 1])
async def test_a_token_for_others_is_refused(client, forger, audience):
    await refused(client, forger.signed({"aud": audience}), "token-of-another-environment")


async def test_a_token_of_the_test_environment_is_refused_by_the_live_one_though_the_keys_are_the_same(
    url, forger, signing_keys
):
    live = create_app(settings_for(url, environment="live", signing_keys=signing_keys, log_level="error"))
    transport = httpx.ASGITransport(live, raise_app_exceptions=False)
    async with (
        live.router.lifespan_context(live),
        httpx.AsyncClient(transport=transport, base_url="http://slotway.test") as there,
    ):
        said = await refused(there, forger.good, "token-of-another-environment")
    assert "live installation" in str(said["detail"])


@pytest.mark.parametrize("ago_s", [0, 1, 86_400])
async def test_an_expired_token_is_refused_as_such(client, forger, ago_s):
    await refused(client, forger.signed({"exp": int(time.time()) - ago_s}), "token-expired")


async def test_a_good_token_that_is_remembered_is_believed_until_it_expires_and_no_longer(client, forger):
    expires_at = time.time() + 1.5
    token = forger.signed({"exp": expires_at})
    assert await passes(client, token)
    while time.time() < expires_at + 0.05:
        assert await passes(client, token) or time.time() >= expires_at
    await refused(client, token, "token-expired")


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_a_token_of_the_future_is_refused_but_for_clocks_that_differ_by_seconds(client, forger, claim):
    await refused(client, forger.signed({claim: int(time.time()) + EARLY_S + 5}))
    assert await passes(client, forger.signed({claim: int(time.time()) + EARLY_S - 5}))


@pytest.mark.parametrize("value", [None, "", 7, True, {}, [], ["x"]])
@pytest.mark.parametrize("claim", ["sub", "client_id", "scope", "jti"])
async def test_a_token_that_lacks_what_it_should_say_is_refused(client, forger, claim, value):
    await refused(client, forger.signed({claim: value}))


@pytest.mark.parametrize(
    "value", [None, "", "9999999999", True, {}, [], [9_999_999_999], float("nan"), float("inf"), float("-inf")]
)
@pytest.mark.parametrize("claim", ["iat", "exp"])
async def test_a_token_whose_times_are_no_numbers_is_refused(client, forger, claim, value):
    await refused(client, forger.signed({claim: value}))


@pytest.mark.parametrize(
    "payload", ["[]", "1", '"x"', "null", "", "{", "NaN", '{"exp": NaN}', '{"exp": Infinity}', "[" * 3000]
)
async def test_what_is_signed_and_says_nothing_is_refused(client, forger, payload):
    token = forger.signed_parts(encoded(forger.header), encoded(payload.encode()))
    answer = await client.get(PORTS, headers=bearing(token))
    assert answer.status_code == 401, answer.text


async def test_a_tampered_payload_is_refused(client, forger):
    header, _, signature = forger.good.split(".")
    for change in ({"scope": "organisations:write"}, {"sub": "org_x"}, {"exp": forger.claims["exp"] + 1}, {}):
        payload = encoded(forger.claims | change | {"added": 1})
        await refused(client, f"{header}.{payload}.{signature}")


async def test_more_scope_than_the_key_has_is_worth_nothing(client, keys, signing_keys):
    narrow = (await made_key(client, keys["admin"], scopes=["slots:read", "keys:write"]))["key"]
    forger = Forger(await token_of(client, narrow), signing_keys)
    token = forger.signed({"scope": "organisations:write places:read slots:read"})
    for path, scope in ((PORTS, "places:read"), ("/v1/admin/keys", "organisations:write")):
        answer = await client.get(path, headers=bearing(token))
        assert (answer.status_code, answer.json().get("scope")) == (403, scope)


async def test_a_client_that_is_no_key_is_refused(client, forger):
    await refused(client, forger.signed({"client_id": "key_nobody"}), "key-unknown")


async def test_a_token_that_says_another_organisation_than_its_key_s_is_refused(client, forger):
    await refused(client, forger.signed({"sub": "org_01kb3v7x9ef6wvq0m8y3k2n5ra"}))


@pytest.mark.parametrize("size", [4_000, 20_000, 60_000])
async def test_a_huge_token_is_refused_before_it_is_read(client, forger, size):
    await refused(client, forger.signed({"scope": "x" * size}))
    await refused(client, "eyJ" + "A" * size + "." + "A" * size + "." + "A" * 86)


@pytest.mark.parametrize(
    "shape", ["eyJ", "eyJ.", "eyJ..", "eyJ...", "eyJhbGciOiJFUzI1NiJ9", "{}..", "eyJ\u00e4.a.b", "eyJ9.e30"]
)
async def test_what_only_begins_like_a_token_is_refused(client, shape):
    answer = await client.get(PORTS, headers={"Authorization": f"Bearer {shape}".encode("latin-1")})
    assert answer.status_code == 401


async def test_a_token_of_a_key_that_is_revoked_or_expired_is_refused_as_the_key_would_be(client, keys, crowd):
    revoked, expired = await made_key(client, keys["rival"]), await made_key(client, keys["rival"])
    tokens = [await token_of(client, each["key"]) for each in (revoked, expired)]
    await client.post(f"/v1/keys/{revoked['id']}/revoke", headers=bearing(keys["rival"]))
    await crowd.sql("UPDATE api_keys SET expires_at = clock_timestamp() WHERE id = $1", expired["id"])
    for token, code in zip(tokens, ("key-revoked", "key-expired"), strict=True):
        await refused(client, token, code)


async def test_an_address_that_keeps_trying_tokens_is_made_to_wait_and_one_that_has_a_good_one_is_not(
    app, client, forger
):
    assert await passes(client, forger.good)
    app.state.failed_attempts = FailedAttempts(burst=3, rate_per_s=0.01)
    for _ in range(3):
        assert (await client.get(PORTS, headers=bearing(forger.unsigned("none")))).status_code == 401
    answer = await client.get(PORTS, headers=bearing(forger.unsigned("none")))
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-failed-attempts")
    assert await passes(client, forger.good)


async def test_neither_secret_nor_token_is_in_the_log(client, keys, forger, capsys):
    for token in (forger.good, forger.signed({"exp": 1}), forger.unsigned("none")):
        await client.get(PORTS, headers=bearing(token))
        await client.get(PORTS, params={"access_token": token})
    fresh = await token_of(client, keys["customs"])
    written = capsys.readouterr().out
    assert '"route": "/oauth/token"' in written
    for secret in (*keys.values(), forger.good, fresh, fresh.split(".")[1], forger.claims["jti"]):
        assert secret not in written


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@st.composite
def mutated(draw: st.DrawFn, token: str) -> str:
    """A token with one to three of its characters replaced, taken out, put in or put elsewhere."""
    text = list(token)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text) - 1))
        how = draw(st.sampled_from(["replace", "drop", "insert", "swap", "cut"]))
        other = draw(st.sampled_from([*ALPHABET, ".", "=", "+", "/", " ", "\u00e9"]))
        if how == "replace":
            text[at] = other
        elif how == "drop":
            del text[at]
        elif how == "insert":
            text.insert(at, other)
        elif how == "swap":
            text[at], text[-1] = text[-1], text[at]
        else:
            text = text[: max(1, at)]
    return "".join(text)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(data=st.data())
async def test_no_mutation_of_a_good_token_passes_or_breaks_anything(app, client, forger, data):
    app.state.failed_attempts = FailedAttempts(burst=10_000)
    token = data.draw(mutated(forger.good))
    answer = await client.get(PORTS, headers={"Authorization": f"Bearer {token}".encode("latin-1")})
    same = token.strip() == forger.good
    assert answer.status_code == (200 if same else 401), token


async def test_each_bit_of_the_signature_counts(client, app, forger):
    app.state.failed_attempts = FailedAttempts(burst=10_000)
    head, _, signature = forger.good.rpartition(".")
    for at in range(len(signature)):
        other = ALPHABET[ALPHABET.index(signature[at]) ^ 1]
        answer = await client.get(PORTS, headers=bearing(f"{head}.{signature[:at]}{other}{signature[at + 1 :]}"))
        assert answer.status_code == 401, at


async def test_a_token_says_what_rfc_9068_asks_for_and_no_secret(forger, keys):
    assert forger.header == {"alg": "ES256", "typ": "at+jwt", "kid": forger.key.kid}
    assert forger.claims.keys() == {"iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti"}
    assert forger.claims["exp"] - forger.claims["iat"] == 600
    assert forger.claims["sub"].startswith("org_")
    assert forger.claims["client_id"].startswith("key_")
    assert keys["forwarder"] not in str(forger.claims)
    assert decoded(forger.good.split(".")[1]) == forger.claims
