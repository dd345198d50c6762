"""Goods through the gate, and many customs events at once."""

from tests.bookings.on_the_ground import begun  # noqa: F401
