"""What a booking has been promised stays promised: provisional or waiting, overridden, refused, or lapsing just now."""

import asyncio
from datetime import timedelta

import asyncpg

from service import clock
from tests.asking import SMALL_SHIP, berth, booking, rfc, storage, window
from tests.bookings.on_the_ground import OIL, asks_approval, change_waits, events_of, made, operator_of
from tests.bookings.test_override import override
from tests.closures.closing import closure
from tests.ports.partnering import ALLOTMENTS, FLOOR, changed, grouped, kept, organisation_of, quantity

GWD, KHI = "operator_pkgwd", "operator_pkkhi"
QUAY = "PKGWD-MPT"


async def amended(crowd, of: dict, **body):
    return await crowd.post(f"/v1/bookings/{of['id']}/amend", body, **{"If-Match": "*"})


async def lapses_soon(crowd, within: timedelta) -> None:
    soon = clock.now() + within
    for table in ("bookings", "berth_claims", "storage_claims"):
        await crowd.sql(f"UPDATE {table} SET expires_at = $1", soon)


async def test_a_request_that_lapses_while_it_is_amended_is_never_firm_without_its_places(crowd):
    await asks_approval(crowd, FLOOR)
    asked = await made(crowd, berth(from_m=0), storage(quantity=100))
    assert asked["state"] == "pending"
    await lapses_soon(crowd, timedelta(seconds=1.5))
    # The floor that is dropped is held up, between the look at the clock and the moment at which all becomes firm.
    other = await asyncpg.connect(crowd.url)
    held = other.transaction()
    await held.start()
    await other.fetch("SELECT FROM storage_claims FOR UPDATE")
    amending = asyncio.create_task(amended(crowd, asked, legs=[asked["legs"][0]]))
    await asyncio.sleep(1.7)
    await held.rollback()
    await other.close()
    assert ((await amending).status_code, (await amending).json()["code"]) == (409, "hold-expired")
    rival = await crowd.post("/v1/bookings", booking(berth(from_m=0), hold=False), role="rival")
    assert rival.status_code == 201
    assert await crowd.broken() == {}


def soon(hours: float) -> dict[str, str]:
    start = clock.now() + timedelta(hours=1)
    return {"start": rfc(start), "end": rfc(start + timedelta(hours=hours))}


async def test_nothing_waits_for_an_approval_longer_than_what_it_asks_for_lasts(crowd):
    pier = {"kind": "berth", "quay": "PKKHI-OP1", "from_m": 0, "window": soon(5)}
    at_once = await made(crowd, pier, **OIL)
    assert (at_once["state"], at_once["expires_at"]) == ("pending", pier["window"]["end"])
    held = await made(crowd, {**pier, "quay": "PKKHI-OP2"}, hold=True, **OIL)
    confirmed = (await crowd.post(f"/v1/bookings/{held['id']}/confirm")).json()
    assert (confirmed["state"], confirmed["expires_at"]) == ("pending", pier["window"]["end"])
    stands = await made(crowd, berth(from_m=0), vessel=SMALL_SHIP)
    sooner = {"window": soon(6), "from_m": 300, "to_m": None, "berths": None}
    waits = await change_waits(crowd, stands, QUAY, 0, **sooner)
    assert waits["change"]["expires_at"] == sooner["window"]["end"]


async def test_a_change_takes_what_goes_back_to_a_pool_that_its_owner_has_left_anew(crowd):
    group = await grouped(crowd, "forwarder")
    await kept(crowd, ALLOTMENTS, quantity(group, wanted=4_000))
    mine = await made(crowd, storage(20, quantity=4_000, length=5), vessel=None)
    await made(crowd, storage(20, quantity=3_700, length=5), vessel=None, client_reference="general")
    await changed(crowd, group, organisations=[])
    await asks_approval(crowd, FLOOR)
    leg = {key: mine["legs"][0][key] for key in ("id", "kind", "warehouse", "window")}
    waits = await amended(crowd, mine, legs=[leg | {"quantity": 4_200}])
    assert waits.status_code == 200, waits.text
    assert await crowd.sql("SELECT sum(quantity) FROM storage_claims WHERE change GROUP BY days") == [(4_200,)]
    approved = await crowd.post(f"/v1/bookings/{mine['id']}/approve", {}, role=GWD)
    assert (approved.status_code, approved.json()["legs"][0]["quantity"]) == (200, 4_200)
    assert await crowd.broken() == {}


async def test_only_limits_that_had_to_be_exceeded_are_said_to_be_overridden(crowd):
    owner = await organisation_of(crowd, "forwarder")
    deep = {"name": "DEEP", "loa_m": 190, "beam_m": 28, "draught_m": 13.5}
    every = override("draught-exceeded", "kept-for-partners", "cargo-not-handled", "no-tide", "stay-too-short")
    body = booking(berth(), vessel=deep, hold=False, on_behalf_of=owner, override=every)
    placed = await crowd.post("/v1/bookings", body, role=GWD)
    assert [each["rules"] for each in placed.json()["overrides"]] == [["draught-exceeded"]]


async def test_a_closed_place_reads_closed_whatever_else_is_overridden(crowd):
    owner = await organisation_of(crowd, "forwarder")
    for body in (closure(10, 48), closure(10, 24 * 20, warehouse=FLOOR)):
        assert (await crowd.post("/v1/closures", body, role=GWD)).status_code == 201
    short = {"hold": False, "on_behalf_of": owner, "override": override("stay-too-short")}
    for leg in (berth(10.2, hours=1), berth(10.2, hours=1, from_m=0), storage(12, quantity=10, length=0.1)):
        refused = await crowd.post("/v1/bookings", booking(leg, vessel=SMALL_SHIP, **short), role=GWD)
        assert (refused.status_code, refused.json()["code"]) == (409, "closed"), leg


async def test_a_shift_to_where_the_leg_is_changes_nothing_and_drops_no_waiting_change(crowd):
    stands = await made(crowd, berth(from_m=0), storage())
    waits = await change_waits(crowd, stands, FLOOR, 1, quantity=2_600)
    wish = {"leg": waits["legs"][0]["id"], "from_m": 0, "reason": "x"}
    refused = await crowd.post(f"/v1/bookings/{stands['id']}/shift", wish, role=GWD, **{"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (422, "nowhere-to-shift")
    after = (await crowd.get(f"/v1/bookings/{stands['id']}")).json()
    assert (after["version"], after["change"]) == (waits["version"], waits["change"])


async def test_who_is_kept_out_by_what_is_kept_is_told_so_though_the_general_floor_is_full(crowd):
    group = await grouped(crowd, "forwarder")
    await kept(crowd, ALLOTMENTS, quantity(group, wanted=4_000))
    await made(crowd, storage(20, quantity=12_000, length=5), vessel=None)
    mine = (await crowd.get("/v1/bookings")).json()["items"][0]
    assert (await crowd.post(f"/v1/bookings/{mine['id']}/cancel")).status_code == 200
    general = booking(storage(20, quantity=8_000, length=5), vessel=None)
    assert (await crowd.post("/v1/bookings", general, role="rival")).status_code == 201
    more = booking(storage(20, quantity=100, length=5), vessel=None)
    refused = (await crowd.post("/v1/bookings", more, role="rival")).json()
    assert (refused["code"], refused["reasons"][0]["code"]) == ("kept-for-partners", "kept-for-partners")
    assert refused["reasons"][0]["released_at"]
    assert refused["alternatives"]
    # Where the whole floor is taken, nothing kept is to blame.
    await made(crowd, storage(20, quantity=4_000, length=5), vessel=None)
    assert (await crowd.post("/v1/bookings", more, role="rival")).json()["code"] == "storage-full"


async def test_a_refused_amendment_says_that_the_booking_stands(crowd):
    stands = await made(crowd, berth(10, from_m=0))
    await crowd.post("/v1/bookings", booking(berth(20, from_m=0), hold=False), role="rival")
    refused = (await amended(crowd, stands, legs=[berth(20, from_m=0)])).json()
    assert (refused["code"], refused["detail"][-30:]) == ("slot-taken", " The booking stands as it was.")
    assert (await crowd.get(f"/v1/bookings/{stands['id']}")).json() == stands


async def test_customs_is_not_told_of_a_change_that_is_approved_in_part(crowd):
    stands = await made(crowd, berth(from_m=0, hours=24), storage(quantity=100), vessel=SMALL_SHIP)
    await asks_approval(crowd, QUAY, FLOOR)
    elsewhere = {"from_m": 300, "to_m": None, "berths": None, "window": window(15, 24)}
    waits = await amended(crowd, stands, legs=[stands["legs"][0] | elsewhere, stands["legs"][1] | {"quantity": 200}])
    assert waits.json()["awaits"] == ["PKGWD-FZS", "PKGWD-GMT"]
    zone = await operator_of(crowd, "zone", "PKGWD-FZS")
    in_part = await crowd.post(f"/v1/bookings/{stands['id']}/approve", {"reason": "a secret"}, role=zone)
    assert in_part.status_code == 200
    assert [each["type"] for each in await events_of(crowd, stands["id"], role="customs")] == ["booking.confirmed"]
