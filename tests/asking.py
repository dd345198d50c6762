"""What tests ask of the service: bodies of bookings, and windows ahead of today."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from service import clock

_numbers = itertools.count(1)
SHIP = {"name": "CASPIAN TRADER", "imo": "9074729", "loa_m": 190.0, "beam_m": 28.0, "draught_m": 10.5}
SMALL_SHIP = {"name": "MAKRAN STAR", "loa_m": 90.0, "beam_m": 15.0, "draught_m": 5.5}


def ahead(days: float = 0, hours: float = 0) -> datetime:
    """A whole hour, so many days after the next midnight but one."""
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    return midnight + timedelta(days=days, hours=hours)


def rfc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def window(days: float, hours: float = 36) -> dict[str, str]:
    start = ahead(days)
    return {"start": rfc(start), "end": rfc(start + timedelta(hours=hours))}


def berth(days: float = 10, *, quay: str = "PKGWD-MPT", hours: float = 36, **more: Any) -> dict[str, Any]:
    return {"kind": "berth", "quay": quay, "window": window(days, hours), **more}


def storage(
    days: float = 12, *, warehouse: str = "PKGWD-FZS-W1", quantity: int = 2500, length: float = 10, **more: Any
) -> dict[str, Any]:
    return {
        "kind": "storage",
        "warehouse": warehouse,
        "quantity": quantity,
        "window": window(days, length * 24),
        **more,
    }


def booking(
    *legs: dict[str, Any], hold: bool = True, vessel: dict[str, Any] | None = SHIP, **more: Any
) -> dict[str, Any]:
    body = {"client_reference": f"REF-{next(_numbers)}", "hold": hold, "legs": list(legs), **more}
    return body if vessel is None else {**body, "vessel": vessel}


def new_key() -> str:
    return f"key-{next(_numbers)}"
