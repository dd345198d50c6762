"""The table of a foreign system's words, as it stands in a file: TOML or JSON, read when the service starts."""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.bookings.schemas.facts import Country, CustomsReferenceType
from service.customs.rules import Said
from service.customs.schemas.events import HoldCode
from service.fields import Line, one_of
from service.intake import MalformedJson, decode

_ONE_MINUTE = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class TableUnfit(ValueError):
    """A table of words can't be used; the service does not start with it."""


class _Part(BaseModel):
    """A part of a table: what it does not know is refused, as a field of a request is."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("There is no such time zone")
    return name


def _form(form: str) -> str:
    try:
        complete = datetime.strptime(_ONE_MINUTE.strftime(form), form).replace(tzinfo=UTC) == _ONE_MINUTE
    except ValueError:
        complete = False
    if not complete:
        raise ValueError("This is no form of strptime that tells a day and a minute, such as %d-%m-%Y %H:%M:%S")
    return form


class Fields(_Part):
    """Where in a message each thing stands: a name, or names with dots between them."""

    event_id: Line
    event_time: Line
    word: Line
    reference: Line
    hold_code: Line | None = None
    remark: Line | None = None


class Kind(_Part):
    """What kind of reference the messages are about."""

    type: CustomsReferenceType
    country: Country


class Time(_Part):
    """How moments are written, as `strptime` has it, and on which clock."""

    format: Annotated[str, AfterValidator(_form)]
    zone: Annotated[str, AfterValidator(_zone)]


class Meaning(_Part):
    """What a word says: an event type of ours, and which hold."""

    event_type: Annotated[Line, one_of(*Said)]
    hold_code: HoldCode | None = None

    @property
    def takes_a_code(self) -> bool:
        """Say whether it is of one hold."""
        return self.event_type in (Said.HELD, Said.HOLD_RELEASED)


class Table(_Part):
    """How the messages of one foreign system are read."""

    about: str | None = None
    fields: Fields
    reference: Kind
    time: Time | None = None
    words: Annotated[dict[Line, Meaning], Field(min_length=1)]

    @model_validator(mode="after")
    def _says_what_it_means(self) -> Self:
        if len({plain(word) for word in self.words}) < len(self.words):
            raise ValueError("Two words differ only in case or spaces")
        for word, meaning in self.words.items():
            if meaning.hold_code is not None and not meaning.takes_a_code:
                raise ValueError(f"{word!r}: only HOLD and RELS have a hold_code")
            if meaning.event_type == Said.HELD and meaning.hold_code is None and self.fields.hold_code is None:
                raise ValueError(f"{word!r}: a HOLD needs a hold_code here, or a field that has it")
        return self


def plain(word: str) -> str:
    """Give a word as it is compared: whatever its case and its spaces."""
    return " ".join(word.casefold().split())


def tables(files: Mapping[str, Path]) -> dict[str, Table]:
    """Give the tables of the vocabularies in these files, or raise TableUnfit with all that is wrong in the first."""
    return {_named(name): _table(name, file) for name, file in files.items()}


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise TableUnfit(f"the vocabulary {name!r}: a name is up to 40 small letters, digits and hyphens")
    return name


def _table(name: str, file: Path) -> Table:
    try:
        text = file.read_bytes()
        # Of two equal keys JSON parsers take one: a word would silently mean something else.
        return Table.model_validate(decode(text) if file.suffix == ".json" else tomllib.loads(text.decode()))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'table'}: {each['msg']}" for each in error.errors())
        raise TableUnfit(f"the vocabulary {name!r} in {file}: {wrong}") from None
    except (OSError, ValueError, MalformedJson) as error:
        raise TableUnfit(f"the vocabulary {name!r} in {file}: {error}") from None
