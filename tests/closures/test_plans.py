"""A plan is what is done: over random small ports on the real database, and on a morning like that of Karachi in 2007."""

import random

import pytest

from tests.asking import SMALL_SHIP, berth, booking, storage
from tests.closures.closing import Port, closure, moving, slot

# Berths 1 to 17 of Karachi are the East Wharf.
EIGHT = [*(f"PKKHI-EWN-{number}" for number in range(1, 6)), *(f"PKKHI-KGTML-{number}" for number in range(10, 13))]


def random_legs(dice: random.Random, day: float) -> list[dict]:
    """A ship somewhere on the quay within three days, its goods after it one time in three."""
    hours = dice.randrange(4, 40)
    start = day + dice.randrange(0, 72) / 24
    legs = [berth(start, hours=hours, from_m=dice.randrange(0, 500))]
    if not dice.randrange(3):
        legs.append(storage(start + hours / 24, quantity=dice.randrange(500, 4_000), length=dice.randrange(2, 6)))
    return legs


def random_closure(dice: random.Random, day: float) -> dict:
    low = dice.randrange(0, 400)
    place = dice.choice([
        {"from_m": low, "to_m": low + dice.randrange(50, 200), "quay": "PKGWD-MPT"},
        {"quay": "PKGWD-MPT"},
        {"berth": "PKGWD-MPT-2"},
        {"warehouse": "PKGWD-FZS-W1", "quantity": dice.randrange(2_000, 12_000)},
        {"places": [{"berth": "PKGWD-MPT-1"}, {"warehouse": "PKGWD-FZS-W1"}]},
    ])  # fmt: skip
    on_conflict = dice.choice(["move", "move", "move", "displace"])
    tolerance = dice.choice(["PT6H", "PT24H", "P4D"])
    return closure(
        day + dice.random() * 2, dice.randrange(3, 48), on_conflict=on_conflict, tolerance=tolerance, **place
    )


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_done_is_exactly_the_plan_that_was_seen(port, crowd, seed):
    dice = random.Random(seed)
    touched = 0
    for day in range(10, 50, 8):
        before = {}
        for _ in range(14):
            asked = booking(*random_legs(dice, day), vessel=SMALL_SHIP, hold=dice.random() < 0.3)
            answer = await port.post("/v1/bookings", asked, who="forwarder")
            if answer.status_code == 201:
                before[answer.json()["id"]] = answer.json()
        closed = await port.done(random_closure(dice, day))
        fates = {each["booking"]: each["outcome"] for each in closed["touched"]}
        touched += len(fates)
        for booking_id, was in before.items():
            now = await port.booking(booking_id)
            if fates.get(booking_id) is None:
                assert now == was
            elif fates[booking_id] == "displaced":
                assert now["state"] == "displaced"
            else:
                moved = {each["leg"]: each["to"] for each in closed["touched"] if each["booking"] == booking_id}
                assert now["version"] == was["version"] + 1
                for leg, old in zip(now["legs"], was["legs"], strict=True):
                    assert slot(leg) == moved.get(leg["id"], slot(old))
        assert await crowd.broken() == {}
        # Whoever still stands at the quays may: the same again touches nobody.
        quays = [place_of(each) for each in closed["places"] if each["quay"]]
        if quays:
            again = closure(places=quays) | {"window": closed["window"]}
            assert (await port.post("/v1/closures?validate_only=true", again)).status_code == 200
    assert touched > 3


def place_of(shown: dict) -> dict:
    """A stretch of quay that is closed, as it is named in a request."""
    return {name: shown[name] for name in ("quay", "from_m", "to_m")}


async def test_eight_berths_of_the_east_wharf_closed_in_one_morning(client, keys, crowd):
    """As at Karachi in 2007: each booking there is moved or displaced, and no two are sent to one place."""
    port = Port(client, keys | {"operator_pkgwd": keys["operator_pkkhi"]})
    made = []
    for number in range(60):
        quay = ("PKKHI-EWN", "PKKHI-KGTML")[number % 2]
        leg = berth(10 + number // 20 * 1.5, quay=quay, hours=30)
        answer = await port.post("/v1/bookings", booking(leg, vessel=SMALL_SHIP, hold=False), who="forwarder")
        made += [answer.json()["id"]] if answer.status_code == 201 else []
    places = [{"berth": each} for each in EIGHT]
    body = moving(10, 24 * 20, places=places, kind="emergency", tolerance="P3D")
    closed = await port.done(body)
    assert closed["totals"]["bookings"] > 30
    assert closed["totals"]["moved"] > 10
    assert closed["totals"]["moved"] + closed["totals"]["displaced"] == closed["totals"]["bookings"]
    outcomes = {each["booking"]: each["outcome"] for each in closed["touched"]}
    for each in made:
        state = (await port.booking(each))["state"]
        assert state == {"displaced": "displaced"}.get(outcomes.get(each, ""), "confirmed")
    assert await crowd.broken() == {}
    assert (await port.post("/v1/closures?validate_only=true", body | {"on_conflict": "refuse"})).status_code == 200
