"""Messages of foreign systems, as they come and as they are shown."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from service.fields import Flag, Moment

MOST_BYTES = 16_384


class ForeignMessage(RootModel[dict[str, Any]]):
    """A message as the foreign system writes it: any JSON object of at most 16 KiB."""


class MessageQuery(BaseModel):
    """Which of the messages that you have sent."""

    model_config = ConfigDict(frozen=True)

    taken: Flag | None = Field(None, description="false: only those that have not taken effect")


class MessageShown(BaseModel):
    """A message as it came, and what has become of it."""

    vocabulary: str
    received_at: Moment
    event_id: str | None = Field(description="of the event that it was read as; null: it has not taken effect")
    refused_as: str | None = Field(
        description="the code of the refusal that it met last", examples=["customs-word-unknown"]
    )
    message: dict[str, Any]
