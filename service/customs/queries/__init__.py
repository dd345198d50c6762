"""SQL of customs: what it says, what it asks, and what it is shown."""
