"""What stands beside a booking, on it or under it: a waiting change, an overridden limit, goods that have arrived."""

import pytest

from tests.asking import SMALL_SHIP, ahead, berth, rfc, storage, window
from tests.bookings.on_the_ground import asks_approval, events_of
from tests.closures.closing import Port, closure, moving, slot
from tests.ports.opening import Opening

PIER = "PKKHI-OP1"


@pytest.fixture
def karachi(client, keys) -> Port:
    return Port(client, keys | {"operator_pkgwd": keys["operator_pkkhi"]})


async def with_change(port: Port) -> tuple[dict, dict]:
    """A booking at an oil pier, and as it is with a change to ten days later that waits for approval beside it."""
    made = await port.booked(berth(10, quay=PIER, hours=24, from_m=0))
    assert made["state"] == "pending"
    await port.post(f"/v1/bookings/{made['id']}/approve", {}, who="operator_pkgwd")
    made = await port.booking(made["id"])
    leg = {"kind": "berth", "id": made["legs"][0]["id"], "quay": PIER, "from_m": 0, "window": window(20, 24)}
    asked = await port.post(f"/v1/bookings/{made['id']}/amend", {"legs": [leg]}, who="forwarder", If_Match='"2"')
    assert asked.status_code == 200, asked.text
    assert asked.json()["change"]["legs"][0]["window"] == leg["window"]
    return made, asked.json()


async def test_a_waiting_change_that_cannot_be_had_any_more_is_dropped_and_the_booking_stands(karachi, crowd):
    made, waiting = await with_change(karachi)
    closed = await karachi.done(moving(20, 24, quay=PIER))
    (touched,) = closed["touched"]
    assert (touched["booking"], touched["outcome"], touched["to"]) == (made["id"], "change_dropped", None)
    assert touched["from"]["window"] == window(20, 24)
    now = await karachi.booking(made["id"])
    assert (now["state"], now["change"], now["legs"]) == ("confirmed", None, made["legs"])
    event = (await karachi.get("/v1/events", who="forwarder")).json()["items"][-1]
    assert (event["type"], event["data"]["previous"]["change"]) == ("booking.change-declined", waiting["change"])
    assert event["data"]["cause"]["closure"] == closed["id"]
    assert await crowd.broken() == {}


@pytest.mark.parametrize("on_conflict", ["move", "displace"])
async def test_a_booking_that_goes_takes_its_waiting_change_along(karachi, crowd, on_conflict):
    made, waiting = await with_change(karachi)
    closed = await karachi.done(closure(10, 6, quay=PIER, on_conflict=on_conflict, tolerance="PT6H"))
    outcome = "moved" if on_conflict == "move" else "displaced"
    assert [each["outcome"] for each in closed["touched"]] == ["change_dropped", outcome]
    assert [slot(each) for each in waiting["change"]["legs"]] == [closed["touched"][0]["from"]]
    assert [closed["totals"][each] for each in ("bookings", outcome, "change_dropped")] == [1, 1, 1]
    now = await karachi.booking(made["id"])
    assert (now["change"], now["awaits"]) == (None, [])
    dropped, gone = (await events_of(crowd, made["id"], role="forwarder"))[-2:]
    assert (dropped["type"], dropped["data"]["previous"]["change"]) == ("booking.change-declined", waiting["change"])
    assert dropped["data"]["cause"] == {"closure": closed["id"], "reason": "fender repair"}
    assert (gone["type"], gone["data"]["previous"]) == (f"booking.{outcome}", dropped["data"]["current"])
    assert (gone["data"]["current"], gone["data"]["cause"]) == (now, dropped["data"]["cause"])
    assert await crowd.sql("SELECT 1 FROM berth_claims WHERE change") == []
    assert await crowd.broken() == {}


async def test_a_ship_that_is_moved_takes_along_the_change_of_its_goods_elsewhere(port, crowd):
    """The floor on which the change waits is open as it was."""
    made = await port.booked(berth(10, hours=24, from_m=0), storage(11, quantity=1_000, length=3), vessel=SMALL_SHIP)
    goods = storage(11, quantity=3_000, length=3) | {"id": made["legs"][1]["id"]}
    await amended(port, crowd, made, "PKGWD-FZS-W1", legs=[made["legs"][0], goods])
    closed = await port.done(moving(10, 24, from_m=0, to_m=100))
    said = [(each["outcome"], each["leg"]) for each in closed["touched"]]
    assert said == [("change_dropped", goods["id"]), ("moved", made["legs"][0]["id"])]
    assert (closed["touched"][0]["from"]["quantity"], closed["totals"]["change_dropped"]) == (3_000, 1)
    told = [each["type"] for each in await events_of(crowd, made["id"], role="forwarder")]
    assert told[-2:] == ["booking.change-declined", "booking.moved"]
    assert "booking.change-declined" not in [
        each["type"] for each in await events_of(crowd, made["id"], role="customs")
    ]
    now = await port.booking(made["id"])
    assert (now["change"], now["awaits"], now["legs"][1]) == (None, [], made["legs"][1])
    assert await crowd.sql("SELECT 1 FROM storage_claims WHERE change") == []
    assert await crowd.broken() == {}


async def test_a_change_that_has_gone_since_the_plan_was_seen_spoils_it(karachi):
    made, _ = await with_change(karachi)
    asked = moving(10, 6, quay=PIER)
    plan = await karachi.preview(asked)
    declined = await karachi.post(f"/v1/bookings/{made['id']}/decline", {"reason": "full"})
    assert declined.status_code == 200, declined.text
    outdated = await karachi.post("/v1/closures", asked, If_Match=f'"{plan["plan"]}"')
    assert (outdated.status_code, outdated.json()["code"]) == (412, "plan-outdated")
    assert [each["outcome"] for each in outdated.json()["touched"]] == ["moved"]


async def test_a_closure_of_neither_slot_leaves_the_change_waiting(karachi):
    made, waiting = await with_change(karachi)
    assert (await karachi.post("/v1/closures", closure(15, 24, quay=PIER))).status_code == 201
    assert await karachi.booking(made["id"]) == waiting


async def test_an_overridden_limit_does_not_touch_a_booking_but_a_closure_does(port, crowd):
    """The ship draws 12.5 m where 11.6 are permitted: the operator took that upon himself."""
    deep = {"name": "DEEP", "imo": "9074729", "loa_m": 90.0, "beam_m": 15.0, "draught_m": 12.5}
    forwarder = await crowd.sql(
        "SELECT organisation_id FROM api_keys WHERE digest = sha256($1)", port.key("forwarder").encode()
    )
    override = {"rules": ["draught-exceeded"], "reason": "on the tide"}
    body = {
        "client_reference": "PHONE-1", "hold": False, "vessel": deep, "legs": [berth(10, hours=24, from_m=0)],
        "on_behalf_of": forwarder[0]["organisation_id"], "override": override,
    }  # fmt: skip
    answer = await port.post("/v1/bookings", body)
    assert answer.status_code == 201, answer.text
    notice = {"quay": "PKGWD-MPT", "window": window(9, 240), "draught_m": 9.0, "reference": "N", "source": "S"}
    assert (await port.post("/v1/draught-notices", notice)).json()["touched"] == []
    (touched,) = (await port.preview(closure(on_conflict="displace")))["touched"]
    assert touched["booking"] == answer.json()["id"]


async def test_goods_that_have_arrived_are_the_last_to_go_and_then_it_is_a_409(port, crowd):
    first = await port.goods(1, quantity=6_000)
    second = await port.goods(1, quantity=5_000)
    await crowd.sql("UPDATE legs SET state = 'arrived', arrived_at = starts_at WHERE id = $1", second["legs"][0]["id"])
    await crowd.sql("UPDATE bookings SET state = 'arrived' WHERE id = $1", second["id"])
    part = closure(1, 24 * 20, warehouse="PKGWD-FZS-W1", on_conflict="displace")
    (touched,) = (await port.preview(part | {"quantity": 2_000}))["touched"]
    assert touched["booking"] == first["id"]
    refused = await port.post("/v1/closures", part | {"quantity": 8_000})
    assert (refused.status_code, refused.json()["code"]) == (409, "ship-alongside")
    assert (refused.json()["booking"], refused.json()["leg"]) == (second["id"], second["legs"][0]["id"])


async def test_a_booking_of_which_a_part_has_arrived_is_moved_but_never_displaced(port, crowd):
    made = await port.booked(berth(5, hours=24, from_m=0), storage(8, quantity=1_000))
    await crowd.sql("UPDATE legs SET state = 'arrived', arrived_at = starts_at WHERE id = $1", made["legs"][0]["id"])
    await crowd.sql("UPDATE bookings SET state = 'arrived' WHERE id = $1", made["id"])
    body = closure(8, 24 * 20, warehouse="PKGWD-FZS-W1")
    refused = await port.post("/v1/closures", body | {"on_conflict": "displace"})
    assert (refused.status_code, refused.json()["code"]) == (409, "ship-alongside")
    closed = await port.done(body | {"on_conflict": "move", "tolerance": "PT1H"})
    (touched,) = closed["touched"]
    now = await port.booking(made["id"])
    assert (now["state"], slot(now["legs"][1])) == ("arrived", touched["to"])
    assert now["legs"][0] == made["legs"][0] | {"state": "arrived", "arrived_at": rfc(ahead(5))}
    assert await crowd.broken() == {}


CARGO = {"class": "general", "hazard_class": "3"}
W1 = "/v1/warehouses/PKGWD-FZS-W1"


async def amended(port: Port, crowd, made: dict, place: str, **change) -> dict:
    """A booking beside which a change waits for the approval of a place."""
    await asks_approval(crowd, place)
    answer = await port.post(f"/v1/bookings/{made['id']}/amend", change, who="forwarder", If_Match="*")
    assert answer.status_code == 200, answer.text
    waiting: dict = answer.json()
    assert waiting["change"] is not None
    return waiting


@pytest.fixture
def gwadar(client, keys) -> Opening:
    return Opening(client, keys["operator_pkgwd"])


async def narrowed(gwadar: Opening, path: str, change: dict, on_conflict: str) -> list[tuple[str, str]]:
    """Give what narrower rules do: seen, and then done."""
    body = change | {"on_conflict": on_conflict}
    refused = await gwadar.patch(path, change, 409)
    assert refused["code"] == "bookings-touched"
    seen = await gwadar.patch(f"{path}?validate_only=true", body)
    done = await gwadar.patch(path, body | {"plan": seen["plan"]})
    assert done == seen
    return [(each["booking"], each["outcome"]) for each in done["touched"]]


@pytest.mark.parametrize("on_conflict", ["move", "displace"])
@pytest.mark.parametrize("less", [{}, {"quantity": 500}])
async def test_a_change_of_the_goods_alone_is_dropped_by_rules_that_do_not_take_them(
    port, gwadar, crowd, on_conflict, less
):
    """It needs no floor beyond what its booking has, and so has no claim."""
    await gwadar.patch(W1, {"hazard_classes": ["3", "8"]})
    goods = storage(10, quantity=1_000)
    made = await port.booked(goods, vessel=None, cargo={"class": "general"})
    await port.booked(goods, vessel=None, cargo={"class": "general", "hazard_class": "8"})
    change = {"cargo": CARGO} | ({"legs": [made["legs"][0] | less]} if less else {})
    await amended(port, crowd, made, "PKGWD-FZS-W1", **change)
    assert await crowd.sql("SELECT 1 FROM storage_claims WHERE change") == []
    assert (await gwadar.patch(f"{W1}?validate_only=true", {"hazard_classes": ["3", "8", "9"]}))["touched"] == []
    gone = await narrowed(gwadar, W1, {"hazard_classes": ["8"]}, on_conflict)
    assert gone == [(made["id"], "change_dropped")]
    now = await port.booking(made["id"])
    assert (now["state"], now["change"], now["cargo"], now["legs"]) == ("confirmed", None, made["cargo"], made["legs"])
    assert await crowd.broken() == {}


async def test_a_change_to_a_deeper_ship_is_dropped_by_a_lower_draught_and_the_booking_stands(port, crowd):
    made = await port.ship(10, from_m=0)
    await amended(port, crowd, made, "PKGWD-MPT", vessel=SMALL_SHIP | {"draught_m": 8.0})
    notice = {"quay": "PKGWD-MPT", "window": window(9, 240), "draught_m": 7.0, "reference": "N", "source": "S"}
    plan = await port.preview(notice | {"on_conflict": "move"}, "/v1/draught-notices")
    assert [(each["booking"], each["outcome"]) for each in plan["touched"]] == [(made["id"], "change_dropped")]
    await port.applied(notice | {"on_conflict": "move"}, plan["plan"], "/v1/draught-notices")
    now = await port.booking(made["id"])
    assert (now["state"], now["change"], now["legs"]) == ("confirmed", None, made["legs"])
    assert await crowd.broken() == {}
