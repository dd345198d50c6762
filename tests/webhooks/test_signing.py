"""What a webhook says of itself: its signature, its filters, its schedule, and where it may not go."""

import time

import pytest

from service.errors import Refusal
from service.webhooks import addresses, rules


def test_each_live_secret_signs():
    one, two = rules.new_secret(), rules.new_secret()
    both = rules.signature([one, two], "evt_1", 7, b"{}")
    assert both.split(" ") == [rules.signature([each], "evt_1", 7, b"{}") for each in (one, two)]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("*", True), ("booking.*", True), ("booking.held", True), ("booking", False), ("book.*", False), ("b*", False)],
)
def test_a_pattern_names_a_type_its_group_or_all(pattern, fits):
    assert rules.matches([pattern], "booking.held") is fits


def test_the_schedule_is_that_of_standard_webhooks_and_ends():
    waits = [rules.wait_s(tries, None, jitter=0) for tries in range(1, 11)]
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, None]
    assert rules.wait_s(1, 60, jitter=0) == 60
    assert rules.wait_s(1, 10**9, jitter=0) == 86400


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "192.0.0.192", "192.88.99.1", "255.255.255.255", "3fff::1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "fec0::1", "::ffff:8.8.8.8",
     "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "2002:808:808::1", "2001::1"],
)  # fmt: skip
def test_an_address_inside_or_one_that_hides_another_is_not_public(address):
    assert not addresses.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_an_address_of_the_internet_is_public(address):
    assert addresses.is_public(address)


@pytest.mark.parametrize(
    "url",
    ["http://1.1.1.1/", "https://u:p@1.1.1.1/", "https://1.1.1.1/#x", "https://", "ftp://1.1.1.1/", "https://1.1.1.1:x/",
     "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/"],
)  # fmt: skip
async def test_an_address_that_is_not_for_webhooks_is_refused(url):
    with pytest.raises(Refusal) as refusal:
        await addresses.pinned(url, insecure=False)
    assert refusal.value.code() == "webhook-url-refused"


async def test_a_public_address_is_pinned():
    assert await addresses.pinned("https://1.1.1.1/x", insecure=False) == "1.1.1.1"


def test_the_library_for_receivers_believes_a_signature():
    webhooks = pytest.importorskip("standardwebhooks")
    secret, now = rules.new_secret(), int(time.time())
    headers = {"webhook-id": "evt_1", "webhook-timestamp": str(now),
               "webhook-signature": rules.signature([rules.new_secret(), secret], "evt_1", now, b'{"a":1}')}  # fmt: skip
    assert webhooks.Webhook(rules.secret_text(secret)).verify(b'{"a":1}', headers) == {"a": 1}
