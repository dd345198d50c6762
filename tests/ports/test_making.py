"""Ports, facilities and places made by API."""

import pytest

from tests.asking import ahead, rfc
from tests.ports.opening import BERTH, PORT, QUAY, SOURCE, TERMINAL, WAREHOUSE, ZONE, Opening, opened_port


@pytest.fixture
async def admin(client, keys) -> Opening:
    return Opening(client, keys["admin"])


@pytest.fixture
async def aktau(client, keys) -> Opening:
    return await opened_port(client, keys)


async def test_a_port_opens_empty_and_is_shown_with_where_its_figures_come_from(admin):
    port = await admin.post("/v1/ports", PORT)
    assert (port["unlocode"], port["country"], port["time_zone"]) == ("KZAAU", "KZ", "Asia/Aqtau")
    assert (port["source"], port["confidence"], port["terminals"], port["free_zones"]) == (SOURCE, "operator", [], [])
    assert port == await admin.get("/v1/ports/KZAAU")
    assert [each["unlocode"] for each in (await admin.get("/v1/ports"))["items"]] == ["KZAAU", "PKGWD", "PKKHI"]


async def test_a_port_is_searched_once_it_has_a_place_and_a_quay_without_berths_offers_nothing(aktau):
    window = {"from": rfc(ahead(5)), "to": rfc(ahead(15))}
    query = {"port": "KZAAU", "loa_m": 100, "duration": "PT20H"} | window
    assert (await aktau.get("/v1/berth-slots", 422, **query))["code"] == "port-unknown"
    await aktau.post("/v1/quays", QUAY)
    found = await aktau.get("/v1/berth-slots", **query)
    (without,) = found["unavailable"]
    assert (found["slots"], without["quay"]) == ([], "KZAAU-Q1")
    assert [reason["code"] for reason in without["reasons"]] == ["not-bookable"]
    await aktau.post("/v1/berths", BERTH)
    (without,) = (await aktau.get("/v1/berth-slots", **query))["unavailable"]
    assert [reason["code"] for reason in without["reasons"]] == ["limit-unknown"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"unlocode": "AAU"}, "/unlocode"), ({"unlocode": "KZAA1"}, "/unlocode"), ({"time_zone": "Aktau"}, "/time_zone"),
        ({"time_zone": "../Asia/Aqtau"}, "/time_zone"), ({"time_zone": "Asia"}, "/time_zone"), ({"latitude": 91}, "/latitude"),
        ({"longitude": "51"}, "/longitude"), ({"name": ""}, "/name"), ({"country": "KZ"}, "/country"),
        ({"source": None}, "/source"), ({"time_zone": "localtime"}, "/time_zone"),
    ],
)  # fmt: skip
async def test_a_port_that_makes_no_sense_is_refused_where_it_goes_wrong(admin, wrong, pointer):
    said = await admin.post("/v1/ports", PORT | wrong, 422)
    assert [each["pointer"] for each in said["errors"]] == [pointer]


async def test_a_code_is_given_once(admin, aktau):
    assert (await admin.post("/v1/ports", PORT, 409))["code"] == "code-taken"
    assert (await admin.post("/v1/terminals", TERMINAL, 409))["code"] == "code-taken"
    assert (await admin.post("/v1/free-zones", ZONE | {"code": TERMINAL["code"]}, 409))["code"] == "code-taken"
    for path, body in (("quays", QUAY), ("berths", BERTH), ("warehouses", WAREHOUSE)):
        await aktau.post(f"/v1/{path}", body)
        assert (await aktau.post(f"/v1/{path}", body, 409))["code"] == "code-taken"


async def test_a_facility_is_made_at_a_port_that_there_is_and_has_a_code_of_that_port(admin):
    assert (await admin.post("/v1/terminals", TERMINAL, 404))["code"] == "port-not-found"
    await admin.post("/v1/ports", PORT)
    said = await admin.post("/v1/terminals", TERMINAL | {"code": "PKKHI-NEW"}, 422)
    assert (said["code"], said["errors"][0]["pointer"]) == ("code-elsewhere", "/code")
    made = await admin.post("/v1/terminals", TERMINAL | {"smdg": "AKTAU"})
    assert made == {**TERMINAL, "smdg": "AKTAU", "version": 1, "retired_at": None}
    assert made == await admin.get("/v1/terminals/KZAAU-DRY")


async def test_a_quay_has_the_usual_terms_until_its_operator_says_others(aktau):
    quay = await aktau.post("/v1/quays", QUAY)
    usual = next(
        each for each in (await aktau.get("/v1/ports/PKGWD"))["terminals"][0]["quays"] if each["code"] == "PKGWD-MPT"
    )
    for name in ("terms", "clearance_least_m", "clearance_percent", "turnaround"):
        assert quay[name] == usual[name]
    assert (quay["length_m"], quay["berths"], quay["bookable"], quay["rules_version"]) == (0, [], False, 1)
    own = {"terms": {"hold_for": "PT20M", "least_notice": "PT6H"}, "turnaround": "PT0S", "clearance_least_m": 0}
    other = await aktau.post("/v1/quays", QUAY | {"code": "KZAAU-Q2"} | own)
    assert other["terms"] == usual["terms"] | own["terms"] | {"terms_confidence": "operator"}
    assert (other["turnaround"], other["clearance_least_m"], other["clearance_percent"]) == ("PT0S", 0, 10)


async def test_berths_follow_one_another_and_the_quay_is_as_long_as_they_reach_rounded_down(aktau):
    await aktau.post("/v1/quays", QUAY)
    berth = await aktau.post("/v1/berths", BERTH)
    assert (berth["from_m"], berth["length_m"], berth["limits"], berth["hazard_confidence"]) == (
        0,
        150.5,
        [],
        "operator",
    )
    assert (berth["quay"], berth["source"], berth["confidence"], berth["rules_version"]) == (
        "KZAAU-Q1",
        SOURCE,
        "operator",
        2,
    )
    second = await aktau.post("/v1/berths", BERTH | {"code": "KZAAU-Q1-2", "length_m": 100.3, "max_dwt_t": 7000})
    assert (second["from_m"], second["max_dwt_t"]) == (150.5, 7000)
    apart = await aktau.post("/v1/berths", BERTH | {"code": "KZAAU-Q1-3", "from_m": 300, "length_m": 90})
    assert apart["from_m"] == 300
    quay = await aktau.get("/v1/quays/KZAAU-Q1")
    assert (quay["length_m"], quay["rules_version"], quay["bookable"]) == (390, 4, True)
    assert [each["code"] for each in quay["berths"]] == ["KZAAU-Q1-1", "KZAAU-Q1-2", "KZAAU-Q1-3"]


@pytest.mark.parametrize(
    ("from_m", "length_m", "code"),
    [(150, 20, "berths-overlap"), (0, 1, "berths-overlap"), (9_990, 20, "quay-too-long")],
)
async def test_berths_may_not_lie_on_one_another_or_far_out(aktau, from_m, length_m, code):
    await aktau.post("/v1/quays", QUAY)
    await aktau.post("/v1/berths", BERTH)
    wrong = BERTH | {"code": "KZAAU-Q1-2", "from_m": from_m, "length_m": length_m}
    said = await aktau.post("/v1/berths", wrong, 422)
    assert (said["code"], said["errors"][0]["pointer"]) == (code, "/from_m")
    assert len((await aktau.get("/v1/quays/KZAAU-Q1"))["berths"]) == 1


async def test_a_warehouse_has_one_unit_and_the_usual_terms(aktau):
    made = await aktau.post("/v1/warehouses", WAREHOUSE | {"hazard_classes": ["3", "3", "8"]})
    assert (made["unit"], made["capacity"], made["bonded"], made["temperature"]) == ("m2", 4000, True, "ambient")
    assert (made["hazard_classes"], made["confidence"], made["terms"]["longest_stay"]) == (
        ["3", "8"],
        "operator",
        "P730D",
    )
    assert made["terms"]["terms_confidence"] == "assumed"
    assert made == await aktau.get("/v1/warehouses/KZAAU-SEZ-W1")


CLOCKS = ("free_for", "transit_for", "zone_stay_for")


async def test_goods_have_no_clock_where_nobody_has_said_one_and_else_those_of_their_port(aktau, client, keys):
    made = await aktau.post("/v1/warehouses", WAREHOUSE)
    assert [made["terms"][each] for each in CLOCKS] == [None, None, None]
    own = {"code": "KZAAU-SEZ-W2", "terms": {"free_for": "P7D"}}
    said = (await aktau.post("/v1/warehouses", WAREHOUSE | own))["terms"]
    assert ([said[each] for each in CLOCKS], said["terms_confidence"]) == (["P7D", None, None], "operator")
    gwadar = Opening(client, keys["operator_pkgwd"])
    new = WAREHOUSE | {"code": "PKGWD-FZS-W9", "free_zone": "PKGWD-FZS", "terms": {"zone_stay_for": None}}
    said = (await gwadar.post("/v1/warehouses", new))["terms"]
    assert [said[each] for each in CLOCKS] == ["P90D", "P15D", None]


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("quays", QUAY | {"terms": {"hold_for": "PT3H"}}, "/terms/hold_for"),
        ("quays", QUAY | {"terms": {"hold_at_most": "PT10M"}}, "/terms/hold_at_most"),
        ("quays", QUAY | {"terms": {"shortest_stay": "P31D"}}, "/terms/shortest_stay"),
        ("quays", QUAY | {"terms": {"least_notice": "P20D", "horizon": "P10D"}}, "/terms/least_notice"),
        ("quays", QUAY | {"terms": {"hold_for": "PT0S"}}, "/terms/hold_for"),
        ("quays", QUAY | {"terms": {"hold_for": None}}, "/terms/hold_for"),
        ("quays", QUAY | {"terms": {"horizon": "P99999D"}}, "/terms/horizon"),
        ("quays", QUAY | {"terms": {"hold_for": "PT15M0.5S"}}, "/terms/hold_for"),
        ("quays", QUAY | {"terms": {"turnaround": "PT1H"}}, "/terms/turnaround"),
        ("quays", QUAY | {"turnaround": "P8D"}, "/turnaround"),
        ("quays", QUAY | {"clearance_percent": 101}, "/clearance_percent"),
        ("quays", QUAY | {"clearance_least_m": 2.5}, "/clearance_least_m"),
        ("quays", QUAY | {"code": "KZAAU"}, "/code"),
        ("quays", QUAY | {"code": "PKGWD-Q1"}, "/code"),
        ("quays", QUAY | {"length_m": 300}, "/length_m"),
        ("berths", BERTH | {"code": "KZAAU-Q2-1"}, "/code"),
        ("berths", BERTH | {"length_m": 0}, "/length_m"),
        ("berths", BERTH | {"length_m": 100.001}, "/length_m"),
        ("berths", BERTH | {"cargo": []}, "/cargo"),
        ("berths", BERTH | {"cargo": ["General"]}, "/cargo/0"),
        ("berths", BERTH | {"hazard_classes": ["10"]}, "/hazard_classes/0"),
        ("berths", BERTH | {"max_dwt_t": 0}, "/max_dwt_t"),
        ("berths", BERTH | {"source": ""}, "/source"),
        ("warehouses", WAREHOUSE | {"unit": "bale"}, "/unit"),
        ("warehouses", WAREHOUSE | {"capacity": 0}, "/capacity"),
        ("warehouses", WAREHOUSE | {"capacity": 10**9}, "/capacity"),
        ("warehouses", WAREHOUSE | {"bonded": "true"}, "/bonded"),
    ],
)  # fmt: skip
async def test_a_place_that_makes_no_sense_is_refused_where_it_goes_wrong(aktau, path, body, pointer):
    await aktau.post("/v1/quays", QUAY | {"code": "KZAAU-Q1"} if path == "berths" else QUAY | {"code": "KZAAU-Q9"})
    said = await aktau.post(f"/v1/{path}", body, 422)
    assert [each["pointer"] for each in said["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("quays", QUAY | {"terminal": "PKGWD-GMT", "code": "PKGWD-NEW"}, "facility-not-found"),
        ("quays", QUAY | {"terminal": "KZAAU-NIL"}, "facility-not-found"),
        ("quays", QUAY | {"terminal": "KZAAU-SEZ"}, "facility-not-found"),
        ("warehouses", WAREHOUSE | {"free_zone": "PKGWD-FZS", "code": "PKGWD-NEW"}, "facility-not-found"),
        ("warehouses", WAREHOUSE | {"free_zone": "KZAAU-DRY"}, "facility-not-found"),
        ("berths", BERTH | {"quay": "PKGWD-MPT", "code": "PKGWD-MPT-9"}, "place-not-found"),
        ("berths", BERTH | {"quay": "KZAAU-NIL", "code": "KZAAU-NIL-9"}, "place-not-found"),
    ],
)
async def test_nothing_is_made_in_a_facility_that_is_another_s_or_nobody_s(aktau, path, body, code):
    assert (await aktau.post(f"/v1/{path}", body, 404))["code"] == code


async def test_what_is_made_is_an_event_for_the_operators_of_its_facility_and_the_answer_is_its_current(aktau):
    quay = await aktau.post("/v1/quays", QUAY)
    berth = await aktau.post("/v1/berths", BERTH)
    events = {each["type"]: each for each in (await aktau.get("/v1/events"))["items"]}
    assert events.keys() == {"terminal.created", "free-zone.created", "organisation.created", "key.created",
                             "quay.created", "berth.created"}  # fmt: skip
    assert events["quay.created"]["data"]["current"] == quay
    assert events["berth.created"]["data"] == {"previous": None, "current": berth, "cause": None}


async def test_a_repetition_has_the_first_answer_and_a_rehearsal_makes_nothing(aktau):
    rehearsed = await aktau.post("/v1/quays?validate_only=true", QUAY, 200)
    assert rehearsed["code"] == "KZAAU-Q1"
    assert (await aktau.get("/v1/quays/KZAAU-Q1", 404))["code"] == "place-not-found"
    headers = aktau.headers | {"Idempotency-Key": "quay-1"}
    first = await aktau.client.post("/v1/quays", json=QUAY, headers=headers)
    await aktau.patch("/v1/quays/KZAAU-Q1", {"turnaround": "PT1H"})
    again = await aktau.client.post("/v1/quays", json=QUAY, headers=headers)
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (201, first.content, "true")
    assert (first.headers["location"], first.headers["etag"]) == ("/v1/quays/KZAAU-Q1", '"1"')
