"""Ports as they are shown."""

import pytest


async def test_the_ports_are_listed(client, as_):
    answer = await client.get("/v1/ports", headers=as_("forwarder"))
    assert [port["unlocode"] for port in answer.json()["items"]] == ["PKGWD", "PKKHI"]
    assert answer.json()["items"][0]["time_zone"] == "Asia/Karachi"


@pytest.mark.parametrize("who", ["forwarder", "operator_pkkhi", "customs", "admin"])
async def test_a_port_shows_each_figure_with_source_date_and_confidence(client, as_, who):
    port = (await client.get("/v1/ports/PKGWD", headers=as_(who))).json()
    (terminal,) = port["terminals"]
    quay = next(each for each in terminal["quays"] if each["code"] == "PKGWD-MPT")
    assert (quay["length_m"], quay["bookable"], quay["rules_version"]) == (602, True, 1)
    berth = quay["berths"][1]
    assert (berth["code"], berth["from_m"], berth["length_m"]) == ("PKGWD-MPT-2", 200.7, 200.7)
    assert (berth["as_of"], berth["confidence"], berth["hazard_confidence"]) == ("2022", "stated", "assumed")
    (limit,) = berth["limits"]
    assert (limit["draught_m"], limit["window"]) == (11.6, {"start": None, "end": None})
    assert "dredging.org" in limit["source"]
    zones = {zone["code"]: zone for zone in port["free_zones"]}
    floor = zones["PKGWD-FZS"]["warehouses"][1]
    assert (floor["code"], floor["capacity"], floor["unit"]) == ("PKGWD-FZS-W1", 12000, "m2")
    assert (floor["confidence"], floor["terms"]["terms_confidence"]) == ("assumed", "assumed")


async def test_terms_are_iso_durations(client, as_):
    port = (await client.get("/v1/ports/PKKHI", headers=as_("forwarder"))).json()
    oil = next(each for each in port["terminals"] if each["code"] == "PKKHI-OIL")
    quay = oil["quays"][0]
    assert (quay["turnaround"], quay["terms"]["hold_for"], quay["terms"]["asks_approval"]) == ("PT2H", "PT15M", True)
    assert (quay["terms"]["longest_stay"], quay["terms"]["least_notice"]) == ("P30D", "PT0S")


@pytest.mark.parametrize(("unlocode", "free_for"), [("PKGWD", "P90D"), ("PKKHI", "P5D")])
async def test_every_floor_shows_the_clocks_of_its_port_as_a_guess_and_no_quay_has_any(client, as_, unlocode, free_for):
    port = (await client.get(f"/v1/ports/{unlocode}", headers=as_("customs"))).json()
    floors = [floor["terms"] for zone in port["free_zones"] for floor in zone["warehouses"]]
    assert floors
    for terms in floors:
        shown = [terms[each] for each in ("free_for", "transit_for", "zone_stay_for", "terms_confidence")]
        assert shown == [free_for, "P15D", "P730D", "assumed"]
    quays = [quay["terms"] for terminal in port["terminals"] for quay in terminal["quays"]]
    assert quays
    assert not any(terms.keys() & {"free_for", "transit_for", "zone_stay_for"} for terms in quays)


async def test_what_cannot_be_booked_is_shown_as_such_with_what_is_not_known(client, as_):
    port = (await client.get("/v1/ports/PKGWD", headers=as_("forwarder"))).json()
    quay = next(each for each in port["terminals"][0]["quays"] if each["code"] == "PKGWD-RORO")
    assert quay["bookable"] is False
    assert (quay["berths"][0]["bookable"], quay["berths"][0]["length_m"]) == (False, None)


async def test_the_terminals_of_karachi_have_their_smdg_codes(client, as_):
    port = (await client.get("/v1/ports/PKKHI", headers=as_("forwarder"))).json()
    assert {each["smdg"] for each in port["terminals"]} == {"PICT", "SAPT", "KICT", None}


@pytest.mark.parametrize("unlocode", ["PKBQM", "pkgwd", "x", "PKGWD%20"])
async def test_an_unknown_port_is_not_found(client, as_, unlocode):
    answer = await client.get(f"/v1/ports/{unlocode}", headers=as_("forwarder"))
    assert (answer.status_code, answer.json()["code"]) == (404, "port-not-found")


async def test_a_hostile_code_is_refused_without_a_failure(client, as_):
    for path in ("/v1/ports/PK%00GWD", "/v1/ports/%F0%9F%9A%A2", f"/v1/ports/{'A' * 5000}", "/v1/ports/%ED%A0%80"):
        answer = await client.get(path, headers=as_("forwarder"))
        assert 400 <= answer.status_code < 500
    for path in ("/v1/keys/key_%00/revoke", f"/v1/keys/{'k' * 5000}/revoke"):
        assert (await client.post(path, headers=as_("forwarder"))).status_code == 404


async def test_a_stranger_sees_no_ports(client):
    for path in ("/v1/ports", "/v1/ports/PKGWD", "/v1/ports/NOPE", "/v1/draught-notices"):
        assert (await client.get(path)).status_code == 401


async def test_who_has_it_already_gets_304_until_something_changes(client, as_):
    first = await client.get("/v1/ports/PKGWD", headers=as_("operator_pkgwd"))
    tag = first.headers["etag"]
    held = as_("operator_pkgwd", **{"If-None-Match": tag})
    assert (await client.get("/v1/ports/PKGWD", headers=held)).status_code == 304
    notice = {
        "quay": "PKGWD-MPT", "window": {"start": "2027-05-16T00:00:00Z"}, "draught_m": 12, "reference": "1",
        "source": "harbour master",
    }  # fmt: skip
    assert (await client.post("/v1/draught-notices", json=notice, headers=as_("operator_pkgwd"))).status_code == 201
    changed = await client.get("/v1/ports/PKGWD", headers=held)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert (await client.get("/v1/ports/PKKHI", headers=held)).headers["etag"] != tag


async def test_unknown_parameters_are_refused(client, as_):
    answer = await client.get("/v1/ports", params={"country": "PK"}, headers=as_("forwarder"))
    assert answer.status_code == 422
