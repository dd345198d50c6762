"""The terms that a new place has until its operator sets others (docs/glossary.md, terms); all are guesses of ours.

So are the clocks of its goods: what a source tells of a port or of a country need not hold for each warehouse there.
"""

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
_WAREHOUSE_TERMS = _TERMS | {"shortest_stay": "P1D", "longest_stay": "P730D"}
# Pakistan's law: fifteen days from the port of entry to the exit (CGO 10/2012), two years in a free zone (Customs Rules
# 2001, ch. XXXIX). Gwadar's incentive of 2019 gives three months of storage, the Karachi Port Trust five days.
_OF_PAKISTAN: Row = {"transit_for": "P15D", "zone_stay_for": "P730D"}
_CLOCKS: dict[str, Row] = {"PKGWD": _OF_PAKISTAN | {"free_for": "P90D"}, "PKKHI": _OF_PAKISTAN | {"free_for": "P5D"}}


def warehouse_terms(code: str) -> Row:
    """Give the terms of a new warehouse, by its code. At a port of which nothing is known no clock runs."""
    return _WAREHOUSE_TERMS | _CLOCKS.get(code.partition("-")[0], {})
