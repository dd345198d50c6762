"""What customs systems have sent."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Table, Text, UniqueConstraint, func

from service.database import metadata

customs_events = Table(
    "customs_events",
    metadata,
    Column("sender", ForeignKey("organisations.id"), primary_key=True),
    Column("event_id", Text(collation="C"), primary_key=True, comment="the sender's own: once for each"),
    Column("number", BigInteger, Identity(), nullable=False, unique=True, comment="in the order in which they came"),
    Column("fingerprint", Text, nullable=False, comment="tells another event under the same id"),
    Column("reference", ForeignKey("customs_references.id"), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("event_time", DateTime(timezone=True), nullable=False),
    Column("hold_code", Text),
    Column("remark", Text, comment="an officer's; for customs alone"),
    Column("event", BigInteger, nullable=False, comment="of the log: its answer"),
    Index(None, "reference", "event_time"),
    comment="evidence: nothing is changed or deleted",
)

customs_messages = Table(
    "customs_messages",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("sender", ForeignKey("organisations.id"), nullable=False),
    Column("vocabulary", Text, nullable=False),
    Column("digest", Text, nullable=False, comment="SHA-256 of its bytes: sent again it is the same one"),
    Column("body", Text, nullable=False, comment="exactly as it came"),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("event_id", Text(collation="C"), comment="the event that it was read as; null: not yet"),
    Column("refused_as", Text, comment="the code of the refusal that it met last"),
    UniqueConstraint("sender", "vocabulary", "digest", name="customs_message_once"),
    Index(None, "sender", "number"),
    comment="evidence: what foreign systems sent, read or not",
)
