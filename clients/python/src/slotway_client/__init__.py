"""A client of Slotway: berths and free-zone floors, booked once and followed without a gap.

`Slotway` waits, `AsyncSlotway` is for asyncio; what can be asked of both stands in `Operations`.
"""

from slotway_client.async_client import AsyncSlotway
from slotway_client.identity import ClientCredentials
from slotway_client.operations import Operations
from slotway_client.refusals import Changed, Refused, SlotTaken, SlotwayError, Unanswered
from slotway_client.retries import Retries
from slotway_client.sync_client import Slotway
from slotway_client.webhooks import SignatureWrong, verify

__all__ = [
    "AsyncSlotway", "Changed", "ClientCredentials", "Operations", "Refused", "Retries", "SignatureWrong", "SlotTaken",
    "Slotway", "SlotwayError", "Unanswered", "verify",
]  # fmt: skip
