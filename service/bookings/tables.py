"""Bookings and their legs."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from service.database import metadata

MOMENT = DateTime(timezone=True)

bookings = Table(
    "bookings",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True, comment="inside; claims and legs hold it"),
    Column("id", Text(collation="C"), nullable=False, unique=True, comment="outside: bkg_..."),
    Column("organisation_id", ForeignKey("organisations.id"), nullable=False),
    Column("client_reference", Text, nullable=False),
    Column("port", Text, nullable=False),
    Column("facilities", ARRAY(Text), nullable=False, comment="whose operators see it"),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("expires_at", MOMENT, comment="of a held, a pending or an expired booking"),
    Column("hold_until", MOMENT, comment="no extension of the reservation hold goes past it"),
    Column("confirmed_at", MOMENT, comment="customs sees a booking from here on"),
    Column("facts", JSON, nullable=False, comment="vessel, shipper, cargo, customs references, contact, remark"),
    Column(
        "awaits",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="facilities that have yet to approve",
    ),
    Column("change", JSON, comment="the change that waits for approval beside the booking as it stands"),
    Column("change_expires_at", MOMENT, comment="when that lapses"),
    Column("overrides", JSON, comment="soft limits that an operator has overridden, each with its reason"),
    Column("starts_at", MOMENT, nullable=False, comment="when its first leg starts: lists are in this order"),
    Column("created_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    UniqueConstraint("organisation_id", "client_reference", name="client_reference_taken"),
    CheckConstraint(
        "(expires_at IS NOT NULL) = (state IN ('held', 'pending', 'expired'))", name="booking_lapses_while_provisional"
    ),
    CheckConstraint("(change IS NULL) = (change_expires_at IS NULL)", name="change_lapses"),
    Index(None, "organisation_id", "number"),
    Index(None, "port", "number"),
    Index(None, "starts_at", "number"),
    Index(None, "updated_at", "number"),
    Index("bookings_that_lapse", "expires_at", postgresql_where=text("state IN ('held', 'pending')")),
    Index("bookings_whose_change_lapses", "change_expires_at", postgresql_where=text("change_expires_at IS NOT NULL")),
    Index("bookings_under_way", "starts_at", postgresql_where=text("state IN ('confirmed', 'arrived')")),
)

legs = Table(
    "legs",
    metadata,
    Column("booking", ForeignKey("bookings.number"), primary_key=True),
    Column("leg", SmallInteger, primary_key=True, comment="its place in the booking, from 0"),
    Column("id", Text(collation="C"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("place_id", ForeignKey("places.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("starts_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("from_m", Integer),
    Column("to_m", Integer),
    Column("quantity", Integer),
    Column("first_on", Date),
    Column("last_on", Date, comment="exclusive"),
    Column("arrived_at", MOMENT),
    Column("ended_at", MOMENT, comment="when it was completed, or found not to have come"),
    Column("overstayed_at", MOMENT, comment="when it was first seen to stay past its end"),
    CheckConstraint("kind IN ('berth', 'storage')", name="leg_kind_known"),
    CheckConstraint(
        "(kind = 'berth') = (from_m IS NOT NULL) AND (kind = 'storage') = (quantity IS NOT NULL)",
        name="leg_measured_by_kind",
    ),
    Index(None, "place_id", "starts_at"),
    Index("legs_by_id", "id", unique=True),
    Index("legs_on_floors", "arrived_at", postgresql_where=text("kind = 'storage' AND state = 'arrived'")),
    Index("legs_under_way", "state", "ends_at", postgresql_where=text("state IN ('planned', 'arrived')")),
)

gate_moves = Table(
    "gate_moves",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("booking", BigInteger, nullable=False),
    Column("leg", SmallInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column(
        "frees_on", Date, comment="of what has left: the first local day on which its floor is free; null: it came in"
    ),
    Column("packages", Integer, comment="as counted at the gate"),
    Column("gross_weight_t", Numeric, comment="as weighed at the gate"),
    ForeignKeyConstraint(("booking", "leg"), ("legs.booking", "legs.leg")),
    CheckConstraint("quantity > 0", name="gate_move_moves_something"),
    Index(None, "booking", "leg"),
    comment="goods into warehouses and out of them, part by part",
)

clocks_told = Table(
    "clocks_told",
    metadata,
    Column("booking", BigInteger, primary_key=True),
    Column("leg", SmallInteger, primary_key=True),
    Column("clock", Text, primary_key=True),
    Column("at", MOMENT, nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(("booking", "leg"), ("legs.booking", "legs.leg")),
    CheckConstraint("clock IN ('free', 'transit', 'zone_stay')", name="clock_known"),
    comment="the clocks of goods that have run out and been told, each once",
)

customs_references = Table(
    "customs_references",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("type", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'NOT_DECLARED'")),
    Column("holds", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="codes of those that are open"),
    Column("changed_at", MOMENT, comment="when customs says that it came to this"),
    Column("heard_at", MOMENT, comment="when the service heard that it came to this, by its own clock"),
    UniqueConstraint("type", "country", "value", name="customs_reference_once"),
    Index(None, "heard_at"),
    Index(None, "value"),
    Index("customs_references_held", "id", postgresql_where=text("holds <> '{}'")),
    comment="what customs has said of a declaration or manifest; locked by holds, confirmations and leavings",
)

booking_references = Table(
    "booking_references",
    metadata,
    Column("booking", ForeignKey("bookings.number"), primary_key=True),
    Column("reference", ForeignKey("customs_references.id"), primary_key=True),
    Index(None, "reference"),
    comment="the references that confirmed bookings travel under",
)
