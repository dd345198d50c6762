"""Many events in one call: each for itself, in the order sent, and none spoils another."""

import asyncio
from typing import Any

import pytest

from service import clock, ids
from service.customs.operations import CustomsEventInTheFuture, Sent, take_each
from service.customs.rules import CustomsEvent, Said
from service.database import Db
from tests.asking import new_key, storage
from tests.bookings.on_the_ground import made
from tests.counting import CountingTx
from tests.customs.saying import EVENTS, HOLDS, reference, said

BATCH = "/v1/customs/events/batch"


async def batch(crowd, *events: Any, rehearsal: bool = False, **more: Any):
    answer = await crowd.post(
        f"{BATCH}?validate_only={str(rehearsal).lower()}", {"events": events}, role="customs", **more
    )
    assert answer.status_code == 207, answer.text
    return answer


async def results(crowd, *events: Any, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await batch(crowd, *events, **more)).json()["results"]
    return found


async def open_holds(crowd, of: dict[str, str]) -> list[str]:
    items = (await crowd.get(HOLDS, role="customs", limit=200)).json()["items"]
    return [hold["hold_code"] for each in items if each["reference"] == of for hold in each["holds"]]


async def kept(crowd) -> int:
    count: int = (await crowd.sql("SELECT count(*) FROM customs_events"))[0][0]
    return count


async def test_each_event_has_its_answer_in_the_order_sent_and_one_that_is_wrong_spoils_no_other(crowd):
    of, booked = reference(), reference()
    await made(crowd, storage(quantity=1), vessel=None, customs_references=[booked])
    good, nobodys = said(booked, "HOLD", hold_code="A"), said(of, "DECL")
    wrong = said(of, "SEIZED") | {"event_id": "wrong"}
    future = said(of, "DECL", -60)
    found = await results(crowd, good, wrong, "nonsense", nobodys, {"event_id": 7}, future)
    assert [each["status"] for each in found] == [202, 422, 422, 202, 422, 422]
    assert [each.get("event_id") for each in found] == [
        good["event_id"], "wrong", None, nobodys["event_id"], None, future["event_id"],
    ]  # fmt: skip
    assert [each["matched"] for each in (found[0], found[3])] == [True, False]
    problem = found[1]["problem"]
    assert (problem["code"], problem["status"], problem["errors"][0]["pointer"]) == (
        "invalid-request",
        422,
        "/event_type",
    )
    assert found[5]["problem"]["code"] == "customs-event-in-the-future"
    assert found[5]["problem"]["server_time"]
    assert await open_holds(crowd, booked) == ["A"]
    assert await kept(crowd) == 2


async def test_the_same_event_twice_in_a_batch_has_the_first_answer_and_another_under_its_id_is_refused(crowd):
    of, other = reference(), reference()
    event = said(of, "HOLD", hold_code="A")
    for rehearsal in (True, False):
        found = await results(
            crowd, event, event | {"hold_code": "B"}, event, event | {"reference": other}, rehearsal=rehearsal
        )
        assert [each["status"] for each in found] == [200 if rehearsal else 202, 409, 200 if rehearsal else 202, 409]
        assert found[0] == found[2]
        assert {found[nth]["problem"]["code"] for nth in (1, 3)} == {"customs-event-reused"}
        assert await open_holds(crowd, of) == ([] if rehearsal else ["A"])
    assert await kept(crowd) == 1


async def test_an_id_that_comes_again_under_another_reference_does_not_overtake_what_is_of_that_reference():
    ended: list[str] = []

    def event(event_id: str, value: str) -> Sent:
        what = CustomsEvent(Said.DECLARED, clock.now(), None)
        return Sent(event_id, f"{event_id} {value}", ("MRN", "KZ", value), what, None)

    async def take(sent: Sent) -> str:
        await asyncio.sleep(0.05 if sent.event_id == "b" else 0)
        ended.append(sent.fingerprint)
        if sent.fingerprint == "a one":
            raise CustomsEventInTheFuture
        return "{}"

    await take_each([event("a", "one"), event("b", "two"), event("a", "two"), event("c", "three")], take)
    assert len(ended) == 4
    assert ended.index("b two") < ended.index("a two")


async def test_an_event_is_one_whether_it_came_alone_or_among_others(crowd):
    alone, among = said(reference(), "DECL"), said(reference(), "DECL")
    assert (await crowd.post(EVENTS, alone, role="customs")).status_code == 202
    assert [each["status"] for each in await results(crowd, alone, among)] == [202, 202]
    assert (await crowd.post(EVENTS, among, role="customs")).status_code == 202
    assert await kept(crowd) == 2
    different = await results(crowd, alone | {"remark": "x"})
    assert [each["problem"]["code"] for each in different] == ["customs-event-reused"]


async def test_one_id_under_two_references_at_one_moment_is_taken_once(crowd):
    for _ in range(6):
        event_id = ids.new("x")
        events = [said(reference(), "DECL") | {"event_id": event_id} for _ in range(4)]
        answers = await asyncio.gather(*(crowd.post(EVENTS, each, role="customs") for each in events))
        assert sorted(each.status_code for each in answers) == [202, 409, 409, 409], [each.text for each in answers]
        assert {each.json()["code"] for each in answers if each.status_code == 409} == {"customs-event-reused"}


async def test_a_batch_under_a_key_has_its_first_answer_again_and_another_batch_under_it_is_refused(crowd):
    of, key = reference(), new_key()
    event = said(of, "DECL")
    first = await batch(crowd, event, "nonsense", key=key)
    again = await batch(crowd, event, "nonsense", key=key)
    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")
    other = await crowd.post(BATCH, {"events": [event]}, role="customs", key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_one_batch_sent_by_many_at_once_under_one_key_has_one_answer(crowd):
    events, key = [said(reference(), "DECL"), {"event_id": "wrong"}], new_key()
    answers = await asyncio.gather(*(batch(crowd, *events, key=key) for _ in range(6)))
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 5
    assert len(await crowd.sql("SELECT FROM events WHERE type = 'customs-batch.received'")) == 1


async def test_a_rehearsal_of_a_batch_changes_nothing(crowd):
    of = reference()
    found = await results(crowd, said(of, "HOLD", hold_code="A"), {}, rehearsal=True)
    assert [each["status"] for each in found] == [200, 422]
    assert await kept(crowd) == 0
    assert await crowd.sql("SELECT FROM events WHERE type LIKE 'customs-%'") == []


@pytest.mark.parametrize("events", [[], [{}] * 501, None, {}], ids=["none", "too many", "null", "no list"])
async def test_a_batch_has_one_to_five_hundred_events(crowd, events):
    answer = await crowd.post(BATCH, {"events": events}, role="customs")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/events")


async def test_five_hundred_events_are_answered_long_before_the_timeout_also_under_one_reference(crowd):
    one = reference()
    for events in ([said(reference(), "DECL") for _ in range(500)], [said(one, "DECL", nth) for nth in range(500)]):
        async with asyncio.timeout(10):
            found = await results(crowd, *events)
        assert [(each["event_id"], each["status"]) for each in found] == [(each["event_id"], 202) for each in events]


async def test_two_big_batches_over_the_same_references_at_one_moment_both_end_and_all_is_taken_once(crowd):
    references = [reference() for _ in range(12)]
    events = [said(of, "HOLD", hold_code=code) for code in "ABCDEFGH" for of in references]
    answers = await asyncio.gather(
        results(crowd, *events), results(crowd, *reversed(events)), results(crowd, *events[::3], *events[1::3])
    )
    assert {each["status"] for answer in answers for each in answer} == {202}
    assert await kept(crowd) == len(events)
    assert [sorted(await open_holds(crowd, of)) for of in references] == [list("ABCDEFGH")] * 12
    assert await crowd.broken() == {}


async def test_an_event_of_a_batch_asks_the_database_a_bounded_number_of_things(crowd, monkeypatch):
    asked: list[str] = []
    write = Db.write

    async def counted(self, operation, *args, **kwargs):
        return await write(self, lambda tx: operation(CountingTx(tx, asked), *args, **kwargs))

    monkeypatch.setattr(Db, "write", counted)
    of = reference()
    for many in (5, 50):
        asked.clear()
        await results(crowd, *(said(of, "DECL", 60 + nth) for nth in range(many)))
        assert many < len(asked) <= 10 * many + 5
