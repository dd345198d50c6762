"""Where events are pushed to, what is to be pushed there, and every attempt at it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from service.database import metadata

MOMENT = DateTime(timezone=True)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Text(collation="C"), primary_key=True, comment="whe_..."),
    Column("organisation_id", Text(collation="C"), ForeignKey("organisations.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("event_types", ARRAY(Text), nullable=False, comment="patterns such as booking.*"),
    Column("description", Text),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_because", Text, comment="owner, gone or failing"),
    Column("secret", LargeBinary, nullable=False, comment="in the clear: what is sent is signed with it"),
    Column("former_secret", LargeBinary, comment="signs too until former_until"),
    Column("former_until", MOMENT),
    Column("cursor", BigInteger, nullable=False, comment="position in the feed up to which it has been looked at"),
    Column("next_at", MOMENT, comment="when the first delivery that waits is due; null: none waits"),
    Column("lease", BigInteger, nullable=False, server_default=text("0"), comment="counts who took it in hand"),
    Column("leased_until", MOMENT, nullable=False, server_default=text("'-infinity'")),
    Column("version", Integer, nullable=False, server_default=text("1"), comment="its ETag"),
    Column("created_at", MOMENT, nullable=False, server_default=func.clock_timestamp()),
    Column("deleted_at", MOMENT),
    CheckConstraint("enabled = (disabled_because IS NULL)", name="webhook_endpoint_disabled_for_a_reason"),
    CheckConstraint("(former_secret IS NULL) = (former_until IS NULL)", name="former_secret_ends"),
    Index(None, "organisation_id", "id"),
    Index("webhook_endpoints_in_turn", "leased_until", postgresql_where=text("enabled AND deleted_at IS NULL")),
    comment="deleted ones keep their log for a while, without secrets",
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True, comment="in this order they go out"),
    Column("id", Text(collation="C"), nullable=False, unique=True, comment="whd_..."),
    Column("endpoint", Text(collation="C"), ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("event", Text(collation="C"), nullable=False, comment="evt_...: the webhook-id"),
    Column("type", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("why", Text, nullable=False, comment="event, resend or replay"),
    Column("body", Text, nullable=False, comment="what is sent, each time the same"),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("tries", Integer, nullable=False, server_default=text("0"), comment="on the schedule of retries"),
    Column("next_at", MOMENT, nullable=False, server_default=func.clock_timestamp()),
    Column("created_at", MOMENT, nullable=False, server_default=func.clock_timestamp()),
    Column("ended_at", MOMENT),
    CheckConstraint("state IN ('waiting', 'delivered', 'dropped')", name="webhook_delivery_state_known"),
    CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="webhook_delivery_ends"),
    Index(None, "endpoint", "number"),
    Index("webhook_deliveries_waiting", "endpoint", "number", postgresql_where=text("state = 'waiting'")),
    Index(None, "event"),
    Index(None, "ended_at"),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("delivery", BigInteger, ForeignKey("webhook_deliveries.number", ondelete="CASCADE"), nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("status_code", Integer, comment="null: there was no answer"),
    Column("duration_ms", Integer, nullable=False),
    Column("error", Text, comment="null: it was delivered"),
    Column("answer", Text, comment="the first 1 KiB of what came back; null: there was no answer"),
    Index(None, "delivery"),
)
