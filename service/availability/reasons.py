"""Why a place yields nothing, and the smallest change that would pass."""

from dataclasses import dataclass

CARGO = "cargo-not-handled"
HAZARD = "hazard-not-approved"
TOO_LONG = "vessel-too-long"
TOO_WIDE = "vessel-too-wide"
TOO_HEAVY = "vessel-too-heavy"
TOO_DEEP = "draught-exceeded"
UNKNOWN = "limit-unknown"
NOT_BOOKABLE = "not-bookable"
CLOSED = "closed"
FULL = "full"
KEPT = "kept-for-partners"
NO_TIDE = "no-tide"
NO_GAP = "no-gap-long-enough"
NO_JOINT_WINDOW = "no-joint-window"
STAY_TOO_SHORT = "stay-too-short"
STAY_TOO_LONG = "stay-too-long"
TOO_EARLY = "starts-in-the-past"
TOO_FAR_AHEAD = "too-far-ahead"
OFF_THE_QUAY = "off-the-quay"
WRONG_UNIT = "unit-not-offered"
NOT_BONDED = "not-bonded"
STORAGE_FULL = "storage-full"


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
    """A rule that stands in the way, by its code, and what would satisfy it; None if nothing in the query would.

    `released_at`, of what is kept for partners: when the first of it that stands in the way is open to all.
    """

    code: str
    need: Need | None = None
    released_at: int | None = None
