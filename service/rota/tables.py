"""One row for each job of the worker."""

from sqlalchemy import BigInteger, Column, DateTime, Table, Text

from service.database import metadata

job_runs = Table(
    "job_runs",
    metadata,
    Column("job", Text, primary_key=True),
    Column("ran_at", DateTime(timezone=True), nullable=False),
    Column("done", BigInteger, nullable=False, comment="how many things it did, all runs together"),
    postgresql_with={"fillfactor": 50},
)
