"""How what must be true looks to clients: numbers only."""

from typing import Any

from pydantic import BaseModel, Field

from service import clock
from service.invariants.rules import Findings


class InvariantOut(BaseModel):
    """Something that must be true."""

    name: str = Field(examples=["no-overlap"])
    says: str
    holds: bool
    count: int = Field(description="how often it is not true")


class Invariants(BaseModel):
    """Everything that must be true, and whether it was when we looked."""

    holds: bool
    checked_at: str = Field(description="some seconds ago at most; where there is much to look at, some minutes")
    invariants: list[InvariantOut]
    lapsed_claims: int = Field(description="in nobody's way: the next claim at their place clears them away")


def shown(findings: Findings) -> dict[str, Any]:
    """Give findings in the shape of `Invariants`."""
    return {
        "holds": all(each.holds for each in findings.invariants),
        "checked_at": clock.utc(findings.at),
        "invariants": [
            {"name": each.name, "says": each.says, "holds": each.holds, "count": each.count}
            for each in findings.invariants
        ],
        "lapsed_claims": findings.lapsed_claims,
    }
