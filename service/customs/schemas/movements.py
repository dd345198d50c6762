"""What customs asks before goods move, and what it is answered."""

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from service.bookings.schemas.facts import CustomsReference
from service.customs.matching import Declared, Finding, Judgement
from service.fields import Line, Strict, Tonnes, Whole


class NewMovementValidation(Strict):
    """What is declared of goods under a customs reference; what is left out is not asked."""

    reference: CustomsReference
    booking: Line | None = Field(
        None, description="compare with this booking alone", examples=["bkg_01kb3v7x9ef6wvq0m8y3k2n5ra"]
    )
    packages: Annotated[Whole, Field(gt=0)] | None = None
    gross_weight_t: Tonnes | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.booking is None and self.packages is None and self.gross_weight_t is None:
            raise PydanticCustomError(
                "nothing_declared", "A movement is declared with `booking`, `packages` or `gross_weight_t`, or several"
            )
        return self

    @property
    def declared(self) -> Declared:
        """Give what is to be compared."""
        return Declared(self.booking, self.packages, self.gross_weight_t)


class MovementReason(BaseModel):
    """One thing that differs or can't be told; `pointer` is its place in the question."""

    code: str = Field(examples=["weight-differs"])
    pointer: str
    message: str
    declared: str | int | float | None
    held: int | float | list[str] | None


class MovementValidation(BaseModel):
    """Whether what is declared is what is booked: `match`, `mismatch`, or `unknown` where a booking does not say."""

    outcome: str = Field(examples=["match", "mismatch", "unknown"])
    reference: dict[str, str]
    bookings: list[str] = Field(description="what was compared with: the firm bookings under the reference")
    reasons: list[MovementReason]


class MovementDiscrepancy(BaseModel):
    """What differs of a declaration from a booking, as its operators and customs are told: no more than is theirs."""

    booking: str
    reference: dict[str, str]
    reasons: list[dict[str, Any]] = Field(
        examples=[[{"code": "packages-differ", "pointer": "/packages", "declared": 1100, "held": 1200}]]
    )


def shown(reference: CustomsReference, judgement: Judgement) -> dict[str, Any]:
    """Give the answer, JSON-ready."""
    return MovementValidation(
        outcome=judgement.outcome,
        reference=reference.model_dump(),
        bookings=list(judgement.bookings),
        reasons=[_reason(each) for each in judgement.findings],
    ).model_dump()


def told(judgement: Judgement) -> list[dict[str, Any]]:
    """Give the reasons as the operators of the bookings are told them.

    None of them learns what others have booked under the same reference: of a sum only the declared side is said.
    """
    alone = len(judgement.bookings) == 1
    return [
        {"code": each.code, "pointer": each.pointer}
        | ({} if isinstance(each.declared, str) else {"declared": _plain(each.declared)})
        | ({"held": _plain(each.held)} if alone and not isinstance(each.held, tuple) else {})
        for each in judgement.findings
    ]


def _reason(finding: Finding) -> MovementReason:
    return MovementReason(
        code=finding.code,
        pointer=finding.pointer,
        message=finding.message,
        declared=_plain(finding.declared),
        held=list(finding.held) if isinstance(finding.held, tuple) else _plain(finding.held),
    )


def _plain(quantity: Any) -> Any:
    """Give a quantity as JSON has it; two decimals and 15 digits survive a float."""
    return float(quantity) if isinstance(quantity, Decimal) else quantity
