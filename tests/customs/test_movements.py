"""Whether what customs declares is what is booked: asked over HTTP, kept, and told where it differs."""

import asyncio
from typing import Any

import pytest

from tests.asking import berth, new_key, storage
from tests.bookings.on_the_ground import events_of, made
from tests.customs.saying import reference

KARACHI = "PKKHI-KTA-W1"
PATH = "/v1/customs/movement-validations"


async def asked(crowd, of: dict[str, str], **declared: Any) -> dict[str, Any]:
    answer = await crowd.post(PATH, {"reference": of, **declared}, role="customs")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def codes(answer: dict[str, Any]) -> list[str]:
    return [each["code"] for each in answer["reasons"]]


async def booked(crowd, *of: dict[str, str], packages: int | None = 1200, weight_t: float | None = 24000, **more: Any):
    cargo = {"packages": packages, "weight_t": weight_t}
    return await made(crowd, storage(quantity=1), vessel=None, customs_references=list(of), cargo=cargo, **more)


async def test_a_declaration_that_is_as_booked_matches(crowd):
    of = reference()
    there = await booked(crowd, of)
    answer = await asked(crowd, of, booking=there["id"], packages=1200, gross_weight_t=24000.0)
    assert answer == {"outcome": "match", "reference": of, "bookings": [there["id"]], "reasons": []}


@pytest.mark.parametrize(
    ("weight", "outcome"),
    [(25200, "match"), (25200.001, "mismatch"), (22800, "match"), (22799.999, "mismatch"), (24000.5, "match")],
)
async def test_a_weight_matches_within_five_per_cent_of_what_is_booked_and_at_the_edge_exactly(crowd, weight, outcome):
    of = reference()
    await booked(crowd, of)
    answer = await asked(crowd, of, gross_weight_t=weight)
    assert answer["outcome"] == outcome
    for each in answer["reasons"]:
        assert (each["code"], each["pointer"]) == ("weight-differs", "/gross_weight_t")
        assert (each["declared"], each["held"]) == (weight, 24000)


async def test_packages_match_only_if_they_are_equal(crowd):
    of = reference()
    await booked(crowd, of)
    for packages, found in ((1199, ["packages-differ"]), (1200, []), (1201, ["packages-differ"])):
        answer = await asked(crowd, of, packages=packages)
        assert codes(answer) == found
        assert all(type(each["declared"]) is type(each["held"]) is int for each in answer["reasons"])  # not 1199.0


async def test_all_firm_bookings_under_a_reference_are_added_up_and_one_that_is_named_is_looked_at_alone(crowd):
    of = reference()
    first = await booked(crowd, of, packages=700, weight_t=10.1)
    second = await booked(crowd, of, packages=500, weight_t=20.2)
    await booked(crowd, of, packages=1, hold=True)
    gone = await booked(crowd, of, packages=1)
    assert (await crowd.post(f"/v1/bookings/{gone['id']}/cancel")).status_code == 200
    answer = await asked(crowd, of, packages=1200, gross_weight_t=30.3)
    assert (answer["outcome"], answer["bookings"]) == ("match", [first["id"], second["id"]])
    assert (await asked(crowd, of, booking=second["id"], packages=500))["outcome"] == "match"
    answer = await asked(crowd, of, booking=second["id"], packages=1200)
    assert (codes(answer), answer["bookings"]) == (["packages-differ"], [second["id"]])


async def test_a_reference_that_nobody_travels_under_and_a_booking_that_does_not_are_a_mismatch(crowd):
    of = reference()
    answer = await asked(crowd, of, packages=1)
    assert (answer["outcome"], codes(answer), answer["bookings"]) == ("mismatch", ["reference-not-held"], [])
    there, other = await booked(crowd, of), await made(crowd, berth())
    held = await booked(crowd, of, hold=True)
    for named in (other["id"], held["id"], "bkg_nobody"):
        answer = await asked(crowd, of, booking=named, packages=1200)
        assert (answer["outcome"], codes(answer)) == ("mismatch", ["booking-differs"])
        assert answer["reasons"][0]["held"] == [there["id"]]


async def test_what_a_booking_does_not_state_is_said_and_not_guessed(crowd):
    of = reference()
    await booked(crowd, of, packages=None, weight_t=None)
    answer = await asked(crowd, of, packages=5, gross_weight_t=1)
    assert (answer["outcome"], codes(answer)) == ("unknown", ["packages-not-stated", "weight-not-stated"])
    assert [each["held"] for each in answer["reasons"]] == [None, None]
    await booked(crowd, of, packages=100, weight_t=None)
    assert codes(await asked(crowd, of, packages=120)) == ["packages-not-stated"]
    assert codes(await asked(crowd, of, packages=99)) == ["packages-differ"]


async def test_of_a_booking_under_two_declarations_only_what_can_be_told_is_told(crowd):
    of, other = reference(), reference()
    await booked(crowd, of, other, {"type": "TIR", "country": "KZ", "value": of["value"]})
    answer = await asked(crowd, of, packages=600, gross_weight_t=12000)
    assert (answer["outcome"], codes(answer)) == ("unknown", ["packages-not-apart", "weight-not-apart"])
    assert codes(await asked(crowd, of, packages=1201, gross_weight_t=25201)) == ["packages-differ", "weight-differs"]
    tir = await asked(crowd, {"type": "TIR", "country": "KZ", "value": of["value"]}, packages=1200)
    assert tir["outcome"] == "match"


async def test_the_question_and_its_answer_are_kept_for_the_asker_and_a_mismatch_is_told_to_operator_and_customs(crowd):
    of = reference()
    there = await booked(crowd, of)
    await asked(crowd, of, packages=1200)
    wrong = await asked(crowd, of, packages=7)

    async def seen(role: str) -> list[str]:
        items = (await crowd.get("/v1/events", role=role, limit=500)).json()["items"]
        return [each["type"] for each in items if each["type"].startswith("customs")]

    asking = ["customs-movement.validated", "customs.discrepancy", "customs-movement.validated"]
    assert await seen("customs") == asking
    assert [await seen(role) for role in ("operator_pkgwd", "forwarder", "rival")] == [["customs.discrepancy"], [], []]
    told = (await events_of(crowd, there["id"]))[-1]["data"]["current"]
    why = {"code": "packages-differ", "pointer": "/packages", "declared": 7, "held": 1200}
    assert told == {"booking": there["id"], "reference": of, "reasons": [why]}
    mine = (await crowd.get("/v1/events", role="customs", limit=500)).json()["items"][-1]["data"]
    assert (mine["cause"], mine["current"]) == ({"reference": of, "packages": 7}, wrong)


async def test_an_operator_is_not_told_what_others_have_booked_under_the_same_reference(crowd):
    of = reference()
    here = await booked(crowd, of)
    there = await made(crowd, storage(quantity=1, warehouse=KARACHI), vessel=None, customs_references=[of])
    await asked(crowd, of, booking="bkg_nobody", packages=1)
    for role, mine, other in (("operator_pkgwd", here, there), ("operator_pkkhi", there, here)):
        events = (await crowd.get("/v1/events", role=role, limit=500)).text
        assert mine["id"] in events
        assert other["id"] not in events
        assert [each["type"] for each in await events_of(crowd, mine["id"], role=role)][-1] == "customs.discrepancy"


async def test_a_question_sent_again_has_its_first_answer_and_is_told_once(crowd):
    of, key = reference(), new_key()
    there = await booked(crowd, of)
    body = {"reference": of, "packages": 7}
    answers = await asyncio.gather(*(crowd.post(PATH, body, role="customs", key=key) for _ in range(5)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers}) == 1
    rehearsed = await crowd.post(f"{PATH}?validate_only=true", body, role="customs")
    assert rehearsed.json() == answers[0].json()
    assert [each["type"] for each in await events_of(crowd, there["id"])] == [
        "booking.confirmed",
        "customs.discrepancy",
    ]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"packages": None}, {"packages": 0}, {"packages": 1.5}, {"gross_weight_t": -1}, {"gross_weight_t": "1"},
     {"gross_weight_t": 1.0001}, {"packages": 1, "seal": "odd"}],
    ids=str,
)  # fmt: skip
async def test_a_declaration_that_asks_nothing_or_nonsense_is_refused(crowd, wrong):
    answer = await crowd.post(PATH, {"reference": reference(), **wrong}, role="customs")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
