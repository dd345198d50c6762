"""Holds every event that the service writes in a test against what the document promises to those who get it pushed."""

import json
from functools import cache

import asyncpg
import jsonschema_rs

from service.events.queries import Numbered
from service.events.schemas import envelope
from tests.promised import document

MOST = 500  # of one database: what comes in thousands is alike


@cache
def _promised() -> dict[str, jsonschema_rs.Draft202012Validator]:
    """Give what judges an event, by its type."""
    bodies = {name: each["post"]["requestBody"]["content"] for name, each in document()["webhooks"].items()}
    models = {"components": document()["components"]}
    return {
        name: jsonschema_rs.Draft202012Validator(body["application/json"]["schema"] | models)
        for name, body in bodies.items()
    }


async def strange_events(url: str) -> list[str]:
    """Say what is wrong with the events in a database's log: a type that nobody knows, or data of another form."""
    connection = await asyncpg.connect(url)
    try:
        # A test that takes the migrations back may leave no log. What a test puts into the log by hand is by `test`.
        if await connection.fetchval("SELECT to_regclass('events')") is None:
            return []
        rows = await connection.fetch(
            """SELECT coalesce(position, 0), id, type, subject, occurred_at, previous::text, current::text, cause::text
               FROM events WHERE by <> 'test' ORDER BY id DESC LIMIT $1""",
            MOST,
        )
        return [wrong for row in rows for wrong in _faults(Numbered(*row))]
    finally:
        await connection.close()


def _faults(event: Numbered) -> list[str]:
    if event.type not in _promised():
        return [f"{event.type} is not in service/events/types.py, or its kind not in service/document/webhooks.py"]
    data = {
        name: json.loads(text or "null")
        for name, text in (("previous", event.previous), ("current", event.current), ("cause", event.cause))
    }
    told = {**envelope(event, "http://slotway.test"), "data": data}
    return [
        f"{event.type} {'/'.join(map(str, each.instance_path))}: {each.message}"
        for each in _promised()[event.type].iter_errors(told)
    ]
