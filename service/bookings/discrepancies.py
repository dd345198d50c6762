"""What of goods at a gate is not as it was declared: customs, the operator and the owner are told.

Weights may differ by 5 %, as in the transit procedure of Pakistan's customs (WeBOC); packages are counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Goods:
    """Goods by their number of packages and gross weight in tonnes; None: not known."""

    packages: int | None
    weight_t: Decimal | None


def weights_agree(one: Decimal, other: Decimal) -> bool:
    """Say whether a weight is within 5 % of the `other`, to which it is held; just 5 % is within."""
    return abs(one - other) * 20 <= other


def discrepancies(found: Goods, held_to: Goods) -> Iterator[dict[str, Any]]:
    """Yield what differs of goods from what they are held to, by its code; what is not known differs from nothing."""
    if found.packages is not None and held_to.packages is not None and found.packages != held_to.packages:
        yield {"code": "packages-differ", "declared": held_to.packages, "found": found.packages}
    if found.weight_t is None or held_to.weight_t is None:
        return
    if not weights_agree(found.weight_t, held_to.weight_t):
        yield {"code": "weight-differs", "declared_t": float(held_to.weight_t), "found_t": float(found.weight_t)}
