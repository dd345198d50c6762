"""Tokens in place of the key: had when needed, renewed, and refused as the key would be."""

import pytest

from slotway_client import AsyncSlotway, ClientCredentials, Refused, Slotway
from tests.asking import booking, storage
from tests.client.conftest import BOTH, serving
from tests.client.shells import QUICK, Shell


@pytest.fixture
def address(url, signing_keys):
    with serving(url, signing_keys=signing_keys) as running:
        yield running


@pytest.fixture(params=BOTH)
async def shell(request, address, keys):
    """A client that has tokens, and its credentials."""
    with Slotway(address, keys["forwarder"], trust_env=False) as own:
        made = own.request("POST", "/v1/keys", {"name": "tokens"}, idempotency_key=None).json()
    credentials = ClientCredentials(f"{address}/oauth/token", made["id"], made["key"])
    if request.param == "sync":
        with Slotway(address, credentials, retries=QUICK, trust_env=False) as waiting:
            yield Shell(waiting), credentials
    else:
        async with AsyncSlotway(address, credentials, retries=QUICK, trust_env=False) as asynchronous:
            yield Shell(asynchronous), credentials


async def test_a_client_with_tokens_books_and_follows_and_has_a_new_one_when_the_old_is_not_taken(shell):
    client, credentials = shell
    made = await client.book(booking(storage(10, quantity=10), vessel=None))
    first = credentials._token
    assert await client.booking(made["id"]) == made
    assert credentials._token == first
    feed = await client.items("feed")
    assert await client.items("events", "0", most=len(feed)) == feed
    credentials._token = "spoilt"
    assert await client.booking(made["id"]) == made
    second = credentials._token
    credentials._good_until = 0.0
    assert await client.items("events", "0", most=len(feed)) == feed
    assert len({first, second, credentials._token}) == 3


async def test_credentials_that_are_wrong_are_told_as_the_service_tells_it(shell):
    client, credentials = shell
    credentials._form["client_secret"] = "psk_test_" + "x" * 43
    for ask in (client.booking("bkg_01kb3v7x9ef6wvq0m8y3k2n5ra"), client.items("events", "0", most=1)):
        with pytest.raises(Refused, match="401 client-unknown"):
            await ask
