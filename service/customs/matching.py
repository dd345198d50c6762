"""Whether what is declared of goods is what is booked: packages are equal, weights differ by five per cent at most.

Under one reference there may be several bookings, so what they hold is a sum; and where one of them does not say, or
travels under a second declaration, what belongs to this one is only known to lie between two bounds.

    held              low ├───────────────┤ high
    with 5 %      ├─────────────────────────────────┤
    declared    ▲             ▲                        ▲
              differs     can't be told,             differs
                        or is equal where low is high

The five per cent are those of the gates (`bookings.discrepancies`), reckoned of what is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from service.bookings.discrepancies import weights_agree

N = TypeVar("N", int, Decimal)


class Outcome(StrEnum):
    """What comes of a comparison: all that was asked is so, something is not, or something can't be told."""

    MATCH = "match"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a customs system declares of goods under a reference; None: it does not ask."""

    booking: str | None = None
    packages: int | None = None
    gross_weight_t: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Consignment:
    """What a firm booking says of its goods; `shared`: it travels under another reference of the same type too."""

    booking: str
    packages: int | None
    weight_t: Decimal | None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that differs, or that can't be told (`certain` false): what is declared and what is held."""

    code: str
    pointer: str
    message: str
    declared: str | int | Decimal | None
    held: int | Decimal | tuple[str, ...] | None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Judgement:
    """What comes of it, compared with which bookings, and why."""

    outcome: Outcome
    bookings: tuple[str, ...]
    findings: tuple[Finding, ...]


def judge(declared: Declared, reference: str, under: Sequence[Consignment]) -> Judgement:
    """Compare what is declared with the firm bookings under its reference: the one that is named, or all together."""
    if not under:
        message = "No confirmed booking travels under this reference."
        return _judgement((), [Finding("reference-not-held", "/reference", message, reference, ())])
    findings = []
    compared = [each for each in under if declared.booking in (None, each.booking)]
    if not compared:
        message = "The booking that is named does not travel under this reference."
        held = tuple(each.booking for each in under)
        findings.append(Finding("booking-differs", "/booking", message, declared.booking, held))
        compared = list(under)
    findings += _packages(declared.packages, compared)
    findings += _weight(declared.gross_weight_t, compared)
    return _judgement(tuple(each.booking for each in compared), findings)


def _judgement(bookings: tuple[str, ...], findings: Sequence[Finding]) -> Judgement:
    differs = any(each.certain for each in findings)
    outcome = Outcome.MISMATCH if differs else Outcome.UNKNOWN if findings else Outcome.MATCH
    return Judgement(outcome, bookings, tuple(findings))


def _packages(declared: int | None, compared: Sequence[Consignment]) -> list[Finding]:
    if declared is None:
        return []
    low, high = bounds([(each.packages, each.shared) for each in compared])
    held = _nearest(declared, low, high)
    if declared != held:
        message = f"{declared} packages are declared, {held} are booked."
        return [Finding("packages-differ", "/packages", message, declared, held)]
    return [] if low == high else [_untold("packages", "/packages", declared, compared, high)]


def _weight(declared: Decimal | None, compared: Sequence[Consignment]) -> list[Finding]:
    if declared is None:
        return []
    low, high = bounds([(each.weight_t, each.shared) for each in compared])
    held = _nearest(declared, low, high)
    if not weights_agree(declared, Decimal(held)):
        message = f"{declared} t are declared, {held} t are booked: more than 5 % apart."
        return [Finding("weight-differs", "/gross_weight_t", message, declared, held)]
    return [] if low == high else [_untold("weight", "/gross_weight_t", declared, compared, high)]


def _nearest(declared: N, low: N | int, high: N | int | None) -> N | int:
    """Give what comes nearest to what is declared of all that may be held."""
    held = max(declared, low)
    return held if high is None else min(held, high)


def bounds(said: Sequence[tuple[N | None, bool]]) -> tuple[N | int, N | int | None]:
    """Give the least and the most that is held under a reference, of quantities that may be unsaid (None) or shared."""
    low = sum(quantity for quantity, shared in said if quantity is not None and not shared)
    known = [quantity for quantity, _ in said if quantity is not None]
    return low, sum(known) if len(known) == len(said) else None


def _untold(
    what: str, pointer: str, declared: int | Decimal, compared: Sequence[Consignment], high: int | Decimal | None
) -> Finding:
    if high is None:
        which = [each.booking for each in compared if (each.packages if what == "packages" else each.weight_t) is None]
        message = f"The booking does not state its {what}: {', '.join(which)}."
        return Finding(f"{what}-not-stated", pointer, message, declared, None, certain=False)
    message = (
        f"The booking travels under several references of this type; its {what} is stated for all of them together."
    )
    return Finding(f"{what}-not-apart", pointer, message, declared, high, certain=False)
