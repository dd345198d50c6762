"""The organisations and keys of a demonstration: who can try everything at once, on a test installation."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from service.accounts import keys, operations, queries
from service.auth import SCOPES, Role
from service.database import Db, Read, Tx

RATE_PER_S = 500
NAMES: dict[str, tuple[str, Role, str | None]] = {
    "forwarder": ("Demo Forwarder", "forwarder", None),
    "rival": ("Demo Rival Forwarder", "forwarder", None),
    "operator_pkkhi": ("Demo Operator of Karachi", "operator", "PKKHI"),
    "operator_pkgwd": ("Demo Operator of Gwadar", "operator", "PKGWD"),
    "customs": ("Demo Customs", "customs", None),
    "admin": ("Demo Admin", "admin", None),
}


async def equip(db: Db, file: Path, *, url: str) -> None:
    """Leave a file behind with this address and keys that work, one for each demo organisation.

    Keys in the file that still work are kept. If any is lost or dead, the organisations' old keys are revoked and all
    are made anew: nobody could find them out again.
    """
    kept = _kept(file)
    if not await db.read(all_work, kept):
        kept = await db.write(make_anew)
    _write(file, {"url": url, "keys": kept})


async def all_work(read: Read, kept: Mapping[str, str]) -> bool:
    """Say whether there is a key for each demo organisation, and every one works for all that its role may do."""
    if kept.keys() != NAMES.keys():
        return False
    for short, key in kept.items():
        holder = await queries.holder(read, keys.digest(key))
        if holder is None or not holder.works or holder.name != NAMES[short][0]:
            return False
        if holder.scopes != SCOPES[holder.role]:  # an earlier release made it, which knew fewer
            return False
    return True


async def make_anew(tx: Tx) -> dict[str, str]:
    """Make the demo organisations that are missing, and a new key for each in place of all it had."""
    await queries.one_at_a_time(tx)
    return {short: await _make(tx, *each) for short, each in NAMES.items()}


async def _make(tx: Tx, name: str, role: Role, port: str | None) -> str:
    facilities = await queries.facilities_of(tx, port) if port else []
    owner = await queries.organisation_named(tx, name)
    if owner is None:
        owner, _ = await operations.create_organisation(
            tx, name=name, role=role, rate_per_s=RATE_PER_S, facilities=facilities
        )
    for key_id, _ in await queries.live_keys_of(tx, owner.id):
        await operations.revoke_key(tx, key_id, within=owner.id)
    _, text = await operations.make_key(tx, owner.id, environment="test", name="demo")
    return text


def _kept(file: Path) -> dict[str, str]:
    """Give the keys in the file, or none if it isn't one of ours."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        return {str(short): str(key) for short, key in json.loads(file.read_text())["keys"].items()}
    return {}


def _write(file: Path, content: object) -> None:
    """Write the file whole or not at all, for its owner's eyes only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=file.name)  # mode 0600
    with os.fdopen(descriptor, "w") as out:
        json.dump(content, out, indent=2)
        out.write("\n")
    Path(draft).replace(file)
