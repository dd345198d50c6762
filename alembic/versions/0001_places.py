"""Organisations with their keys and mandates; ports, places and their rules.

Revision: 0001
Follows: nothing
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    _accounts()
    _ports()
    _mandates()
    _quays_and_warehouses()
    _berths()


def _accounts() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rate_per_s", sa.Integer(), nullable=True, comment="requests a second and lane; null: no limit"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('forwarder', 'operator', 'customs', 'admin')", name="organisation_role_known"),
        sa.CheckConstraint("rate_per_s > 0", name="organisation_rate_positive"),
        sa.PrimaryKeyConstraint("id", name=op.f("organisations_pkey")),
        sa.UniqueConstraint("name", name=op.f("organisations_name_key")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("organisation_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False, comment="the last four characters, to tell keys apart"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the whole key"),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("api_keys_organisation_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("digest", name=op.f("api_keys_digest_key")),
    )
    op.create_index(op.f("api_keys_by_organisation_id"), "api_keys", ["organisation_id"], unique=False)


def _ports() -> None:
    op.create_table(
        "ports",
        sa.Column("unlocode", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Numeric(precision=8, scale=5), nullable=True),
        sa.Column("longitude", sa.Numeric(precision=8, scale=5), nullable=True),
        sa.Column("authority", sa.Text(), nullable=False),
        *_source(),
        _confidence_known("port"),
        sa.PrimaryKeyConstraint("unlocode", name=op.f("ports_pkey")),
    )
    op.create_table(
        "facilities",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("smdg", sa.Text(), nullable=True, comment="SMDG terminal code, where there is one"),
        sa.CheckConstraint("kind IN ('terminal', 'free_zone')", name="facility_kind_known"),
        sa.ForeignKeyConstraint(["port"], ["ports.unlocode"], name=op.f("facilities_port_fkey")),
        sa.PrimaryKeyConstraint("code", name=op.f("facilities_pkey")),
    )
    op.create_table(
        "places",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default=sa.text("1"),
            nullable=False,
            comment="raised by every change of claims",
        ),
        sa.Column(
            "rules_version",
            sa.BigInteger(),
            server_default=sa.text("1"),
            nullable=False,
            comment="raised by every change of rules",
        ),
        sa.CheckConstraint("kind IN ('quay', 'warehouse')", name="place_kind_known"),
        sa.ForeignKeyConstraint(["facility"], ["facilities.code"], name=op.f("places_facility_fkey")),
        sa.ForeignKeyConstraint(["port"], ["ports.unlocode"], name=op.f("places_port_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("places_pkey")),
        sa.UniqueConstraint("code", name=op.f("places_code_key")),
        comment="what is locked, in order of id, by whoever takes capacity or changes a rule",
        postgresql_with={"fillfactor": 50},
    )


def _mandates() -> None:
    op.create_table(
        "mandates",
        sa.Column("organisation_id", sa.Text(collation="C"), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["facility"], ["facilities.code"], name=op.f("mandates_facility_fkey")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("mandates_organisation_id_fkey")),
        sa.PrimaryKeyConstraint("organisation_id", "facility", name=op.f("mandates_pkey")),
        comment="the facilities an operator acts on; a port authority has a row for each of its port's",
    )


def _quays_and_warehouses() -> None:
    op.create_table(
        "quays",
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("length_m", sa.Integer(), nullable=False, comment="its berths' lengths, rounded down"),
        sa.Column("clearance_least_m", sa.Integer(), nullable=False),
        sa.Column("clearance_percent", sa.Integer(), nullable=False),
        sa.Column("turnaround", sa.Interval(), nullable=False),
        *_terms(),
        sa.CheckConstraint(
            "length_m >= 0 AND clearance_least_m >= 0 AND clearance_percent BETWEEN 0 AND 100",
            name="quay_measures_sane",
        ),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("quays_place_id_fkey")),
        sa.PrimaryKeyConstraint("place_id", name=op.f("quays_pkey")),
    )
    op.create_table(
        "warehouses",
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("bonded", sa.Boolean(), nullable=False),
        sa.Column("hazard_classes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("temperature", sa.Text(), nullable=False),
        sa.Column("bookable", sa.Boolean(), nullable=False),
        *_terms(),
        *_source(),
        _confidence_known("warehouse"),
        sa.CheckConstraint("unit IN ('m2', 'pallet', 'teu')", name="warehouse_unit_known"),
        sa.CheckConstraint("capacity >= 0", name="warehouse_capacity_positive"),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("warehouses_place_id_fkey")),
        sa.PrimaryKeyConstraint("place_id", name=op.f("warehouses_pkey")),
    )
    op.create_table(
        "closures",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("metres", postgresql.INT4RANGE(), nullable=True, comment="of a quay"),
        sa.Column("quantity", sa.Integer(), nullable=True, comment="of a warehouse's floor"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(metres IS NULL) <> (quantity IS NULL)", name="closure_of_metres_or_floor"),
        sa.CheckConstraint("NOT isempty(during)", name="closure_lasts"),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("closures_place_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("closures_pkey")),
    )
    op.create_index(op.f("closures_by_place_id"), "closures", ["place_id"], unique=False)


def _berths() -> None:
    op.create_table(
        "berths",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("from_m", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("length_m", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("cargo", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("hazard_classes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("hazard_confidence", sa.Text(), server_default=sa.text("'assumed'"), nullable=False),
        sa.Column("max_dwt_t", sa.Integer(), nullable=True),
        sa.Column("bookable", sa.Boolean(), nullable=False),
        *_source(),
        _confidence_known("berth"),
        sa.ForeignKeyConstraint(["place_id"], ["quays.place_id"], name=op.f("berths_place_id_fkey")),
        sa.PrimaryKeyConstraint("code", name=op.f("berths_pkey")),
    )
    op.create_index(op.f("berths_by_place_id"), "berths", ["place_id"], unique=False)
    op.create_table(
        "draught_notices",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("published_by", sa.Text(collation="C"), nullable=True, comment="null: came with the reference data"),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        *_source(),
        _confidence_known("draught_notice"),
        sa.ForeignKeyConstraint(["place_id"], ["quays.place_id"], name=op.f("draught_notices_place_id_fkey")),
        sa.ForeignKeyConstraint(["published_by"], ["organisations.id"], name=op.f("draught_notices_published_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("draught_notices_pkey")),
        comment="what was published; never edited: a later one takes its place where the two overlap",
    )
    op.create_table(
        "berth_limits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("notice_id", sa.Text(collation="C"), nullable=False),
        sa.Column("berth", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("loa_band_cm", postgresql.INT4RANGE(), server_default=sa.text("'[0,)'"), nullable=False),
        sa.Column("draught_m", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("draught_with_tide_m", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("max_loa_m", sa.Numeric(precision=6, scale=2), nullable=True),
        sa.Column("max_beam_m", sa.Numeric(precision=5, scale=2), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("valid"), "&&"),
            (sa.column("berth"), "="),
            (sa.column("loa_band_cm"), "&&"),
            using="gist",
            name="berth_limit_overlaps",
        ),
        sa.CheckConstraint("NOT isempty(valid) AND NOT isempty(loa_band_cm)", name="berth_limit_covers_something"),
        sa.CheckConstraint(
            "draught_m > 0 AND (draught_with_tide_m IS NULL OR draught_with_tide_m >= draught_m)",
            name="berth_limit_draught_sane",
        ),
        sa.ForeignKeyConstraint(["berth"], ["berths.code"], name=op.f("berth_limits_berth_fkey")),
        sa.ForeignKeyConstraint(["notice_id"], ["draught_notices.id"], name=op.f("berth_limits_notice_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("berth_limits_pkey")),
        comment="the limits in force, by berth, time and LOA band; no two overlap",
    )


def _terms() -> list[sa.Column[Any]]:
    return [
        sa.Column("shortest_stay", sa.Interval(), nullable=False),
        sa.Column("longest_stay", sa.Interval(), nullable=False),
        sa.Column("horizon", sa.Interval(), nullable=False, comment="how far ahead a stay may start"),
        sa.Column("least_notice", sa.Interval(), server_default=sa.text("'0'"), nullable=False),
        sa.Column("hold_for", sa.Interval(), nullable=False, comment="life of a reservation hold"),
        sa.Column(
            "hold_at_most", sa.Interval(), nullable=False, comment="life of a reservation hold with its extensions"
        ),
        sa.Column("asks_approval", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pending_for", sa.Interval(), nullable=False, comment="life of a request that waits for approval"),
        sa.Column(
            "amend_until", sa.Interval(), nullable=False, comment="amendments are free until so long before the start"
        ),
        sa.Column("no_show_after", sa.Interval(), nullable=False, comment="grace after the start"),
        sa.Column("terms_confidence", sa.Text(), server_default=sa.text("'assumed'"), nullable=False),
    ]


def _source() -> list[sa.Column[Any]]:
    return [
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Text(), nullable=True, comment="year or day the source speaks of"),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
    ]


def _confidence_known(of: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        "confidence IN ('stated', 'crosscheck', 'assumed', 'operator')", name=f"{of}_confidence_known"
    )


def downgrade() -> None:
    for table in (
        "closures", "berth_limits", "draught_notices", "berths", "warehouses", "quays", "mandates", "places",
        "facilities", "ports", "api_keys", "organisations",
    ):  # fmt: skip
        op.drop_table(table)
