"""What customs' events make of a reference, in whatever order they come: those that happened last have the last word.

    DECL  09:00      HOLD X-RAY  10:00     CUSR  11:00            RELS X-RAY  12:00
    DECLARED  ─────▶  HELD  ──────────────▶  HELD (released, but  ─────▶  RELEASED
                                              for a hold that is open)

The names are those of DCSA's customs event types and of the transit procedure; the states are domain knowledge of ours.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class CustomsState(StrEnum):
    """How far customs has come with a reference."""

    NOT_DECLARED = "NOT_DECLARED"
    DECLARED = "DECLARED"
    EXAMINATION = "EXAMINATION"
    HELD = "HELD"
    RELEASED = "RELEASED"
    GATED_OUT = "GATED_OUT"
    EXITED = "EXITED"
    DISCHARGED = "DISCHARGED"
    CANCELLED = "CANCELLED"


class Said(StrEnum):
    """What a customs event says."""

    DECLARED = "DECL"
    TO_SCAN = "CUSS"
    TO_INSPECT = "CUSI"
    HELD = "HOLD"
    HOLD_RELEASED = "RELS"
    RELEASED = "CUSR"
    CROSSED = "CROS"
    CANCELLED = "CANC"


@dataclass(frozen=True, slots=True)
class CustomsEvent:
    """What happened by customs' own clock; `hold_code` says which hold, None with a release: all that are open."""

    said: Said
    at: datetime
    hold_code: str | None


@dataclass(frozen=True, slots=True)
class CustomsStatus:
    """Where a reference stands: its state, the codes of its open holds in the order of placing, and since when."""

    state: CustomsState = CustomsState.NOT_DECLARED
    holds: tuple[str, ...] = ()
    since: datetime | None = None


_LEADS_TO = {
    Said.DECLARED: CustomsState.DECLARED,
    Said.TO_SCAN: CustomsState.EXAMINATION,
    Said.TO_INSPECT: CustomsState.EXAMINATION,
    Said.RELEASED: CustomsState.RELEASED,
    Said.CROSSED: CustomsState.EXITED,
    Said.CANCELLED: CustomsState.CANCELLED,
}


def status(events: Iterable[CustomsEvent], *, goods_have_left: bool = False) -> CustomsStatus:
    """Give where a reference stands after its events, which are in the order of their time.

    Several holds may be open at once. While one is, the reference is held, whatever else is said of it. Goods that were
    released and have all left are gated out; a release of goods that have crossed the border discharges the transit.
    """
    reached, holds, now = CustomsState.NOT_DECLARED, dict[str, None](), CustomsStatus()
    for event in events:
        reached = _reached(reached, event.said)
        if event.said is Said.HELD and event.hold_code is not None:
            holds[event.hold_code] = None
        elif event.said is Said.HOLD_RELEASED:
            holds = {code: None for code in holds if event.hold_code not in (None, code)}
        state = CustomsState.HELD if holds else reached
        if (state, tuple(holds)) != (now.state, now.holds):
            now = CustomsStatus(state, tuple(holds), event.at)
    return replace(now, state=CustomsState.GATED_OUT) if goods_have_left and now.state is CustomsState.RELEASED else now


def _reached(before: CustomsState, said: Said) -> CustomsState:
    abroad = before in {CustomsState.EXITED, CustomsState.DISCHARGED}
    return CustomsState.DISCHARGED if abroad and said is Said.RELEASED else _LEADS_TO.get(said, before)
