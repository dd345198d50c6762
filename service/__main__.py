"""`python -m service <command>`: everything that runs, one command each.

Each command imports what it alone needs: a start runs several of them one after the other, and importing is most of it.
"""
# ruff: noqa: PLC0415  see above

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import Refusal

if TYPE_CHECKING:
    from fastapi import FastAPI

    from service.database import Db

_ROOT = Path(__file__).parent.parent


def main(given: Sequence[str]) -> None:
    """Do what the command line says; a refusal ends it with its sentence."""
    own = {"key": _key, "signing-keys": _signing_keys}
    command = own[given[0]] if given and given[0] in own else _from(parser().parse_args(given))
    try:
        command(given[1:])
    except Refusal as refusal:
        sys.exit(f"{refusal.code()}: {refusal.detail}")


def parser() -> argparse.ArgumentParser:
    """Describe the commands; `key` and `signing-keys` describe themselves."""
    top = argparse.ArgumentParser(prog="python -m service", description="Slotway. DATABASE_URL names the database.")
    actions = top.add_subparsers(required=True, metavar="api | worker | migrate | seed | ...")
    api = actions.add_parser("api", help="serve the REST API")
    api.add_argument("--host", default="127.0.0.1")
    api.add_argument("--port", type=int, default=8000)
    api.add_argument("--processes", type=int, default=1)
    api.set_defaults(run=_api)
    actions.add_parser("worker", help="run the jobs").set_defaults(run=_worker)
    actions.add_parser("migrate", help="bring the schema up to date").set_defaults(run=_migrate)
    seeding = actions.add_parser("seed", help="load the reference data that is missing")
    seeding.add_argument("--demo", type=Path, metavar="FILE", help="make demo organisations, and leave their keys here")
    seeding.add_argument("--url", help="the address to write into FILE; none: SLOTWAY_PUBLIC_URL")
    seeding.set_defaults(run=_seed)
    reconciling = actions.add_parser("reconcile", help="compare the counters of all floors with their claims")
    reconciling.add_argument("--fix", action="store_true", help="make the counters what the claims say")
    reconciling.set_defaults(run=_reconcile)
    actions.add_parser("key", help="make, list and revoke API keys")
    actions.add_parser("signing-keys", help="make and rotate the keys that access tokens are signed with")
    actions.add_parser("openapi", help="print the OpenAPI document").set_defaults(run=_openapi)
    return top


def _from(arguments: argparse.Namespace) -> Callable[[Sequence[str]], None]:
    """Give the command that was parsed; what follows its name has been read."""
    return lambda _: arguments.run(arguments)


def application() -> "FastAPI":
    """Give the ASGI application of one process, with settings from the environment."""
    from service.app import create_app
    from service.settings import Settings

    return create_app(Settings())


def migrate(url: str) -> None:
    """Bring the schema of a database up to date. Safe when several do so at once: they take turns."""
    from alembic import command
    from alembic.config import Config

    config = Config(toml_file=str(_ROOT / "pyproject.toml"))
    config.attributes["url"] = url
    command.upgrade(config, "head")


def _api(arguments: argparse.Namespace) -> None:
    import resource

    import uvicorn

    from service.customs.schemas.tables import TableUnfit, tables
    from service.protocol import Protocol
    from service.settings import Settings

    try:
        tables(Settings().customs_vocabularies)
    except TableUnfit as unfit:
        sys.exit(f"SLOTWAY_CUSTOMS_VOCABULARIES: {unfit}")
    # Each stream is an open file, and what many systems allow at first is 1,024.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvicorn.run(
        "service.__main__:application",
        factory=True,
        host=arguments.host,
        port=arguments.port,
        workers=arguments.processes,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=Settings().drain_s,
    )


def _worker(_: argparse.Namespace) -> None:
    import uvloop

    from service.settings import Settings
    from service.worker import run

    uvloop.run(run(Settings()))


def _migrate(_: argparse.Namespace) -> None:
    from service.settings import Settings

    migrate(Settings().database_url.get_secret_value())


def _seed(arguments: argparse.Namespace) -> None:
    from service.accounts import demo
    from service.ports.operations.seeding import seed
    from service.settings import Settings

    settings = Settings()
    if arguments.demo and settings.environment != "test":
        sys.exit("a demonstration is for test installations: SLOTWAY_ENVIRONMENT is not `test`")

    async def work(db: "Db") -> None:
        await db.write(seed)
        if arguments.demo:
            await demo.equip(db, arguments.demo, url=arguments.url or settings.public_url)

    _with_database(settings.database_url.get_secret_value(), work)


def _reconcile(arguments: argparse.Namespace) -> None:
    from service.invariants import commands
    from service.settings import Settings

    async def work(db: "Db") -> None:
        if not await commands.reconcile(db, fix=arguments.fix):
            sys.exit(1)

    _with_database(Settings().database_url.get_secret_value(), work)


def _key(given: Sequence[str]) -> None:
    from service.accounts import commands
    from service.settings import Settings

    work = commands.work(given)
    settings = Settings()
    _with_database(settings.database_url.get_secret_value(), lambda db: work(db, settings.environment))


def _signing_keys(given: Sequence[str]) -> None:
    from service.settings import Settings
    from service.tokens import commands

    commands.run(given, Settings().signing_keys)


def _openapi(_: argparse.Namespace) -> None:
    sys.stdout.write(json.dumps(application().openapi(), indent=2) + "\n")


def _with_database(url: str, work: "Callable[[Db], Awaitable[None]]") -> None:
    """Do some work with the database, and close it."""
    from service.database import connect

    async def run() -> None:
        db = await connect(url, size=1, refusals={})
        try:
            await work(db)
        finally:
            await db.close()

    asyncio.run(run())


if __name__ == "__main__":
    main(sys.argv[1:])
