"""How events look to clients: CloudEvents 1.0, one shape in feed, stream and webhook."""

import json
from typing import Any

from pydantic import BaseModel, Field

from service import auth, clock, ids
from service.events.queries import Numbered

DIGITS = 16
POSITION = rf"^[0-9]{{1,{DIGITS}}}$"


class Change(BaseModel):
    """What a thing was, what it is now, and why."""

    previous: dict[str, Any] | None
    current: dict[str, Any] | None
    cause: dict[str, Any] | None


class Event(BaseModel):
    """A CloudEvent. `sequence` is its place in the feed: what `?after=` takes."""

    specversion: str = Field(examples=["1.0"])
    id: str = Field(examples=["evt_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    source: str = Field(examples=["http://127.0.0.1:8000"])
    type: str = Field(examples=["booking.held"])
    subject: str
    time: str
    sequence: str = Field(examples=["0000000000000042"])
    datacontenttype: str = Field(examples=["application/json"])
    data: Change


class Feed(BaseModel):
    """A piece of the feed. `next` is where to go on if more is waiting, or null at its end."""

    items: list[Event]
    next: str | None


def sequence(position: int) -> str:
    """Give a position in the feed as clients see it: zero-padded, so that it sorts as text."""
    return f"{position:0{DIGITS}d}"


def envelope(event: Numbered, source: str) -> dict[str, str]:
    """Give the attributes of a CloudEvent, all but its data."""
    return {
        "specversion": "1.0",
        "id": ids.derived("evt", event.occurred_at, event.id),
        "source": source,
        "type": event.type,
        "subject": event.subject,
        "time": clock.utc(event.occurred_at),
        "sequence": sequence(event.position),
        "datacontenttype": "application/json",
    }


def shown(event: Numbered, source: str, by: auth.Principal) -> str:
    """Give an event as JSON, its stored texts put in as they are."""
    texts = (event.previous, event.current, event.cause)
    previous, current, cause = ("null" if text is None else auth.as_seen(text, by) for text in texts)
    head = json.dumps(envelope(event, source), separators=(",", ":"))[:-1]
    return f'{head},"data":{{"previous":{previous},"current":{current},"cause":{cause}}}}}'
