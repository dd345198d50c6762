"""Webhooks: endpoints, what is to be delivered to them, and every attempt.

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ID = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", ID, primary_key=True, comment="whe_..."),
        sa.Column("organisation_id", ID, sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), nullable=False, comment="patterns such as booking.*"),
        sa.Column("description", sa.Text()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_because", sa.Text(), comment="owner, gone or failing"),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="in the clear: what is sent is signed with it"),
        sa.Column("former_secret", sa.LargeBinary(), comment="signs too until former_until"),
        sa.Column("former_until", MOMENT),
        sa.Column(
            "cursor", sa.BigInteger(), nullable=False, comment="position in the feed up to which it has been looked at"
        ),
        sa.Column("next_at", MOMENT, comment="when the first delivery that waits is due; null: none waits"),
        sa.Column(
            "lease", sa.BigInteger(), nullable=False, server_default=sa.text("0"), comment="counts who took it in hand"
        ),
        sa.Column("leased_until", MOMENT, nullable=False, server_default=sa.text("'-infinity'")),
        sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1"), comment="its ETag"),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("deleted_at", MOMENT),
        sa.CheckConstraint("enabled = (disabled_because IS NULL)", name="webhook_endpoint_disabled_for_a_reason"),
        sa.CheckConstraint("(former_secret IS NULL) = (former_until IS NULL)", name="former_secret_ends"),
        comment="deleted ones keep their log for a while, without secrets",
    )
    op.create_index("webhook_endpoints_by_organisation_id_id", "webhook_endpoints", ["organisation_id", "id"])
    op.create_index(
        "webhook_endpoints_in_turn",
        "webhook_endpoints",
        ["leased_until"],
        postgresql_where=sa.text("enabled AND deleted_at IS NULL"),
    )
    _deliveries()
    _attempts()


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("number", sa.BigInteger(), sa.Identity(), primary_key=True, comment="in this order they go out"),
        sa.Column("id", ID, nullable=False, unique=True, comment="whd_..."),
        sa.Column("endpoint", ID, sa.ForeignKey("webhook_endpoints.id"), nullable=False),
        sa.Column("event", ID, nullable=False, comment="evt_...: the webhook-id"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, comment="event, resend or replay"),
        sa.Column("body", sa.Text(), nullable=False, comment="what is sent, each time the same"),
        sa.Column("state", sa.Text(), nullable=False, server_default=sa.text("'waiting'")),
        sa.Column(
            "tries", sa.Integer(), nullable=False, server_default=sa.text("0"), comment="on the schedule of retries"
        ),
        sa.Column("next_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dropped')", name="webhook_delivery_state_known"),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="webhook_delivery_ends"),
    )
    op.create_index("webhook_deliveries_by_endpoint_number", "webhook_deliveries", ["endpoint", "number"])
    op.create_index(
        "webhook_deliveries_waiting",
        "webhook_deliveries",
        ["endpoint", "number"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("webhook_deliveries_by_event", "webhook_deliveries", ["event"])
    op.create_index("webhook_deliveries_by_ended_at", "webhook_deliveries", ["ended_at"])


def _attempts() -> None:
    op.create_table(
        "webhook_attempts",
        sa.Column("number", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "delivery",
            sa.BigInteger(),
            sa.ForeignKey("webhook_deliveries.number", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status_code", sa.Integer(), comment="null: there was no answer"),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), comment="null: it was delivered"),
        sa.Column("answer", sa.Text(), comment="the first 1 KiB of what came back; null: there was no answer"),
    )
    op.create_index("webhook_attempts_by_delivery", "webhook_attempts", ["delivery"])


def downgrade() -> None:
    """Go back to a feed that is only read; endpoints, their secrets and their logs are lost."""
    for table in ("webhook_attempts", "webhook_deliveries", "webhook_endpoints"):
        op.drop_table(table)
