"""How what must be true looks to clients: numbers only."""

from typing import Any

from pydantic import BaseModel, Field

from service import clock
from service.invariants.rules import Findings


class InvariantOut(BaseModel):
    """Something that must be true."""

    name: str = Field(examples=["no-overlap"])
    says: str = Field(examples=["No two ships have one metre of quay at one time."])
    holds: bool
    count: int = Field(description="how often it is not true")


class Invariants(BaseModel):
    """Everything that must be true, and whether it was when we looked."""

    holds: bool
    checked_at: str = Field(description="some seconds ago at most; where there is much to look at, some minutes")
    invariants: list[InvariantOut]
    lapsed_claims: int = Field(description="in nobody's way: the next claim at their place clears them away")


class MendedDay(BaseModel):
    """A counter that was not what is claimed, and now is."""

    place: str
    pool: int = Field(examples=[0])
    on: str
    was: int = Field(examples=[2400])
    is_: int = Field(alias="is", examples=[2500])


class LedgerMended(BaseModel):
    """Counters that have been mended, the first thousand of them by name, and how many are left."""

    mended: list[MendedDay]
    mended_count: int = Field(examples=[1])
    left_count: int = Field(examples=[0])


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
