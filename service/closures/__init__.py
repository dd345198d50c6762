"""The ripple of a changed rule: which bookings it touches, where each could go, and doing it."""
