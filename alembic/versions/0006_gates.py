"""Gates: goods into warehouses and out of them, part by part; when a customs reference was last heard of.

Revision: 0006
Follows: 0005
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from service.schema import functions, statements

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "gate_moves",
        sa.Column("number", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("booking", sa.BigInteger(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column(
            "frees_on", sa.Date(),
            comment="of what has left: the first local day on which its floor is free; null: it came in",
        ),
        sa.Column("packages", sa.Integer(), comment="as counted at the gate"),
        sa.Column("gross_weight_t", sa.Numeric(), comment="as weighed at the gate"),
        sa.ForeignKeyConstraint(("booking", "leg"), ("legs.booking", "legs.leg")),
        sa.CheckConstraint("quantity > 0", name="gate_move_moves_something"),
        comment="goods into warehouses and out of them, part by part",
    )  # fmt: skip
    op.create_index("gate_moves_by_booking_leg", "gate_moves", ["booking", "leg"])
    op.execute(
        """INSERT INTO gate_moves (booking, leg, at, quantity)
           SELECT booking, leg, arrived_at, quantity FROM legs WHERE kind = 'storage' AND arrived_at IS NOT NULL"""
    )
    op.execute(
        """INSERT INTO gate_moves (booking, leg, at, quantity, frees_on)
           SELECT l.booking, l.leg, l.ended_at, l.quantity, (l.ended_at AT TIME ZONE o.time_zone)::date + 1
           FROM legs l JOIN places p ON p.id = l.place_id JOIN ports o ON o.unlocode = p.port
           WHERE l.kind = 'storage' AND l.state = 'completed'"""
    )
    op.add_column(
        "customs_references",
        sa.Column("heard_at", MOMENT, comment="when the service heard that it came to this, by its own clock"),
    )
    # Too late a time repeats a status to whoever asks what has changed; too early a one would keep it back.
    op.execute("UPDATE customs_references SET heard_at = clock_timestamp() WHERE changed_at IS NOT NULL")
    op.create_index("customs_references_by_heard_at", "customs_references", ["heard_at"])
    for function in functions():
        op.get_bind().exec_driver_sql(function)


def downgrade() -> None:
    """Go back to goods that come and go all at once; what parts of them did is lost, their floor stays free.

    Going forth again takes goods under way to be there whole: `goods-have-their-floor` then names those of which a part
    had left, and their operator completes them.
    """
    for function in statements(Path(__file__).with_name("0005_functions.sql")):
        op.get_bind().exec_driver_sql(function)
    for function in ("give_part", "still_wanted", "days_wanted", "goods_have_left", "gate_out_references"):
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
    op.drop_column("customs_references", "heard_at")
    op.drop_table("gate_moves")
