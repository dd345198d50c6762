"""A customs reference has one form: what can't be brought into it is refused at every door, so that no hold is missed."""

from typing import Any

import pytest

from tests.asking import berth, booking, storage
from tests.bookings.on_the_ground import made
from tests.customs.saying import EVENTS, reference, said

OTHER_FORMS = [
    ("MRN", "26\u041aZ000001"),
    ("TIR", "XQ 1234"),
    ("IGM", "KAPW,1-2026"),
    ("PSW", "5567_120034"),
]


def doors(of: dict[str, str], mine: str) -> list[tuple[str, str, str, Any]]:
    """Who says it, where, the pointer to it, and the body."""
    declared = {"reference": of, "packages": 1}
    return [
        ("forwarder", "/v1/bookings", "/customs_references/0/value", booking(berth(), customs_references=[of])),
        ("forwarder", f"{mine}/customs-references", "/customs_references/0/value", {"customs_references": [of]}),
        ("customs", EVENTS, "/reference/value", said(of, "HOLD", hold_code="A")),
        ("customs", "/v1/customs/movement-validations", "/reference/value", declared),
    ]


def told(faults: list[dict[str, str]]) -> tuple[str, bool]:
    """Give where the one fault is, and whether it says which form is wanted."""
    (fault,) = faults
    return fault["pointer"], "A to Z and digits" in fault["message"]


@pytest.mark.parametrize(("type_", "value"), OTHER_FORMS)
async def test_a_reference_in_another_form_is_refused_wherever_it_is_said_with_the_form_that_is_wanted(
    crowd, type_, value
):
    of = {"type": type_, "country": "KZ", "value": value}
    there = await made(crowd, storage(20, quantity=1), vessel=None)
    for role, path, pointer, body in doors(of, f"/v1/bookings/{there['id']}"):
        answer = await crowd.post(path, body, role=role)
        assert (answer.status_code, told(answer.json()["errors"])) == (422, (pointer, True)), answer.text
    good = said(reference(), "DECL")
    batch = await crowd.post(f"{EVENTS}/batch", {"events": [said(of, "DECL"), good]}, role="customs")
    first, second = batch.json()["results"]
    assert (first["status"], second["status"]) == (422, 202)
    assert told(first["problem"]["errors"]) == ("/reference/value", True)
    assert await crowd.sql("SELECT FROM customs_references WHERE value = $1", value) == []


@pytest.mark.parametrize(
    ("path", "name"), [("/v1/customs/bookings", "reference"), ("/v1/bookings", "customs_reference")]
)
async def test_nobody_searches_in_vain_for_a_reference_in_a_form_that_none_has(crowd, path, name):
    for _, value in OTHER_FORMS:
        answer = await crowd.get(path, role="customs", **{name: value})
        assert (answer.status_code, told(answer.json()["errors"])) == (422, (f"?{name}", True)), answer.text


@pytest.mark.parametrize(
    ("type_", "value"),
    [("MRN", "26KZ000001"), ("MRN", "55301/120526/0012345"), ("TIR", "AX.12345678"), ("IGM", "KAPW-1-2026"), ("PSW", "007")],
)  # fmt: skip
async def test_what_customs_write_is_taken_and_found_as_it_is_leading_zeros_too(crowd, type_, value):
    of = {"type": type_, "country": "KZ", "value": value}
    there = await made(crowd, storage(20, quantity=1), vessel=None, customs_references=[of])
    assert there["customs_references"] == [of]
    answer = await crowd.post(EVENTS, said(of, "HOLD", hold_code="A"), role="customs")
    assert answer.json()["matched"] is True
    found = (await crowd.get("/v1/customs/bookings", role="customs", reference=value, type=type_)).json()["items"]
    assert [(each["booking"]["id"], each["references"][0]["holds"]) for each in found] == [(there["id"], ["A"])]


async def test_a_hold_finds_the_goods_also_where_one_of_the_two_has_typed_small_letters(crowd):
    small = {"type": "MRN", "country": "KZ", "value": "26kz000001"}
    there = await made(crowd, storage(20, quantity=1), vessel=None, customs_references=[small])
    assert there["customs_references"] == [small | {"value": "26KZ000001"}]
    answer = await crowd.post(EVENTS, said(small | {"value": "26Kz000001"}, "HOLD", hold_code="A"), role="customs")
    assert answer.json()["matched"] is True
    for path, name in (("/v1/customs/bookings", "reference"), ("/v1/bookings", "customs_reference")):
        found = (await crowd.get(path, role="customs", **{name: "26kZ000001"})).json()["items"]
        assert len(found) == 1


async def test_a_declaration_of_a_country_that_is_not_known_is_blamed_for_the_country_alone(crowd):
    of = {"type": "GD", "country": "pak", "value": "kapw-hc-8876"}
    answer = await crowd.post(EVENTS, said(of, "DECL"), role="customs")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/reference/country"]
