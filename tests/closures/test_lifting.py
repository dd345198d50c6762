"""Lifting a closure: it only becomes shorter, and until it is over it can become shorter still."""

from datetime import datetime

from service import clock
from tests.asking import ahead, berth, booking, rfc
from tests.closures.closing import Port, closure


async def made(port: Port, **more) -> str:
    answer = await port.post("/v1/closures", closure(**more))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def lifted(port: Port, closure_id: str, at: datetime | None = None):
    body = {"reason": "done"} | ({} if at is None else {"at": rfc(at)})
    return await port.post(f"/v1/closures/{closure_id}/lift", body)


async def test_a_lift_that_is_set_for_later_can_be_brought_forward(port):
    one = await made(port, hours=None)
    assert (await lifted(port, one, ahead(30))).json()["window"]["end"] == rfc(ahead(30))
    sooner = await lifted(port, one, ahead(20))
    assert (sooner.status_code, sooner.json()["state"]) == (200, "planned"), sooner.text
    assert (sooner.json()["window"]["end"], sooner.json()["lifted_at"]) == (rfc(ahead(20)), rfc(ahead(20)))
    await port.ship(21)
    still = await port.post("/v1/bookings", booking(berth(19, hours=12), hold=False), who="forwarder")
    assert still.json()["code"] == "closed"


async def test_a_closure_in_force_whose_lift_is_set_can_be_lifted_now(port, crowd):
    one = await made(port, hours=None)
    await crowd.sql("UPDATE closures SET during = tstzrange(clock_timestamp() - interval '1 h', NULL)")
    assert (await lifted(port, one, ahead(20))).json()["state"] == "in_force"
    before = clock.now()
    now = (await lifted(port, one)).json()
    assert now["state"] == "lifted"
    assert before <= datetime.fromisoformat(now["window"]["end"]) <= clock.now()
    over = await lifted(port, one)
    assert (over.status_code, over.json()["code"]) == (409, "closure-over")


async def test_a_lift_is_not_put_off_nor_a_closure_made_longer_by_one(port):
    one = await made(port, days=10, hours=240)
    await lifted(port, one, ahead(15))
    await port.ship(16)
    for at in (ahead(15), ahead(18), ahead(30)):
        refused = await lifted(port, one, at)
        assert (refused.status_code, refused.json()["code"]) == (409, "closure-ends-sooner"), refused.text
        assert refused.json()["end"] == rfc(ahead(15))
    other = await made(port, days=40, hours=24)
    refused = await lifted(port, other, ahead(41))
    assert (refused.status_code, refused.json()["code"], refused.json()["end"]) == (
        409, "closure-ends-sooner", rfc(ahead(41))
    )  # fmt: skip


async def test_one_that_was_lifted_before_it_began_stays_so(port):
    one = await made(port)
    assert (await lifted(port, one, ahead(5))).json()["window"] is None
    for at in (None, ahead(3), ahead(8)):
        assert (await lifted(port, one, at)).json()["code"] == "closure-over"
