"""What a change of rules does to bookings: seen, planned, and done; and closures, which are such a change."""

from service.closures.operations.closing import close, shown
from service.closures.operations.ripple import BookingsRipple

__all__ = ["BookingsRipple", "close", "shown"]
