"""Refusals: what the service says instead of doing what was asked.

A refusal's kind says how the caller should take it, its class name is its code (`SlotTaken` -> `slot-taken`), the first
line of its docstring is its title, the rest of the docstring is its page under `/problems/`. Nothing here knows HTTP.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the input: where it is (a JSON pointer or `?name`), a code, and a sentence."""

    pointer: str
    code: str
    message: str


class Refusal(Exception):
    """The request was understood and is refused."""

    def __init__(self, detail: str = "", *, faults: Iterable[Fault] = (), **members: object) -> None:
        super().__init__(detail or self.title())
        self.detail = detail or self.title()
        self.faults = tuple(faults)
        self.members = members

    @classmethod
    def code(cls) -> str:
        """Give the class name in kebab-case: `SlotTaken` -> `slot-taken`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def title(cls) -> str:
        """Give the first line of the docstring."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


class Malformed(Refusal):
    """The request is not of the form this service reads."""


class Unidentified(Refusal):
    """The request does not say, in a way that can be believed, who asks; `challenge` is a way in which it could."""

    challenge = "Bearer"


class Forbidden(Refusal):
    """The caller is known and may not do this."""


class NotFound(Refusal):
    """There is nothing here that the caller may see."""


class Conflict(Refusal):
    """The request is right and clashes with how things stand now."""


class Outdated(Refusal):
    """The thing has changed since the caller read it."""


class Unconditional(Refusal):
    """The request must say which version of the thing it was made for."""


class Unfit(Refusal):
    """The request is well formed and can't be granted as it stands."""


class TooMany(Refusal):
    """The caller asks more often than agreed."""


class Unavailable(Refusal):
    """The service can't answer now; the same request may be sent again."""


_KINDS = frozenset(Refusal.__subclasses__())  # all that stand above: nothing raises them as they are


def every_refusal() -> list[type[Refusal]]:
    """Give every refusal that has been defined, each once; a bare kind, which nothing raises, is none."""
    return list(dict.fromkeys(_below(Refusal)))


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        if each not in _KINDS:
            yield each
        yield from _below(each)
