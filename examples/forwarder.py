"""A forwarder's program: it searches, books, and then goes by the webhooks that come.

    SLOTWAY_URL=... SLOTWAY_KEY=... python examples/forwarder.py GD-OF-THE-SHIP GD-OF-THE-LOT

A ship brings 24,000 t to Gwadar in ten days, and its cargo wants a bonded floor after it. A lot of 380 t has come by
road and stands at the gate today. Beside it runs `examples/follower.py`, is killed on the way, and misses nothing.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from receiver import Desk, listening
from slotway_client import Slotway

Json = dict[str, Any]
PATIENCE_S = 60
TOLD = ["booking.*", "customs.*"]
SHIP = {"loa_m": 190, "beam_m": 28, "draught_m": 10.5}


def main(gd_ship: str, gd_lot: str) -> None:
    """Tell the story from the forwarder's side."""
    desk = Desk()
    with (
        tempfile.TemporaryDirectory() as folder,
        listening(desk) as address,
        Slotway(os.environ["SLOTWAY_URL"], os.environ["SLOTWAY_KEY"]) as port,
    ):
        follower = Follower(Path(folder, "events.sqlite"))
        endpoint = port.make_webhook_endpoint({"url": address, "event_types": TOLD})
        desk.secret = endpoint["secret"]
        print("has an endpoint for webhooks, and a follower of the stream")

        ship = book_ship_and_floor(port, gd_ship)
        await_event(desk, "booking.confirmed", ship)
        follower.await_event(next(port.feed())["sequence"])
        follower.kill()
        print(f"has the ship confirmed, and kills its follower, which has {len(follower.has())} events")

        lot = book_lot(port, gd_lot)
        held = await_event(desk, "customs.held", lot)
        print(f"reads that customs holds the lot ({', '.join(held['holds'])}), not why")
        moved = await_event(desk, "booking.moved", ship)
        print(f"reads where its ship is now: {told(moved['legs'][0])}")

        igm = {"type": "IGM", "country": "PK", "value": f"IGM-{gd_lot}"}
        port.add_customs_references(lot["id"], [igm])
        print(f"hands in the papers that customs waits for: {igm['value']}")
        await_event(desk, "customs.released", lot)
        await_event(desk, "booking.completed", lot)
        await_event(desk, "customs.exited", lot)
        print("reads that the lot has crossed the border")

        print("starts its follower again")
        follower.start()
        compare(port, desk, follower, endpoint["id"])
        port.request("DELETE", f"/v1/webhook-endpoints/{endpoint['id']}")


# --- what it books ---------------------------------------------------------------------------------------------------


def book_ship_and_floor(port: Slotway, gd: str) -> Json:
    """Search a berth and a floor together, book the best offer as it stands, and ask for it to be made firm."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)
    question = {
        "ports": ["PKGWD"],
        "vessel": SHIP,
        "cargo": {"class": "general"},
        "window": {"start": start, "end": start + timedelta(days=40)},
        "berth": {"duration": timedelta(hours=36)},
        "storage": {"quantity": 2500, "unit": "m2", "bonded": True, "duration": timedelta(days=30)},
        "storage_within": timedelta(hours=12),
        "limit": 1,
    }
    offer = port.itineraries(question)["itineraries"][0]
    print("is offered", " and ".join(told(leg) for leg in offer["legs"]))
    booking = port.book(
        {
            "client_reference": f"SHIP {gd}",
            "hold": True,
            "vessel": {**SHIP, "name": "CASPIAN TRADER", "imo": "9074729"},
            "cargo": {"class": "general", "hs_code": "7202", "weight_t": 24000, "packages": 1200},
            "customs_references": [{"type": "GD", "country": "PK", "value": gd}],
            "legs": offer["legs"],
        }
    )
    print(f"has both {booking['state']} until {booking['expires_at'][11:19]} UTC, and confirms")
    asked = port.confirm(booking["id"])
    print(f"has a booking that is {asked['state']}: this quay asks its operator")
    return booking


def book_lot(port: Slotway, gd: str) -> Json:
    """Book a floor from now on."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    window = {"start": start, "end": start + timedelta(days=20)}
    booking = port.book(
        {
            "client_reference": f"LOT {gd}",
            "hold": False,
            "cargo": {"class": "general", "hs_code": "7202", "weight_t": 380, "packages": 400, "transit_regime": "TIR"},
            "customs_references": [{"type": "GD", "country": "PK", "value": gd}],
            "legs": [{"kind": "storage", "warehouse": "PKGWD-FZS-W2", "quantity": 300, "window": window}],
        }
    )
    print(f"books a floor for the lot at the gate, and it is {booking['state']}: {told(booking['legs'][0])}")
    return booking


def told(leg: Json) -> str:
    """Tell a leg, or a slot, in a few words."""
    start = leg["window"]["start"][:16].replace("T", " ")
    if leg["kind"] == "berth":
        return f"{leg['quay']}, metres {leg['from_m']} to {leg['to_m']}, from {start}"
    return f"{leg['quantity']} {leg['unit']} of {leg['warehouse']} from {start}"


# --- what it is told -------------------------------------------------------------------------------------------------


def await_event(desk: Desk, event_type: str, booking: Json) -> Json:
    """Give what is now, by the next event of this type about this booking; tell all events on the way."""
    while True:
        event = desk.next(PATIENCE_S)
        print(f"receives {event['type']}, signed, as {int(event['sequence'])}")
        if event["type"] == event_type and event["subject"] == booking["id"]:
            current: Json = event["data"]["current"]
            return current


class Follower:
    """`examples/follower.py` as a process, and the file that it fills."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.start()

    def start(self) -> None:
        """Start it, for the first time or again."""
        program = Path(__file__).with_name("follower.py")
        self._process = subprocess.Popen([sys.executable, str(program), str(self._file)])

    def has(self) -> list[str]:
        """Give the sequences of what it has kept, as it kept them."""
        with closing(sqlite3.connect(self._file)) as kept:
            made = kept.execute("SELECT count(*) FROM sqlite_master WHERE name = 'events'").fetchone()[0]
            return [row[0] for row in kept.execute("SELECT sequence FROM events ORDER BY rowid")] if made else []

    def await_event(self, sequence: str) -> None:
        """Wait until it has come so far."""
        until = time.monotonic() + PATIENCE_S
        while sequence not in self.has():
            if time.monotonic() > until or self._process.poll() is not None:
                raise TimeoutError(f"the follower has not come to {sequence}")
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it, wherever it is just now."""
        self._process.kill()
        self._process.wait()


def compare(port: Slotway, desk: Desk, follower: Follower, endpoint: str) -> None:
    """Hold what stream and webhooks brought to the feed, which has it all; end with an error if it is not the same."""
    feed = list(port.feed())
    follower.await_event(feed[-1]["sequence"])
    follower.kill()
    if follower.has()[: len(feed)] != [event["sequence"] for event in feed]:
        raise SystemExit("the follower's file is not the feed")
    print(f"has {len(feed)} events in the feed, and in the file of its follower, each once")

    made = next(nth for nth, event in enumerate(feed) if event["subject"] == endpoint)
    due = [event["id"] for event in feed[made:] if event["type"].startswith(("booking.", "customs."))]
    if list(desk.received) != due:
        raise SystemExit("the webhooks are not what the feed has of them")
    print(f"has had {len(due)} of them as webhooks, all verified, in order, each once")


if __name__ == "__main__":
    main(*sys.argv[1:])
