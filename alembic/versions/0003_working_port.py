"""The working port: pools of a floor, waiting changes, partners, tides, closures of several places, retirement.

Revision: 0003
Follows: 0002
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.schema import functions, statements

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _places()
    _closures()
    _tides_and_partners()
    _ledger()
    _bookings()
    for function in ("take_capacity", "take_floor", "give_back", "best_fit", "firm_up", "legs_json"):
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
    for function in functions():
        op.get_bind().exec_driver_sql(function)


def _places() -> None:
    op.add_column("facilities", sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    op.add_column("facilities", sa.Column("retired_at", MOMENT))
    op.add_column(
        "places",
        sa.Column("retired_at", MOMENT, comment="from then on nobody books it; nothing in use is deleted"),
    )
    op.add_column("berths", sa.Column("retired_at", MOMENT))


def _closures() -> None:
    # The table was there for the rules to read, and nothing wrote it: it is made anew as operators need it.
    op.drop_table("closures")
    op.create_table(
        "closures",
        sa.Column("id", sa.Text(collation="C"), primary_key=True),
        sa.Column(
            "closure", sa.Text(collation="C"), nullable=False, comment="one closure may close several places: cls_..."
        ),
        sa.Column("place_id", sa.Integer(), sa.ForeignKey("places.id"), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("metres", postgresql.INT4RANGE(), comment="of a quay"),
        sa.Column(
            "quantity",
            sa.Integer(),
            comment="of a warehouse's floor; without it and metres: all of it, whatever it comes to",
        ),
        sa.Column("berth", sa.Text(), comment="the berth that was named, if one was"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(collation="C"), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("lifted_at", MOMENT),
        sa.CheckConstraint("metres IS NULL OR quantity IS NULL", name="closure_of_metres_or_floor"),
        sa.CheckConstraint("NOT isempty(during) OR lifted_at IS NOT NULL", name="closure_lasts"),
        sa.CheckConstraint("kind IN ('planned', 'emergency')", name="closure_kind_known"),
        comment="an open-ended one has no end; lifting one ends it then, or empties it if it had not begun",
    )
    op.create_index("closures_by_place_id", "closures", ["place_id"])
    op.create_index("closures_by_closure", "closures", ["closure"])


def _tides_and_partners() -> None:
    op.create_table(
        "tidal_windows",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("port", sa.Text(), sa.ForeignKey("ports.unlocode"), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text()),
        sa.Column("published_by", sa.Text(collation="C"), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        postgresql.ExcludeConstraint(
            (sa.column("during"), "&&"), (sa.column("port"), "="), name="tidal_window_overlaps", using="gist"
        ),
        sa.CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)", name="tidal_window_lasts"
        ),
        comment="when a ship that needs the tide may come or go",
    )
    op.create_table(
        "partner_groups",
        sa.Column("id", sa.Text(collation="C"), primary_key=True, comment="pgr_..."),
        sa.Column("facility", sa.Text(), sa.ForeignKey("facilities.code"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.UniqueConstraint("facility", "name", name="partner_group_name_taken"),
    )
    op.create_table(
        "partners",
        sa.Column("group_id", sa.Text(collation="C"), sa.ForeignKey("partner_groups.id"), primary_key=True),
        sa.Column("organisation_id", sa.Text(collation="C"), sa.ForeignKey("organisations.id"), primary_key=True),
    )
    op.create_table(
        "berth_windows",
        sa.Column("id", sa.Text(collation="C"), primary_key=True, comment="bwn_..."),
        sa.Column("place_id", sa.Integer(), sa.ForeignKey("quays.place_id"), nullable=False),
        sa.Column("group_id", sa.Text(collation="C"), sa.ForeignKey("partner_groups.id"), nullable=False),
        sa.Column("metres", postgresql.INT4RANGE(), nullable=False),
        sa.Column(
            "first",
            postgresql.TSTZRANGE(),
            nullable=False,
            comment="the first time; it comes again every so many days",
        ),
        sa.Column("every_days", sa.Integer(), nullable=False, comment="0: once"),
        sa.Column("until", MOMENT, comment="no time begins from here on; null: no end"),
        sa.Column("release_before", sa.Interval(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint("NOT isempty(metres) AND NOT isempty(first) AND every_days >= 0", name="berth_window_keeps"),
        comment="a stretch of quay kept for partners at recurring times",
    )
    op.create_table(
        "allotments",
        sa.Column(
            "number",
            sa.Integer(),
            sa.Identity(),
            primary_key=True,
            comment="the pool of the floor; 0 is the general one",
        ),
        sa.Column("id", sa.Text(collation="C"), nullable=False, unique=True, comment="alt_..."),
        sa.Column("place_id", sa.Integer(), sa.ForeignKey("warehouses.place_id"), nullable=False),
        sa.Column("group_id", sa.Text(collation="C"), sa.ForeignKey("partner_groups.id"), nullable=False),
        sa.Column("days", postgresql.DATERANGE(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("release_before", sa.Interval(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint("NOT isempty(days) AND quantity > 0", name="allotment_keeps"),
        comment="a quantity of a floor kept for partners",
    )
    for table in ("berth_windows", "allotments"):
        op.create_index(f"{table}_by_place_id", table, ["place_id"])
        op.create_index(f"{table}_by_group_id", table, ["group_id"])


def _ledger() -> None:
    for table in ("berth_claims", "storage_claims"):
        op.add_column(table, sa.Column("change", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    for table in ("storage_claims", "floor_days"):
        op.add_column(table, sa.Column("pool", sa.Integer(), server_default=sa.text("0"), nullable=False))
    for table, key in (
        ("berth_claims", ["booking", "leg", "change"]),
        ("storage_claims", ["booking", "leg", "change", "pool", "days"]),
        ("floor_days", ["place_id", "pool", "day"]),
    ):
        op.drop_constraint(f"{table}_pkey", table)
        op.create_primary_key(f"{table}_pkey", table, key)
    op.create_table_comment("floor_days", "a day without a row is empty, and nothing of it is kept for partners")
    op.drop_constraint("floor_days_place_id_fkey", "floor_days")


def _bookings() -> None:
    op.add_column(
        "bookings",
        sa.Column(
            "awaits",
            sa.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="facilities that have yet to approve",
        ),
    )
    op.add_column(
        "bookings",
        sa.Column("change", sa.JSON(), comment="the change that waits for approval beside the booking as it stands"),
    )
    op.add_column("bookings", sa.Column("change_expires_at", MOMENT, comment="when that lapses"))
    op.add_column(
        "bookings",
        sa.Column("overrides", sa.JSON(), comment="soft limits that an operator has overridden, each with its reason"),
    )
    op.add_column(
        "bookings", sa.Column("starts_at", MOMENT, comment="when its first leg starts: lists are in this order")
    )
    op.execute("UPDATE bookings SET starts_at = (SELECT min(starts_at) FROM legs WHERE booking = number)")
    op.alter_column("bookings", "starts_at", nullable=False)
    for column in ("starts_at", "updated_at"):
        op.create_index(f"bookings_by_{column}_number", "bookings", [column, "number"])
    op.create_check_constraint("change_lapses", "bookings", "(change IS NULL) = (change_expires_at IS NULL)")
    op.create_index(
        "bookings_whose_change_lapses",
        "bookings",
        ["change_expires_at"],
        postgresql_where=sa.text("change_expires_at IS NOT NULL"),
    )
    op.create_index(
        "bookings_under_way",
        "bookings",
        ["starts_at"],
        postgresql_where=sa.text("state IN ('confirmed', 'arrived')"),
    )
    op.add_column("legs", sa.Column("arrived_at", MOMENT))
    op.add_column("legs", sa.Column("ended_at", MOMENT, comment="when it was completed, or found not to have come"))
    op.add_column("legs", sa.Column("overstayed_at", MOMENT, comment="when it was first seen to stay past its end"))
    op.create_index("legs_by_id", "legs", ["id"], unique=True)
    op.create_index(
        "legs_under_way",
        "legs",
        ["state", "ends_at"],
        postgresql_where=sa.text("state IN ('planned', 'arrived')"),
    )


# What a leg draws from several pools becomes one claim again, and the days of floors are what these claims add up to.
_WHOLE_FLOORS = (
    "DELETE FROM storage_claims WHERE change",
    """CREATE TEMPORARY TABLE whole ON COMMIT DROP AS
       SELECT booking, leg, place_id, min(day) AS first, max(day) + 1 AS last, count(*) AS days,
              min(quantity) AS quantity, count(DISTINCT quantity) AS quantities, min(expires_at) AS expires_at
       FROM (SELECT booking, leg, place_id, each::date AS day, sum(quantity)::int AS quantity,
                    min(expires_at) AS expires_at
             FROM storage_claims, generate_series(lower(days), upper(days) - 1, interval '1 day') AS each
             GROUP BY 1, 2, 3, 4) AS by_day
       GROUP BY booking, leg, place_id""",
    """DO $$ BEGIN
           IF EXISTS (SELECT FROM whole WHERE quantities > 1 OR last - first <> days) THEN
               RAISE EXCEPTION 'a storage leg takes another quantity on some days: without pools that can''t be said';
           END IF;
       END $$""",
    "DELETE FROM storage_claims",
    """INSERT INTO storage_claims (booking, leg, place_id, days, quantity, expires_at)
       SELECT booking, leg, place_id, daterange(first, last), quantity, expires_at FROM whole""",
    "DELETE FROM floor_days",
    """INSERT INTO floor_days (place_id, day, taken, capacity)
       SELECT place_id, each::date, sum(quantity), greatest(w.capacity, sum(quantity))
       FROM whole JOIN warehouses w USING (place_id), generate_series(first, last - 1, interval '1 day') AS each
       GROUP BY place_id, each, w.capacity""",
)


def downgrade() -> None:
    """Go back to whole floors, one place a closure and no partners; what only the new schema can say is lost."""
    for function in (
        "drop_change", "settle_change", "request_change", "facilities_of", "change_json", "granted_legs", "leg_json",
        "first_end", "alter_booking", "settle_booking", "take_capacity", "take", "take_floor", "draw_on_pools",
        "best_fit", "give_back", "clear_places", "release_due", "resize_floor", "end_claims", "met_by",
        "next_on_metres", "grow_claim", "uncount", "set_apart",
    ):  # fmt: skip
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
    op.execute("DELETE FROM berth_claims WHERE change")
    for statement in _WHOLE_FLOORS:
        op.execute(statement)
    for index, table in (
        ("legs_under_way", "legs"),
        ("legs_by_id", "legs"),
        ("bookings_whose_change_lapses", "bookings"),
        ("bookings_by_updated_at_number", "bookings"),
        ("bookings_under_way", "bookings"),
    ):
        op.drop_index(index, table)
    op.drop_constraint("change_lapses", "bookings")
    for table, key in (
        ("berth_claims", ["booking", "leg"]), ("storage_claims", ["booking", "leg"]),
        ("floor_days", ["place_id", "day"]),
    ):  # fmt: skip
        op.drop_constraint(f"{table}_pkey", table)
        op.create_primary_key(f"{table}_pkey", table, key)
    for table, *columns in (
        ("legs", "arrived_at", "ended_at", "overstayed_at"),
        ("bookings", "awaits", "change", "change_expires_at", "overrides", "starts_at"),
        ("berth_claims", "change"), ("storage_claims", "change", "pool"), ("floor_days", "pool"),
        ("berths", "retired_at"), ("places", "retired_at"), ("facilities", "version", "retired_at"),
    ):  # fmt: skip
        for column in columns:
            op.drop_column(table, column)
    for table in ("allotments", "berth_windows", "partners", "partner_groups", "tidal_windows"):
        op.drop_table(table)
    _closures_as_they_were()
    op.create_table_comment("floor_days", "a day without a row is empty")
    op.create_foreign_key("floor_days_place_id_fkey", "floor_days", "places", ["place_id"], ["id"])
    for function in statements(Path(__file__).with_name("0002_ledger.sql")):
        op.get_bind().exec_driver_sql(function)


def _closures_as_they_were() -> None:
    op.drop_table("closures")
    op.create_table(
        "closures",
        sa.Column("id", sa.Text(collation="C"), primary_key=True),
        sa.Column("place_id", sa.Integer(), sa.ForeignKey("places.id"), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("metres", postgresql.INT4RANGE(), comment="of a quay"),
        sa.Column("quantity", sa.Integer(), comment="of a warehouse's floor"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(metres IS NULL) <> (quantity IS NULL)", name="closure_of_metres_or_floor"),
        sa.CheckConstraint("NOT isempty(during)", name="closure_lasts"),
    )
    op.create_index("closures_by_place_id", "closures", ["place_id"])
