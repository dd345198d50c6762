"""Several places in one closure: each metre and each floor is named once."""

import pytest

from tests.closures.closing import closure

QUAY, FLOOR = {"quay": "PKGWD-MPT"}, {"warehouse": "PKGWD-FZS-W1"}
FIRST, SECOND = {"berth": "PKGWD-MPT-1"}, {"berth": "PKGWD-MPT-2"}


@pytest.mark.parametrize(
    ("places", "twice"),
    [
        ([QUAY, QUAY], ["/places/1"]),
        ([FIRST, FIRST], ["/places/1"]),
        ([FIRST, QUAY, SECOND], ["/places/1", "/places/2"]),
        ([QUAY | {"from_m": 0, "to_m": 101}, FLOOR, QUAY | {"from_m": 100, "to_m": 300}], ["/places/2"]),
        ([FIRST, QUAY | {"from_m": 100, "to_m": 150}], ["/places/1"]),
        ([FLOOR, FLOOR | {"quantity": 10}], ["/places/1"]),
        ([FLOOR | {"quantity": 10}, FLOOR | {"quantity": 20}], ["/places/1"]),
    ],
)
async def test_what_is_named_twice_is_refused_and_pointed_at(port, places, twice):
    refused = await port.post("/v1/closures", closure(places=places))
    assert (refused.status_code, refused.json()["code"]) == (422, "places-overlap"), refused.text
    assert [each["pointer"] for each in refused.json()["errors"]] == twice
    assert (await port.get("/v1/closures")).json()["items"] == []


async def test_parts_that_only_touch_each_other_and_another_floor_are_closed_together(port):
    places = [
        QUAY | {"from_m": 0, "to_m": 100}, QUAY | {"from_m": 100, "to_m": 300}, FLOOR, {"warehouse": "PKGWD-FZS-H1"}
    ]  # fmt: skip
    made = await port.post("/v1/closures", closure(places=places))
    assert (made.status_code, len(made.json()["places"])) == (201, 4), made.text
