"""Who is let in: strangers are told what is wrong with their key, others what they may not do."""

import asyncio
import time
from datetime import timedelta

import httpx
import pytest

from service import clock
from service.accounts import keys as key_forms
from service.accounts import operations, queries
from service.accounts.keyring import Keyring, keep_last_used
from service.app import create_app
from service.auth import KeyExpired, KeyRevoked, KeyUnknown, Operator
from service.database import DatabaseAway, Db, PlaceBusy
from tests.conftest import settings_for
from tests.counting import CountingDb

PORTS = "/v1/ports"


async def code_of(response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.status_code == 401
    return response.json()["code"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}])
async def test_without_a_key_nobody_gets_in(client, headers):
    assert await code_of(await client.get(PORTS, headers=headers)) == "key-missing"


@pytest.mark.parametrize(
    "key", ["x", "psk_test_short", "psk_test_" + "a" * 44, "psk_TEST_" + "a" * 43, "psk__" + "a" * 43]
)
async def test_what_has_not_the_form_of_a_key_is_unknown(client, key):
    assert await code_of(await client.get(PORTS, headers={"Authorization": f"Bearer {key}"})) == "key-unknown"


async def test_a_key_that_nobody_made_is_unknown(client):
    key = key_forms.new_secret("test").text
    assert await code_of(await client.get(PORTS, headers={"Authorization": f"Bearer {key}"})) == "key-unknown"


async def test_a_key_of_the_other_environment_is_refused_as_such(client):
    key = key_forms.new_secret("live").text
    answer = await client.get(PORTS, headers={"Authorization": f"Bearer {key}"})
    assert await code_of(answer) == "key-of-another-environment"
    assert "psk_test_" in answer.json()["detail"]


async def test_a_known_key_gets_in_whatever_the_case_of_its_scheme(client, keys):
    answer = await client.get(PORTS, headers={"Authorization": f"bearer {keys['forwarder']}"})
    assert answer.status_code == 200


async def test_a_wrong_role_is_told_which_roles_may(client, as_):
    answer = await client.get("/v1/admin/organisations", headers=as_("forwarder"))
    assert answer.status_code == 403
    assert answer.json()["code"] == "wrong-role"
    assert (answer.json()["role"], answer.json()["roles"]) == ("forwarder", ["admin"])


async def test_a_key_without_the_scope_is_told_its_name(client, db: Db):
    owner = await db.read(queries.organisation_named, "Demo Forwarder")
    _, narrow = await db.write(operations.make_key, owner.id, environment="test", name="narrow", scopes=["slots:read"])
    answer = await client.get(PORTS, headers={"Authorization": f"Bearer {narrow}"})
    assert answer.status_code == 403
    assert (answer.json()["code"], answer.json()["scope"]) == ("scope-missing", "places:read")


async def test_the_document_shows_each_route_with_the_scope_it_needs(app):
    document = app.openapi()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["paths"]["/v1/ports"]["get"]["security"] == [
        {"key": ["places:read"]},
        {"oauth2": ["places:read"]},
    ]
    assert document["paths"]["/v1/admin/keys"]["post"]["security"][0] == {"key": ["organisations:write"]}


def ring(db: Db, **chosen) -> Keyring:
    return Keyring(db, environment="test", **{"believe_s": 3, **chosen})


async def made_key(db: Db, name: str = "Demo Forwarder", **chosen) -> tuple[str, str]:
    owner = await db.read(queries.organisation_named, name)
    key, text = await db.write(operations.make_key, owner.id, environment="test", name="of a test", **chosen)
    return key.id, text


async def test_a_known_key_costs_no_query(db: Db, keys):
    counting = CountingDb(db)
    known = ring(counting)
    first = await known.holder(keys["operator_pkgwd"])
    assert [await known.holder(keys["operator_pkgwd"]) for _ in range(20)] == [first] * 20
    assert counting.reads == 1


async def test_many_who_wait_for_one_key_ask_once(db: Db, keys):
    counting = CountingDb(db)
    known = ring(counting)
    await asyncio.gather(*(known.holder(keys["forwarder"]) for _ in range(50)))
    assert counting.reads == 1


async def test_whoever_gives_up_waiting_takes_nobody_along(db: Db, keys):
    known = ring(db)
    hasty = asyncio.create_task(known.holder(keys["forwarder"]))
    patient = asyncio.create_task(known.holder(keys["forwarder"]))
    await asyncio.sleep(0)
    hasty.cancel()
    assert (await patient).role == "forwarder"


async def test_a_principal_knows_its_facilities_and_rate(db: Db, keys):
    by = await ring(db).holder(keys["operator_pkgwd"])
    assert isinstance(by, Operator)
    assert by.facilities == {"PKGWD-GMT", "PKGWD-FZS", "PKGWD-FZN"}
    assert by.rate_per_s == 500


async def test_a_revoked_key_is_refused_as_soon_as_it_is_believed_no_more(db: Db):
    key_id, text = await made_key(db)
    known = ring(db, believe_s=0.2)
    await known.holder(text)
    await db.write(operations.revoke_key, key_id, within=None)
    await known.holder(text)
    await asyncio.sleep(0.25)
    with pytest.raises(KeyRevoked):
        await known.holder(text)


async def test_a_key_revoked_in_one_process_dies_in_another_within_five_seconds(client, url, as_):
    made = (await client.post("/v1/keys", json={"name": "to be revoked"}, headers=as_("forwarder"))).json()
    theirs = {"Authorization": f"Bearer {made['key']}"}
    other = create_app(settings_for(url))
    async with (
        other.router.lifespan_context(other),
        httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://other.test") as elsewhere,
    ):
        assert (await elsewhere.get(PORTS, headers=theirs)).status_code == 200
        await client.post(f"/v1/keys/{made['id']}/revoke", headers=as_("forwarder"))
        revoked = time.monotonic()
        while (answer := await elsewhere.get(PORTS, headers=theirs)).status_code == 200:
            await asyncio.sleep(0.1)
            assert time.monotonic() - revoked < 5
        assert await code_of(answer) == "key-revoked"


async def test_a_key_is_never_believed_past_its_expiry(db: Db):
    _, text = await made_key(db, expires_at=clock.now() + timedelta(seconds=0.3))
    known = ring(db, believe_s=3)
    await known.holder(text)
    await asyncio.sleep(0.35)
    with pytest.raises(KeyExpired):
        await known.holder(text)


async def test_the_memory_of_keys_is_bounded_and_strangers_take_none_of_it(db: Db, keys):
    known = ring(db, bound=2)
    for who in ("forwarder", "rival", "customs"):
        await known.holder(keys[who])
    for _ in range(5):
        with pytest.raises(KeyUnknown):
            await known.holder(key_forms.new_secret("test").text)
    assert len(known._beliefs) == 2
    assert not known._asking


async def test_last_use_is_written_aside_and_at_the_end(db: Db):
    key_id, text = await made_key(db)
    known = ring(db)
    keeping = asyncio.create_task(keep_last_used(known, db, every_s=60))
    await known.holder(text)
    assert await last_used(db, key_id) is None
    await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert await last_used(db, key_id) is not None


@pytest.mark.parametrize(("failure", "logged"), [(DatabaseAway, False), (PlaceBusy, False), (ValueError, True)])
async def test_a_last_use_that_could_not_be_written_is_written_the_next_time(db: Db, capsys, failure, logged):
    key_id, text = await made_key(db)
    known = ring(db)
    failing = FailingOnce(db, failure)
    keeping = asyncio.create_task(keep_last_used(known, failing, every_s=0.01))
    await known.holder(text)
    async with asyncio.timeout(5):
        await failing.called_again.wait()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert await last_used(db, key_id) is not None
    assert ("key use not written down" in capsys.readouterr().out) is logged


class FailingOnce:
    """A database whose first statement fails."""

    def __init__(self, db: Db, failure: type[Exception]) -> None:
        self._db = db
        self._failures = [failure]
        self.called_again = asyncio.Event()

    async def call(self, *asked):
        if self._failures:
            raise self._failures.pop()("of a test")
        await self._db.call(*asked)
        self.called_again.set()


async def last_used(db: Db, key_id: str):
    async def ask(read):
        return await read.fetchval("SELECT last_used_at FROM api_keys WHERE id = $1", key_id)

    return await db.read(ask)


async def test_of_a_key_only_its_digest_is_kept(db: Db):
    _, text = await made_key(db)

    async def everything(read):
        return await read.fetchval(
            "SELECT string_agg(k::text, ' ') || (SELECT string_agg(e::text, ' ') FROM events e) FROM api_keys k"
        )

    kept = await db.read(everything)
    assert text not in kept
    assert text[-12:] not in kept
    assert key_forms.digest(text).hex() in kept


async def test_no_event_holds_a_digest(db: Db):
    _, text = await made_key(db)

    async def events(read):
        return await read.fetchval("SELECT string_agg(e::text, ' ') FROM events e WHERE type = 'key.created'")

    told = await db.read(events)
    assert told
    assert "digest" not in told
    assert key_forms.digest(text).hex() not in told
