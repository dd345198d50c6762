"""Less floor, some of it kept for partners or used today: what is said beforehand is what is done."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import clock
from tests.asking import ahead, booking, new_key, rfc, storage, window
from tests.bookings.on_the_ground import begun, report
from tests.ports.opening import Opening
from tests.ports.partnering import ALLOTMENTS, FLOOR, grouped, kept, quantity, released_as_of

W1 = f"/v1/warehouses/{FLOOR}"
MIDNIGHT = -5 / 24  # in Karachi, not in Greenwich


@pytest.fixture
async def gwadar(client, keys) -> Opening:
    return Opening(client, keys["operator_pkgwd"])


async def asked(crowd, start: float, quantity: int, length: int, role: str):
    body = booking(storage(start + MIDNIGHT, quantity=quantity, length=length), vessel=None, hold=False)
    return await crowd.post("/v1/bookings", body, role=role)


async def goods(crowd, start: float, quantity: int, length: int, role: str = "forwarder") -> dict:
    answer = await asked(crowd, start, quantity, length, role)
    assert answer.status_code == 201, answer.text
    made: dict = answer.json()
    return made


async def lessened(gwadar: Opening, capacity: int) -> list[str]:
    """Give whom less floor displaces: first seen, then done."""
    body = {"capacity": capacity, "on_conflict": "displace"}
    seen = await gwadar.patch(f"{W1}?validate_only=true", body)
    done = await gwadar.patch(W1, body | {"plan": seen["plan"]})
    assert done == seen
    return [each["booking"] for each in done["touched"]]


async def test_what_is_kept_for_partners_is_left_whole_by_less_floor(gwadar, crowd):
    """Of 12,000 m2, 4,000 are kept and 3,000 of these drawn; of 8,000 then, 4,000 are left for the 5,000 of others."""
    group = await grouped(crowd, "forwarder")
    await kept(crowd, ALLOTMENTS, quantity(group, 20, 10, 4_000))
    first = await goods(crowd, 20, 2_000, 5, "rival")
    second = await goods(crowd, 20, 3_000, 5, "rival")
    member = await goods(crowd, 20, 3_000, 5)
    assert await lessened(gwadar, 9_000) == []
    assert await lessened(gwadar, 8_000) == [second["id"]]
    states = [(await crowd.get(f"/v1/bookings/{each['id']}", role="operator_pkgwd")).json()["state"]
              for each in (first, member)]  # fmt: skip
    assert states == ["confirmed", "confirmed"]
    assert await crowd.broken() == {}


async def test_what_members_have_of_released_days_goes_as_the_rest_does(gwadar, crowd):
    group = await grouped(crowd, "forwarder")
    allotment = await kept(crowd, ALLOTMENTS, quantity(group, 20, 10, 4_000))
    await goods(crowd, 20, 5_000, 5, "rival")
    member = await goods(crowd, 20, 3_000, 5)
    await released_as_of(crowd, "allotments", allotment["id"], 40)
    assert await lessened(gwadar, 6_000) == [member["id"]]
    assert await crowd.broken() == {}
    await goods(crowd, 20, 1_000, 5, "rival")


@pytest.mark.parametrize("leaves", [True, False])
async def test_what_has_left_today_and_what_did_not_come_stand_in_nobody_s_way(gwadar, crowd, leaves):
    """Their claims of today stand until tomorrow, and nobody can move them."""
    gone = await begun(crowd, storage(10, quantity=7_000, length=3 if leaves else 1), vessel=None, hours=25)
    if leaves:
        await report(crowd, "arrive", gone)
        assert (await report(crowd, "complete", gone)).json()["state"] == "completed"
    later = await goods(crowd, 1, 4_000, 3)
    assert await lessened(gwadar, 4_000) == []
    assert (await crowd.get(f"/v1/bookings/{later['id']}")).json()["state"] == "confirmed"
    assert await crowd.broken() == {}
    assert await lessened(gwadar, 3_999) == [later["id"]]


async def test_no_more_of_today_is_taken_than_the_floor_has_now(gwadar, crowd):
    """Today stayed as large as what did not come; that has been given back since, and the room is not there."""
    there = await begun(crowd, storage(10, quantity=4_000, length=2), vessel=None, hours=47)
    await report(crowd, "arrive", there)
    assert await lessened(gwadar, 4_000) == []
    today = "(clock_timestamp() AT TIME ZONE 'Asia/Karachi')::date"
    await crowd.sql(f"UPDATE floor_days SET capacity = 11000 WHERE pool = 0 AND day = {today}")
    soon = clock.now().replace(microsecond=0) + timedelta(minutes=5)
    leg = storage(quantity=1) | {"window": {"start": rfc(soon), "end": rfc(soon + timedelta(days=3))}}
    refused = await crowd.post("/v1/bookings", booking(leg, vessel=None, hold=False))
    assert (refused.status_code, refused.json()["code"]) == (409, "storage-full")


async def test_what_lay_there_before_today_does_not_make_it_go(gwadar, crowd):
    """Yesterday both were there, today and later only one is: there is floor enough for it."""
    stays = await begun(crowd, storage(10, quantity=6_000, length=20), vessel=None, hours=50)
    gone = await begun(crowd, storage(10, quantity=5_000, length=1), vessel=None, hours=50)
    for each in (gone, stays):
        await report(crowd, "arrive", each)
    await report(crowd, "complete", gone)
    assert await lessened(gwadar, 6_000) == []


spans = st.tuples(st.sampled_from(["forwarder", "rival"]), st.integers(0, 5), st.integers(1, 4),
                  st.sampled_from([1_000, 2_500, 4_000, 6_000]))  # fmt: skip
promises = st.tuples(st.integers(0, 4), st.integers(1, 4), st.sampled_from([1_000, 3_000]))


@pytest.fixture
async def calm(crowd):
    """A database in which nobody is asked to slow down."""
    await crowd.sql("UPDATE organisations SET rate_per_s = NULL")
    return crowd


async def cleared(crowd) -> None:
    """Leave the floor as it was before the first claim."""
    await crowd.sql("TRUNCATE closures, allotments, storage_claims, floor_days")
    await crowd.sql("UPDATE bookings SET state = 'cancelled', expires_at = NULL")
    await crowd.sql(
        "UPDATE warehouses w SET capacity = 12000 FROM places p WHERE p.id = place_id AND p.code = $1", FLOOR
    )
    await crowd.sql("UPDATE places SET version = version + 1, rules_version = rules_version + 1")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(
    st.tuples(st.lists(promises, max_size=2), st.booleans()), st.lists(spans, max_size=6),
    st.sampled_from([11_000, 9_000, 7_500, 6_000]),
)  # fmt: skip
async def test_less_floor_is_done_as_it_was_seen_and_all_adds_up(gwadar, calm, promised, claims, capacity):
    await cleared(calm)
    promises, release = promised
    group = await grouped(calm, "forwarder", name=new_key())
    for first, length, much in promises:
        made = await kept(calm, ALLOTMENTS, quantity(group, 20 + first, length, much))
    for role, first, length, much in claims:
        assert (await asked(calm, 20 + first, much, length, role)).status_code in (201, 409)
    if release and promises:
        await released_as_of(calm, "allotments", made["id"], 40)
    body = {"capacity": capacity, "on_conflict": "displace"}
    seen = await gwadar.patch(f"{W1}?validate_only=true", body)
    assert await gwadar.patch(W1, body | {"plan": seen["plan"]}) == seen
    assert {name for name in await calm.broken() if "ended" not in name and "first" not in name} == set()


async def test_a_floor_closed_whole_stays_so_when_it_becomes_larger_and_smaller(gwadar, crowd):
    shut = {"warehouse": FLOOR, "window": window(20, 24 * 10), "reason": "roof"}
    closed = await gwadar.post("/v1/closures", shut)
    (place,) = closed["places"]
    assert (place["warehouse"], place["quantity"], place["unit"]) == (FLOOR, None, "m2")
    for capacity in (20_000, 5_000):
        await gwadar.patch(W1, {"capacity": capacity})
        for much in (1, 4_000):
            refused = await asked(crowd, 21, much, 3, "rival")
            assert (refused.status_code, refused.json()["code"]) == (409, "closed")
    days = (await gwadar.get(f"/v1/warehouses/{FLOOR}/timetable", **{"from": rfc(ahead(21)), "to": rfc(ahead(22))}))[
        "days"
    ]
    assert {(day["capacity"], day["closed"]) for day in days} == {(5_000, 5_000)}
    await gwadar.post(f"/v1/closures/{closed['id']}/lift", {"reason": "dry"}, 200)
    await goods(crowd, 21, 5_000, 3)
    assert await crowd.broken() == {}


async def test_a_part_closed_stays_as_large_when_the_floor_becomes_larger(gwadar, crowd):
    await gwadar.post(
        "/v1/closures", {"warehouse": FLOOR, "quantity": 12_000, "window": window(20, 240), "reason": "x"}
    )
    await gwadar.patch(W1, {"capacity": 12_500})
    assert (await asked(crowd, 21, 501, 3, "rival")).json()["code"] == "closed"
    await goods(crowd, 21, 500, 3)
    assert await crowd.broken() == {}
