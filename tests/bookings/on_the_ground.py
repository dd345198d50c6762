"""Bookings as operators meet them: some whose time has come, at facilities that each have an operator of their own."""

from datetime import datetime, timedelta

from tests.asking import berth, booking

OIL = {"vessel": {"name": "OIL", "loa_m": 200, "beam_m": 32, "draught_m": 10}, "cargo": {"class": "liquid_bulk"}}


async def made(crowd, *legs, **more):
    """A booking, firm unless said otherwise."""
    answer = await crowd.post("/v1/bookings", booking(*(legs or (berth(),)), **{"hold": False} | more))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def time_passes(crowd, booking_id: str, by: timedelta) -> None:
    """Let so much time pass for one booking: everything of it lies so much earlier; floors are as they were booked."""
    number = (await crowd.sql("SELECT number FROM bookings WHERE id = $1", booking_id))[0]["number"]
    await crowd.sql(
        "UPDATE berth_claims SET during = tstzrange(lower(during) - $2::interval, upper(during) - $2::interval) WHERE booking = $1",
        number, by,
    )  # fmt: skip
    await crowd.sql(
        """UPDATE legs SET starts_at = starts_at - $2::interval, ends_at = ends_at - $2::interval,
                  arrived_at = arrived_at - $2::interval WHERE booking = $1""",
        number, by,
    )  # fmt: skip
    await crowd.sql("UPDATE gate_moves SET at = at - $2::interval WHERE booking = $1", number, by)
    days = await crowd.sql(
        """UPDATE legs SET first_on = (starts_at AT TIME ZONE 'Asia/Karachi')::date,
                  last_on = ((ends_at - interval '1 s') AT TIME ZONE 'Asia/Karachi')::date + 1
           WHERE booking = $1 AND kind = 'storage' RETURNING leg, first_on, last_on""",
        number,
    )
    for leg, first_on, last_on in days:
        await crowd.sql(
            "UPDATE storage_claims SET days = daterange($3, $4) WHERE booking = $1 AND leg = $2",
            number, leg, first_on, last_on,
        )  # fmt: skip
    await crowd.sql("UPDATE bookings SET starts_at = starts_at - $2::interval WHERE number = $1", number, by)
    await recount(crowd)
    await crowd.sql("UPDATE places SET version = version + 1")


async def recount(crowd) -> None:
    """Write the floors' days anew from the claims."""
    await crowd.sql("DELETE FROM floor_days WHERE pool = 0")
    await crowd.sql(
        """INSERT INTO floor_days (place_id, day, taken, capacity)
           SELECT c.place_id, day, sum(c.quantity), w.capacity
           FROM storage_claims c JOIN warehouses w USING (place_id),
                generate_series(lower(c.days), upper(c.days) - 1, interval '1 day') AS day
           GROUP BY c.place_id, day, w.capacity"""
    )


async def begun(crowd, *legs, hours: float = 1, **more):
    """A firm booking whose first leg began so many hours ago."""
    fresh = await made(crowd, *legs, **more)
    start = min(datetime.fromisoformat(leg["window"]["start"]) for leg in fresh["legs"])
    now = (await crowd.sql("SELECT clock_timestamp() AS at"))[0]["at"]
    await time_passes(crowd, fresh["id"], start - now + timedelta(hours=hours))
    return (await crowd.get(f"/v1/bookings/{fresh['id']}")).json()


async def report(crowd, action: str, of: dict, leg: int = 0, *, role: str = "operator_pkgwd", **more):
    """What an operator is answered who reports something of a leg."""
    return await crowd.post(f"/v1/bookings/{of['id']}/{action}", {"leg": of["legs"][leg]["id"], **more}, role=role)


async def operator_of(crowd, name: str, *facilities: str) -> str:
    """Make an operator of some facilities; gives the role under which the crowd knows its key."""
    body = {"name": name, "role": "operator", "facilities": list(facilities)}
    organisation = (await crowd.post("/v1/admin/organisations", body, role="admin")).json()
    key = await crowd.clients[0].post(
        "/v1/admin/keys",
        json={"name": "x", "organisation_id": organisation["id"]},
        headers={"Authorization": f"Bearer {crowd.keys['admin']}"},
    )
    assert key.status_code == 201, key.text
    crowd.keys[name] = key.json()["key"]
    return name


async def asks_approval(crowd, *places: str, yes: bool = True) -> None:
    """Let these places ask for approval from now on, or no more."""
    for table in ("quays", "warehouses"):
        await crowd.sql(
            f"UPDATE {table} SET asks_approval = $2 FROM places p WHERE p.id = place_id AND p.code = ANY ($1)",
            places,
            yes,
        )
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1 WHERE code = ANY ($1)", places)


async def change_waits(crowd, of: dict, place: str, leg: int, **new) -> dict:
    """Let a change of one leg wait for the approval of its place, which asks for it just then; gives the booking."""
    await asks_approval(crowd, place)
    legs = [{**each, **(new if nth == leg else {})} for nth, each in enumerate(of["legs"])]
    answer = await crowd.post(f"/v1/bookings/{of['id']}/amend", {"legs": legs}, **{"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["change"] is not None
    await asks_approval(crowd, place, yes=False)
    return answer.json()


async def events_of(crowd, booking_id: str, *, role: str = "operator_pkgwd") -> list[dict]:
    """The events of a booking, in order, as somebody sees them."""
    items = (await crowd.get("/v1/events", role=role, limit=500)).json()["items"]
    return [item for item in items if item["subject"] == booking_id]
