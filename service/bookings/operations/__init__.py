"""What is done to bookings: made, confirmed, extended, cancelled, expired."""
