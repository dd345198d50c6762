"""SQL of the rota."""

from datetime import datetime

from service.database import Read, Statement


async def sign(statement: Statement, job: str, done: int) -> None:
    """Note that a job has just run, and how many things it did."""
    await statement.fetchval(
        """INSERT INTO job_runs (job, ran_at, done) VALUES ($1, clock_timestamp(), $2)
           ON CONFLICT (job) DO UPDATE SET ran_at = excluded.ran_at, done = job_runs.done + excluded.done""",
        job,
        done,
    )


async def last_runs(read: Read) -> dict[str, tuple[datetime, int]]:
    """Give for each job when it ran last, and how many things it has done in all."""
    return {
        row["job"]: (row["ran_at"], row["done"]) for row in await read.fetch("SELECT job, ran_at, done FROM job_runs")
    }
