"""A token stands on its key: it ends with it in every process, streams included, and costs no query while both are known."""

import asyncio
import time

import httpx
import pytest

from service.accounts import operations, queries
from service.accounts.keyring import Keyring
from service.app import create_app
from service.auth import KeyRevoked, KeyUnknown
from service.database import Db
from service.errors import Unidentified
from service.tokens.signing import SigningKeys
from service.tokens.tokens import Tokens
from tests.asking import booking, storage
from tests.conftest import settings_for
from tests.counting import CountingDb
from tests.events.following import port_at
from tests.serving import served
from tests.tokens.asking import PORTS, bearing, made_key, token_of
from tests.tokens.forging import Forger


@pytest.fixture
def tokens(signing_keys) -> Tokens:
    return Tokens(SigningKeys(signing_keys), issuer="http://here.example", environment="test", bound=3)


def ring(db: Db, tokens: Tokens, **chosen) -> Keyring:
    return Keyring(db, environment="test", tokens=tokens, **{"believe_s": 3, **chosen})


async def holding(db: Db, tokens: Tokens, name: str = "Demo Forwarder"):
    """A keyring, the id of a key, the key, its principal, and a token made with it."""
    owner = await db.read(queries.organisation_named, name)
    key, text = await db.write(operations.make_key, owner.id, environment="test", name="of a test")
    known = ring(db, tokens)
    by = await known.holder(text)
    return known, key.id, text, by, tokens.make(by, by.scopes)


async def test_a_token_has_the_principal_of_its_key_with_its_own_scopes_alone(db: Db, tokens):
    known, _, _, by, _ = await holding(db, tokens)
    narrow = await known.holder(tokens.make(by, frozenset({"slots:read"})))
    assert narrow.scopes == {"slots:read"}
    assert (narrow.organisation_id, narrow.key_id, narrow.role) == (by.organisation_id, by.key_id, by.role)
    assert (await known.holder(tokens.make(by, by.scopes))) == by


async def test_tokens_of_a_known_key_cost_no_query(db: Db, tokens):
    _, _, _, by, token = await holding(db, tokens)
    counting = CountingDb(db)
    known = ring(counting, tokens)
    for each in (token, token, tokens.make(by, by.scopes)):
        await known.holder(each)
    assert counting.reads == 1
    assert known.knows(token)


async def test_a_token_is_verified_once(db: Db, tokens, monkeypatch):
    known, *_, token = await holding(db, tokens)
    await known.holder(token)
    monkeypatch.setattr(Tokens, "_signed", None)  # whoever verifies again fails
    await known.holder(token)


async def test_the_memory_of_tokens_is_bounded_and_bad_ones_take_none_of_it(db: Db, tokens, signing_keys):
    known, _, _, by, token = await holding(db, tokens)
    forger = Forger(token, signing_keys)
    for bad in (forger.unsigned("none"), forger.signed({"exp": 1}), forger.signed({"aud": "x"})):
        with pytest.raises(Unidentified):
            await known.holder(bad)
    assert not tokens._verified
    for _ in range(9):
        await known.holder(tokens.make(by, by.scopes))
    assert len(tokens._verified) == 3


async def test_a_token_dies_with_its_key_as_soon_as_that_is_believed_no_more(db: Db, tokens):
    _, key_id, _, _, token = await holding(db, tokens)
    known = ring(db, tokens, believe_s=0.2)
    await known.holder(token)
    await db.write(operations.revoke_key, key_id, within=None)
    await asyncio.sleep(0.25)
    with pytest.raises(KeyRevoked):
        await known.holder(token)


async def test_of_many_the_keyring_tells_those_that_work_now_in_one_query(db: Db, tokens, signing_keys):
    known, key_id, text, by, token = await holding(db, tokens)
    _, _, other_text, other, other_token = await holding(db, tokens, "Demo Customs")
    forger = Forger(token, signing_keys)
    dead = [forger.signed({"exp": 1}), forger.unsigned("none"), forger.signed({"client_id": "key_nobody"}),
            forger.signed({"sub": other.organisation_id}), "psk_test_" + "A" * 43, "nonsense"]  # fmt: skip
    narrow = tokens.make(other, frozenset({"events:read"}))
    counting = CountingDb(db)
    found = await ring(counting, tokens).holders({text, token, other_text, other_token, narrow, *dead})
    assert counting.reads == 1
    assert found.keys() == {text, token, other_text, other_token, narrow}
    assert (found[token], found[other_text], found[narrow].scopes) == (by, other, {"events:read"})
    await db.write(operations.revoke_key, key_id, within=None)
    assert (await known.holders({text, token, other_token})).keys() == {other_token}


async def test_who_asks_for_a_token_is_the_key_and_not_a_token(db: Db, tokens):
    known, key_id, text, by, token = await holding(db, tokens)
    assert await known.client(key_id, text) == by
    for wrong in ((key_id, token), ("key_other", text), (by.organisation_id, text)):
        with pytest.raises(KeyUnknown):
            await known.client(*wrong)


async def test_a_wrong_secret_costs_the_same_look_whether_there_is_such_a_client_or_not(db: Db, tokens):
    _, key_id, *_ = await holding(db, tokens)
    counting = CountingDb(db)
    known = ring(counting, tokens)
    for client_id in (key_id, "key_nobody"):
        with pytest.raises(KeyUnknown):
            await known.client(client_id, "psk_test_" + "A" * 43)
    assert counting.reads == 2


async def test_a_key_that_only_its_tokens_use_counts_as_used(db: Db, tokens):
    _, key_id, _, _, token = await holding(db, tokens)
    known = ring(db, tokens)
    await known.holder(token)
    await known.note_use(db)
    used = await db.read(queries.keys, organisation_id=None, after="", limit=200)
    assert [each.last_used_at is not None for each in used if each.id == key_id] == [True]


async def test_a_key_revoked_in_one_process_ends_its_tokens_in_another_within_five_seconds(
    client, url, keys, signing_keys
):
    made = await made_key(client, keys["forwarder"])
    token = await token_of(client, made["key"])
    other = create_app(settings_for(url, signing_keys=signing_keys))
    async with (
        other.router.lifespan_context(other),
        httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://other.test") as elsewhere,
    ):
        assert (await elsewhere.get(PORTS, headers=bearing(token))).status_code == 200
        await client.post(f"/v1/keys/{made['id']}/revoke", headers=bearing(keys["forwarder"]))
        revoked = time.monotonic()
        while (answer := await elsewhere.get(PORTS, headers=bearing(token))).status_code == 200:
            await asyncio.sleep(0.1)
            assert time.monotonic() - revoked < 5
        assert answer.json()["code"] == "key-revoked"


@pytest.fixture
async def port(url, keys, signing_keys):
    """A process of the service that has signing keys, and a way to ask it."""
    with served(url, SLOTWAY_SIGNING_KEYS=str(signing_keys)) as address:
        async with port_at(address, keys) as opened:
            yield opened


async def test_a_stream_follows_with_a_token_and_ends_with_the_key_behind_it(port, keys):
    made = await port.post("/v1/keys", {"name": "night shift"})
    token, other = await token_of(port.client, made["key"]), await token_of(port.client, keys["forwarder"])
    async with port.follow(token) as doomed, port.follow(other) as follower:
        await port.post("/v1/bookings", booking(storage(10, quantity=10), vessel=None), role=token)
        assert [each["type"] for each in await doomed.has(1)] == ["booking.held"]
        began = time.monotonic()
        await port.post(f"/v1/keys/{made['id']}/revoke")
        await doomed.has_ended(within_s=5)
        assert time.monotonic() - began < 5
        assert not follower.ended


async def test_a_stream_ends_when_its_token_expires(port, keys, signing_keys):
    forger = Forger(await token_of(port.client, keys["forwarder"]), signing_keys)
    expires_at = time.time() + 2
    async with port.follow(forger.signed({"exp": expires_at})) as doomed, port.follow(forger.good) as follower:
        await doomed.has_ended(within_s=6)
        assert time.time() >= expires_at - 0.1
        assert not follower.ended
