"""The ledger: who has which metres of quay when, and how much of a floor on which day.

Two constraints make overselling impossible whatever the code does: `berth_slot_taken` and `storage_full`. `booking` is
the number of the booking that holds the claim; nothing here knows what a booking is.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, INT4RANGE, TSTZRANGE, ExcludeConstraint

from service.database import metadata

MOMENT = DateTime(timezone=True)


def _lapses() -> Column[object]:
    """Give the column by which a claim lapses: `infinity` is firm. On the claim itself, never only on the booking."""
    return Column("expires_at", MOMENT, nullable=False, server_default=text("'infinity'"))


def _change() -> Column[object]:
    """Give the column that tells the claims of a waiting change from those of the booking as it stands beside it."""
    return Column("change", Boolean, primary_key=True, server_default=text("false"))


def _pool() -> Column[object]:
    """Give the column that says what a floor's quantity is drawn from: 0, or the number of an allotment."""
    return Column("pool", Integer, primary_key=True, server_default=text("0"))


berth_claims = Table(
    "berth_claims",
    metadata,
    Column("booking", BigInteger, primary_key=True),
    Column("leg", SmallInteger, primary_key=True),
    _change(),
    Column("place_id", ForeignKey("places.id"), nullable=False),
    Column("metres", INT4RANGE, nullable=False, comment="blocked: length over all and clearance"),
    Column("during", TSTZRANGE, nullable=False, comment="blocked: stay and turnaround"),
    _lapses(),
    # Time comes first: with the quay first the same check took four times as long.
    ExcludeConstraint(
        ("during", "&&"), ("place_id", "="), ("metres", "&&"), ("booking", "<>"), name="berth_slot_taken", using="gist"
    ),
    CheckConstraint("NOT isempty(metres) AND NOT isempty(during)", name="berth_claim_blocks_something"),
    Index("berth_claims_that_lapse", "place_id", "expires_at", postgresql_where=text("expires_at < 'infinity'")),
)

storage_claims = Table(
    "storage_claims",
    metadata,
    Column("booking", BigInteger, primary_key=True),
    Column("leg", SmallInteger, primary_key=True),
    _change(),
    _pool(),
    Column("days", DATERANGE, primary_key=True),
    Column("place_id", ForeignKey("places.id"), nullable=False),
    Column("quantity", Integer, nullable=False),
    _lapses(),
    CheckConstraint("NOT isempty(days) AND quantity > 0", name="storage_claim_takes_something"),
    Index("storage_claims_by_place_and_end", "place_id", text("upper(days)")),
    Index("storage_claims_that_lapse", "place_id", "expires_at", postgresql_where=text("expires_at < 'infinity'")),
)

# Without a foreign key: a row is written under the lock of its place alone. Written twice in one transaction, as by
# whoever gives back days and takes them again, it would have its key looked up each time: a tenth of an amendment.
floor_days = Table(
    "floor_days",
    metadata,
    Column("place_id", Integer, primary_key=True, autoincrement=False),
    _pool(),
    Column("day", Date, primary_key=True),
    Column(
        "taken", Integer, nullable=False, comment="sum of the claims of that day, lapsed ones included until reclaimed"
    ),
    Column("capacity", Integer, nullable=False),
    CheckConstraint("taken BETWEEN 0 AND capacity", name="storage_full"),
    postgresql_with={"fillfactor": 50},
    comment="a day without a row is empty, and nothing of it is kept for partners",
)
