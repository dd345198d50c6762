"""What foreign systems say in their own words: read by a table, kept as it came, and nothing lost that can't be read."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.app import create_app
from service.customs.schemas.tables import TableUnfit
from service.customs.vocabularies import vocabularies
from tests.asking import new_key, storage
from tests.bookings.on_the_ground import made
from tests.conftest import settings_for
from tests.customs.saying import HOLDS
from tests.docs.walking import ROOT

SAMPLES = ROOT / "examples" / "customs"
GD = {"type": "GD", "country": "PK", "value": "KAPW-HC-22012-18-08-2022"}
PATH = "/v1/customs/messages"


class Foreign:
    """A foreign system, and a service that knows its words by a table that can be mended."""

    def __init__(self, url: str, keys: dict[str, str], table: Path) -> None:
        self.url, self.keys, self.table = url, keys, table

    async def sends(self, message: Any, vocabulary: str = "weboc", **more: Any) -> httpx.Response:
        content = message if isinstance(message, bytes) else json.dumps(message)
        return await self.asks("POST", f"{PATH}/{vocabulary}", content=content, **more)

    async def asks(self, method: str, path: str, *, headers: Any = None, **more: Any) -> httpx.Response:
        """Ask a service that has just been started."""
        files = {"weboc": self.table, "psw": SAMPLES / "psw.json"}
        app = create_app(settings_for(self.url, customs_vocabularies=files))
        sent = {
            "Authorization": f"Bearer {self.keys['customs']}",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://slotway.test") as client:
                return await client.request(method, path, headers=sent, **more)

    async def kept(self, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.asks("GET", PATH, params=query)).json()["items"]
        return items


@pytest.fixture
def foreign(url, keys, tmp_path) -> Foreign:
    table = tmp_path / "weboc.toml"
    table.write_text((SAMPLES / "weboc.toml").read_text())
    return Foreign(url, keys, table)


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}-message.json").read_text())
    return found


def says(word: str, number: int = 1, **more: Any) -> dict[str, Any]:
    whole = sample("weboc")
    return whole | {"message_ID": f"WB-{number}", "status": whole["status"] | {"gD_Status": word}} | more


async def test_the_samples_are_read_as_events_and_take_effect(foreign, crowd):
    there = await made(crowd, storage(quantity=1), vessel=None, customs_references=[GD])
    answer = await foreign.sends(sample("weboc"))
    assert (answer.status_code, answer.json()) == (202, {"event_id": "WB-2026-000117", "matched": True})
    answer = await foreign.sends(sample("psw"), "psw")
    assert (answer.status_code, answer.json()) == (202, {"event_id": "880042", "matched": False})
    (held, early) = (await crowd.get(HOLDS, role="customs")).json()["items"]
    assert (held["reference"], held["bookings"]) == (GD, [there["id"]])
    assert held["holds"] == [{"hold_code": "ANF", "placed_at": "2026-11-24T06:30:00Z", "remark": "sample drawn"}]
    assert early["reference"] == {"type": "PSW", "country": "PK", "value": "5567120034"}
    assert [each["hold_code"] for each in early["holds"]] == ["DPP"]
    assert (await foreign.sends(says("cleared  by anf", 2, status_Date="24-11-2026 12:00:00"))).status_code == 202
    assert [each["bookings"] for each in (await crowd.get(HOLDS, role="customs")).json()["items"]] == [[]]


async def test_a_message_is_kept_exactly_as_it_came(foreign):
    raw = (SAMPLES / "weboc-message.json").read_bytes()
    assert (await foreign.sends(raw)).status_code == 202
    (kept,) = await foreign.kept()
    assert (kept["vocabulary"], kept["event_id"], kept["refused_as"]) == ("weboc", "WB-2026-000117", None)
    assert kept["message"] == sample("weboc")
    assert kept["received_at"]
    listed = await foreign.asks("GET", PATH)
    assert raw.decode() in listed.text


async def test_an_unknown_word_is_refused_with_the_known_ones_kept_and_taken_once_the_table_is_mended(foreign):
    message = says("Impounded", gD_extra=1.50)
    refused = await foreign.sends(message)
    assert (refused.status_code, refused.json()["code"]) == (422, "customs-word-unknown")
    assert refused.json()["word"] == "Impounded"
    assert "Out of Charge" in refused.json()["known"]
    assert refused.json()["errors"][0]["pointer"] == "/status/gD_Status"
    (kept,) = await foreign.kept(taken="false")
    assert (kept["message"], kept["refused_as"]) == (message, "customs-word-unknown")
    foreign.table.write_text(
        foreign.table.read_text() + '"Impounded" = { event_type = "HOLD", hold_code = "IMPOUND" }\n'
    )
    assert (await foreign.sends(kept["message"])).status_code == 202
    assert await foreign.kept(taken="false") == []
    assert [(each["event_id"], each["refused_as"]) for each in await foreign.kept()] == [("WB-1", None)]


async def test_a_message_sent_again_has_its_first_answer_whatever_the_table_says_by_now(foreign, crowd):
    first = await foreign.sends(says("GD Filed"))
    await made(crowd, storage(quantity=1), vessel=None, customs_references=[GD])
    foreign.table.write_text(foreign.table.read_text().replace('"GD Filed"', '"Filed"'))
    again = await foreign.sends(says("GD Filed"))
    assert (again.status_code, again.text) == (202, first.text)
    other = await foreign.sends(says("Exited"))
    assert (other.status_code, other.json()["code"]) == (409, "customs-event-reused")
    assert [each["refused_as"] for each in await foreign.kept()] == [None, "customs-event-reused"]


async def test_a_message_and_an_event_of_the_same_content_are_one(foreign):
    answer = await foreign.sends(says("GD Filed", hold_Reason=None))
    event = {"event_id": "WB-1", "event_type": "DECL", "event_time": "2026-11-24T06:30:00Z", "reference": GD}
    again = await foreign.asks("POST", "/v1/customs/events", json=event)
    assert (again.status_code, again.json()) == (202, answer.json())


async def test_a_rehearsal_of_a_message_keeps_nothing_and_a_key_gives_the_first_answer_again(foreign):
    path = f"{PATH}/weboc?validate_only=true"
    for message, status in ((says("GD Filed"), 200), (says("Nonsense"), 422)):
        assert (await foreign.asks("POST", path, json=message)).status_code == status
    assert await foreign.kept() == []
    key = {"Idempotency-Key": new_key()}
    first, again = [await foreign.sends(says("GD Filed"), headers=key) for _ in range(2)]
    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")


async def test_one_message_sent_by_many_at_once_takes_effect_once(foreign, crowd):
    answers = await asyncio.gather(*(foreign.sends(sample("weboc")) for _ in range(4)))
    assert {each.status_code for each in answers} == {202}
    assert len(await foreign.kept()) == 1
    assert (await crowd.sql("SELECT count(*) FROM customs_events"))[0][0] == 1


async def test_a_message_under_a_reference_in_another_form_is_refused_and_kept(foreign):
    answer = await foreign.sends(sample("psw") | {"PSW_Tracking_ID": "psw 5567"}, "psw")
    assert (answer.status_code, answer.json()["code"]) == (422, "customs-message-unreadable"), answer.text
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], "26KZ000001" in fault["message"]) == ("/PSW_Tracking_ID", True)
    assert [each["refused_as"] for each in await foreign.kept(taken="false")] == ["customs-message-unreadable"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"message_ID": None}, "/message_ID"),
        ({"message_ID": {"a": 1}}, "/message_ID"),
        ({"message_ID": "x" * 101}, "/message_ID"),
        ({"status_Date": "2026-11-24T11:30:00+05:00"}, "/status_Date"),
        ({"status_Date": "31-02-2026 11:30:00"}, "/status_Date"),
        ({"status": "Held by ANF"}, "/status/gD_Status"),
        ({"status": {"gD_Status": "Exited", "gD_No_Complete": "not a GD"}}, "/status/gD_No_Complete"),
        ({"hold_Reason": "x" * 501}, "/hold_Reason"),
    ],
    ids=str,
)
async def test_a_message_of_the_wrong_form_is_refused_with_a_pointer_into_it_and_kept(foreign, wrong, pointer):
    answer = await foreign.sends(sample("weboc") | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "customs-message-unreadable"), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert [each["refused_as"] for each in await foreign.kept(taken="false")] == ["customs-message-unreadable"]


async def test_what_is_no_object_too_large_or_in_no_known_vocabulary_is_refused(foreign):
    assert (await foreign.sends(["GD Filed"])).status_code == 422
    large = await foreign.sends(says("GD Filed", padding="x" * 20_000))
    assert (large.status_code, large.json()["code"]) == (413, "body-too-large")
    unknown = await foreign.sends({}, "etir")
    assert (unknown.status_code, unknown.json()["known"]) == (404, ["psw", "weboc"])


FIELDS = {"event_id": "id", "event_time": "at", "word": "w", "reference": "gd"}
GOOD: dict[str, Any] = {
    "fields": FIELDS, "reference": {"type": "GD", "country": "PK"}, "words": {"filed": {"event_type": "DECL"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("{", "Expecting"),
        ({}, "fields: Field required"),
        ('{"words": {}, "words": {}}', "stands twice"),
        (GOOD | {"wrods": {}}, "wrods"),
        (GOOD | {"words": {}}, "words"),
        (GOOD | {"words": {"filed": {"event_type": "FILED"}}}, "words.filed.event_type: This is one of: DECL"),
        (GOOD | {"words": {"held": {"event_type": "HOLD"}}}, "'held': a HOLD needs a hold_code"),
        (GOOD | {"words": {"filed": {"event_type": "DECL", "hold_code": "A"}}}, "only HOLD and RELS"),
        (GOOD | {"words": {"a b": {"event_type": "DECL"}, "A  B": {"event_type": "CUSR"}}}, "differ only in case"),
        (GOOD | {"reference": {"type": "VISA", "country": "PK"}}, "reference.type"),
        (GOOD | {"time": {"format": "%d-%m-%Y", "zone": "Asia/Karachi"}}, "time.format"),
        (GOOD | {"time": {"format": "%d-%m-%Y %H:%M", "zone": "Asia/Karatschi"}}, "There is no such time zone"),
        (GOOD | {"fields": FIELDS | {"word": ""}}, "fields.word"),
    ],
    ids=str,
)
def test_a_table_that_can_t_be_used_is_refused_with_what_is_wrong(tmp_path, table, why):
    file = tmp_path / "odd.json"
    file.write_text(table if isinstance(table, str) else json.dumps(table))
    with pytest.raises(TableUnfit, match=r"the vocabulary 'odd' in .*odd\.json: ") as refused:
        vocabularies({"odd": file})
    assert why in str(refused.value)


def test_a_table_that_is_not_there_and_a_name_that_no_path_can_have_are_refused(tmp_path):
    with pytest.raises(TableUnfit, match="No such file"):
        vocabularies({"gone": tmp_path / "gone.toml"})
    with pytest.raises(TableUnfit, match="a name is"):
        vocabularies({"We BOC": SAMPLES / "weboc.toml"})


def test_the_service_does_not_start_with_a_table_that_can_t_be_used_and_says_why(tmp_path):
    (tmp_path / "odd.toml").write_text("[fields")
    started = subprocess.run(
        [sys.executable, "-m", "service", "api", "--port", "0"], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"DATABASE_URL": "postgresql:///nowhere", "SLOTWAY_CUSTOMS_VOCABULARIES": f'{{"odd": "{tmp_path}/odd.toml"}}'},
        check=False,
    )  # fmt: skip
    assert started.returncode == 1
    assert started.stderr.startswith("SLOTWAY_CUSTOMS_VOCABULARIES: the vocabulary 'odd' in ")
    assert "Traceback" not in started.stderr
