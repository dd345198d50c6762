"""Amending over HTTP: one swap, or the old slot stands."""

import asyncpg
import pytest

from tests.asking import SHIP, SMALL_SHIP, ahead, berth, booking, new_key, rfc, storage, window


async def made(crowd, *legs, **more):
    answer = await crowd.post("/v1/bookings", booking(*(legs or (berth(from_m=0), storage())), **more))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def amend(crowd, subject, body, *, status=200, tag=None, role="forwarder", **more):
    headers = {"If-Match": tag or f'"{subject["version"]}"'}
    answer = await crowd.post(f"/v1/bookings/{subject['id']}/amend", body, role=role, **headers, **more)
    assert answer.status_code == status, answer.text
    return answer.json()


def shown(leg, **more):
    """A leg as it was shown, with what shall be different."""
    return leg | more


async def claims(crowd, table="berth_claims"):
    return await crowd.sql(f"SELECT booking, leg, change FROM {table} ORDER BY 1, 2, 3")


async def test_a_berth_moves_in_time_and_the_floor_stays(crowd):
    first = await made(crowd, hold=False)
    ship, floor = first["legs"]
    after = await amend(crowd, first, {"legs": [shown(ship, window=window(20)), floor]})
    assert (after["state"], after["version"], after["client_reference"]) == ("confirmed", 2, first["client_reference"])
    assert after["legs"][0] == ship | {"window": window(20)}
    assert after["legs"][1] == floor
    assert (await crowd.get(f"/v1/bookings/{first['id']}")).json() == after
    await made(crowd, berth(from_m=0))  # the old place is free
    taken = await crowd.post("/v1/bookings", booking(berth(20, from_m=0)))
    assert taken.json()["code"] == "slot-taken"
    assert await crowd.broken() == {}


async def test_what_is_left_out_stays_and_null_clears(crowd):
    subject = await made(crowd, remark="fragile", contact={"name": "Aigerim"}, cargo={"class": "general"})
    after = await amend(crowd, subject, {"remark": None, "shipper": {"name": "Steppe Metals"}})
    assert (after["remark"], after["shipper"]["name"], after["contact"]) == (
        None,
        "Steppe Metals",
        {"name": "Aigerim", "email": None, "phone": None},
    )
    assert after["legs"] == subject["legs"]
    assert after["vessel"] == subject["vessel"]
    assert after["expires_at"] == subject["expires_at"]


async def test_legs_are_added_and_dropped(crowd):
    subject = await made(crowd, berth(from_m=0))
    both = await amend(crowd, subject, {"legs": [subject["legs"][0], storage(quantity=700)]})
    assert [leg["kind"] for leg in both["legs"]] == ["berth", "storage"]
    assert both["legs"][0] == subject["legs"][0]
    floor = await amend(crowd, both, {"legs": [both["legs"][1]], "vessel": None})
    assert [leg["id"] for leg in floor["legs"]] == [both["legs"][1]["id"]]
    assert floor["vessel"] is None
    assert await claims(crowd) == []
    assert await crowd.broken() == {}


async def test_floor_changes_net_so_that_a_full_warehouse_does_not_stand_in_its_own_way(crowd):
    subject = await made(crowd, storage(quantity=7000), hold=False)
    await made(crowd, storage(quantity=4000))
    more = await amend(crowd, subject, {"legs": [shown(subject["legs"][0], quantity=8000)]})
    assert more["legs"][0]["quantity"] == 8000
    refused = await amend(crowd, more, {"legs": [shown(more["legs"][0], quantity=8001)]}, status=409)
    assert (refused["code"], refused["legs"]) == ("storage-full", [0])
    assert await crowd.broken() == {}


async def test_a_booking_may_overlap_its_own_old_claim(crowd):
    subject = await made(crowd, berth(from_m=0), hold=False)
    later = {"start": rfc(ahead(10, 5)), "end": rfc(ahead(11, 20))}
    after = await amend(crowd, subject, {"legs": [shown(subject["legs"][0], window=later)]})
    along = await amend(crowd, after, {"legs": [shown(after["legs"][0], from_m=100)]})
    assert (along["legs"][0]["from_m"], along["legs"][0]["to_m"], along["legs"][0]["window"]) == (100, 309, later)
    assert await crowd.broken() == {}


async def test_what_cannot_be_had_leaves_the_old_slot_and_offers_others_as_if_it_were_gone(crowd):
    subject = await made(crowd, berth(from_m=0), storage(quantity=6000), hold=False)
    await made(crowd, berth(20, from_m=0), storage(40, quantity=9000))
    ship, floor = subject["legs"]
    wish = [shown(ship, window=window(20)), floor]
    refused = await amend(crowd, subject, {"legs": wish}, status=409)
    assert (refused["code"], refused["legs"]) == ("slot-taken", [0])
    assert (await crowd.get(f"/v1/bookings/{subject['id']}")).json() == subject
    offer = refused["alternatives"][0]
    after = await amend(crowd, subject, {"legs": [offer | {"id": ship["id"]}, floor]})
    assert after["legs"][0]["window"] == offer["window"]
    # The whole quay is the booking's own for a moment: it may stay where it was, or come back there.
    big = await amend(crowd, after, {"legs": [shown(floor, window=window(40, 240), quantity=6000)]}, status=409)
    assert {each["kind"] for each in big["alternatives"]} == {"storage"}
    assert await crowd.broken() == {}


async def test_alternatives_do_not_count_the_claims_that_would_be_given_back(crowd):
    """The floor is full but for the booking's own; what it wants next, it can have there once its own is gone."""
    subject = await made(crowd, storage(12, quantity=6000), hold=False)
    await made(crowd, storage(16, quantity=6000, length=30))
    wish = shown(subject["legs"][0], quantity=6001)
    refused = await amend(crowd, subject, {"legs": [wish]}, status=409)
    smaller = await amend(crowd, subject, {"legs": [shown(subject["legs"][0], quantity=6000, window=window(13, 240))]})
    assert smaller["legs"][0]["window"] == window(13, 240)
    for offer in refused["alternatives"]:
        assert offer["quantity"] == 6001
    assert await crowd.broken() == {}


async def test_another_ship_is_judged_at_the_place_that_it_takes_over(crowd):
    subject = await made(crowd, berth(from_m=0), vessel=SMALL_SHIP)
    await made(crowd, berth(from_m=150), vessel=SMALL_SHIP)
    refused = await amend(crowd, subject, {"vessel": SHIP}, status=409)
    assert refused["code"] == "slot-taken"
    deep = await amend(crowd, subject, {"vessel": SMALL_SHIP | {"draught_m": 14}}, status=422)
    assert deep["code"] == "draught-exceeded"
    after = await amend(crowd, subject, {"vessel": SMALL_SHIP | {"loa_m": 100}})
    assert (after["legs"][0]["from_m"], after["legs"][0]["to_m"]) == (0, 110)
    none = await amend(crowd, after, {"vessel": None}, status=422)
    assert none["code"] == "vessel-missing"


async def test_a_leg_that_stays_is_not_judged_again_and_one_that_changes_is(crowd):
    subject = await made(crowd, berth(from_m=0), storage())
    body = {"quay": "PKGWD-MPT", "window": {"start": rfc(ahead(0)), "end": rfc(ahead(300))}, "draught_m": 9.0,
            "reference": "NtM 1", "source": "test"}  # fmt: skip
    assert (await crowd.post("/v1/draught-notices", body, role="operator_pkgwd")).status_code == 201
    ship, floor = subject["legs"]
    after = await amend(crowd, subject, {"legs": [ship, shown(floor, quantity=10)]})
    assert after["legs"][1]["quantity"] == 10
    refused = await amend(crowd, after, {"legs": [shown(ship, from_m=50), floor]}, status=422)
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("draught-exceeded", "/legs/0")


async def test_after_the_cut_off_of_its_place_a_leg_stays_and_the_rest_may_change(crowd):
    await crowd.sql("UPDATE quays SET amend_until = '30 days'")
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    subject = await made(crowd, berth(from_m=0), storage(), hold=False)
    ship, floor = subject["legs"]
    late = await amend(crowd, subject, {"legs": [shown(ship, window=window(20)), floor]}, status=409)
    assert (late["code"], late["leg"]) == ("amendment-too-late", ship["id"])
    assert late["cut_off"] < late["server_time"]
    dropped = await amend(crowd, subject, {"legs": [floor]}, status=409)
    assert dropped["code"] == "amendment-too-late"
    after = await amend(crowd, subject, {"legs": [ship, shown(floor, quantity=5)], "remark": "x"})
    assert after["legs"][1]["quantity"] == 5


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "leg_01kb3v7x9ef6wvq0m8y3k2n5ra"}, "not-a-leg-of-the-booking"),
        ({"state": "arrived"}, "slot-contradicted"),
        ({"ended_at": "2026-12-01T00:00:00Z"}, "slot-contradicted"),
        ({"to_m": 210}, "slot-contradicted"),
        ({"quay": "PKGWD-NONE"}, "place-unknown"),
        ({"quay": "PKKHI-EWP", "from_m": 0, "port": "PKKHI", "berths": None}, "more-than-one-port"),
        ({"window": {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}}, "starts-in-the-past"),
    ],
)
async def test_a_leg_that_contradicts_itself_or_the_booking_is_refused(crowd, change, code):
    subject = await made(crowd, berth(from_m=0))
    if code == "more-than-one-port":
        change = change | {
            "quay": (
                await crowd.sql(
                    "SELECT code FROM places WHERE port = 'PKKHI' AND kind = 'quay' AND facility <> 'PKKHI-OIL' LIMIT 1"
                )
            )[0]["code"]
        }
    refused = await amend(crowd, subject, {"legs": [subject["legs"][0] | change]}, status=422)
    assert refused["code"] == code


async def test_two_legs_may_not_go_on_as_one_nor_lie_on_one_another(crowd):
    subject = await made(crowd, berth(from_m=0), vessel=SMALL_SHIP)
    leg = subject["legs"][0]
    twice = await amend(crowd, subject, {"legs": [leg, shown(leg, window=window(20))]}, status=422)
    assert twice["code"] == "not-a-leg-of-the-booking"
    upon = await amend(crowd, subject, {"legs": [leg, berth(11, from_m=50)]}, status=422)
    assert upon["code"] == "legs-overlap"


@pytest.mark.parametrize("body", [{}, {"legs": []}, {"legs": None}, {"client_reference": "x"}, {"hold": False}])
async def test_an_amendment_that_says_nothing_or_too_much_is_refused(crowd, body):
    subject = await made(crowd)
    assert (await amend(crowd, subject, body, status=422))["code"] == "invalid-request"


async def test_an_amendment_names_the_version_that_it_is_made_for(crowd):
    subject = await made(crowd)
    missing = await crowd.post(f"/v1/bookings/{subject['id']}/amend", {"remark": "x"})
    assert (missing.status_code, missing.json()["code"]) == (428, "version-missing")
    stale = await amend(crowd, subject, {"remark": "x"}, tag='"7"', status=412)
    assert stale["version"] == 1
    assert (await amend(crowd, subject, {"remark": "x"}, tag="*"))["version"] == 2


async def test_a_rival_s_booking_cannot_be_amended_and_looks_as_if_it_never_was(crowd):
    subject = await made(crowd)
    assert (await amend(crowd, subject, {"remark": "x"}, role="rival", status=404))["code"] == "booking-not-found"


async def test_a_repeated_amendment_has_its_first_answer(crowd):
    subject, key = await made(crowd, berth(from_m=0)), new_key()
    body = {"legs": [shown(subject["legs"][0], window=window(20))]}
    first = await amend(crowd, subject, body, key=key)
    await crowd.post(f"/v1/bookings/{subject['id']}/cancel")
    path, headers = f"/v1/bookings/{subject['id']}/amend", {"If-Match": '"1"'}
    again = await crowd.post(path, body, key=key, **headers)
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (200, first, "true")
    other = await crowd.post(path, {"remark": "x"}, key=key, **headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_rehearsal_answers_like_the_real_thing_and_leaves_nothing(crowd):
    subject = await made(crowd, hold=False)
    path, headers = f"/v1/bookings/{subject['id']}/amend?validate_only=true", {"If-Match": '"1"'}
    body = {"legs": [shown(subject["legs"][0], window=window(20))]}
    rehearsed = await crowd.post(path, body, key="k1", **headers)
    assert (rehearsed.status_code, rehearsed.json()["version"]) == (200, 2)
    assert (await crowd.get(f"/v1/bookings/{subject['id']}")).json() == subject
    assert len(await crowd.sql("SELECT 1 FROM events WHERE subject = $1", subject["id"])) == 1
    real = await amend(crowd, subject, body, key="k1")
    assert real["legs"] == rehearsed.json()["legs"]
    assert await crowd.broken() == {}


async def test_an_amended_hold_lapses_when_it_would_have(crowd):
    held = await made(crowd, berth(from_m=0))
    after = await amend(crowd, held, {"legs": [shown(held["legs"][0], window=window(20)), storage()]})
    assert (after["state"], after["expires_at"]) == ("held", held["expires_at"])
    lapses = await crowd.sql("SELECT expires_at FROM berth_claims UNION SELECT expires_at FROM storage_claims")
    assert [rfc(row["expires_at"]) for row in lapses] == [held["expires_at"]]
    await crowd.lapse(held["id"])
    assert (await amend(crowd, after, {"remark": "x"}, status=409))["code"] == "hold-expired"


async def test_the_event_is_for_the_operators_of_the_places_left_and_come_to(crowd):
    subject = await made(crowd, berth(from_m=0), storage(), hold=False)
    after = await amend(crowd, subject, {"legs": [subject["legs"][0]]})
    event = (await crowd.sql("SELECT * FROM events ORDER BY id DESC LIMIT 1"))[0]
    assert event["type"] == "booking.amended"
    facilities = await crowd.sql("SELECT facility FROM places WHERE code IN ('PKGWD-MPT', 'PKGWD-FZS-W1') ORDER BY 1")
    assert event["facilities"] == [row["facility"] for row in facilities]
    kept = await crowd.sql("SELECT facilities FROM bookings")
    assert len(kept[0]["facilities"]) == 1
    assert len(after["legs"]) == 1


async def test_an_amendment_is_two_queries(crowd, monkeypatch):
    subject = await made(crowd, berth(from_m=0), storage())
    for _ in crowd.clients:
        subject = await amend(
            crowd,
            subject,
            {"legs": [subject["legs"][0], shown(subject["legs"][1], quantity=subject["legs"][1]["quantity"] - 1)]},
        )
    asked: list[str] = []
    execute = asyncpg.Connection._execute

    async def counted(self, query, *rest, **more):
        asked.append(query)
        return await execute(self, query, *rest, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)
    await amend(crowd, subject, {"legs": [shown(subject["legs"][0], window=window(20)), subject["legs"][1]]})
    assert len(asked) == 2
    assert asked[1] == "SELECT answer, replayed, first_fingerprint FROM alter_booking($1)"
