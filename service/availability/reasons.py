"""Why a place yields nothing, and the smallest change that would pass."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """One field of the query and what must replace it: one value, or a tuple of which any one will do.

    Fields: `loa_cm beam_cm dwt_t draught_cm` and `quantity` (the largest that passes), `duration` (microseconds),
    `to` (the end of the window, the earliest that passes), and the lists `cargo hazard_class unit bonded`.
    """

    field: str
    value: int | tuple[str, ...] | tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that stands in the way, by its code, and what would satisfy it; None if nothing in the query would."""

    code: str
    need: Need | None = None
