"""How events look to clients: CloudEvents 1.0, one shape in feed, stream and webhook."""

from typing import Any

from pydantic import BaseModel, Field

from service import clock, ids
from service.events.queries import Numbered

DIGITS = 16


class Change(BaseModel):
    """What a thing was, what it is now, and why."""

    previous: dict[str, Any] | None
    current: dict[str, Any] | None
    cause: dict[str, Any] | None


class Event(BaseModel):
    """A CloudEvent. `sequence` is its place in the feed: what `?after=` takes."""

    specversion: str = Field(examples=["1.0"])
    id: str = Field(examples=["evt_01kb3v7x9ef6wvq0m8y3k2n5ra"])
    source: str
    type: str = Field(examples=["booking.confirmed"])
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
