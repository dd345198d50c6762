"""The ledger of claims and floors, bookings, events, the rota of jobs, and the functions that guard them.

Revision: 0002
Follows: 0001
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.schema import statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _ledger()
    _bookings()
    _events()
    _rota()
    # As they were then, not as the code has them now.
    for function in statements(Path(__file__).with_suffix(".sql")):
        op.get_bind().exec_driver_sql(function)


def _ledger() -> None:
    op.create_table(
        "berth_claims",
        sa.Column("booking", sa.BigInteger(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("metres", postgresql.INT4RANGE(), nullable=False, comment="blocked: length over all and clearance"),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False, comment="blocked: stay and turnaround"),
        sa.Column("expires_at", sa.DateTime(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("during"), "&&"),
            (sa.column("place_id"), "="),
            (sa.column("metres"), "&&"),
            (sa.column("booking"), "<>"),
            using="gist",
            name="berth_slot_taken",
        ),
        sa.CheckConstraint("NOT isempty(metres) AND NOT isempty(during)", name="berth_claim_blocks_something"),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("berth_claims_place_id_fkey")),
        sa.PrimaryKeyConstraint("booking", "leg", name=op.f("berth_claims_pkey")),
    )
    op.create_index(
        "berth_claims_that_lapse",
        "berth_claims",
        ["place_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at < 'infinity'"),
    )
    op.create_table(
        "storage_claims",
        sa.Column("booking", sa.BigInteger(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("days", postgresql.DATERANGE(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.CheckConstraint("NOT isempty(days) AND quantity > 0", name="storage_claim_takes_something"),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("storage_claims_place_id_fkey")),
        sa.PrimaryKeyConstraint("booking", "leg", name=op.f("storage_claims_pkey")),
    )
    op.create_index(
        "storage_claims_by_place_and_end",
        "storage_claims",
        ["place_id", sa.literal_column("upper(days)")],
        unique=False,
    )
    op.create_index(
        "storage_claims_that_lapse",
        "storage_claims",
        ["place_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at < 'infinity'"),
    )
    op.create_table(
        "floor_days",
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "taken",
            sa.Integer(),
            nullable=False,
            comment="sum of the claims of that day, lapsed ones included until reclaimed",
        ),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.CheckConstraint("taken BETWEEN 0 AND capacity", name="storage_full"),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("floor_days_place_id_fkey")),
        sa.PrimaryKeyConstraint("place_id", "day", name=op.f("floor_days_pkey")),
        comment="a day without a row is empty",
        postgresql_with={"fillfactor": 50},
    )


def _bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column(
            "number",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="inside; claims and legs hold it",
        ),
        sa.Column("id", sa.Text(collation="C"), nullable=False, comment="outside: bkg_..."),
        sa.Column("organisation_id", sa.Text(collation="C"), nullable=False),
        sa.Column("client_reference", sa.Text(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("facilities", sa.ARRAY(sa.Text()), nullable=False, comment="whose operators see it"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="of a held, a pending or an expired booking",
        ),
        sa.Column(
            "hold_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="no extension of the reservation hold goes past it",
        ),
        sa.Column(
            "confirmed_at", sa.DateTime(timezone=True), nullable=True, comment="customs sees a booking from here on"
        ),
        sa.Column(
            "facts", sa.JSON(), nullable=False, comment="vessel, shipper, cargo, customs references, contact, remark"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(expires_at IS NOT NULL) = (state IN ('held', 'pending', 'expired'))",
            name="booking_lapses_while_provisional",
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("bookings_organisation_id_fkey")),
        sa.PrimaryKeyConstraint("number", name=op.f("bookings_pkey")),
        sa.UniqueConstraint("id", name=op.f("bookings_id_key")),
        sa.UniqueConstraint("organisation_id", "client_reference", name="client_reference_taken"),
    )
    op.create_index(op.f("bookings_by_organisation_id_number"), "bookings", ["organisation_id", "number"], unique=False)
    op.create_index(op.f("bookings_by_port_number"), "bookings", ["port", "number"], unique=False)
    op.create_index(
        "bookings_that_lapse",
        "bookings",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('held', 'pending')"),
    )
    op.create_table(
        "legs",
        sa.Column("booking", sa.BigInteger(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), nullable=False, comment="its place in the booking, from 0"),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_m", sa.Integer(), nullable=True),
        sa.Column("to_m", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True, comment="exclusive"),
        sa.CheckConstraint(
            "(kind = 'berth') = (from_m IS NOT NULL) AND (kind = 'storage') = (quantity IS NOT NULL)",
            name="leg_measured_by_kind",
        ),
        sa.CheckConstraint("kind IN ('berth', 'storage')", name="leg_kind_known"),
        sa.ForeignKeyConstraint(["booking"], ["bookings.number"], name=op.f("legs_booking_fkey")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("legs_place_id_fkey")),
        sa.PrimaryKeyConstraint("booking", "leg", name=op.f("legs_pkey")),
    )
    op.create_index(op.f("legs_by_place_id_starts_at"), "legs", ["place_id", "starts_at"], unique=False)


def _events() -> None:
    op.create_table(
        "events",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="drawn under the row locks of its change",
        ),
        sa.Column(
            "position",
            sa.BigInteger(),
            nullable=True,
            comment="place in the feed, given to committed events by whoever reads first",
        ),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "occurred_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("by", sa.Text(), nullable=False, comment="organisation that caused it, or `service`"),
        sa.Column("owner_id", sa.Text(collation="C"), nullable=True, comment="organisation that it belongs to"),
        sa.Column("facilities", sa.ARRAY(sa.Text()), nullable=False, comment="whose operators see it"),
        sa.Column("for_customs", sa.Boolean(), nullable=False),
        sa.Column("previous", sa.JSON(), nullable=True),
        sa.Column("current", sa.JSON(), nullable=True),
        sa.Column("cause", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("events_pkey")),
        sa.UniqueConstraint("position", name="events_position_key"),
    )
    op.create_index(op.f("events_by_owner_id_position"), "events", ["owner_id", "position"], unique=False)
    op.create_index(op.f("events_by_subject_id"), "events", ["subject", "id"], unique=False)
    op.create_index("events_unnumbered", "events", ["id"], unique=False, postgresql_where=sa.text("position IS NULL"))
    op.create_table(
        "idempotency_keys",
        sa.Column("organisation_id", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("fingerprint", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "event_id", sa.BigInteger(), nullable=True, comment="the event of its effect: what it became is the answer"
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("organisation_id", "key", name=op.f("idempotency_keys_pkey")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(op.f("idempotency_keys_by_created_at"), "idempotency_keys", ["created_at"], unique=False)


def _rota() -> None:
    op.create_table(
        "job_runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False, comment="how many things it did, all runs together"),
        sa.PrimaryKeyConstraint("job", name=op.f("job_runs_pkey")),
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    for function in (
        "book",
        "record_booking",
        "booking_json",
        "legs_json",
        "rfc3339",
        "firm_up",
        "give_back",
        "take_capacity",
        "best_fit",
        "take_floor",
        "reclaim_lapsed",
        "lock_places",
        "claim_key",
    ):
        op.execute(f"DROP FUNCTION {function}")
    for table in (
        "job_runs", "idempotency_keys", "events", "legs", "bookings", "floor_days", "storage_claims", "berth_claims",
    ):  # fmt: skip
        op.drop_table(table)
