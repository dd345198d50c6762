"""A booking's life over HTTP: held, confirmed, extended, cancelled, expired."""

import asyncpg

from service.bookings.jobs import expire
from tests.asking import berth, booking, storage


async def made(crowd, *legs, **more):
    answer = await crowd.post("/v1/bookings", booking(*(legs or (berth(),)), **more))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_hold_says_when_it_lapses_and_a_booking_at_once_does_not(crowd):
    held = await made(crowd)
    firm = await made(crowd, hold=False)
    assert (held["state"], firm["state"], firm["expires_at"]) == ("held", "confirmed", None)
    assert held["expires_at"] > held["created_at"]


async def test_a_place_that_asks_for_approval_makes_a_request_that_lapses(crowd):
    tanker = {"name": "OIL", "loa_m": 200, "beam_m": 32, "draught_m": 10}
    pier = berth(quay="PKKHI-OP1", from_m=0)
    held = await made(crowd, pier, vessel=tanker, cargo={"class": "liquid_bulk"})
    confirmed = await crowd.post(f"/v1/bookings/{held['id']}/confirm")
    assert confirmed.json()["state"] == "pending"
    assert confirmed.json()["expires_at"] > held["expires_at"]
    taken = await crowd.post("/v1/bookings", booking(pier, vessel=tanker, cargo={"class": "liquid_bulk"}), role="rival")
    assert taken.json()["code"] == "slot-taken"


async def test_confirm_makes_the_claims_firm_and_raises_the_version(crowd):
    held = await made(crowd, berth(), storage())
    answer = await crowd.post(f"/v1/bookings/{held['id']}/confirm", **{"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["state"], answer.headers["etag"]) == (200, "confirmed", '"2"')
    assert await crowd.sql("SELECT 1 FROM berth_claims WHERE expires_at < 'infinity'") == []
    assert await crowd.sql("SELECT 1 FROM storage_claims WHERE expires_at < 'infinity'") == []


async def test_a_change_made_for_an_older_version_is_refused(crowd):
    held = await made(crowd)
    stale = await crowd.post(f"/v1/bookings/{held['id']}/cancel", **{"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["version"]) == (412, 1)


async def test_a_hold_can_be_extended_only_so_far(crowd):
    held = await made(crowd)
    longer = (await crowd.post(f"/v1/bookings/{held['id']}/extend-hold")).json()
    assert longer["expires_at"] > held["expires_at"]
    until = {"until": "2199-01-01T00:00:00Z"}
    refused = await crowd.post(f"/v1/bookings/{held['id']}/extend-hold", until)
    assert (refused.status_code, refused.json()["code"]) == (409, "hold-at-its-longest")
    longest = refused.json()["hold_until"]
    assert (await crowd.post(f"/v1/bookings/{held['id']}/extend-hold", {"until": longest})).json()[
        "expires_at"
    ] == longest
    assert (await crowd.post(f"/v1/bookings/{held['id']}/extend-hold")).json()["code"] == "hold-at-its-longest"


async def test_a_cancelled_booking_gives_its_places_back_and_says_why(crowd):
    body = booking(berth(from_m=0), storage(quantity=12_000), hold=False)
    first = (await crowd.post("/v1/bookings", body)).json()
    cancelled = await crowd.post(f"/v1/bookings/{first['id']}/cancel", {"reason": "the ship sank"})
    assert cancelled.json()["state"] == "cancelled"
    again = await crowd.post("/v1/bookings", booking(berth(from_m=0), storage(quantity=12_000)), role="rival")
    assert again.status_code == 201
    event = (await crowd.get("/v1/events", limit=500)).json()["items"][-1]
    assert event["data"]["cause"] == {"reason": "the ship sank"}
    assert event["data"]["previous"]["state"] == "confirmed"


async def test_a_lapsed_hold_reads_expired_at_once_and_its_end_is_told_by_the_worker(crowd, db):
    held = await made(crowd, berth(), storage())
    before = await crowd.get(f"/v1/bookings/{held['id']}")
    await crowd.lapse(held["id"])
    after = await crowd.get(f"/v1/bookings/{held['id']}")
    assert (after.json()["state"], before.headers["etag"] != after.headers["etag"]) == ("expired", True)
    assert [item["id"] for item in (await crowd.get("/v1/bookings", state="expired")).json()["items"]] == [held["id"]]
    assert (await crowd.get("/v1/bookings", state="held")).json()["items"] == []
    assert await expire(db) == 1
    assert await expire(db) == 0
    event = (await crowd.get("/v1/events", limit=500)).json()["items"][-1]
    assert (event["type"], event["data"]["current"]["state"]) == ("booking.expired", "expired")
    assert await crowd.broken() == {}


async def test_several_workers_expire_each_booking_once(crowd, db):
    import asyncio  # noqa: PLC0415

    for day in range(10, 30, 2):
        await crowd.lapse((await made(crowd, berth(day), storage(day)))["id"])
    done = await asyncio.gather(*(expire(db) for _ in range(4)))
    assert sum(done) == 10
    assert len(await crowd.sql("SELECT 1 FROM events WHERE type = 'booking.expired'")) == 10
    assert await crowd.broken() == {}


async def test_a_rehearsal_answers_like_the_real_thing_and_leaves_nothing(crowd):
    body = booking(berth(), storage())
    rehearsed = await crowd.post("/v1/bookings?validate_only=true", body, key="k1")
    assert (rehearsed.status_code, rehearsed.json()["state"]) == (200, "held")
    assert await crowd.sql("SELECT 1 FROM events WHERE subject LIKE 'bkg%'") == []
    for table in ("bookings", "berth_claims", "storage_claims", "idempotency_keys"):
        assert await crowd.sql(f"SELECT 1 FROM {table}") == [], table
    held = (await crowd.post("/v1/bookings", body, key="k1")).json()
    assert held.keys() == rehearsed.json().keys()
    assert (await crowd.post(f"/v1/bookings/{held['id']}/confirm?validate_only=true")).json()["state"] == "confirmed"
    assert (await crowd.get(f"/v1/bookings/{held['id']}")).json()["state"] == "held"


async def test_a_strangers_booking_is_not_there(crowd):
    held = await made(crowd)
    for role in ("rival", "operator_pkkhi", "customs"):
        answer = await crowd.get(f"/v1/bookings/{held['id']}", role=role)
        assert (answer.status_code, answer.json()["code"]) == (404, "booking-not-found"), role
        assert (await crowd.get("/v1/bookings", role=role)).json()["items"] == []
    for action in ("confirm", "cancel", "extend-hold"):
        assert (await crowd.post(f"/v1/bookings/{held['id']}/{action}", role="rival")).status_code == 404
        assert (await crowd.post(f"/v1/bookings/{held['id']}/{action}", role="customs")).status_code == 403
    assert (await crowd.get(f"/v1/bookings/{held['id']}", role="operator_pkgwd")).status_code == 200


async def test_a_client_reference_is_unique_in_its_organisation_only(crowd):
    body = booking(storage(quantity=5), vessel=None)
    assert (await crowd.post("/v1/bookings", body)).status_code == 201
    twice = await crowd.post("/v1/bookings", body)
    assert (twice.status_code, twice.json()["code"]) == (409, "client-reference-taken")
    assert (await crowd.post("/v1/bookings", body, role="rival")).status_code == 201


async def test_lists_are_filtered_and_paged(crowd):
    days = list(range(10, 30, 4))
    ids = [(await made(crowd, berth(day), hold=day % 8 == 2))["id"] for day in days]
    page = (await crowd.get("/v1/bookings", limit=2)).json()
    found = [item["id"] for item in page["items"]]
    while page["next"]:
        page = (await crowd.get("/v1/bookings", limit=2, cursor=page["next"])).json()
        found += [item["id"] for item in page["items"]]
    assert found == ids[::-1]
    confirmed = (await crowd.get("/v1/bookings", state="confirmed", place="PKGWD-MPT", port="PKGWD")).json()["items"]
    assert {item["state"] for item in confirmed} == {"confirmed"}
    start, end = (confirmed[0]["legs"][0]["window"][edge] for edge in ("start", "end"))
    within = (await crowd.get("/v1/bookings", **{"from": start, "to": end})).json()["items"]
    assert [item["id"] for item in within] == [confirmed[0]["id"]]
    assert (await crowd.get("/v1/bookings", port="PKKHI")).json()["items"] == []
    misfit = await crowd.get(
        "/v1/bookings", limit=2, state="held", cursor=(await crowd.get("/v1/bookings", limit=2)).json()["next"]
    )
    assert (misfit.status_code, misfit.json()["code"]) == (422, "cursor-does-not-fit")


async def test_a_booking_is_one_query_and_so_is_a_list(crowd, monkeypatch):
    await made(crowd)
    asked: list[str] = []
    execute = asyncpg.Connection._execute

    async def counted(self, query, *rest, **more):
        asked.append(query)
        return await execute(self, query, *rest, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)
    for _ in crowd.clients:  # both instances learn the key and the places here
        await made(crowd, storage(quantity=1), berth(40))
    asked.clear()
    await made(crowd, berth(50), storage(50))
    assert asked == ["SELECT answer, replayed, first_fingerprint FROM book($1)"]
    asked.clear()
    await crowd.get("/v1/bookings", state="held")
    assert len(asked) == 1
