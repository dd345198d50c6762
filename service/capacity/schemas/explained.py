"""How one wished slot looks to clients, explained rule by rule."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from service.availability import BerthWish, Margin, Reason, StorageWish, Verdict, berths_touched, local_days
from service.capacity.schemas.slots import GoodsFacts, ReasonOut, ShipFacts, WindowOut, reasons, shown_of, utc
from service.clock import span
from service.fields import Line, Moment, Whole, duration_text

LONGEST_QUAY_M = 100_000

PASSES = {
    "not-bookable": "The place can be booked.",
    "off-the-quay": "The blocked stretch lies on the quay.",
    "stay-too-short": "The stay is long enough.",
    "stay-too-long": "The stay is short enough.",
    "starts-in-the-past": "The start lies far enough ahead.",
    "too-far-ahead": "The start lies within the horizon of the place.",
    "cargo-not-handled": "The berths handle the cargo, or none is named.",
    "hazard-not-approved": "The place is approved for the goods, or they are not hazardous.",
    "vessel-too-long": "The ship is short enough.",
    "vessel-too-wide": "The ship is narrow enough, or its beam is not named.",
    "vessel-too-heavy": "The ship is light enough, or its deadweight is not named.",
    "draught-exceeded": "The notices in force permit the draught, or none is named.",
    "no-tide": "The ship need not wait for the tide, or comes and goes with it.",
    "limit-unknown": "Notices say what the berths permit during the whole stay.",
    "closed": "Nothing of it is closed in that time.",
    "kept-for-partners": "It is not kept for others in that time.",
    "full": "Nobody else has the stretch in that time.",
    "unit-not-offered": "The warehouse is measured in that unit, or none is named.",
    "not-bonded": "The warehouse is bonded, or need not be.",
    "storage-full": "So much of the floor is free on every day.",
}


class WishQuery(BaseModel):
    """The window wished, whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Moment = Field(description="when the stay starts")
    end: Moment = Field(description="when it ends, turnaround not included")
    hazard_class: Line | None = Field(None, description="IMDG class of the goods")


class BerthWishQuery(ShipFacts, WishQuery):
    """A ship that wishes to lie at one place of a quay."""

    quay: Line = Field(examples=["PKGWD-MPT"])
    from_m: Annotated[Whole, Field(ge=0, le=LONGEST_QUAY_M)] | None = Field(
        None, description="left out: where it would best lie"
    )


class StorageWishQuery(GoodsFacts, WishQuery):
    """Goods that wish to lie in one warehouse."""

    warehouse: Line = Field(examples=["PKGWD-FZS-W1"])


class RuleOut(ReasonOut):
    """One rule: whether it passes, by what margin, and what would make it pass if it does not."""

    passes: bool
    margin: dict[str, Any] | None = Field(
        description="how much is left before it refuses, below 0 how much is lacking: of a measure, of a `duration`, or"
        " by how much later it might `start`. Null: it does not measure, or nothing refuses within 30 days",
        examples=[{"draught_m": 0.4}, {"start": "-PT6H"}],
    )
    needs: dict[str, Any] | None = Field(
        description="what alone would make it pass and no other rule fail: a part of the query, or whom to ask",
        examples=[{"from_m": 209}, {"ask": "operator"}],
    )


class BerthExplained(BaseModel):
    """A wished place at a quay. It can be had if every rule passes."""

    quay: str
    port: str
    berths: list[str]
    from_m: int
    to_m: int = Field(description="end of the blocked stretch, clearance included")
    window: WindowOut
    time_zone: str
    passes: bool
    rules: list[RuleOut]


class StorageExplained(BaseModel):
    """Wished floor of a warehouse. It can be had if every rule passes."""

    warehouse: str
    port: str
    quantity: int
    unit: str
    window: WindowOut
    first_on: str
    last_on: str = Field(description="exclusive")
    time_zone: str
    passes: bool
    rules: list[RuleOut]


def berth_explained(wish: BerthWish, verdicts: list[Verdict]) -> dict[str, Any]:
    """Give what is said of a wish in the shape of `BerthExplained`."""
    return {
        "quay": wish.quay.code,
        "port": wish.quay.port,
        "berths": berths_touched(wish.quay, wish.from_m, wish.to_m),
        "from_m": wish.from_m,
        "to_m": wish.to_m,
        "window": {"start": utc(wish.ask.start), "end": utc(wish.ask.end)},
        "time_zone": wish.quay.zone.key,
        **_judged(verdicts, wish.ask.stay),
    }


def storage_explained(wish: StorageWish, verdicts: list[Verdict]) -> dict[str, Any]:
    """Give what is said of a wish in the shape of `StorageExplained`."""
    first_on, last_on = local_days(wish.ask.start, wish.ask.end, wish.warehouse.zone)
    return {
        "warehouse": wish.warehouse.code,
        "port": wish.warehouse.port,
        "quantity": wish.ask.quantity,
        "unit": wish.warehouse.unit,
        "window": {"start": utc(wish.ask.start), "end": utc(wish.ask.end)},
        "first_on": first_on.isoformat(),
        "last_on": last_on.isoformat(),
        "time_zone": wish.warehouse.zone.key,
        **_judged(verdicts, wish.ask.stay),
    }


def _judged(verdicts: Iterable[Verdict], stay: int) -> dict[str, Any]:
    rules = [_rule(each, stay) for each in verdicts]
    return {"passes": all(rule["passes"] for rule in rules), "rules": rules}


def _rule(verdict: Verdict, stay: int) -> dict[str, Any]:
    """Give a verdict in the shape of `RuleOut`."""
    judged = {"code": verdict.code, "passes": verdict.passes, "margin": _margin(verdict.margin)}
    if verdict.passes:
        return judged | {"message": PASSES[verdict.code], "needs": None}
    need = verdict.need
    if need is not None and need.field == "ask":
        said = reasons([Reason(verdict.code, None, verdict.released_at)])[0]
        return judged | said | {"message": said["message"] + " Ask the operator.", "needs": {"ask": "operator"}}
    said = reasons([Reason(verdict.code, need, verdict.released_at)])[0]
    if need is not None and need.field == "start" and isinstance(need.value, int):
        said["needs"]["end"] = utc(need.value + stay)  # a part of the query, and the stay is as long as it was
    return judged | said


def _margin(margin: Margin | None) -> dict[str, Any] | None:
    """Give a margin under the name that the query has for it; a length of time may have a sign before it."""
    if margin is None:
        return None
    if margin.field in ("start", "duration"):
        return {margin.field: "-" * (margin.value < 0) + duration_text(span(abs(margin.value)))}
    name, shown = shown_of(margin.field)
    return {name: shown(margin.value)}
