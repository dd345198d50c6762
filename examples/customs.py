"""A customs system: it declares before anybody books, holds what has come, and releases it.

    SLOTWAY_URL=... SLOTWAY_KEY=... python examples/customs.py GD-OF-THE-SHIP GD-OF-THE-LOT

It ends when the lot has crossed the border.
"""

import os
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from slotway_client import Slotway

Json = dict[str, Any]


def main(gd_ship: str, gd_lot: str) -> None:
    """Tell the story from the side of customs."""
    with Slotway(os.environ["SLOTWAY_URL"], os.environ["SLOTWAY_KEY"]) as port:
        for gd in (gd_ship, gd_lot):
            print(
                f"declares {gd}: {'matched' if say(port, 'DECL', gd)['matched'] else 'no booking travels under it yet'}"
            )
        happens = port.events(after=list(port.feed())[-1]["sequence"])
        print("follows the stream", flush=True)

        await_event(happens, "booking.confirmed", gd_ship)
        lot = await_event(happens, "booking.confirmed", gd_lot)
        validate(port, gd_lot, lot, packages=400, gross_weight_t=398)
        validate(port, gd_lot, lot, packages=410, gross_weight_t=400)

        while in_part(await_event(happens, "booking.gated-in", gd_lot)):
            print("reads that a part of the lot has come in")
        say(port, "HOLD", gd_lot, hold_code="X-RAY", remark="the seals look odd")
        print(f"holds the lot, {', '.join(held(port, gd_lot))}")

        await_event(happens, "booking.customs-references-added", gd_lot)
        say(port, "RELS", gd_lot, hold_code="X-RAY")
        say(port, "CUSR", gd_lot)
        print("has the papers, and releases the lot")

        await_event(happens, "booking.completed", gd_lot)
        say(port, "CROS", gd_lot)
        print("sees the lot cross the border")


def say(port: Slotway, event_type: str, gd: str, **more: str) -> Json:
    """Say that something has happened just now."""
    event = {"event_id": str(uuid.uuid4()), "event_type": event_type, "event_time": datetime.now(UTC), **more}
    return port.customs_event({**event, "reference": reference(gd)})


def held(port: Slotway, gd: str) -> list[str]:
    """Give the codes of the holds that are open on a declaration."""
    return [hold["hold_code"] for each in port.holds() if each["reference"] == reference(gd) for hold in each["holds"]]


def reference(gd: str) -> Json:
    """Give a Pakistani goods declaration by its number."""
    return {"type": "GD", "country": "PK", "value": gd}


def validate(port: Slotway, gd: str, lot: Json, packages: int, gross_weight_t: float) -> None:
    """Ask whether what is declared is what is booked."""
    question = {
        "reference": reference(gd),
        "booking": lot["id"],
        "packages": packages,
        "gross_weight_t": gross_weight_t,
    }
    answer = port.validate_movement(question)
    told = f"{answer['outcome']}: {' '.join(each['message'] for each in answer['reasons'])}".removesuffix(": ")
    print(f"asks whether it is {packages} packages and {gross_weight_t} t: {told}")


def await_event(happens: Iterator[Json], event_type: str, gd: str) -> Json:
    """Give the booking that travels under a declaration as it is now, by the next event of this type."""
    for event in happens:
        current: Json = event["data"]["current"]
        if event["type"] == event_type and reference(gd) in (current["customs_references"] or ()):
            return current
    raise EOFError("the stream has ended")


def in_part(booking: Json) -> bool:
    """Say whether more is still to come of its first leg."""
    leg = booking["legs"][0]
    return bool(leg["gated_in"] < leg["quantity"])


if __name__ == "__main__":
    main(*sys.argv[1:])
