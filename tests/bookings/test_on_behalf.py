"""An operator books on behalf of a forwarder: a phone call."""

from tests.asking import berth, booking, new_key, storage
from tests.bookings.on_the_ground import OIL, asks_approval, events_of, operator_of

GWD, KHI = "operator_pkgwd", "operator_pkkhi"


async def forwarder_id(crowd, role: str = "forwarder") -> str:
    return (await crowd.get("/v1/keys", role=role)).json()["items"][0]["organisation_id"]


async def on_behalf(crowd, body):
    return body | {"on_behalf_of": await forwarder_id(crowd)}


async def test_the_booking_is_the_forwarder_s_and_the_event_says_who_made_it(crowd):
    body = await on_behalf(crowd, booking(berth(), storage()))
    made = await crowd.post("/v1/bookings", body, role=GWD)
    assert (made.status_code, made.json()["state"]) == (201, "held")
    mine = await crowd.get(f"/v1/bookings/{made.json()['id']}")
    assert mine.json() == made.json()
    assert (await crowd.get(f"/v1/bookings/{made.json()['id']}", role="rival")).status_code == 404
    event = (await crowd.sql("SELECT by, owner_id FROM events ORDER BY id DESC LIMIT 1"))[0]
    assert (event["by"], event["owner_id"]) == (await forwarder_id(crowd, GWD), await forwarder_id(crowd))
    assert (await crowd.post(f"/v1/bookings/{made.json()['id']}/confirm")).json()["state"] == "confirmed"
    assert len(await events_of(crowd, made.json()["id"], role="forwarder")) == 2
    assert await crowd.broken() == {}


async def test_the_key_is_the_operator_s_own(crowd):
    body, key = await on_behalf(crowd, booking(berth())), new_key()
    first = await crowd.post("/v1/bookings", body, role=GWD, key=key)
    again = await crowd.post("/v1/bookings", body, role=GWD, key=key)
    assert (again.status_code, again.text) == (201, first.text)
    theirs = await crowd.post("/v1/bookings", booking(berth(20)), key=key)
    assert (theirs.status_code, "idempotency-replayed" in theirs.headers) == (201, False)
    rehearsed = await crowd.post(
        "/v1/bookings?validate_only=true", await on_behalf(crowd, booking(berth(30))), role=GWD
    )
    assert rehearsed.status_code == 200


async def test_he_need_not_ask_himself_for_approval(crowd):
    pier = berth(quay="PKKHI-OP1", from_m=0)
    made = await crowd.post("/v1/bookings", await on_behalf(crowd, booking(pier, hold=False, **OIL)), role=KHI)
    assert (made.json()["state"], made.json()["awaits"], made.json()["expires_at"]) == ("confirmed", [], None)


async def test_he_books_at_his_own_facilities_only(crowd):
    zone = await operator_of(crowd, "zone", "PKGWD-FZS")
    both = await crowd.post("/v1/bookings", await on_behalf(crowd, booking(storage(), berth())), role=zone)
    assert (both.status_code, both.json()["code"]) == (422, "place-unknown")
    assert [fault["pointer"] for fault in both.json()["errors"]] == ["/legs/1/quay"]
    await asks_approval(crowd, "PKGWD-FZS-W1")
    floor = await crowd.post(
        "/v1/bookings", await on_behalf(crowd, booking(storage(), hold=False, vessel=None)), role=zone
    )
    assert floor.json()["state"] == "confirmed"


async def test_he_says_for_whom_and_a_forwarder_does_not(crowd):
    bare = booking(berth())
    customs = await forwarder_id(crowd, "customs")
    for role, body in (
        (GWD, bare),
        (GWD, bare | {"on_behalf_of": "org_01kb3v7x9ef6wvq0m8y3k2n5ra"}),
        (GWD, bare | {"on_behalf_of": "nonsense"}),
        (GWD, bare | {"on_behalf_of": customs}),
        ("forwarder", await on_behalf(crowd, bare)),
        ("forwarder", bare | {"on_behalf_of": await forwarder_id(crowd, "rival")}),
    ):
        refused = await crowd.post("/v1/bookings", body, role=role)
        assert (refused.status_code, refused.json()["code"]) == (422, "owner-unclear"), body
        assert refused.json()["errors"][0]["pointer"] == "/on_behalf_of"


async def test_a_client_reference_is_unique_among_the_forwarder_s_bookings(crowd):
    body = booking(berth())
    await crowd.post("/v1/bookings", body)
    twice = await crowd.post(
        "/v1/bookings",
        await on_behalf(crowd, booking(berth(20)) | {"client_reference": body["client_reference"]}),
        role=GWD,
    )
    assert twice.json()["code"] == "client-reference-taken"


async def test_what_has_gone_is_refused_with_alternatives(crowd):
    await crowd.post("/v1/bookings", booking(berth(from_m=0)), role="rival")
    refused = await crowd.post("/v1/bookings", await on_behalf(crowd, booking(berth(from_m=0))), role=GWD)
    assert (refused.json()["code"], refused.json()["legs"]) == ("slot-taken", [0])
    assert refused.json()["alternatives"]
