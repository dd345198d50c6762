"""Many events in one call, each read for itself."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from service.customs.schemas.events import NewCustomsEvent
from service.faults import faults_within
from service.fields import Strict
from service.problems import InvalidRequest

MOST = 500
_ID_AT_MOST = 100


class _AsSent:
    """Marks a value that is kept as it was sent, and is told to the document as the event that it should be."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.any_schema()

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(NewCustomsEvent.__pydantic_core_schema__)


class CustomsEventBatch(Strict):
    """Events to be taken each for itself: one that is wrong is no reason to refuse another."""

    events: Annotated[list[Annotated[Any, _AsSent]], Field(min_length=1, max_length=MOST)]


class CustomsEventResult(BaseModel):
    """What became of one event: the status and the answer that it would have had alone."""

    event_id: str | None = Field(None, description="left out where the event names none")
    status: int = Field(examples=[202, 409, 422])
    matched: bool | None = Field(None, description="of an event that was taken")
    problem: dict[str, Any] | None = Field(None, description="RFC 9457; pointers begin at the event")


class CustomsEventResults(BaseModel):
    """What became of each event, in the order in which they were sent."""

    results: list[CustomsEventResult]


def read(raw: object) -> NewCustomsEvent | InvalidRequest:
    """Give an event that was sent, or what is wrong with it."""
    try:
        return NewCustomsEvent.model_validate(raw)
    except ValidationError as error:
        return InvalidRequest(faults=faults_within(error, raw)[:10])


def id_of(raw: object) -> str | None:
    """Give the id that an event names, right or wrong, if it can stand in an answer."""
    named = raw.get("event_id") if isinstance(raw, dict) else None
    return named if isinstance(named, str) and len(named) <= _ID_AT_MOST else None
