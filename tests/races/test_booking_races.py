"""Many at once for the same capacity: nothing is sold twice, nothing deadlocks, nobody gets a 5xx."""

import asyncio
import json
import random
from collections import Counter

from tests.asking import SMALL_SHIP, ahead, berth, booking, new_key, rfc, storage


def statuses(responses) -> Counter:
    return Counter(response.status_code for response in responses)


async def test_of_forty_callers_for_one_place_exactly_one_gets_it(crowd):
    answers = await asyncio.gather(*(crowd.post("/v1/bookings", booking(berth(from_m=0))) for _ in range(40)))
    assert statuses(answers) == {201: 1, 409: 39}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["code"] for problem in refused} == {"slot-taken"}
    assert all(1 <= len(problem["alternatives"]) <= 5 for problem in refused)
    assert await crowd.broken() == {}


async def test_callers_who_leave_the_place_open_fill_the_quay_to_its_length_and_no_further(crowd):
    answers = await asyncio.gather(*(crowd.post("/v1/bookings", booking(berth())) for _ in range(20)))
    placed = sorted((leg["from_m"], leg["to_m"]) for a in answers if a.status_code == 201 for leg in a.json()["legs"])
    assert placed == [(0, 209), (209, 418)]  # 602 m of quay, 209 m each
    assert statuses(answers) == {201: 2, 409: 18}
    assert await crowd.broken() == {}


async def test_overlapping_rectangles_are_never_both_granted(crowd):
    chance = random.Random(7)
    asked = [
        booking(
            berth(20 + chance.randrange(0, 40) / 10, from_m=chance.randrange(0, 500), hours=chance.randrange(4, 40)),
            vessel=SMALL_SHIP,
        )
        for _ in range(120)
    ]
    answers = await asyncio.gather(*(crowd.post("/v1/bookings", body) for body in asked))
    assert set(statuses(answers)) == {201, 409}
    assert await crowd.broken() == {}


async def test_a_floor_is_sold_to_its_capacity_and_no_further(crowd):
    bodies = [booking(storage(30 + number % 5, quantity=1000), vessel=None) for number in range(60)]
    answers = await asyncio.gather(*(crowd.post("/v1/bookings", body) for body in bodies))
    # Every one of them takes the 35th day, so that 12,000 m2 are enough for twelve.
    assert statuses(answers) == {201: 12, 409: 48}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"storage-full"}
    assert await crowd.broken() == {}


async def test_corridor_bookings_that_name_the_same_places_in_opposite_order_do_not_deadlock(crowd):
    def corridor(number: int) -> dict:
        legs = [
            berth(40 + number % 3 * 2),
            storage(43, quantity=100),
            storage(43, warehouse="PKGWD-FZN-Y1", quantity=3),
        ]
        return booking(*(legs if number % 2 else legs[::-1]))

    answers = await asyncio.gather(*(crowd.post("/v1/bookings", corridor(number)) for number in range(60)))
    assert statuses(answers) == {201: 6, 409: 54}  # two ships side by side in each of three windows
    assert await crowd.broken() == {}


async def test_one_leg_that_cannot_be_had_leaves_nothing_of_the_others(crowd):
    first = await crowd.post("/v1/bookings", booking(berth(50, from_m=0)))
    assert first.status_code == 201
    both = await crowd.post("/v1/bookings", booking(storage(52), berth(50, from_m=0)))
    assert both.status_code == 409
    assert both.json()["legs"] == [1]
    assert await crowd.sql("SELECT 1 FROM storage_claims") == []
    assert await crowd.broken() == {}


async def test_many_take_over_a_lapsed_hold_of_two_legs_and_exactly_one_gets_it(crowd):
    body = booking(berth(60, from_m=0), storage(62, quantity=12_000))
    held = (await crowd.post("/v1/bookings", body)).json()
    await crowd.lapse(held["id"])
    answers = await asyncio.gather(
        *(crowd.post("/v1/bookings", booking(berth(60, from_m=0), storage(62, quantity=12_000))) for _ in range(24))
    )
    assert statuses(answers) == {201: 1, 409: 23}
    assert (await crowd.get(f"/v1/bookings/{held['id']}")).json()["state"] == "expired"
    assert await crowd.broken() == {}


async def test_confirm_and_extend_against_expiry_and_a_new_claim_leave_one_holder(crowd):
    for day in range(70, 90, 2):
        held = (
            await crowd.post("/v1/bookings", booking(berth(day, from_m=0), storage(day, quantity=12_000, length=1)))
        ).json()
        await crowd.lapse(held["id"])
        rival = crowd.post("/v1/bookings", booking(berth(day, from_m=0)), role="rival")
        confirmed = crowd.post(f"/v1/bookings/{held['id']}/confirm")
        extended = crowd.post(f"/v1/bookings/{held['id']}/extend-hold")
        rival, confirmed, extended = await asyncio.gather(rival, confirmed, extended)
        assert rival.status_code == 201
        assert (confirmed.status_code, confirmed.json()["code"]) == (409, "hold-expired")
        assert extended.json()["code"] == "hold-expired"
        assert {"expires_at", "server_time"} <= confirmed.json().keys()
    assert await crowd.broken() == {}


async def test_a_hold_confirmed_twice_at_once_is_confirmed_once(crowd):
    held = (await crowd.post("/v1/bookings", booking(berth(92)))).json()
    answers = await asyncio.gather(*(crowd.post(f"/v1/bookings/{held['id']}/confirm") for _ in range(10)))
    assert statuses(answers) == {200: 1, 409: 9}
    events = await crowd.sql("SELECT type FROM events WHERE subject = $1 ORDER BY id", held["id"])
    assert [event["type"] for event in events] == ["booking.held", "booking.confirmed"]


async def test_confirm_against_cancel_ends_in_one_order_or_the_other(crowd):
    for day in range(94, 104, 2):
        held = (await crowd.post("/v1/bookings", booking(berth(day)))).json()
        confirmed, cancelled = await asyncio.gather(
            crowd.post(f"/v1/bookings/{held['id']}/confirm"), crowd.post(f"/v1/bookings/{held['id']}/cancel")
        )
        assert cancelled.status_code == 200
        assert confirmed.status_code in (200, 409)
    assert await crowd.sql("SELECT 1 FROM berth_claims") == []
    assert await crowd.broken() == {}


async def test_twins_with_one_key_have_one_effect_and_one_answer(crowd):
    body, key = booking(berth(106), storage(108)), new_key()
    answers = await asyncio.gather(*(crowd.post("/v1/bookings", body, key=key) for _ in range(12)))
    assert statuses(answers) == {201: 12}
    assert len({answer.text for answer in answers}) == 1
    assert (
        sorted(answer.headers.get("idempotency-replayed", "first") for answer in answers) == ["first"] + ["true"] * 11
    )
    assert len(await crowd.sql("SELECT 1 FROM bookings")) == 1
    assert await crowd.broken() == {}


async def test_a_replay_gives_the_first_answer_whatever_became_of_the_booking(crowd):
    body, key = booking(berth(110)), new_key()
    first = await crowd.post("/v1/bookings", body, key=key)
    await crowd.post(f"/v1/bookings/{first.json()['id']}/cancel", {"reason": "the ship sank"})
    # Meanwhile the place has gone to somebody else, and the rules have moved.
    assert (await crowd.post("/v1/bookings", booking(berth(110), berth(110)), role="rival")).status_code == 201
    again = await crowd.post("/v1/bookings", body, key=key)
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["idempotency-replayed"] == "true"
    other = await crowd.post("/v1/bookings", body | {"remark": "another"}, key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_refused_request_leaves_its_key_free(crowd):
    taken = await crowd.post("/v1/bookings", booking(berth(112, from_m=0)))
    body, key = booking(berth(112, from_m=0)), new_key()
    assert (await crowd.post("/v1/bookings", body, key=key)).status_code == 409
    await crowd.post(f"/v1/bookings/{taken.json()['id']}/cancel")
    assert (await crowd.post("/v1/bookings", body, key=key)).status_code == 201


async def test_a_twin_of_a_request_that_hangs_is_told_so_after_two_seconds(crowd):
    import asyncpg  # noqa: PLC0415

    first = await asyncpg.connect(crowd.url)
    organisation = await crowd.sql(
        "SELECT organisation_id FROM api_keys k JOIN organisations o ON o.id = k.organisation_id WHERE o.role = 'forwarder' ORDER BY 1"
    )
    transaction = first.transaction()
    await transaction.start()
    for row in {row["organisation_id"] for row in organisation}:
        await first.execute("SELECT claim_key($1, 'hangs', 'x')", row)
    twin = await crowd.post("/v1/bookings", booking(berth(114)), key="hangs")
    assert (twin.status_code, twin.json()["code"]) == (409, "request-in-progress")
    assert twin.headers["retry-after"] == "1"
    await transaction.rollback()
    await first.close()


async def test_every_booking_precedes_a_draught_notice_or_obeys_it(crowd):
    """The ship draws 10.5 m. Each notice forbids it from its own day on; bookings race against all of them."""

    async def publish(day: int):
        body = {
            "quay": "PKGWD-MPT", "window": {"start": rfc(ahead(120 + day)), "end": rfc(ahead(121 + day))},
            "draught_m": 9.0, "reference": f"NtM {day}", "source": "test",
        }  # fmt: skip
        return await crowd.post("/v1/draught-notices", body, role="operator_pkgwd")

    tasks = []
    for day in range(12):
        tasks += [crowd.post("/v1/bookings", booking(berth(120 + day, hours=20), hold=False)) for _ in range(3)]
        tasks.append(publish(day))
    answers = await asyncio.gather(*tasks)
    assert set(statuses(answers)) <= {201, 409, 422}
    assert {a.json()["code"] for a in answers if a.status_code == 422} <= {"draught-exceeded"}
    # The log is in the order in which the quay's lock was had: no booking may come after the notice of its day.
    forbidden: set[str] = set()
    for event in await crowd.sql(
        "SELECT type, current::text FROM events WHERE type ~ '^(draught|booking)' ORDER BY id"
    ):
        current = json.loads(event["current"])
        if event["type"] == "draught-notice.published":
            forbidden.add(rfc(ahead(120 + int(current["reference"].split()[1]))))
        else:
            assert current["legs"][0]["window"]["start"] not in forbidden
    assert len(forbidden) == 12
    assert await crowd.broken() == {}
