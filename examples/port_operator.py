"""A port operator's program: it approves, reports what comes through the gate, and closes a part of the quay.

    SLOTWAY_URL=... SLOTWAY_KEY=... python examples/port_operator.py

It knows nothing but its port, and goes by the stream of events. It ends when the goods of one lot have all left.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from slotway_client import Refused, Slotway

Json = dict[str, Any]
QUAY = "/v1/quays/PKGWD-MPT"
TOLERANCE = timedelta(days=5)


def main() -> None:
    """Tell the story from the operator's side."""
    with Slotway(os.environ["SLOTWAY_URL"], os.environ["SLOTWAY_KEY"]) as port:
        ask_for_approval(port)
        happens = port.events(after=list(port.feed())[-1]["sequence"])
        print("follows the stream", flush=True)

        ship = await_event(happens, "booking.pending")
        port.approve(ship["id"], "welcome")
        print(f"approves {ship['client_reference']}")

        lot = await_event(happens, "booking.confirmed", kind="storage")
        take_in(port, lot)

        await_event(happens, "customs.held", booking=lot["id"])
        try_to_let_out(port, lot)
        closure = close_under(port, port.booking(ship["id"]))

        await_event(happens, "customs.released", booking=lot["id"])
        let_out(port, lot)
        port.request("POST", f"/v1/closures/{closure['id']}/lift", {"reason": "done sooner"})
        print("lifts the closure: done sooner")


def await_event(happens: Iterator[Json], event_type: str, *, booking: str = "", kind: str = "") -> Json:
    """Give what is now, by the next event of this type: about this booking, or one whose first leg is of this kind."""
    for event in happens:
        current: Json = event["data"]["current"]
        if event["type"] != event_type or booking not in {"", event["subject"]}:
            continue
        if not kind or first_leg(current)["kind"] == kind:
            return current
    raise EOFError("the stream has ended")


def first_leg(current: Json) -> Json:
    """Give the first leg of a booking."""
    leg: Json = current["legs"][0]
    return leg


def ask_for_approval(port: Slotway) -> None:
    """Let the quay ask for approval, unless somebody else has changed it meanwhile."""
    tag = port.request("GET", QUAY).headers["ETag"]
    port.request("PATCH", QUAY, {"terms": {"asks_approval": True}}, version=tag)
    print("lets its quay ask for approval")


def take_in(port: Slotway, lot: Json) -> None:
    """Report the goods at the gate in two parts, as counted and weighed there."""
    leg = first_leg(lot)
    opens = datetime.fromisoformat(leg["window"]["start"])
    time.sleep(max(0.0, (opens - datetime.now(UTC)).total_seconds()))
    for quantity, packages, tonnes in ((180, 240, 228.5), (120, 160, 152.0)):
        report = {"leg": leg["id"], "quantity": quantity, "packages": packages, "gross_weight_t": tonnes}
        port.gate_in(lot["id"], report)
        print(f"reports {packages} packages in, {tonnes} t, on {quantity} {leg['unit']}")


def try_to_let_out(port: Slotway, lot: Json) -> None:
    """Report goods out that customs holds."""
    try:
        port.gate_out(lot["id"], {"leg": first_leg(lot)["id"], "quantity": 100})
    except Refused as refused:
        print(f"may not let the goods out: {refused.code}")
    else:
        raise SystemExit("goods that customs holds have left")


def close_under(port: Slotway, ship: Json) -> Json:
    """Close the metres that a ship was given: look what it does to all bookings, then have exactly that done."""
    leg = first_leg(ship)
    start, end = (datetime.fromisoformat(leg["window"][side]) for side in ("start", "end"))
    closure = {
        "quay": leg["quay"],
        "from_m": leg["from_m"],
        "to_m": leg["to_m"],
        "window": {"start": start - timedelta(days=1), "end": end + timedelta(days=3)},
        "reason": "fenders are replaced",
        "on_conflict": "move",
        "tolerance": TOLERANCE,
    }
    ripple = port.plan_closure(closure)
    would = ", ".join(
        f"{count} {outcome}" for outcome, count in ripple["totals"].items() if outcome in {"moved", "displaced"}
    )
    print(f"looks what closing metres {leg['from_m']} to {leg['to_m']} would do to bookings: {would}")
    closed = port.make_closure(closure, plan=ripple["plan"])
    print(f"closes them, and exactly that is done: {closed['reason']}")
    return closed


def let_out(port: Slotway, lot: Json) -> None:
    """Report a part of the goods out, then the rest."""
    leg = first_leg(lot)
    port.gate_out(lot["id"], {"leg": leg["id"], "quantity": 100, "packages": 130, "gross_weight_t": 126.0})
    print("reports 130 packages out; their floor is free from tomorrow on")
    port.complete(lot["id"], {"leg": leg["id"]})
    print("reports the rest out")


if __name__ == "__main__":
    main()
