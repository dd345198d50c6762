"""`python -m service key ...`: making, listing and revoking keys where the database is, before anybody has a key."""

import argparse
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from service.accounts import operations, queries
from service.accounts.rules import Key, Organisation, OrganisationNotFound
from service.auth import SCOPES, Role
from service.database import Db, Read, Tx
from service.fields import moment

Work = Callable[[Db, str], Coroutine[Any, Any, None]]
_PAGE = 200


def work(given: Sequence[str]) -> Work:
    """Read what follows `key` on the command line, and give what to do with the database and the environment's name."""
    arguments = parser().parse_args(given)
    return lambda db, environment: arguments.work(db, environment, arguments)


def parser() -> argparse.ArgumentParser:
    """Describe `key create`, `key list` and `key revoke`."""
    top = argparse.ArgumentParser(prog="python -m service key", description="Make, list and revoke API keys.")
    actions = top.add_subparsers(required=True, metavar="create | list | revoke")
    create = actions.add_parser("create", help="make a key, and its organisation if there is none of that name")
    create.add_argument("--organisation", required=True, metavar="NAME")
    create.add_argument("--role", choices=sorted(SCOPES), help="needed for a new organisation")
    create.add_argument("--facility", action="append", default=[], metavar="CODE", help="what an operator acts on")
    create.add_argument("--rate", type=int, metavar="N", help="a new organisation's requests a second; none: no limit")
    create.add_argument("--name", default="command line", help="what the key is for")
    create.add_argument("--scope", action="append", metavar="SCOPE", help="none: all that the role has")
    create.add_argument("--expires", type=_moment, metavar="MOMENT", help="2027-01-01T00:00:00Z; none: no end")
    create.set_defaults(work=_create)
    actions.add_parser("list", help="list all keys").set_defaults(work=_list)
    revoke = actions.add_parser("revoke", help="end a key's life")
    revoke.add_argument("key_id", metavar="ID", help="key_..., as `key list` shows it")
    revoke.set_defaults(work=_revoke)
    return top


async def _create(db: Db, environment: str, arguments: argparse.Namespace) -> None:
    key, text = await db.write(_organisation_and_key, environment, arguments)
    _say(f"{key.id} of {key.organisation_id}, shown this once:", file=sys.stderr)
    _say(text)


async def _organisation_and_key(tx: Tx, environment: str, arguments: argparse.Namespace) -> tuple[Key, str]:
    owner = await _owner(tx, arguments)
    return await operations.make_key(
        tx,
        owner.id,
        environment=environment,
        name=arguments.name,
        scopes=arguments.scope,
        expires_at=arguments.expires,
    )


async def _owner(tx: Tx, arguments: argparse.Namespace) -> Organisation:
    """Give the organisation of that name, made if there is none, with the facilities that are named."""
    owner = await queries.organisation_named(tx, arguments.organisation)
    if owner is None:
        role: Role | None = arguments.role
        if role is None:
            raise OrganisationNotFound("There is no organisation of this name; with --role it would be made.")
        owner, _ = await operations.create_organisation(
            tx, name=arguments.organisation, role=role, rate_per_s=arguments.rate, facilities=arguments.facility
        )
    elif set(arguments.facility) - set(owner.facilities):
        owner, _ = await operations.mandate(tx, owner.id, arguments.facility)
    return owner


async def _list(db: Db, _: str, __: argparse.Namespace) -> None:
    for key in await db.read(_every_key):
        state = "revoked" if key.revoked_at else f"expires {key.expires_at:%Y-%m-%d}" if key.expires_at else "no end"
        used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        _say(f"{key.id}  {key.organisation_id}  ...{key.hint}  {key.name}  {state}  {used}")


async def _every_key(read: Read) -> list[Key]:
    found: list[Key] = []
    while page := await queries.keys(read, organisation_id=None, after=found[-1].id if found else "", limit=_PAGE):
        found.extend(page)
    return found


async def _revoke(db: Db, _: str, arguments: argparse.Namespace) -> None:
    key = await db.write(operations.revoke_key, arguments.key_id, within=None)
    _say(f"{key.id} is revoked; every process refuses it within 5 s")


def _moment(text: str) -> datetime:
    try:
        return moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _say(text: str, *, file: Any = None) -> None:
    (file or sys.stdout).write(text + "\n")
