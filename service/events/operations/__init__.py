"""Doing something once, reading what happened, and following it as it happens."""

from service.events.operations.feed import FeedBusy, PositionAhead, end_of_feed, feed, number
from service.events.operations.once import Answer, Once, before, once, still_running
from service.events.operations.streams import Stream, Streams, TooManyStreams

__all__ = [
    "Answer",
    "FeedBusy",
    "Once",
    "PositionAhead",
    "Stream",
    "Streams",
    "TooManyStreams",
    "before",
    "end_of_feed",
    "feed",
    "number",
    "once",
    "still_running",
]
