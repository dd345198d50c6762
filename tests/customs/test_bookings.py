"""What customs asks after an outage: the bookings under a reference, and all that has changed, with no gap at the edge."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from service import clock
from service.customs.queries.bookings import Sought, sought
from tests.asking import berth, rfc, storage
from tests.bookings.on_the_ground import begun, made, report
from tests.customs.saying import goods, reference, said, sent

PATH = "/v1/customs/bookings"
GD = {"type": "GD", "country": "PK", "value": "KAPW-HC-22012-18-08-2022"}


async def asked(crowd, **query: Any) -> dict[str, Any]:
    answer = await crowd.get(PATH, role="customs", **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ids(crowd, **query: Any) -> list[str]:
    return [each["booking"]["id"] for each in (await asked(crowd, **query))["items"]]


async def long_ago(crowd) -> None:
    """Let an hour pass for all that has happened."""
    await crowd.sql("UPDATE bookings SET updated_at = updated_at - interval '1 hour'")
    await crowd.sql("UPDATE customs_references SET heard_at = heard_at - interval '1 hour'")


async def test_bookings_are_found_by_a_reference_however_it_is_written_from_their_confirmation_on(crowd):
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[GD], contact={"name": "Aigerim"})
    held = await made(crowd, storage(quantity=1), vessel=None, customs_references=[GD], hold=True)
    await made(crowd, berth())
    await sent(crowd, said(GD, "HOLD", hold_code="A", remark="informant"))
    for written in (GD["value"], f" {GD['value'].lower()} "):
        answer = await asked(crowd, reference=written)
        assert [each["booking"]["id"] for each in answer["items"]] == [there["id"]]
    (found,) = answer["items"]
    (standing,) = found["references"]
    assert (standing["reference"], standing["state"], standing["holds"]) == (GD, "HELD", ["A"])
    assert standing["changed_at"]
    assert "Aigerim" not in str(answer)
    assert "informant" not in str(answer)
    for narrowed, seen in (
        ({"type": "GD"}, True),
        ({"country": "PK"}, True),
        ({"type": "PSW"}, False),
        ({"country": "KZ"}, False),
    ):
        assert await ids(crowd, reference=GD["value"], **narrowed) == ([there["id"]] if seen else [])
    assert (await crowd.post(f"/v1/bookings/{held['id']}/confirm")).status_code == 200
    assert await ids(crowd, reference=GD["value"]) == [there["id"], held["id"]]


async def test_whatever_changes_is_found_a_booking_a_leg_or_what_customs_says(crowd):
    of, other = reference(), reference()
    ship = await begun(crowd, berth())
    goods = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of, other])
    quiet = await made(crowd, storage(quantity=1), vessel=None, customs_references=[reference()])
    await sent(crowd, said(of, "DECL", 50))
    await long_ago(crowd)
    since = rfc(clock.now() - timedelta(minutes=30))
    assert await ids(crowd, changed_since=since) == []
    assert (await report(crowd, "arrive", ship)).status_code == 200
    assert await ids(crowd, changed_since=since) == [ship["id"]]
    await sent(crowd, said(of, "DECL", 45))
    assert await ids(crowd, changed_since=since) == [ship["id"]]
    await sent(crowd, said(of, "HOLD", 40, hold_code="A"))
    assert await ids(crowd, changed_since=since) == [ship["id"], goods["id"]]
    assert (await crowd.post(f"/v1/bookings/{quiet['id']}/cancel")).status_code == 200
    answer = await asked(crowd, changed_since=since)
    assert [each["booking"]["state"] for each in answer["items"]] == ["arrived", "confirmed", "cancelled"]
    assert [sorted(every["state"] for every in each["references"]) for each in answer["items"]] == [
        [], ["HELD", "NOT_DECLARED"], ["NOT_DECLARED"],
    ]  # fmt: skip
    assert await ids(crowd, changed_since=since, reference=of["value"]) == [goods["id"]]
    assert len(await ids(crowd)) == 3


async def test_a_booking_is_found_whose_reference_is_gated_out_by_the_goods_of_another(crowd):
    of = reference()
    first, last = await goods(crowd, of), await goods(crowd, of)
    await sent(crowd, said(of, "DECL", 50), said(of, "CUSR", 40))
    assert (await report(crowd, "complete", first)).status_code == 200
    await long_ago(crowd)
    since = rfc(clock.now() - timedelta(minutes=30))
    assert (await report(crowd, "complete", last)).status_code == 200
    answer = await asked(crowd, changed_since=since)
    assert {each["booking"]["id"]: each["references"][0]["state"] for each in answer["items"]} == {
        first["id"]: "GATED_OUT", last["id"]: "GATED_OUT",
    }  # fmt: skip


async def test_pages_go_on_by_the_cursor_and_all_name_one_place_in_the_feed(crowd):
    of = reference()
    there = [(await made(crowd, storage(quantity=1), vessel=None, customs_references=[of]))["id"] for _ in range(5)]
    first = await asked(crowd, reference=of["value"], limit=2)
    await sent(crowd, said(of, "DECL"))
    seen, page = list(first["items"]), first
    while page["next"]:
        page = await asked(crowd, reference=of["value"], limit=2, cursor=page["next"])
        assert page["as_of_sequence"] == first["as_of_sequence"]
        seen += page["items"]
    assert [each["booking"]["id"] for each in seen] == there
    feed = (await crowd.get("/v1/events", role="customs", after=first["as_of_sequence"], limit=500)).json()["items"]
    assert [each["subject"] for each in feed if each["type"] == "customs.declared"] == there
    other = await crowd.get(PATH, role="customs", reference="X", cursor=first["next"])
    assert (other.status_code, other.json()["code"]) == (422, "cursor-does-not-fit")


async def test_a_change_that_commits_late_is_in_the_feed_after_the_answer_and_in_the_next_answer(crowd):
    of = reference()
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[of])
    await long_ago(crowd)
    late = await asyncpg.connect(crowd.url)
    async with late.transaction():
        await late.execute(
            """UPDATE customs_references SET state = 'DECLARED', changed_at = clock_timestamp(), heard_at = clock_timestamp()
               WHERE value = $1""",
            of["value"],
        )
        await late.execute(
            """SELECT tell_customs(b, c.id, 'service', NULL) FROM bookings b, customs_references c
               WHERE b.id = $1 AND c.value = $2""",
            there["id"], of["value"],
        )  # fmt: skip
        now = (await crowd.sql("SELECT clock_timestamp() AS at"))[0]["at"]
        before = await asked(crowd, changed_since=rfc(now - timedelta(minutes=5)))
    await late.close()
    assert before["items"] == []
    feed = (await crowd.get("/v1/events", role="customs", after=before["as_of_sequence"])).json()["items"]
    assert [(each["type"], each["subject"]) for each in feed] == [("customs.declared", there["id"])]
    assert await ids(crowd, changed_since=rfc(now)) == [there["id"]]


@pytest.mark.parametrize(
    "wrong",
    [{"type": "GD"}, {"country": "PK"}, {"reference": "X", "type": "VISA"}, {"reference": "X", "country": "pak"},
     {"changed_since": "yesterday"}, {"changed_since": "2026-11-24T10:00:00"}, {"state": "held"}],
    ids=str,
)  # fmt: skip
async def test_what_is_asked_wrongly_is_refused(crowd, wrong):
    assert (await crowd.get(PATH, role="customs", **wrong)).status_code == 422


async def test_each_question_is_answered_by_an_index(crowd):
    """No table is read whole, neither of bookings nor of references; a booking is fetched once it is known which."""
    asked_of_it: list[tuple[str, tuple[object, ...]]] = []

    class Recorder:
        async def fetch(self, text: str, *values: object) -> list[Any]:
            asked_of_it.append((text, values))
            return []

    now = clock.now()
    for question in (Sought("x"), Sought(changed_since=now), Sought("x", changed_since=now)):
        await sought(Recorder(), question, after=0, limit=50)
    connection = await asyncpg.connect(crowd.url)
    await connection.execute("SET enable_seqscan = off")
    plans = [
        "\n".join(row[0] for row in await connection.fetch("EXPLAIN " + text, *values)) for text, values in asked_of_it
    ]
    await connection.close()
    for plan in plans:
        assert "Seq Scan" not in plan
    assert ["customs_references_by_value" in plan for plan in plans] == [True, False, True]
    assert ["customs_references_by_heard_at" in plan for plan in plans][1]
    assert ["bookings_by_updated_at_number" in plan for plan in plans][1]
