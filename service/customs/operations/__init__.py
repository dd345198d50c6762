"""What customs says, taken in; and what it asks, answered."""

from service.customs.operations.batches import keep_results, take_each, take_one
from service.customs.operations.events import (
    CustomsEventInTheFuture,
    CustomsEventReused,
    GoodsHaveLeft,
    Sent,
    receive,
)

__all__ = [
    "CustomsEventInTheFuture",
    "CustomsEventReused",
    "GoodsHaveLeft",
    "Sent",
    "keep_results",
    "receive",
    "take_each",
    "take_one",
]
