"""Places and their terms as the rest of the service knows them, and what a new draught notice does to older limits."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from service.availability import Quay, Warehouse

BEGINNING = datetime.min.replace(tzinfo=UTC)  # stands for a limit without a start, and
END = datetime.max.replace(tzinfo=UTC)  # for one without an end, so that both compare like any other moment
LONGEST_CM = 2**31 - 1  # stands for an LOA band without an upper end


@dataclass(frozen=True, slots=True)
class BookingTerms:
    """What a place agrees to about bookings, beside the measures that the engine judges."""

    hold_for: timedelta
    hold_at_most: timedelta
    asks_approval: bool
    pending_for: timedelta
    amend_until: timedelta
    no_show_after: timedelta


@dataclass(frozen=True, slots=True)
class Place:
    """A quay or a warehouse with all its rules, as they were at `rules_version`."""

    id: int
    code: str
    kind: Literal["quay", "warehouse"]
    port: str
    facility: str
    zone: ZoneInfo
    rules_version: int
    rules: Quay | Warehouse
    terms: BookingTerms

    @property
    def quay(self) -> Quay:
        """The rules of a quay; whoever asks knows that it is one."""
        assert isinstance(self.rules, Quay)  # noqa: S101  tells mypy what `kind` says
        return self.rules

    @property
    def warehouse(self) -> Warehouse:
        """The rules of a warehouse; whoever asks knows that it is one."""
        assert isinstance(self.rules, Warehouse)  # noqa: S101  tells mypy what `kind` says
        return self.rules


_NO_LONGER = (("shortest_stay", "longest_stay"), ("least_notice", "horizon"), ("hold_for", "hold_at_most"))


def terms_at_odds(terms: Mapping[str, timedelta]) -> list[tuple[str, str]]:
    """Give the pairs of a place's terms of which the first is longer than the second and must not be."""
    return [(first, second) for first, second in _NO_LONGER if terms[first] > terms[second]]


@dataclass(frozen=True, slots=True)
class BerthLimit:
    """What one notice permits at one berth, to ships of one LOA band `[low_cm, high_cm)`, during `[since, until)`.

    Drawn over time and LOA it is a rectangle, and no two of one berth overlap.
    """

    notice_id: str
    berth: str
    since: datetime
    until: datetime
    low_cm: int
    high_cm: int
    draught_m: Decimal
    draught_with_tide_m: Decimal | None = None
    max_loa_m: Decimal | None = None
    max_beam_m: Decimal | None = None

    def overlaps(self, other: "BerthLimit") -> bool:
        """Say whether the two share a moment and a length."""
        in_time = self.since < other.until and other.since < self.until
        return in_time and self.low_cm < other.high_cm and other.low_cm < self.high_cm

    def shared(self, other: "BerthLimit") -> "BerthLimit":
        """Give the part of this one that the other covers too; they overlap."""
        since, until = max(self.since, other.since), min(self.until, other.until)
        return replace(
            self, since=since, until=until,
            low_cm=max(self.low_cm, other.low_cm), high_cm=min(self.high_cm, other.high_cm),
        )  # fmt: skip

    def outside(self, other: "BerthLimit") -> Iterator["BerthLimit"]:
        """Yield the parts of this one that the other leaves uncovered.

        LOA   ┌────────┬───────┬───────┐
              │        │ above │       │
              │        ├───────┤       │
              │ before │ other │ after │
              │        ├───────┤       │
              │        │ below │       │
              └────────┴───────┴───────┘  time
        """
        if not self.overlaps(other):
            yield self
            return
        both = self.shared(other)
        yield from (replace(self, until=both.since),) if self.since < both.since else ()
        yield from (replace(self, since=both.until),) if both.until < self.until else ()
        middle = replace(self, since=both.since, until=both.until)
        yield from (replace(middle, high_cm=both.low_cm),) if self.low_cm < both.low_cm else ()
        yield from (replace(middle, low_cm=both.high_cm),) if both.high_cm < self.high_cm else ()


@dataclass(frozen=True, slots=True)
class Carried:
    """Which maxima a notice does not speak of: they stay as they were wherever it replaces an older limit."""

    max_loa: bool
    max_beam: bool


def superseded(older: Iterable[BerthLimit], newer: BerthLimit, carried: Carried) -> list[BerthLimit]:
    """Give the limits of one berth once `newer` has taken the place of what it overlaps: last published wins.

    `older` are rows that do not overlap each other. What lies outside of the new one stays; where it lies over an
    older row it carries on the maxima that its notice does not speak of; where there was none they do not limit.
    """
    kept: list[BerthLimit] = []
    placed: list[BerthLimit] = []
    fresh = [newer]
    for row in older:
        kept.extend(row.outside(newer))
        if row.overlaps(newer):
            placed.append(
                replace(
                    newer.shared(row),
                    max_loa_m=row.max_loa_m if carried.max_loa else newer.max_loa_m,
                    max_beam_m=row.max_beam_m if carried.max_beam else newer.max_beam_m,
                )
            )
            fresh = [part for piece in fresh for part in piece.outside(row)]
    return kept + joined(placed + fresh)


def joined(pieces: Iterable[BerthLimit]) -> list[BerthLimit]:
    """Join what says the same side by side, in time or in LOA: else every notice would leave more pieces."""
    rows = list(pieces)
    while True:
        in_time = _chained(sorted(rows, key=lambda each: (each.low_cm, each.high_cm, each.since)), _one_in_time)
        fewer = _chained(sorted(in_time, key=lambda each: (each.since, each.until, each.low_cm)), _one_in_length)
        if len(fewer) == len(rows):
            return fewer
        rows = fewer


def _chained(
    pieces: Iterable[BerthLimit], one: Callable[[BerthLimit, BerthLimit], BerthLimit | None]
) -> list[BerthLimit]:
    """Join each piece with the one before it where `one` can."""
    rows: list[BerthLimit] = []
    for piece in pieces:
        both = one(rows[-1], piece) if rows else None
        rows[-1:] = [*rows[-1:], piece] if both is None else [both]
    return rows


def _one_in_time(first: BerthLimit, second: BerthLimit) -> BerthLimit | None:
    both = replace(first, until=second.until)
    return both if first.until == second.since and both == replace(second, since=first.since) else None


def _one_in_length(first: BerthLimit, second: BerthLimit) -> BerthLimit | None:
    both = replace(first, high_cm=second.high_cm)
    return both if first.high_cm == second.low_cm and both == replace(second, low_cm=first.low_cm) else None
