"""The seam to foreign customs systems: what their messages say, in our words.

The JSON of `/v1/customs/events` is the canonical form. A foreign system keeps its own: a `Vocabulary` reads its message
as an event of ours. The one there is goes by a table in a file (`Table`), so that a new system is a new file; one that
no table can describe would be another class with the same one method.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from service.customs.schemas.events import NewCustomsEvent
from service.customs.schemas.tables import Table, plain, tables
from service.errors import Fault, Unfit
from service.faults import faults_within


class CustomsMessageUnreadable(Unfit):
    """The message has not all that an event needs, or something of the wrong form.

    `errors` point at the fields of the message. It is kept as it came, and listed at `/v1/customs/messages`; sent again
    once the table of the vocabulary has been mended, it takes effect.
    """


class CustomsWordUnknown(Unfit):
    """The message says something that its vocabulary has no word for.

    `word` is what it says, `known` lists what it could say. It is kept as it came, and listed at
    `/v1/customs/messages`; sent again once the word is in the table of the vocabulary, it takes effect.
    """


class Vocabulary(Protocol):
    """Whatever can read a foreign system's message as one of our events."""

    def read(self, message: Mapping[str, object]) -> NewCustomsEvent:
        """Give the event, or raise CustomsMessageUnreadable or CustomsWordUnknown."""


class TableVocabulary:
    """A vocabulary that goes by a table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._words = {plain(word): meaning for word, meaning in table.words.items()}

    def read(self, message: Mapping[str, object]) -> NewCustomsEvent:
        """Give the event that a message is by the table."""
        fields = self._table.fields
        meaning = self._words.get(plain(self._text(message, fields.word)))
        if meaning is None:
            raise self._unknown(message)
        event: dict[str, object] = {
            "event_id": self._text(message, fields.event_id),
            "event_type": meaning.event_type,
            "event_time": self._moment(message),
            "reference": self._table.reference.model_dump() | {"value": self._text(message, fields.reference)},
        }
        if meaning.takes_a_code:
            event["hold_code"] = meaning.hold_code or self._optional(message, fields.hold_code)
        if remark := self._optional(message, fields.remark):
            event["remark"] = remark
        try:
            return NewCustomsEvent.model_validate(event)
        except ValidationError as error:
            raise self._unreadable(error, event) from None

    def _text(self, message: Mapping[str, object], path: str) -> str:
        found = self._optional(message, path)
        if found is None:
            raise CustomsMessageUnreadable(faults=[Fault(_pointer(path), "missing", "Text or a number is needed here")])
        return found

    def _optional(self, message: Mapping[str, object], path: str | None) -> str | None:
        """Give what stands at a path as text; a number is text too, since some systems quote theirs and some don't."""
        found = None if path is None else _at(message, path)
        return None if found is None or isinstance(found, bool | dict | list) else str(found)

    def _moment(self, message: Mapping[str, object]) -> datetime | str:
        """Give the moment by the table's form and zone; RFC 3339 text is left to the event to read."""
        path, time = self._table.fields.event_time, self._table.time
        text = self._text(message, path)
        if time is None:
            return text
        try:
            at = datetime.strptime(text, time.format)  # noqa: DTZ007  the table says on which clock
            return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(time.zone))
        except ValueError:
            fault = Fault(_pointer(path), "moment-malformed", f"A moment is written as {time.format} here")
            raise CustomsMessageUnreadable(faults=[fault]) from None

    def _unknown(self, message: Mapping[str, object]) -> CustomsWordUnknown:
        path = self._table.fields.word
        word, known = self._text(message, path), sorted(self._table.words)
        fault = Fault(_pointer(path), "unknown-word", f"This is one of: {', '.join(known)}")
        return CustomsWordUnknown(faults=[fault], word=word[:200], known=known)

    def _unreadable(self, error: ValidationError, event: Mapping[str, object]) -> CustomsMessageUnreadable:
        """Give what is wrong with the event as faults of the message that it was read from."""
        named = {f"/{name}": path for name, path in self._table.fields.model_dump().items() if path}
        named["/reference/value"] = named.pop("/reference")
        faults = faults_within(error, event)
        return CustomsMessageUnreadable(
            faults=[Fault(_pointer(named.get(each.pointer, "")), each.code, each.message) for each in faults]
        )


def _at(message: Mapping[str, object], path: str) -> object:
    """Give what stands at a dotted path of a message, None if there is nothing."""
    here: object = message
    for step in path.split("."):
        here = here.get(step) if isinstance(here, dict) else None
    return here


def _pointer(path: str) -> str:
    return "".join(f"/{step}" for step in path.split(".") if step)


def vocabularies(files: Mapping[str, Path]) -> dict[str, Vocabulary]:
    """Give the vocabularies of these files, by name; TableUnfit says what is wrong with one."""
    return {name: TableVocabulary(table) for name, table in tables(files).items()}
