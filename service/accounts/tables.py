"""Organisations, what they may act on, and their API keys."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

from service.database import metadata

MOMENT = DateTime(timezone=True)

organisations = Table(
    "organisations",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("rate_per_s", Integer, comment="requests a second and lane; null: no limit"),
    Column("created_at", MOMENT, nullable=False, server_default=func.now()),
    CheckConstraint("role IN ('forwarder', 'operator', 'customs', 'admin')", name="organisation_role_known"),
    CheckConstraint("rate_per_s > 0", name="organisation_rate_positive"),
)

mandates = Table(
    "mandates",
    metadata,
    Column("organisation_id", ForeignKey("organisations.id"), primary_key=True),
    Column("facility", ForeignKey("facilities.code"), primary_key=True),
    comment="the facilities an operator acts on; a port authority has a row for each of its port's",
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("organisation_id", ForeignKey("organisations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("hint", Text, nullable=False, comment="the last four characters, to tell keys apart"),
    Column("digest", LargeBinary, nullable=False, unique=True, comment="SHA-256 of the whole key"),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("expires_at", MOMENT),
    Column("revoked_at", MOMENT),
    Column("last_used_at", MOMENT),
    Column("created_at", MOMENT, nullable=False, server_default=func.now()),
    Index(None, "organisation_id"),
)
