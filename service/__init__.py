"""Slotway: berth and free-zone warehouse slots at Karachi and Gwadar, booked all or none, never twice."""

__version__ = "0.1.0"
