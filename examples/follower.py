"""Keeps every event in a file of its own, each once, however often it is killed: SQLite and the stream.

    SLOTWAY_URL=... SLOTWAY_KEY=... python examples/follower.py events.sqlite

An event and what is done about it are written in one transaction, and the next start asks for what comes after the last
one. So nothing is done twice and nothing is left out.
"""

import json
import os
import sqlite3
import sys
from contextlib import closing

from slotway_client import Slotway

SCHEMA = "CREATE TABLE IF NOT EXISTS events (sequence TEXT PRIMARY KEY, type TEXT NOT NULL, event TEXT NOT NULL)"


def follow(file: str) -> None:
    """Go on where the file ends; a new one begins with the first event that there is."""
    with closing(sqlite3.connect(file)) as kept, Slotway(os.environ["SLOTWAY_URL"], os.environ["SLOTWAY_KEY"]) as port:
        kept.execute(SCHEMA)
        for event in port.events(after=last(kept)):
            with kept:
                kept.execute(
                    "INSERT INTO events VALUES (?, ?, ?)", (event["sequence"], event["type"], json.dumps(event))
                )


def last(kept: sqlite3.Connection) -> str:
    """Give the sequence of the last event that was kept; "0" is before the first that there is."""
    (sequence,) = kept.execute("SELECT coalesce(max(sequence), '0') FROM events").fetchone()
    return str(sequence)


if __name__ == "__main__":
    follow(sys.argv[1])
