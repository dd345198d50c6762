"""An empty port is opened by API, takes bookings, becomes shallower, and has half of its quay closed."""

from tests.asking import ahead, booking, rfc, window
from tests.ports.opening import BERTH, NOTICE, QUAY, WAREHOUSE, opened_port

COASTER = {"name": "KASPI", "loa_m": 120.0, "beam_m": 16.0, "draught_m": 6.8}
SHALLOW = {"name": "TURAN", "loa_m": 100.0, "beam_m": 14.0, "draught_m": 4.5}


async def test_aktau_opens_empty_and_takes_bookings_under_limits_that_get_tighter(client, keys, crowd):
    aktau = await opened_port(client, keys)
    await aktau.post("/v1/quays", QUAY | {"turnaround": "PT1H", "terms": {"hold_for": "PT30M"}})
    await aktau.post("/v1/berths", BERTH)
    await aktau.post("/v1/berths", BERTH | {"code": "KZAAU-Q1-2", "length_m": 149.6})
    await aktau.post("/v1/warehouses", WAREHOUSE)
    query = {"port": "KZAAU", "loa_m": 120, "beam_m": 16, "draught_m": 6.8, "cargo": "general", "duration": "PT36H"}
    query |= {"from": rfc(ahead(10)), "to": rfc(ahead(14))}
    (unknown,) = (await crowd.get("/v1/berth-slots", **query)).json()["unavailable"]
    assert [reason["code"] for reason in unknown["reasons"]] == ["limit-unknown"]

    await aktau.post("/v1/draught-notices", NOTICE)
    slots = (await crowd.get("/v1/berth-slots", **query)).json()["slots"]
    assert (slots[0]["quay"], slots[0]["to_m"] - slots[0]["from_m"], slots[0]["time_zone"]) == (
        "KZAAU-Q1",
        132,
        "Asia/Aqtau",
    )
    storage = {
        "kind": "storage",
        "warehouse": "KZAAU-SEZ-W1",
        "quantity": 1500,
        "window": window(12, 240),
    }
    deep = await crowd.post("/v1/bookings", booking(slots[0], storage, hold=False, vessel=COASTER))
    assert (deep.status_code, deep.json()["state"]) == (201, "confirmed")
    shallow = await crowd.post(
        "/v1/bookings",
        booking({"kind": "berth", "quay": "KZAAU-Q1", "window": slots[0]["window"]}, hold=False, vessel=SHALLOW),
    )
    assert shallow.status_code == 201, shallow.text
    seen = (await aktau.get("/v1/bookings"))["items"]
    assert {each["id"] for each in seen} == {deep.json()["id"], shallow.json()["id"]}

    await becomes_shallower(aktau, crowd, deep.json())
    await half_is_closed(aktau, crowd, shallow.json())
    assert await crowd.broken() == {}


async def becomes_shallower(aktau, crowd, deep):
    lower = NOTICE | {
        "draught_m": 5.0,
        "reference": "AKT/2",
        "window": {"start": rfc(ahead(5))},
        "on_conflict": "displace",
    }
    preview = await aktau.post("/v1/draught-notices?validate_only=true", lower, 200)
    assert {(each["booking"], each["outcome"]) for each in preview["touched"]} == {(deep["id"], "displaced")}
    assert [each["leg"] for each in preview["touched"]] == [leg["id"] for leg in deep["legs"]]
    done = await aktau.post("/v1/draught-notices", lower, **{"If-Match": f'"{preview["plan"]}"'})
    assert done["touched"] == preview["touched"]
    assert (await crowd.get(f"/v1/bookings/{deep['id']}")).json()["state"] == "displaced"
    refused = await crowd.post(
        "/v1/bookings", booking({"kind": "berth", "quay": "KZAAU-Q1", "window": window(20)}, vessel=COASTER)
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "draught-exceeded")


async def half_is_closed(aktau, crowd, shallow):
    leg = shallow["legs"][0]
    low = 0 if leg["from_m"] < 150 else 150
    closure = {
        "quay": "KZAAU-Q1", "from_m": low, "to_m": low + 150, "window": {"start": rfc(ahead(8)), "end": rfc(ahead(30))},
        "reason": "half of the quay is rebuilt", "on_conflict": "move", "tolerance": "PT12H",
    }  # fmt: skip
    preview = await aktau.post("/v1/closures?validate_only=true", closure, 200)
    (move,) = preview["touched"]
    assert (move["booking"], move["outcome"]) == (shallow["id"], "moved")
    await aktau.post("/v1/closures", closure, **{"If-Match": f'"{preview["plan"]}"'})
    (now,) = (await crowd.get(f"/v1/bookings/{shallow['id']}")).json()["legs"]
    assert (now["from_m"], now["window"]) == (move["to"]["from_m"], move["to"]["window"])
    assert now["to_m"] <= low or now["from_m"] >= low + 150
