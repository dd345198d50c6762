"""What happened: one append-only log that is outbox, feed and audit; and the keys that tie a request to an event."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from service.database import metadata

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True, comment="drawn under the row locks of its change"),
    Column("position", BigInteger, comment="place in the feed, given to committed events by whoever reads first"),
    Column("type", Text, nullable=False),
    Column("subject", Text(collation="C"), nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("by", Text, nullable=False, comment="organisation that caused it, or `service`"),
    Column("owner_id", Text(collation="C"), comment="organisation that it belongs to"),
    Column("facilities", ARRAY(Text), nullable=False, comment="whose operators see it"),
    Column("for_customs", Boolean, nullable=False),
    Column("previous", JSON),
    Column("current", JSON),
    Column("cause", JSON),
    UniqueConstraint("position", name="events_position_key"),
    Index("events_unnumbered", "id", postgresql_where=text("position IS NULL")),
    Index(None, "owner_id", "position"),
    Index(None, "subject", "id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("organisation_id", Text(collation="C"), primary_key=True),
    Column("key", Text(collation="C"), primary_key=True),
    Column("fingerprint", Text(collation="C"), nullable=False),
    Column("event_id", BigInteger, comment="the event of its effect: what it became is the answer"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index(None, "created_at"),
    postgresql_with={"fillfactor": 70},
)
