"""Who may ask: organisations, the facilities operators act on, and API keys."""
