"""What tests of customs say: references that nobody else has, and events under them."""

from datetime import timedelta
from typing import Any

from service import clock, ids
from tests.asking import rfc, storage
from tests.bookings.on_the_ground import begun, report

EVENTS, HOLDS = "/v1/customs/events", "/v1/customs/holds"


def reference() -> dict[str, str]:
    return {"type": "MRN", "country": "KZ", "value": ids.new("mrn")[-18:].upper()}


def said(of: dict[str, str], event_type: str, minutes_ago: float = 30, **more: Any) -> dict[str, Any]:
    at = rfc(clock.now() - timedelta(minutes=minutes_ago))
    return {"event_id": ids.new("x"), "event_type": event_type, "event_time": at, "reference": of, **more}


async def sent(crowd, *events: dict[str, Any]):
    answers = [await crowd.post(EVENTS, each, role="customs") for each in events]
    assert [each.status_code for each in answers] == [202] * len(answers), [each.text for each in answers]
    return [each.json() for each in answers]


async def goods(crowd, of: dict[str, str], **more: Any) -> dict[str, Any]:
    """Goods that lie on a floor under a reference, on their last day but one."""
    there = await begun(crowd, storage(days=12, quantity=10), customs_references=[of], vessel=None, **more)
    assert (await report(crowd, "arrive", there)).status_code == 200
    return there
