"""Webhooks: the feed of events, pushed in order to addresses that organisations name, signed."""
