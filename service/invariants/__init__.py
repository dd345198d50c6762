"""What must be true of ledger, bookings and log whatever happens: looked at, shown, and counters mended."""
