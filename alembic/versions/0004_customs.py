"""Customs: references with their holds, what customs systems have sent, and which bookings travel under what.

Revision: 0004
Follows: 0003
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.schema import functions, statements

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "customs_references",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'NOT_DECLARED'"), nullable=False),
        sa.Column(
            "holds", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False,
            comment="codes of those that are open",
        ),
        sa.Column("changed_at", MOMENT, comment="when customs says that it came to this"),
        sa.UniqueConstraint("type", "country", "value", name="customs_reference_once"),
        comment="what customs has said of a declaration or manifest; locked by holds, confirmations and leavings",
    )  # fmt: skip
    op.create_index("customs_references_held", "customs_references", ["id"], postgresql_where=sa.text("holds <> '{}'"))
    op.create_table(
        "booking_references",
        sa.Column("booking", sa.BigInteger(), sa.ForeignKey("bookings.number"), primary_key=True),
        sa.Column("reference", sa.BigInteger(), sa.ForeignKey("customs_references.id"), primary_key=True),
        comment="the references that confirmed bookings travel under",
    )
    op.create_index("booking_references_by_reference", "booking_references", ["reference"])
    _events()
    for function in functions():
        op.get_bind().exec_driver_sql(function)
    op.execute(
        """SELECT refer(b) FROM bookings b
           WHERE confirmed_at IS NOT NULL AND json_typeof(facts -> 'customs_references') = 'array' ORDER BY number"""
    )


def _events() -> None:
    op.create_table(
        "customs_events",
        sa.Column("sender", sa.Text(collation="C"), sa.ForeignKey("organisations.id"), primary_key=True),
        sa.Column(
            "event_id", sa.Text(collation="C"), primary_key=True, comment="the sender's own: once for each"
        ),
        sa.Column(
            "number", sa.BigInteger(), sa.Identity(), nullable=False, unique=True,
            comment="in the order in which they came",
        ),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="tells another event under the same id"),
        sa.Column("reference", sa.BigInteger(), sa.ForeignKey("customs_references.id"), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("event_time", MOMENT, nullable=False),
        sa.Column("hold_code", sa.Text()),
        sa.Column("remark", sa.Text(), comment="an officer's; for customs alone"),
        sa.Column("event", sa.BigInteger(), nullable=False, comment="of the log: its answer"),
        comment="evidence: nothing is changed or deleted",
    )  # fmt: skip
    op.create_index("customs_events_by_reference_event_time", "customs_events", ["reference", "event_time"])


def downgrade() -> None:
    """Go back to bookings that travel under nothing; what customs has said is lost."""
    for function in statements(Path(__file__).with_name("0003_record_booking.sql")):
        op.get_bind().exec_driver_sql(function)
    for function in ("refer", "tell_customs"):
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
    for table in ("customs_events", "booking_references", "customs_references"):
        op.drop_table(table)
