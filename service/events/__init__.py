"""What happened: one append-only log that is outbox, feed, stream and audit."""
