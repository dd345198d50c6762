"""The database stops, freezes, comes back: the service says so in time, and recovers by itself."""

import asyncio
import os
import signal
import time

from tests.asking import ahead, berth, booking, new_key, rfc, storage
from tests.drills.installation import eventually, family

COMMAND_TIMEOUT_S = 5  # of database.py
SEARCH = {"port": "PKGWD", "loa_m": "90", "duration": "PT20H"}


async def everything(api, installation) -> dict[str, tuple[int, str, str | None, float]]:
    """Ask for one of each kind at once; gives (status, code, Retry-After, seconds)."""
    forwarder = installation.as_("forwarder")
    window = {"from": rfc(ahead(10)), "to": rfc(ahead(20))}

    async def timed(**request):
        began = time.monotonic()
        answer = await api.client.request(**request)
        said = answer.json()
        return (
            answer.status_code,
            said.get("code", said.get("state", "")),
            answer.headers.get("retry-after"),
            time.monotonic() - began,
        )

    asked = {
        "readyz": {"method": "GET", "url": "/readyz"},
        "list": {"method": "GET", "url": "/v1/bookings", "headers": forwarder},
        "search": {"method": "GET", "url": "/v1/berth-slots", "headers": forwarder, "params": SEARCH | window},
        "feed": {"method": "GET", "url": "/v1/events", "headers": forwarder},
        "book": {"method": "POST", "url": "/v1/bookings", "headers": forwarder | {"Idempotency-Key": new_key()},
                 "json": booking(berth(30), storage(30))},
        "cancel": {"method": "POST", "url": "/v1/bookings/bkg_01kb3v7x9ef6wvq0m8y3k2n5ra/cancel", "headers": forwarder},
        "a key that is not remembered": {"method": "GET", "url": "/v1/ports", "headers": installation.as_("customs")},
    }  # fmt: skip
    answers = await asyncio.gather(*(timed(**request) for request in asked.values()))
    return dict(zip(asked, answers, strict=True))


def refused_in_time(found, within_s: float) -> None:
    for name, (status, code, retry_after, took) in found.items():
        assert (status, retry_after is not None) == (503, True), (name, found[name])
        assert code in ("not-ready", "database-away", "request-timed-out"), (name, found[name])
        assert took < within_s, (name, found[name])


async def jobs_ran(api) -> dict[str, str]:
    return {name: job["ran_at"] for name, job in (await api.client.get("/readyz")).json().get("worker", {}).items()}


async def test_while_the_database_is_stopped_all_is_refused_within_two_seconds_and_works_again_once_it_is_back(
    installation,
):
    api, other = await installation.two_apis()
    worker = installation.worker()
    await eventually(lambda: jobs_ran(api), 10)
    warm = await everything(api, installation)
    assert [warm[name][0] for name in ("readyz", "list", "search", "feed", "book", "cancel")] == [
        200,
        200,
        200,
        200,
        201,
        404,
    ]
    installation.server.stop()
    refused_in_time(await everything(api, installation), within_s=2)
    away = await api.client.get("/readyz")
    assert away.json()["checks"] == {"database": "away", "schema": "unknown"}
    assert (await api.client.get("/livez")).status_code == 200
    born_without = installation.api()
    await born_without.reads(503, within_s=15)
    installation.recover()
    for each in (api, other, born_without):
        await each.reads(200, within_s=5)
        assert (await each.client.get("/v1/bookings", headers=installation.as_("forwarder"))).status_code == 200
    before = await jobs_ran(api)

    async def worker_works() -> bool:
        return (await jobs_ran(api))["expire-holds"] > before["expire-holds"]

    assert await eventually(worker_works, 5)
    assert worker.lives


async def test_while_the_database_is_frozen_every_request_ends_in_time_and_all_works_once_it_thaws(installation):
    """Frozen, or behind a network that swallows packets: connections stand, and nothing answers."""
    api, _ = await installation.two_apis()
    await everything(api, installation)
    frozen = list(family(installation.server.pid))
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        found = await everything(api, installation)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    refused_in_time(found, within_s=COMMAND_TIMEOUT_S + 1.5)
    await api.reads(200, within_s=5)
    thawed = await everything(api, installation)
    assert [thawed[name][0] for name in ("readyz", "list", "search", "feed", "cancel")] == [200, 200, 200, 200, 404]
