"""What customs systems have sent."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Table, Text

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
