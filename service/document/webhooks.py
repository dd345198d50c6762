"""The section `webhooks`: what is posted to an endpoint for each type of event, and what its answer does."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from service.accounts.schemas import Key, Organisation
from service.bookings.rules import State
from service.bookings.schemas import Booking
from service.closures.schemas import Closure
from service.customs.schemas.batches import CustomsEventResults
from service.customs.schemas.events import CustomsEventTaken, ReferenceTold
from service.customs.schemas.movements import MovementDiscrepancy, MovementValidation
from service.document.examples import Composer, Schema
from service.events.types import TYPES, EventType
from service.invariants.schemas import LedgerMended
from service.ports.schemas.catalogue import Berth, FreeZone, PortSummary, Quay, Terminal, Warehouse
from service.ports.schemas.keeping import Allotment, BerthWindow
from service.ports.schemas.notices import DraughtNotice
from service.ports.schemas.partners import PartnerGroup
from service.ports.schemas.tides import TidalWindowsCounted
from service.webhooks.schemas import Delivery, Endpoint, Ping, Replay

_GOODS = "GD/PK/KAPW-HC-22012-18-08-2022"
_REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Subject:
    """What `current` of a kind of event is, and which of its fields is the subject of the event, or what else is."""

    model: type[BaseModel]
    field: str = "id"
    other: str = ""


# For each kind of service/events/types.py; a kind that is not here fails a test.
SUBJECTS: dict[str, Subject] = {
    "booking": Subject(Booking),
    "customs": Subject(ReferenceTold, "booking"),
    "customs-discrepancy": Subject(MovementDiscrepancy, "booking"),
    "customs-event": Subject(CustomsEventTaken, "", _GOODS),
    "customs-batch": Subject(CustomsEventResults, "", "org_01kb3v7x9ef6wvq0m8y3k2n5ra"),
    "customs-movement": Subject(MovementValidation, "", _GOODS),
    "closure": Subject(Closure),
    "draught-notice": Subject(DraughtNotice),
    "tidal-windows": Subject(TidalWindowsCounted, "port"),
    "partner-group": Subject(PartnerGroup),
    "berth-window": Subject(BerthWindow),
    "allotment": Subject(Allotment),
    "port": Subject(PortSummary, "unlocode"),
    "terminal": Subject(Terminal, "code"),
    "free-zone": Subject(FreeZone, "code"),
    "quay": Subject(Quay, "code"),
    "berth": Subject(Berth, "code"),
    "warehouse": Subject(Warehouse, "code"),
    "organisation": Subject(Organisation),
    "key": Subject(Key),
    "webhook-endpoint": Subject(Endpoint),
    "webhook-delivery": Subject(Delivery),
    "webhook-replay": Subject(Replay, "endpoint"),
    "webhook": Subject(Ping, "endpoint"),
    "ledger": Subject(LedgerMended, "", "ledger"),
}
_HEADERS = {
    "webhook-id": (
        "of the event, the same however often it is sent: tell repetitions by it",
        "evt_01kb3v7x9ef6wvq0m8y3k2n5ra",
    ),
    "webhook-timestamp": ("when this attempt was made, Unix time in seconds: refuse what is old", "1795597200"),
    "webhook-signature": (
        (
            "`v1,` and the HMAC-SHA256 of `id.timestamp.body` under the endpoint's secret, in base64 (Standard"
            " Webhooks); while two secrets live, one for each, with a space between them"
        ),
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
_ANSWERS = {
    "2XX": "Taken: it is not sent again",
    "410": "Gone: the endpoint is disabled, and nothing is sent to it any more",
    "default": "Anything else, or no answer in time: it is sent again later, after `Retry-After` if that is said",
}


def webhooks(composer: Composer) -> Schema:
    """Give the section, and put the models that it needs beside those that there are."""
    return {each.name: {"post": _post(composer, each)} for each in TYPES.values() if each.kind in SUBJECTS}


def _post(composer: Composer, type_: EventType) -> Schema:
    told = _told(composer.models, type_.kind)
    named = {"type": "object", "properties": {"type": {"type": "string", "const": type_.name}}}
    return {
        "tags": ["webhooks"],
        "summary": type_.meaning.removesuffix("."),
        "operationId": type_.name.replace(".", "_").replace("-", "_"),
        "parameters": [_header(name, said, example) for name, (said, example) in _HEADERS.items()],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"allOf": [told, named]}, "example": _example(composer, type_)},
            },
        },
        "responses": {status: {"description": said} for status, said in _ANSWERS.items()},
    }


def _header(name: str, said: str, example: str) -> Schema:
    return {
        "name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"},
        "example": example,
    }  # fmt: skip


def _told(models: Schema, kind: str) -> Schema:
    """Give the reference to the model of an event of a kind: a CloudEvent whose `data` is about such a thing."""
    name = f"{kind.title().replace('-', '')}Told"
    if name not in models:
        thing = {"$ref": _REF + _put(models, SUBJECTS[kind].model)}
        changed = {"current": thing, "previous": {"anyOf": [thing, {"type": "null"}]}}
        data = {"type": "object", "properties": changed, "required": ["current"]}
        models[name] = {
            "title": name,
            "description": "An event about what `data.current` is; each reader sees the fields that he may see.",
            "allOf": [{"$ref": _REF + "Event"}, {"type": "object", "properties": {"data": data}}],
        }
    return {"$ref": _REF + name}


def _put(models: Schema, model: type[BaseModel]) -> str:
    """Give the name under which a model is in the document; it is put there if no route answers with it."""
    if model.__name__ not in models:
        schema = model.model_json_schema(mode="serialization", ref_template=_REF + "{model}")
        for name, part in schema.pop("$defs", {}).items():
            models.setdefault(name, part)
        models[model.__name__] = schema
    return model.__name__


def _example(composer: Composer, type_: EventType) -> dict[str, Any]:
    subject = SUBJECTS[type_.kind]
    current = composer.example({"$ref": _REF + subject.model.__name__}, type_.kind) | _now(type_)
    event: dict[str, Any] = composer.example({"$ref": _REF + "Event"}, type_.kind)
    of = {"type": type_.name, "subject": subject.other or current[subject.field]}
    return event | of | {"data": {"previous": None, "current": current, "cause": None}}


def _now(type_: EventType) -> dict[str, Any]:
    """Give what the type itself says of the state that its thing is in."""
    word = type_.name.partition(".")[2].replace("-", "_")
    if type_.kind == "customs":
        return {"state": word.upper(), "holds": ["X-RAY"] if word == "held" else []}
    if type_.kind == "booking" and word not in {State.HELD, "hold_extended"}:
        state = word if word in set(State) else State.CONFIRMED.value
        return {"state": state, "version": 2} | ({} if state == State.PENDING else {"expires_at": None})
    return {}
