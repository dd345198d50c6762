"""What the worker says of a run that came to nothing."""

import asyncio

import pytest
from structlog.testing import capture_logs

from service.database import DatabaseAway, PlaceBusy
from service.worker import Job, repeat


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (PlaceBusy(retry_after=1), {"event": "job put off", "log_level": "warning", "code": "place-busy"}),
        (DatabaseAway(retry_after=1), {"event": "database away", "log_level": "warning"}),
        (ValueError("a fault"), {"event": "job failed", "log_level": "error"}),
    ],
)
async def test_a_run_that_others_were_in_the_way_of_is_put_off_and_only_a_fault_is_a_failure(db, why, said):
    stop = asyncio.Event()

    async def run(_):
        stop.set()
        raise why

    with capture_logs() as lines:
        await repeat(db, Job("a job", run, 1), stop)
    assert [{name: each.get(name) for name in said} for each in lines] == [said]
