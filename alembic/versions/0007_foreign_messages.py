"""Customs: messages as foreign systems write them, and references by value.

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_index("customs_references_by_value", "customs_references", ["value"])
    op.create_table(
        "customs_messages",
        sa.Column("number", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("sender", sa.Text(collation="C"), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("vocabulary", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of its bytes: sent again it is the same one"),
        sa.Column("body", sa.Text(), nullable=False, comment="exactly as it came"),
        sa.Column("received_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("event_id", sa.Text(collation="C"), comment="the event that it was read as; null: not yet"),
        sa.Column("refused_as", sa.Text(), comment="the code of the refusal that it met last"),
        sa.UniqueConstraint("sender", "vocabulary", "digest", name="customs_message_once"),
        comment="evidence: what foreign systems sent, read or not",
    )
    op.create_index("customs_messages_by_sender_number", "customs_messages", ["sender", "number"])


def downgrade() -> None:
    """Go back to events in our own words alone; the messages of foreign systems are lost, their events are kept."""
    op.drop_table("customs_messages")
    op.drop_index("customs_references_by_value", "customs_references")
