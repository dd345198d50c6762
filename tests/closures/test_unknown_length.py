"""A quay whose length nobody knows is closed like any other, and that stands in nobody's way."""

import pytest

from tests.asking import ahead, rfc, window
from tests.closures.closing import closure

RORO = "PKGWD-RORO"
SPAN = {"from": rfc(ahead(9)), "to": rfc(ahead(14))}


@pytest.fixture
async def closed(port):
    made = await port.post("/v1/closures", {**closure(), "quay": RORO, "window": window(10)})
    assert made.status_code == 201, made.text
    return made.json()


async def test_what_is_closed_of_it_is_told_and_can_be_lifted(port, closed):
    (listed,) = (await port.get("/v1/closures", place=RORO)).json()["items"]
    assert [listed["places"][0][name] for name in ("quay", "from_m", "to_m")] == [RORO, None, None]
    lifted = await port.post(f"/v1/closures/{closed['id']}/lift", {"reason": "never mind"})
    assert lifted.status_code == 200, lifted.text


async def test_searches_explanations_and_timetables_at_its_port_are_answered(port, closed):
    ship = {"loa_m": 190, "beam_m": 28, "draught_m": 10.5}
    assert closed
    found = await port.get("/v1/berth-slots", port="PKGWD", duration="PT36H", **ship, **SPAN)
    assert found.json()["slots"][0]["quay"] == "PKGWD-MPT"
    (why,) = [each["reasons"] for each in found.json()["unavailable"] if each["quay"] == RORO]
    assert why[0]["code"] == "not-bookable"
    explained = await port.get("/v1/berth-slots/explain", quay=RORO, from_m=0, **ship, **window(10))
    assert explained.status_code == 200, explained.text
    itinerary = {
        "ports": ["PKGWD"], "vessel": ship, "berth": {"duration": "PT36H"},
        "storage": {"quantity": 2_500, "unit": "m2", "duration": "PT36H"}, "storage_within": "PT1H",
        "window": {"start": rfc(ahead(9)), "end": rfc(ahead(10.5))},
    }  # fmt: skip
    none = await port.post("/v1/itineraries/search", itinerary)
    assert (none.status_code, none.json()["itineraries"]) == (200, [])
    shown = await port.get(f"/v1/quays/{RORO}/timetable", **SPAN)
    assert (shown.status_code, shown.json()["closed"]) == (200, [])
