"""Ports, their facilities, the places that are booked, and the dated rules of those places."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, INT4RANGE, TSTZRANGE, ExcludeConstraint

from service.database import metadata

MOMENT = DateTime(timezone=True)


def _provenance() -> list[Column[object]]:
    """Give the columns that say where a figure comes from; `assumed` is a guess of ours and says so."""
    return [
        Column("source", Text, nullable=False),
        Column("as_of", Text, comment="year or day the source speaks of"),
        Column("confidence", Text, nullable=False),
        Column("note", Text),
    ]


def _terms() -> list[Column[object]]:
    """Give the columns of a place's terms; every one is a parameter of the place (api.md, Bounds)."""
    return [
        Column("shortest_stay", Interval, nullable=False),
        Column("longest_stay", Interval, nullable=False),
        Column("horizon", Interval, nullable=False, comment="how far ahead a stay may start"),
        Column("least_notice", Interval, nullable=False, server_default=text("'0'")),
        Column("hold_for", Interval, nullable=False, comment="life of a reservation hold"),
        Column("hold_at_most", Interval, nullable=False, comment="life of a reservation hold with its extensions"),
        Column("asks_approval", Boolean, nullable=False, server_default=text("false")),
        Column("pending_for", Interval, nullable=False, comment="life of a request that waits for approval"),
        Column("amend_until", Interval, nullable=False, comment="amendments are free until so long before the start"),
        Column("no_show_after", Interval, nullable=False, comment="grace after the start"),
        Column("terms_confidence", Text, nullable=False, server_default=text("'assumed'")),
    ]


def _clocks() -> list[Column[object]]:
    """Give the columns of how long goods may lie on a floor from their arrival on; null: as long as they like."""
    return [
        Column("free_for", Interval, comment="free of charge"),
        Column("transit_for", Interval, comment="under a transit regime"),
        Column("zone_stay_for", Interval, comment="in the free zone"),
    ]


def _known(name: str) -> CheckConstraint:
    return CheckConstraint("confidence IN ('stated', 'crosscheck', 'assumed', 'operator')", name=name)


ports = Table(
    "ports",
    metadata,
    Column("unlocode", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("latitude", Numeric(8, 5)),
    Column("longitude", Numeric(8, 5)),
    Column("authority", Text, nullable=False),
    *_provenance(),
    _known("port_confidence_known"),
)

facilities = Table(
    "facilities",
    metadata,
    Column("code", Text, primary_key=True),
    Column("port", ForeignKey("ports.unlocode"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("smdg", Text, comment="SMDG terminal code, where there is one"),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("retired_at", MOMENT),
    CheckConstraint("kind IN ('terminal', 'free_zone')", name="facility_kind_known"),
)

places = Table(
    "places",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("port", ForeignKey("ports.unlocode"), nullable=False),
    Column("facility", ForeignKey("facilities.code"), nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1"), comment="raised by every change of claims"),
    Column(
        "rules_version", BigInteger, nullable=False, server_default=text("1"), comment="raised by every change of rules"
    ),
    Column("retired_at", MOMENT, comment="from then on nobody books it; nothing in use is deleted"),
    CheckConstraint("kind IN ('quay', 'warehouse')", name="place_kind_known"),
    postgresql_with={"fillfactor": 50},
    comment="what is locked, in order of id, by whoever takes capacity or changes a rule",
)

quays = Table(
    "quays",
    metadata,
    Column("place_id", ForeignKey("places.id"), primary_key=True),
    Column("length_m", Integer, nullable=False, comment="its berths' lengths, rounded down"),
    Column("clearance_least_m", Integer, nullable=False),
    Column("clearance_percent", Integer, nullable=False),
    Column("turnaround", Interval, nullable=False),
    *_terms(),
    CheckConstraint(
        "length_m >= 0 AND clearance_least_m >= 0 AND clearance_percent BETWEEN 0 AND 100", name="quay_measures_sane"
    ),
)

berths = Table(
    "berths",
    metadata,
    Column("code", Text, primary_key=True),
    Column("place_id", ForeignKey("quays.place_id"), nullable=False),
    Column("from_m", Numeric(7, 2), nullable=False),
    Column("length_m", Numeric(7, 2), nullable=False),
    Column("cargo", ARRAY(Text), nullable=False),
    Column("hazard_classes", ARRAY(Text), nullable=False),
    Column("hazard_confidence", Text, nullable=False, server_default=text("'assumed'")),
    Column("max_dwt_t", Integer),
    Column("bookable", Boolean, nullable=False),
    Column("retired_at", MOMENT),
    *_provenance(),
    _known("berth_confidence_known"),
    Index(None, "place_id"),
)

warehouses = Table(
    "warehouses",
    metadata,
    Column("place_id", ForeignKey("places.id"), primary_key=True),
    Column("unit", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("bonded", Boolean, nullable=False),
    Column("hazard_classes", ARRAY(Text), nullable=False),
    Column("temperature", Text, nullable=False),
    Column("bookable", Boolean, nullable=False),
    *_terms(),
    *_clocks(),
    *_provenance(),
    CheckConstraint("unit IN ('m2', 'pallet', 'teu')", name="warehouse_unit_known"),
    CheckConstraint("capacity >= 0", name="warehouse_capacity_positive"),
    _known("warehouse_confidence_known"),
)

draught_notices = Table(
    "draught_notices",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("place_id", ForeignKey("quays.place_id"), nullable=False),
    Column("published_by", ForeignKey("organisations.id"), comment="null: came with the reference data"),
    Column("published_at", MOMENT, nullable=False, server_default=func.now()),
    Column("reference", Text, nullable=False),
    *_provenance(),
    _known("draught_notice_confidence_known"),
    comment="what was published; never edited: a later one takes its place where the two overlap",
)

berth_limits = Table(
    "berth_limits",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("notice_id", ForeignKey("draught_notices.id"), nullable=False),
    Column("berth", ForeignKey("berths.code"), nullable=False),
    Column("valid", TSTZRANGE, nullable=False),
    Column("loa_band_cm", INT4RANGE, nullable=False, server_default=text("'[0,)'")),
    Column("draught_m", Numeric(5, 2), nullable=False),
    Column("draught_with_tide_m", Numeric(5, 2)),
    Column("max_loa_m", Numeric(6, 2)),
    Column("max_beam_m", Numeric(5, 2)),
    ExcludeConstraint(
        ("valid", "&&"), ("berth", "="), ("loa_band_cm", "&&"), name="berth_limit_overlaps", using="gist"
    ),
    CheckConstraint("NOT isempty(valid) AND NOT isempty(loa_band_cm)", name="berth_limit_covers_something"),
    CheckConstraint(
        "draught_m > 0 AND (draught_with_tide_m IS NULL OR draught_with_tide_m >= draught_m)",
        name="berth_limit_draught_sane",
    ),
    comment="the limits in force, by berth, time and LOA band; no two overlap",
)

closures = Table(
    "closures",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("closure", Text(collation="C"), nullable=False, comment="one closure may close several places: cls_..."),
    Column("place_id", ForeignKey("places.id"), nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("metres", INT4RANGE, comment="of a quay"),
    Column(
        "quantity", Integer, comment="of a warehouse's floor; without it and metres: all of it, whatever it comes to"
    ),
    Column("berth", Text, comment="the berth that was named, if one was"),
    Column("reason", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("made_by", ForeignKey("organisations.id"), nullable=False),
    Column("made_at", MOMENT, nullable=False, server_default=func.clock_timestamp()),
    Column("lifted_at", MOMENT),
    CheckConstraint("metres IS NULL OR quantity IS NULL", name="closure_of_metres_or_floor"),
    CheckConstraint("NOT isempty(during) OR lifted_at IS NOT NULL", name="closure_lasts"),
    CheckConstraint("kind IN ('planned', 'emergency')", name="closure_kind_known"),
    Index(None, "place_id"),
    Index(None, "closure"),
    comment="an open-ended one has no end; lifting one ends it then, or empties it if it had not begun",
)

tidal_windows = Table(
    "tidal_windows",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("port", ForeignKey("ports.unlocode"), nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text),
    Column("published_by", ForeignKey("organisations.id"), nullable=False),
    Column("published_at", MOMENT, nullable=False, server_default=func.clock_timestamp()),
    ExcludeConstraint(("during", "&&"), ("port", "="), name="tidal_window_overlaps", using="gist"),
    CheckConstraint(
        "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)", name="tidal_window_lasts"
    ),
    comment="when a ship that needs the tide may come or go",
)

partner_groups = Table(
    "partner_groups",
    metadata,
    Column("id", Text(collation="C"), primary_key=True, comment="pgr_..."),
    Column("facility", ForeignKey("facilities.code"), nullable=False),
    Column("name", Text, nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    UniqueConstraint("facility", "name", name="partner_group_name_taken"),
)

partners = Table(
    "partners",
    metadata,
    Column("group_id", ForeignKey("partner_groups.id"), primary_key=True),
    Column("organisation_id", ForeignKey("organisations.id"), primary_key=True),
)

berth_windows = Table(
    "berth_windows",
    metadata,
    Column("id", Text(collation="C"), primary_key=True, comment="bwn_..."),
    Column("place_id", ForeignKey("quays.place_id"), nullable=False),
    Column("group_id", ForeignKey("partner_groups.id"), nullable=False),
    Column("metres", INT4RANGE, nullable=False),
    Column("first", TSTZRANGE, nullable=False, comment="the first time; it comes again every so many days"),
    Column("every_days", Integer, nullable=False, comment="0: once"),
    Column("until", MOMENT, comment="no time begins from here on; null: no end"),
    Column("release_before", Interval, nullable=False),
    Column("made_at", MOMENT, nullable=False, server_default=func.clock_timestamp()),
    Column("ended_at", MOMENT),
    CheckConstraint("NOT isempty(metres) AND NOT isempty(first) AND every_days >= 0", name="berth_window_keeps"),
    Index(None, "place_id"),
    Index(None, "group_id"),
    comment="a stretch of quay kept for partners at recurring times",
)

allotments = Table(
    "allotments",
    metadata,
    Column("number", Integer, Identity(), primary_key=True, comment="the pool of the floor; 0 is the general one"),
    Column("id", Text(collation="C"), nullable=False, unique=True, comment="alt_..."),
    Column("place_id", ForeignKey("warehouses.place_id"), nullable=False),
    Column("group_id", ForeignKey("partner_groups.id"), nullable=False),
    Column("days", DATERANGE, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("release_before", Interval, nullable=False),
    Column("made_at", MOMENT, nullable=False, server_default=func.clock_timestamp()),
    Column("ended_at", MOMENT),
    CheckConstraint("NOT isempty(days) AND quantity > 0", name="allotment_keeps"),
    Index(None, "place_id"),
    Index(None, "group_id"),
    comment="a quantity of a floor kept for partners",
)
