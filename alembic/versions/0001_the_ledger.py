"""The ledger: organisations, places and their rules, claims, bookings, events.

Revision: 0001
Follows: nothing
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.schema import functions

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
    _ledger()
    _bookings()
    _events()
    _rota()
    for function in functions():
        op.get_bind().exec_driver_sql(function)


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
    op.drop_table("berth_limits")
    op.drop_table("draught_notices")
    op.drop_index(op.f("berths_by_place_id"), table_name="berths")
    op.drop_table("berths")
    op.drop_table("warehouses")
    op.drop_index(
        "storage_claims_that_lapse", table_name="storage_claims", postgresql_where=sa.text("expires_at < 'infinity'")
    )
    op.drop_index("storage_claims_by_place_and_end", table_name="storage_claims")
    op.drop_table("storage_claims")
    op.drop_table("quays")
    op.drop_index(op.f("legs_by_place_id_starts_at"), table_name="legs")
    op.drop_table("legs")
    op.drop_table("floor_days")
    op.drop_index(op.f("closures_by_place_id"), table_name="closures")
    op.drop_table("closures")
    op.drop_index(
        "berth_claims_that_lapse", table_name="berth_claims", postgresql_where=sa.text("expires_at < 'infinity'")
    )
    op.drop_table("berth_claims")
    op.drop_table("places")
    op.drop_table("mandates")
    op.drop_table("facilities")
    op.drop_index(
        "bookings_that_lapse", table_name="bookings", postgresql_where=sa.text("state IN ('held', 'pending')")
    )
    op.drop_index(op.f("bookings_by_port_number"), table_name="bookings")
    op.drop_index(op.f("bookings_by_organisation_id_number"), table_name="bookings")
    op.drop_table("bookings")
    op.drop_index(op.f("api_keys_by_organisation_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_table("ports")
    op.drop_table("organisations")
    op.drop_table("job_runs")
    op.drop_index(op.f("idempotency_keys_by_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("events_unnumbered", table_name="events", postgresql_where=sa.text("position IS NULL"))
    op.drop_index(op.f("events_by_subject_id"), table_name="events")
    op.drop_index(op.f("events_by_owner_id_position"), table_name="events")
    op.drop_table("events")
