"""The search over HTTP: slots that can be booked as they stand, few queries, and never an old sight of the quay."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from service import clock
from tests.asking import ahead, berth, booking, rfc, storage
from tests.capacity.test_needs_over_http import closed

BERTHS, FLOORS = "/v1/berth-slots", "/v1/storage-slots"


def berths(start: float = 10, days: float = 10, **more: Any) -> dict[str, Any]:
    asked = {"port": "PKGWD", "from": rfc(ahead(start)), "to": rfc(ahead(start + days)), "loa_m": 190, "beam_m": 28}
    return asked | {"draught_m": 10.5, "duration": "PT36H"} | more


def floors(start: float = 10, days: float = 10, **more: Any) -> dict[str, Any]:
    asked = {"port": "PKGWD", "from": rfc(ahead(start)), "to": rfc(ahead(start + days)), "quantity": 250}
    return asked | {"duration": "P5D"} | more


async def ask(crowd, path: str, query: dict[str, Any], instance: int = 0, **headers: str):
    """Ask one of the two instances."""
    sent = {"Authorization": f"Bearer {crowd.keys['forwarder']}", **headers}
    return await crowd.clients[instance].get(path, params=query, headers=sent)


async def slots(crowd, path: str, query: dict[str, Any], instance: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(crowd, path, query, instance)).json()["slots"]
    return found


async def test_every_slot_on_offer_can_be_sent_back_as_a_leg_as_it_stands(crowd):
    both = ["PKGWD", "PKKHI"]
    offered = await slots(crowd, BERTHS, berths(port=both, limit=100)) + await slots(crowd, FLOORS, floors(port=both))
    assert len({slot.get("quay") or slot.get("warehouse") for slot in offered}) >= 6
    for slot in offered:
        made = await crowd.post("/v1/bookings", booking(slot))
        assert made.status_code == 201, (slot, made.text)
        leg = made.json()["legs"][0]
        shared = leg.keys() & slot.keys()
        assert {name: leg[name] for name in shared} == {name: slot[name] for name in shared}
        assert (await crowd.post(f"/v1/bookings/{made.json()['id']}/cancel")).status_code == 200
    assert await crowd.broken() == {}


async def test_a_slot_that_starts_now_can_be_sent_back_as_it_stands(crowd):
    """A search from an earlier moment on offers the present, and the client needs a moment to say yes."""
    now = {"from": clock.utc(clock.now()), "to": rfc(ahead(30))}
    for slot in (await slots(crowd, BERTHS, berths() | now))[:1] + (await slots(crowd, FLOORS, floors() | now))[:1]:
        made = await crowd.post("/v1/bookings", booking(slot))
        assert made.status_code == 201, (slot, made.text)


async def test_a_slot_can_be_had_at_its_latest_start_and_not_a_microsecond_later(crowd):
    await closed(crowd, "PKGWD-MPT", ahead(15), ahead(30))
    await closed(crowd, "PKGWD-FZS-W1", ahead(17), ahead(40), quantity=12_000)
    first = {slot["kind"]: slot for slot in await slots(crowd, BERTHS, berths()) + await slots(crowd, FLOORS, floors())
             if (slot.get("quay") or slot["warehouse"]) in ("PKGWD-MPT", "PKGWD-FZS-W1")}  # fmt: skip
    for slot in first.values():
        start, end, latest = (datetime.fromisoformat(each) for each in (*slot["window"].values(), slot["latest_start"]))
        wanted = {name: slot[name] for name in ("kind", "quay", "warehouse", "from_m", "quantity") if name in slot}

        def leg(at: datetime, wanted=wanted, stay=end - start) -> dict[str, Any]:
            return {**wanted, "window": {"start": clock.utc(at), "end": clock.utc(at + stay)}}

        late = await crowd.post("/v1/bookings", booking(leg(latest + timedelta(microseconds=1))))
        assert (late.status_code, late.json()["code"]) == (409, "closed")
        assert (await crowd.post("/v1/bookings", booking(leg(latest)))).status_code == 201


BERTH_LIES: dict[str, list[Any]] = {
    "to_m": [208, 210, 0, -1, 602],
    "port": ["PKKHI", "PKBQM"],
    "berths": [
        [],
        ["PKGWD-MPT-1"],
        ["PKGWD-MPT-1", "PKGWD-MPT-3"],
        ["PKGWD-MPT-1", "PKGWD-MPT-2", "PKGWD-MPT-3"],
        ["1", "2"],
    ],
    "time_zone": ["UTC", "Asia/Almaty"],
    "latest_start": [rfc(ahead(1))],
    "quay": ["PKGWD-NIL"],
    "warehouse": ["PKGWD-FZS-W1"],
    "kind": ["storage"],
}
STORAGE_LIES: dict[str, list[Any]] = {
    "unit": ["pallet", "teu", "M2", ""],
    "port": ["PKKHI"],
    "bonded": [False],
    "free": [0, 249],
    "first_on": ["2026-01-01"],
    "last_on": ["2099-01-01"],
    "time_zone": ["UTC"],
    "latest_start": [rfc(ahead(1))],
    "from_m": [0],
    "kind": ["berth"],
}


@pytest.mark.parametrize(("path", "query", "lies"), [(BERTHS, berths(), BERTH_LIES), (FLOORS, floors(), STORAGE_LIES)])
async def test_a_slot_whose_fields_contradict_each_other_is_refused_at_the_field(crowd, path, query, lies):
    wanted = {"from_m": 0} if path == BERTHS else {"warehouse": "PKGWD-FZS-W1"}
    slot = next(slot for slot in await slots(crowd, path, query) if wanted.items() <= slot.items())
    wrong = {}
    for field, values in lies.items():
        for value in values:
            answer = await crowd.post("/v1/bookings", booking(slot | {field: value}))
            places = [fault["pointer"] for fault in answer.json().get("errors", ())]
            there = field == "kind" or any(each in ("/legs/0", f"/legs/0/{field}") for each in places)
            if answer.status_code != 422 or not there:
                wrong[field, str(value)] = answer.status_code, places
    assert wrong == {}
    assert await crowd.sql("SELECT 1 FROM bookings") == []


async def test_a_search_is_one_query_when_nothing_has_moved_and_two_when_something_has(crowd, monkeypatch):
    asked: list[str] = []
    execute = asyncpg.Connection._execute

    async def counted(self, query, *rest, **more):
        asked.append(query)
        return await execute(self, query, *rest, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)

    async def queries(path: str, query: dict[str, Any]) -> int:
        asked.clear()
        assert (await ask(crowd, path, query)).status_code == 200
        return len(asked)

    both = ["PKGWD", "PKKHI"]
    for path, query in ((BERTHS, berths(port=both)), (FLOORS, floors(port=both))):
        await queries(path, query)
        assert await queries(path, query) == 1
        assert await queries(path, query | {"limit": 100, "port": "PKGWD"}) == 1
        await crowd.post("/v1/bookings", booking(berth(10), storage(10)))
        assert await queries(path, query) == 2
        assert await queries(path, query) == 1


async def test_a_search_that_was_seen_before_is_answered_304_until_the_quay_has_moved(crowd):
    query = berths()
    first = await ask(crowd, BERTHS, query)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for known in (tag, f'W/{tag}, "other"', f'"other",{tag}', "*"):
        again = await ask(crowd, BERTHS, query, 1, **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    held = (await crowd.post("/v1/bookings", booking(berth(10)))).json()
    moved = await ask(crowd, BERTHS, query, 1, **{"If-None-Match": tag})
    assert (moved.status_code, moved.headers["etag"] != tag) == (200, True)
    await crowd.lapse(held["id"])
    assert (await ask(crowd, BERTHS, query, 0, **{"If-None-Match": tag})).status_code == 304


async def test_a_booking_a_lapse_and_a_notice_are_seen_by_the_next_search_in_the_other_process(crowd):
    key = {"Authorization": f"Bearer {crowd.keys['forwarder']}", "Idempotency-Key": "one"}
    at_start = berths(days=1.5)
    assert [slot["from_m"] for slot in await slots(crowd, BERTHS, at_start, 1)] == [0, 393]
    held = await crowd.clients[0].post("/v1/bookings", json=booking(berth(10, from_m=0), storage(10)), headers=key)
    assert [slot["from_m"] for slot in await slots(crowd, BERTHS, at_start, 1)] == [209, 393]
    free = {slot["warehouse"]: slot["free"] for slot in await slots(crowd, FLOORS, floors(), 1)}
    assert free["PKGWD-FZS-W1"] == 9500
    await crowd.sql("UPDATE berth_claims SET expires_at = clock_timestamp() - interval '1 s'")
    await crowd.sql(
        "UPDATE bookings SET expires_at = clock_timestamp() - interval '1 s' WHERE id = $1", held.json()["id"]
    )
    await crowd.sql(
        "UPDATE places SET version = version + 1"
    )  # the lapse itself raises none: the next test waits for one
    assert [slot["from_m"] for slot in await slots(crowd, BERTHS, at_start, 1)] == [0, 393]
    notice = {"quay": "PKGWD-MPT", "window": {"start": rfc(ahead(0)), "end": rfc(ahead(60))}, "draught_m": 9,
              "reference": "NtM 1", "source": "test"}  # fmt: skip
    as_operator = {"Authorization": f"Bearer {crowd.keys['operator_pkgwd']}"}
    assert (await crowd.clients[0].post("/v1/draught-notices", json=notice, headers=as_operator)).status_code == 201
    assert await slots(crowd, BERTHS, at_start, 1) == []


async def test_a_hold_that_lapses_is_free_from_that_moment_on_though_nothing_has_been_written(crowd):
    at_start = berths(days=1.5)

    async def stands() -> bool:
        return bool((await crowd.get(f"/v1/bookings/{held.json()['id']}")).json()["state"] == "held")

    for life_s in (0.5, 2, 8):  # longer where the machine was so busy that the look came after the lapse
        await crowd.sql(f"UPDATE quays SET hold_for = '{life_s} s'")
        await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
        held = await crowd.post("/v1/bookings", booking(berth(10, from_m=0)))
        assert held.status_code == 201
        before = await ask(crowd, BERTHS, at_start, 1)
        if await stands():
            break
    held_until = datetime.fromisoformat(held.json()["expires_at"])
    await asyncio.sleep(max(0.0, (held_until - clock.now()).total_seconds()) + 0.02)
    assert not await stands()
    after = await ask(crowd, BERTHS, at_start, 1, **{"If-None-Match": before.headers["etag"]})
    seen = [[slot["from_m"] for slot in look.json()["slots"]] for look in (before, after)]
    assert seen == [[209, 393], [0, 393]]
