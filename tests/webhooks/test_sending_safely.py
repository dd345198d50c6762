"""Where webhooks do not go, whom they trust, and that one turn is stored once."""

import ssl
import subprocess

import pytest

from service import clock
from service.webhooks import addresses
from service.webhooks.operations import turns
from service.webhooks.rules import Outcome
from tests.webhooks.conftest import SOURCE
from tests.webhooks.receiver import receiving

INSIDE = [
    "127.0.0.1",
    "::1",
    "10.0.0.7",
    "169.254.169.254",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "fe80::1%lo",
    "fd00::1",
]


@pytest.mark.parametrize("inside", INSIDE)
async def test_a_name_that_comes_to_stand_for_an_address_inside_is_not_gone_to(hub, receiver, monkeypatch, inside):
    """It stood for a public address when the endpoint was made; each turn looks again, at all that it stands for."""
    found = ["93.184.215.14", inside]
    monkeypatch.setattr(addresses, "_look_up", lambda _, port: [(0, 0, 0, "", (each, port)) for each in found])
    endpoint = await hub.endpoint(receiver.url.replace("http://127.0.0.1", "https://rebound.example") + "/")
    async with hub.courier(insecure=False):
        await hub.happens_often(2)
        (attempt,) = await hub.settled(endpoint, 1)
    assert (attempt["error"], attempt["status_code"], attempt["answer"]) == ("address-refused", None, None)
    assert receiver.connections == 0
    assert [each["tries"] for each in await hub.deliveries(endpoint)] == [1, 0]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1", "https://127.0.0.1", "https://localhost", "https://0177.0.0.1"]
)
async def test_an_address_inside_is_not_gone_to_unless_it_was_allowed(hub, receiver, address):
    endpoint = await hub.endpoint(receiver.url.replace("http://127.0.0.1", address) + "/")
    async with hub.courier(insecure=False):
        await hub.happens_often(1)
        (attempt,) = await hub.settled(endpoint, 1)
    assert attempt["error"] == "address-refused"
    assert receiver.connections == 0


async def test_proxies_and_passwords_of_the_environment_are_not_used(hub, receiver, monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    endpoint = await hub.endpoint(receiver.url + "/")
    async with hub.courier():
        await hub.happens_often(1)
        await hub.settled(endpoint, 1)
    assert "authorization" not in receiver.got[0].headers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[str, str]:
    """A certificate for the name localhost, of nobody that a system trusts, and its key."""
    home = tmp_path_factory.mktemp("tls")
    made, key = str(home / "made.pem"), str(home / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


@pytest.mark.parametrize(
    ("host", "trusted", "error"),
    [
        ("localhost", True, None),
        ("127.0.0.1", True, "certificate-refused"),
        ("localhost", False, "certificate-refused"),
    ],
)
async def test_the_certificate_is_that_of_the_name_though_the_address_was_pinned(
    hub, certificate, host, trusted, error
):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*certificate)
    asked_for: list[str | None] = []
    serving.sni_callback = lambda _, name, __: asked_for.append(name)
    trusting = ssl.create_default_context(cafile=certificate[0] if trusted else None)
    async with receiving(serving) as receiver:
        endpoint = await hub.endpoint(receiver.url.replace("127.0.0.1", host) + "/")
        async with hub.courier(tls=trusting):
            await hub.happens_often(1)
            (attempt,) = await hub.settled(endpoint, 1)
        assert attempt["error"] == error
        assert len(receiver.got) == (error is None)
        assert asked_for[0] == (None if host == "127.0.0.1" else host)


@pytest.mark.usefixtures("impatient")
async def test_a_receiver_that_speaks_no_tls_where_it_should_is_not_spoken_to_in_the_clear(hub, receiver):
    endpoint = await hub.endpoint(receiver.url.replace("http:", "https:") + "/")
    async with hub.courier():
        await hub.happens_often(1)
        (attempt,) = await hub.settled(endpoint, 1)
    assert attempt["error"] == "timed-out"
    assert receiver.got == []


async def taken(hub) -> list[turns.Turn]:
    found, _ = await hub.db.write(turns.take, at_most=10, source=SOURCE)
    return found


async def test_those_that_want_nothing_do_not_come_before_one_that_does(hub):
    for _ in range(3):
        await hub.endpoint("http://127.0.0.1:9/", "port.opened")
    wants = await hub.endpoint("http://127.0.0.1:9/", "booking.held")
    in_hand: list[str] = []
    for _ in range(4):  # one hand is free, and something happens before each look
        await hub.happens_often(1)
        await hub.db.write(turns_numbered)
        found, _ = await hub.db.write(turns.take, at_most=1, source=SOURCE)
        in_hand += [turn.id for turn in found]
    assert in_hand == [wants.id]


async def test_of_two_turns_only_the_newest_stores_what_came_of_it(hub, receiver):
    endpoint = await hub.endpoint(receiver.url + "/")
    await hub.happens_often(2)
    await hub.db.write(turns_numbered)
    (first,) = await taken(hub)
    assert await taken(hub) == []  # in hand
    await hub.sql("UPDATE webhook_endpoints SET leased_until = clock_timestamp()")
    (second,) = await taken(hub)
    assert second.lease == first.lease + 1
    one, two = await hub.deliveries(endpoint)  # put up once
    of_first = [Outcome(one["number"], clock.now(), 5, 204), Outcome(two["number"], clock.now(), 5, 410, "gone")]
    assert await hub.db.write(turns.settle, first, of_first) is False
    assert await hub.attempts(endpoint) == []
    assert await hub.db.write(turns.settle, second, of_first[:1]) is True
    assert [each["state"] for each in await hub.deliveries(endpoint)] == ["delivered", "waiting"]
    assert (await hub.row(endpoint))["enabled"]


async def turns_numbered(tx) -> None:
    await tx.execute("UPDATE events SET position = id WHERE position IS NULL")


async def test_a_turn_of_an_endpoint_that_is_deleted_meanwhile_stores_nothing(hub, receiver):
    endpoint = await hub.endpoint(receiver.url + "/")
    await hub.happens_often(1)
    await hub.db.write(turns_numbered)
    (turn,) = await taken(hub)
    await hub.sql("UPDATE webhook_endpoints SET deleted_at = clock_timestamp()")
    (delivery,) = await hub.deliveries(endpoint)
    assert await hub.db.write(turns.settle, turn, [Outcome(delivery["number"], clock.now(), 5, 204)]) is False
    assert await hub.attempts(endpoint) == []
