"""Goods that stay too long, pushed to whoever has asked for overstays."""

from service.bookings.jobs import tell_clocks
from tests.bookings.test_clocks import goods, told


async def test_a_clock_that_runs_out_is_pushed_to_an_endpoint_that_wants_overstays_of_its_owner_and_to_no_other(
    crowd, db, hub, receiver
):
    there = await goods(crowd, days=20, regime="TIR")
    await hub.endpoint(receiver.url + "/mine", "booking.overstay")
    await hub.endpoint(receiver.url + "/others", "booking.hindered", "booking.completed")
    await hub.endpoint(receiver.url + "/rival", "booking.overstay", "booking.held", who="rival")
    await hub.endpoint(receiver.url + "/customs", "booking.*", who="customs")
    async with hub.courier():
        assert await tell_clocks(db) == 1
        await hub.happens("booking.completed")
        await hub.happens("booking.held", who="rival")
        await receiver.has(2, "/mine")
        await receiver.has(2, "/customs")
        await receiver.has(1, "/others")
        await receiver.has(1, "/rival")
    pushed = [each.event["data"]["cause"] for each in receiver.at("/mine")]
    assert pushed == await told(crowd, there)
    assert [each["clock"] for each in pushed] == ["free", "transit"]
    seen = {path: [each.event["type"] for each in receiver.at(path)] for path in ("/others", "/rival")}
    assert seen == {"/others": ["booking.completed"], "/rival": ["booking.held"]}
