"""Clocks of goods, and which have been told; goods that have all left also when others never come.

Revision: 0008
Follows: 0007
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from service.schema import functions, statements

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CLOCKS = {"free_for": "free of charge", "transit_for": "under a transit regime", "zone_stay_for": "in the free zone"}


def upgrade() -> None:
    for name, of in CLOCKS.items():
        op.add_column("warehouses", sa.Column(name, sa.Interval(), comment=of))
    # As service/ports/operations/usual.py says. Terms that an operator has set are his word: what he has not said of
    # clocks must not stand under it.
    op.execute(
        """UPDATE warehouses w SET transit_for = 'P15D', zone_stay_for = 'P730D',
                  free_for = CASE p.port WHEN 'PKGWD' THEN interval 'P90D' ELSE interval 'P5D' END
           FROM places p WHERE p.id = w.place_id AND p.port IN ('PKGWD', 'PKKHI') AND w.terms_confidence = 'assumed'"""
    )
    op.create_index(
        "legs_on_floors", "legs", ["arrived_at"],
        postgresql_where=sa.text("kind = 'storage' AND state = 'arrived'"),
    )  # fmt: skip
    op.create_table(
        "clocks_told",
        sa.Column("booking", sa.BigInteger(), primary_key=True),
        sa.Column("leg", sa.SmallInteger(), primary_key=True),
        sa.Column("clock", sa.Text(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.ForeignKeyConstraint(("booking", "leg"), ("legs.booking", "legs.leg")),
        sa.CheckConstraint("clock IN ('free', 'transit', 'zone_stay')", name="clock_known"),
        comment="the clocks of goods that have run out and been told, each once",
    )
    for function in functions():
        op.get_bind().exec_driver_sql(function)


def downgrade() -> None:
    """Go back to goods without clocks: their lengths and what was told are lost, the events are kept.

    Going forth again tells once more of the goods that are still there.
    """
    for function in statements(Path(__file__).with_name("0008_functions.sql")):
        op.get_bind().exec_driver_sql(function)
    op.drop_table("clocks_told")
    op.drop_index("legs_on_floors", "legs")
    for name in CLOCKS:
        op.drop_column("warehouses", name)
