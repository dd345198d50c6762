"""Closures of quays, berths and floors: what they refuse, what they move, what they displace."""

from datetime import timedelta

import pytest

from tests.asking import ahead, berth, rfc, storage, window
from tests.closures.closing import closure, moving, slot


async def test_where_nobody_stands_a_closure_is_made_at_once_and_nothing_is_offered_there(port):
    made = await port.post("/v1/closures", closure(from_m=0, to_m=602, kind="emergency"))
    assert made.status_code == 201, made.text
    said = made.json()
    assert (said["state"], said["kind"], said["touched"]) == ("planned", "emergency", [])
    assert said["places"][0] | {"quay": "PKGWD-MPT", "from_m": 0, "to_m": 602} == said["places"][0]
    refused = await port.post(
        "/v1/bookings",
        {"client_reference": "A", "hold": True, "vessel": SHIP, "legs": [berth(from_m=0)]},
        who="forwarder",
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "closed")
    assert (await port.get(f"/v1/closures/{said['id']}", who="rival")).json() == {
        name: said[name] for name in ("id", "state", "kind", "reason", "window", "places", "made_at", "lifted_at")
    }


async def test_by_default_a_closure_over_a_booking_is_refused_and_names_it(port):
    made = await port.ship(from_m=0)
    refused = await port.post("/v1/closures", closure())
    assert (refused.status_code, refused.json()["code"]) == (409, "bookings-touched")
    (touched,) = refused.json()["touched"]
    assert touched == {
        "booking": made["id"], "leg": made["legs"][0]["id"], "outcome": "touched", "from": slot(made["legs"][0]),
        "to": None, "delay": None,
    }  # fmt: skip
    assert (await port.get("/v1/closures")).json()["items"] == []
    assert (await port.booking(made["id"]))["version"] == 1


async def test_a_closure_of_other_metres_or_another_time_touches_nobody(port):
    await port.ship(from_m=0)
    for other in (closure(from_m=100, to_m=602), closure(11, 24, from_m=0, to_m=100) | {"window": later(26)}):
        assert (await port.post("/v1/closures", other)).status_code == 201
    # The turnaround after the stay, two hours, must keep clear too.
    assert (await port.post("/v1/closures", closure(from_m=0, to_m=100) | {"window": later(25)})).status_code == 409


def later(hours: float) -> dict[str, str]:
    start = ahead(10, hours)
    return {"start": rfc(start), "end": rfc(start + timedelta(hours=4))}


async def test_a_booking_is_moved_along_the_quay_and_the_plan_is_what_is_done(port):
    made = await port.ship(from_m=0)
    body = moving(from_m=0, to_m=150)
    plan = await port.preview(body)
    (touched,) = plan["touched"]
    assert (touched["outcome"], touched["delay"]) == ("moved", "PT0S")
    assert touched["to"]["from_m"] >= 150
    assert plan["totals"] == {
        "bookings": 1, "moved": 1, "displaced": 0, "kept": 0, "touched": 0, "change_dropped": 0,
        "delay": "PT0S", "longest_delay": "PT0S",
    }  # fmt: skip
    assert await port.booking(made["id"]) == made  # a rehearsal leaves nothing
    assert (await port.get("/v1/closures")).json()["items"] == []
    closed = await port.applied(body, plan["plan"])
    assert closed["touched"] == plan["touched"]
    now = await port.booking(made["id"])
    assert (now["state"], now["version"]) == ("confirmed", 2)
    assert slot(now["legs"][0]) == touched["to"]
    assert now["legs"][0]["id"] == made["legs"][0]["id"]


async def test_with_the_whole_quay_closed_a_ship_goes_later_within_the_tolerance_or_has_no_place(port):
    made = await port.ship(from_m=0)
    (touched,) = (await port.preview(moving(tolerance="PT12H")))["touched"]
    assert (touched["outcome"], touched["delay"]) == ("moved", "PT12H")
    assert touched["to"]["window"] == {"start": rfc(ahead(10.5)), "end": rfc(ahead(11.5))}
    assert touched["from"] == slot(made["legs"][0])
    (touched,) = (await port.preview(moving(tolerance="PT11H")))["touched"]
    assert (touched["outcome"], touched["to"], touched["delay"]) == ("displaced", None, None)
    (touched,) = (await port.preview(closure(on_conflict="displace")))["touched"]
    assert touched["outcome"] == "displaced"


async def test_a_displaced_booking_gives_everything_back_and_everybody_is_told(port, crowd):
    made = await port.booked(berth(10, hours=24, from_m=0), storage(12, quantity=9_000))
    closed = await port.done(closure(on_conflict="displace"))
    assert [each["leg"] for each in closed["touched"]] == [leg["id"] for leg in made["legs"]]
    assert (await port.booking(made["id"]))["state"] == "displaced"
    assert await crowd.sql("SELECT 1 FROM berth_claims UNION SELECT 1 FROM storage_claims") == []
    events = (await port.get("/v1/events", who="forwarder")).json()["items"]
    displaced = events[-1]
    assert (displaced["type"], displaced["subject"]) == ("booking.displaced", made["id"])
    assert displaced["data"]["cause"] == {"closure": closed["id"], "reason": "fender repair"}
    assert displaced["data"]["previous"] == made
    kept = (await port.get("/v1/events")).json()["items"]
    assert closed in [each["data"]["current"] for each in kept if each["type"] == "closure.made"]
    assert await crowd.broken() == {}
    # What is displaced stays so.
    assert (await port.post(f"/v1/closures/{closed['id']}/lift", {"reason": "done"})).status_code == 200
    assert (await port.booking(made["id"]))["state"] == "displaced"


async def test_without_the_plan_it_is_428_and_with_another_412_and_nothing_is_done(port):
    made = await port.ship(from_m=0)
    body = moving()
    missing = await port.post("/v1/closures", body)
    assert (missing.status_code, missing.json()["code"]) == (428, "plan-missing")
    plan = await port.preview(body)
    assert missing.json()["plan"] == plan["plan"]
    for other in ('"' + "0" * 32 + '"', '"1"', "x", f'"{(await port.preview(moving(days=10.2)))["plan"]}"'):
        refused = await port.post("/v1/closures", body, If_Match=other)
        assert (refused.status_code, refused.json()["code"]) == (412, "plan-outdated")
        assert refused.json()["plan"] == plan["plan"]
    assert (await port.booking(made["id"])) == made
    assert (await port.post("/v1/closures", body, If_Match=plan["plan"])).status_code == 201


async def test_a_touched_booking_that_changes_spoils_the_plan_and_an_untouched_one_does_not(port):
    held = await port.ship(from_m=0, hold=True)
    body = moving(from_m=0, to_m=150)
    plan = (await port.preview(body))["plan"]
    await port.ship(20)  # somebody else, somewhere else
    assert (await port.preview(body))["plan"] == plan
    await port.post(f"/v1/bookings/{held['id']}/confirm", who="forwarder")
    outdated = await port.post("/v1/closures", body, If_Match=f'"{plan}"')
    assert outdated.status_code == 412
    plan = outdated.json()["plan"]
    (touched,) = outdated.json()["touched"]
    # Now somebody takes the place that the touched one would go to.
    await port.ship(from_m=touched["to"]["from_m"])
    outdated = await port.post("/v1/closures", body, If_Match=f'"{plan}"')
    assert outdated.status_code == 412
    assert outdated.json()["touched"][0]["to"] != touched["to"]


async def test_a_hold_is_moved_too_and_lapses_when_it_would_have(port):
    held = await port.ship(from_m=0, hold=True)
    await port.done(moving())
    now = await port.booking(held["id"])
    assert (now["state"], now["expires_at"]) == ("held", held["expires_at"])
    assert now["legs"][0]["window"]["start"] == rfc(ahead(10.5))
    assert (await port.post(f"/v1/bookings/{held['id']}/confirm", who="forwarder")).status_code == 200


async def test_a_cancelled_booking_and_a_lapsed_hold_are_in_nobody_s_way(port, crowd):
    gone = await port.ship(from_m=0)
    await port.post(f"/v1/bookings/{gone['id']}/cancel", who="forwarder")
    held = await port.ship(from_m=200, hold=True)
    await crowd.lapse(held["id"])
    assert (await port.post("/v1/closures", closure())).status_code == 201


async def test_many_are_placed_together_and_no_two_in_one_slot(port, crowd):
    for from_m in range(0, 600, 100):
        await port.ship(from_m=from_m)
    closed = await port.done(moving(from_m=0, to_m=301, tolerance="P3D"))
    assert closed["totals"]["moved"] == 4  # from_m 0, 100, 200 and 300
    places = {(each["to"]["quay"], each["to"]["from_m"], each["to"]["window"]["start"]) for each in closed["touched"]}
    assert len(places) == 4
    assert await crowd.broken() == {}


async def test_storage_follows_the_ship_that_goes_later(port, crowd):
    made = await port.booked(berth(10, hours=24, from_m=0), storage(11, quantity=9_000, length=5))
    closed = await port.done(moving(hours=36, tolerance="P3D"))
    assert [each["delay"] for each in closed["touched"]] == ["PT36H", "PT36H"]
    now = await port.booking(made["id"])
    assert now["legs"][1]["window"]["start"] == rfc(ahead(12.5))
    assert await crowd.broken() == {}


async def test_a_booking_is_as_late_as_its_latest_leg_and_the_whole_delay_is_that_of_all_bookings(port):
    """A ship and its goods, both twelve hours later, and another ship that goes along with them."""
    await port.booked(berth(10, hours=24, from_m=0), storage(11, quantity=9_000, length=5))
    await port.ship(from_m=400)
    plan = await port.preview(moving(tolerance="P3D"))
    assert [each["delay"] for each in plan["touched"]] == ["PT12H", "PT12H", "PT12H"]
    assert (plan["totals"]["delay"], plan["totals"]["longest_delay"]) == ("P1D", "PT12H")


@pytest.mark.parametrize(("closed_m2", "gone"), [(1_000, []), (4_000, ["second"]), (5_500, ["second", "third"])])
async def test_of_a_part_of_a_floor_closed_the_latest_to_book_give_way_and_none_in_vain(port, crowd, closed_m2, gone):
    """12,000 m2, of which 5,000, 4,000 and 2,000 are taken: with 4,000 closed the third has room once the second goes."""
    made = {
        name: await port.goods(quantity=m2) for name, m2 in {"first": 5_000, "second": 4_000, "third": 2_000}.items()
    }
    body = closure(9, 24 * 20, warehouse="PKGWD-FZS-W1", quantity=closed_m2, on_conflict="displace")
    closed = await port.done(body)
    assert [each["booking"] for each in closed["touched"]] == [made[name]["id"] for name in gone]
    states = {name: (await port.booking(each["id"]))["state"] for name, each in made.items()}
    assert states == {name: "displaced" if name in gone else "confirmed" for name in made}
    assert await crowd.broken() == {}


async def test_goods_are_moved_to_another_floor_of_the_same_unit(port, crowd):
    made = await port.goods(quantity=1_000)
    closed = await port.done(moving(9, 24 * 20, warehouse="PKGWD-FZS-W1", tolerance="PT1H"))
    (touched,) = closed["touched"]
    assert (touched["to"]["warehouse"], touched["to"]["unit"], touched["delay"]) == ("PKGWD-FZS-H1", "m2", "PT0S")
    assert slot((await port.booking(made["id"]))["legs"][0]) == touched["to"]
    assert await crowd.broken() == {}


async def test_a_lower_draught_names_whom_it_touches_and_moves_them_if_asked(port, crowd):
    """The ship draws 10.5 m. The notice of the first two berths leaves it the metres beyond 402."""
    made = await port.booked(berth(10, hours=24, from_m=0))
    notice = {
        "berth": "PKGWD-MPT-1", "window": window(10, 240), "draught_m": 9.0, "reference": "NtM 3", "source": "pilots"
    }  # fmt: skip
    plan = await port.preview(notice, "/v1/draught-notices")
    assert [(each["booking"], each["outcome"]) for each in plan["touched"]] == [(made["id"], "kept")]
    moved = notice | {"on_conflict": "move"}
    assert (await port.post("/v1/draught-notices", notice | {"on_conflict": "refuse"})).status_code == 409
    assert (await port.post("/v1/draught-notices", moved)).status_code == 428
    plan = await port.preview(moved, "/v1/draught-notices")
    done = await port.applied(moved, plan["plan"], "/v1/draught-notices")
    now = await port.booking(made["id"])
    assert slot(now["legs"][0]) == done["touched"][0]["to"]
    assert now["legs"][0]["from_m"] >= 200
    event = (await port.get("/v1/events", who="forwarder")).json()["items"][-1]
    assert event["data"]["cause"] == {"draught_notice": done["id"], "reason": "NtM 3"}
    # What was kept once is not touched again by a notice that says the same.
    other = await port.booked(berth(30, hours=24, from_m=0))
    deeper = notice | {"window": window(30, 240)}
    first = await port.post("/v1/draught-notices", deeper)
    assert [each["booking"] for each in first.json()["touched"]] == [other["id"]]
    again = await port.post("/v1/draught-notices", deeper | {"draught_m": 8.5, "on_conflict": "refuse"})
    assert (again.status_code, again.json()["touched"]) == (201, [])
    assert await crowd.broken() == {}


async def test_an_open_ended_closure_stands_until_it_is_lifted(port):
    made = (await port.post("/v1/closures", closure(hours=None, kind="emergency"))).json()
    assert made["window"]["end"] is None
    assert (await port.post("/v1/closures", closure(400))).status_code == 201  # closures may overlap each other
    again = ahead(200)
    refused = await port.post(
        "/v1/bookings",
        {"client_reference": "B", "hold": True, "vessel": SHIP, "legs": [berth(200, from_m=0)]},
        who="forwarder",
    )
    assert refused.json()["code"] == "closed"
    lifted = await port.post(f"/v1/closures/{made['id']}/lift", {"at": rfc(again), "reason": "repaired"})
    assert (lifted.status_code, lifted.json()["window"]["end"]) == (200, rfc(again))
    await port.ship(200)


async def test_a_closure_lifted_before_it_began_never_was(port):
    made = (await port.post("/v1/closures", closure())).json()
    lifted = (await port.post(f"/v1/closures/{made['id']}/lift", {"reason": "crane came back"})).json()
    assert (lifted["state"], lifted["window"]) == ("lifted", None)
    await port.ship()
    event = (await port.get("/v1/events")).json()["items"][-2]
    assert (event["type"], event["data"]["previous"]["window"]) == ("closure.lifted", made["window"])
    assert event["data"]["cause"] == {"reason": "crane came back"}


async def test_several_places_are_closed_at_once_and_a_berth_is_its_metres(port):
    body = closure(places=[{"berth": "PKGWD-MPT-2"}, {"warehouse": "PKGWD-FZS-W1", "quantity": 100}])
    made = (await port.post("/v1/closures", body)).json()
    first, second = made["places"]
    assert (first["quay"], first["berth"]) == ("PKGWD-MPT", "PKGWD-MPT-2")
    assert (first["from_m"], first["to_m"]) == (200, 402)
    assert (second["warehouse"], second["quantity"], second["unit"]) == ("PKGWD-FZS-W1", 100, "m2")


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("operator_pkkhi", closure(), 404, "place-not-found"),
        ("operator_pkgwd", closure(quay="PKKHI-EW"), 404, "place-not-found"),
        ("operator_pkgwd", closure(quay="NOWHERE"), 404, "place-not-found"),
        ("operator_pkgwd", closure(warehouse="PKGWD-MPT"), 404, "place-not-found"),
        ("operator_pkgwd", closure(from_m=0, to_m=603), 422, "past-the-ends"),
        ("operator_pkgwd", closure(warehouse="PKGWD-FZS-W1", quantity=12_001), 422, "past-the-ends"),
        ("operator_pkgwd", closure(-20), 422, "closure-in-the-past"),
        ("operator_pkgwd", closure(from_m=10), 422, "invalid-request"),
        ("operator_pkgwd", closure(quantity=10), 422, "invalid-request"),
        ("operator_pkgwd", closure(on_conflict="keep"), 422, "invalid-request"),
        ("operator_pkgwd", closure(places=[{"quay": "PKGWD-MPT"}], quay="PKGWD-MPT"), 422, "invalid-request"),
        ("operator_pkgwd", closure(places=[{}]), 422, "invalid-request"),
        ("operator_pkgwd", closure(quay="PKGWD-MPT", berth="PKGWD-MPT-1"), 422, "invalid-request"),
        ("forwarder", closure(), 403, "wrong-role"),
    ],
)
async def test_what_cannot_be_closed_is_said(port, who, body, status, code):
    refused = await port.post("/v1/closures", body, who=who)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text


async def test_closures_are_listed_for_everybody_by_place_state_and_window(port):
    quay = (await port.post("/v1/closures", closure(10))).json()["id"]
    floor = (await port.post("/v1/closures", closure(20, warehouse="PKGWD-FZS-W1"))).json()["id"]
    now = {"start": rfc(ahead(-4)), "end": rfc(ahead(30))}
    force = (await port.post("/v1/closures", closure(berth="PKGWD-MPT-3") | {"window": now})).json()["id"]

    async def listed(**params):
        return [each["id"] for each in (await port.get("/v1/closures", who="customs", **params)).json()["items"]]

    assert await listed() == [force, floor, quay]
    assert await listed(place="PKGWD-MPT") == [force, quay]
    assert await listed(place="PKGWD-MPT-3") == [force]
    assert await listed(state="in_force") == [force]
    assert await listed(port="PKKHI") == []
    assert await listed(**{"from": rfc(ahead(15)), "to": rfc(ahead(25))}) == [force, floor]
    first = (await port.get("/v1/closures", limit=2)).json()
    assert [each["id"] for each in first["items"]] == [force, floor]
    assert [each["id"] for each in (await port.get("/v1/closures", limit=2, cursor=first["next"])).json()["items"]] == [
        quay
    ]
    await port.post(f"/v1/closures/{force}/lift", {"reason": "over"})
    assert await listed(state="lifted") == [force]
    assert (await port.get("/v1/closures/cls_none")).status_code == 404
    stranger = await port.post(f"/v1/closures/{quay}/lift", {"reason": "mine"}, who="operator_pkkhi")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "closure-not-found")


@pytest.mark.parametrize("hours", [0, -1])
async def test_a_list_of_closures_in_a_window_that_ends_before_it_begins_is_refused(port, hours):
    refused = await port.get("/v1/closures", **{"from": rfc(ahead(15)), "to": rfc(ahead(15, hours))})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request"), refused.text
    assert [(each["pointer"], each["code"]) for each in refused.json()["errors"]] == [("?to", "window-backwards")]


async def test_a_repeated_request_has_the_first_answer_and_one_effect(port, crowd):
    await port.ship(from_m=0)
    body = moving(from_m=0, to_m=150)
    plan = (await port.preview(body))["plan"]
    first = await port.post("/v1/closures", body, If_Match=plan, Idempotency_Key="k1")
    again = await port.post("/v1/closures", body, If_Match=plan, Idempotency_Key="k1")
    assert (first.status_code, again.status_code, first.text) == (201, 201, again.text)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await crowd.sql("SELECT 1 FROM closures")) == 1


async def test_what_is_past_of_a_stay_does_not_count(port, crowd):
    """A ship alongside since yesterday: a closure that ended before now, and one of other metres, are nothing to it."""
    made = await port.ship(0, from_m=0, hours=48)
    await crowd.sql(
        "UPDATE legs SET starts_at = starts_at - interval '3 days', state = 'arrived', arrived_at = starts_at - interval '3 days'"
    )
    await crowd.sql("UPDATE berth_claims SET during = tstzrange(lower(during) - interval '3 days', upper(during))")
    await crowd.sql("UPDATE bookings SET state = 'arrived'")
    assert (await port.post("/v1/closures", closure(1, from_m=150, to_m=300))).status_code == 201
    notice = {
        "quay": "PKGWD-MPT",
        "window": {"start": rfc(ahead(-20)), "end": rfc(ahead(-3))},
        "draught_m": 1.0,
        "reference": "x",
        "source": "y",
    }
    assert (await port.post("/v1/draught-notices", notice)).status_code == 201
    refused = await port.post("/v1/closures", moving(1))
    assert (refused.status_code, refused.json()["code"]) == (409, "ship-alongside")
    assert (refused.json()["booking"], refused.json()["leg"]) == (made["id"], made["legs"][0]["id"])
    assert (await port.post("/v1/closures?validate_only=true", closure(1, on_conflict="displace"))).status_code == 409


SHIP = {"name": "X", "imo": "9074729", "loa_m": 90.0, "beam_m": 15.0, "draught_m": 5.5}
