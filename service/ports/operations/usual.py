"""The terms that a new place has until its operator sets others (docs/glossary.md, terms); all are guesses of ours."""

from typing import Any

Row = dict[str, Any]

_TERMS: Row = {
    "horizon": "P550D",
    "least_notice": "PT0S",
    "hold_for": "PT15M",
    "hold_at_most": "PT2H",
    "asks_approval": False,
    "pending_for": "PT48H",
    "amend_until": "PT24H",
    "no_show_after": "PT24H",
    "terms_confidence": "assumed",
}
QUAY_TERMS = _TERMS | {
    "shortest_stay": "PT2H",
    "longest_stay": "P30D",
    "clearance_least_m": 10,
    "clearance_percent": 10,
    "turnaround": "PT2H",
}
OIL_TERMS = QUAY_TERMS | {"clearance_least_m": 0, "clearance_percent": 0, "asks_approval": True}
WAREHOUSE_TERMS = _TERMS | {"shortest_stay": "P1D", "longest_stay": "P730D"}
