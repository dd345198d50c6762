"""Which ship it is: an IMO number, an MMSI or a name is enough, and none of them is not."""

import pytest

from tests.asking import berth, booking

MEASURES = {"loa_m": 90.0, "beam_m": 15.0, "draught_m": 5.5}


@pytest.mark.parametrize("told", [{"mmsi": "463012345"}, {"name": "MAKRAN STAR"}, {"imo": "9074729"}])
async def test_a_ship_of_which_one_thing_is_known_is_booked_and_reads_as_it_was_sent(crowd, told):
    made = await crowd.post("/v1/bookings", booking(berth(), vessel=MEASURES | told))
    assert made.status_code == 201, made.text
    vessel = made.json()["vessel"]
    assert {name: value for name, value in vessel.items() if value is not None} == MEASURES | told


@pytest.mark.parametrize("told", [{}, {"call_sign": "AQXY"}, {"mmsi": "46301234"}, {"imo": "9074728"}])
async def test_a_ship_that_nobody_could_tell_from_another_is_refused(crowd, told):
    refused = await crowd.post("/v1/bookings", booking(berth(), vessel=MEASURES | told))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith("/vessel")
    assert await crowd.sql("SELECT 1 FROM bookings") == []
