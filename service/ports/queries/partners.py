"""SQL of partner groups: for whom the operator of a facility keeps capacity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.auth import Admin, Principal
from service.database import Read, Tx


@dataclass(frozen=True, slots=True)
class Group:
    """A group of organisations; `organisations` are those that whoever asked may see, by id."""

    id: str
    facility: str
    name: str
    version: int
    organisations: tuple[str, ...]


# Rivals are not told who is a partner: the operator sees all of a group, a member itself.
VISIBLE = """($1 OR g.facility = ANY ($2) OR EXISTS (
    SELECT FROM partners m WHERE m.group_id = g.id AND m.organisation_id = $3))"""
_GROUPS = """
SELECT g.id, g.facility, g.name, g.version, ARRAY(
    SELECT m.organisation_id FROM partners m
    WHERE m.group_id = g.id AND ($1 OR g.facility = ANY ($2) OR m.organisation_id = $3) ORDER BY 1) AS organisations
FROM partner_groups g
"""


def eyes(by: Principal) -> tuple[bool, list[str], str]:
    """Give the parameters of `VISIBLE`: whether somebody sees all, as operator of which facilities, as which member."""
    return isinstance(by, Admin), sorted(by.facilities), by.organisation_id


async def group(read: Read, group_id: str, by: Principal) -> Group | None:
    """Give a group that somebody may see, as far as he may see it."""
    row = await read.fetchrow(_GROUPS + f"WHERE {VISIBLE} AND g.id = $4", *eyes(by), group_id)
    return None if row is None else _group(row)


async def groups(read: Read, by: Principal, *, facility: str | None, before: str | None, limit: int) -> list[Group]:
    """Give the groups that somebody may see, the newest first, of one facility or of all, before `before`."""
    rows = await read.fetch(
        _GROUPS
        + f"""WHERE {VISIBLE} AND ($4::text IS NULL OR g.facility = $4) AND ($5::text IS NULL OR g.id < $5)
              ORDER BY g.id DESC LIMIT $6""",
        *eyes(by),
        facility,
        before,
        limit,
    )
    return [_group(row) for row in rows]


async def lock_group(tx: Tx, group_id: str) -> None:
    """Keep others from changing a group, and from keeping anything for it, until the end of the transaction.

    Taken before the locks of places. Without it a place could come to keep something for the group after the places
    were looked up whose rules move with its members.
    """
    await tx.fetchval("SELECT id FROM partner_groups WHERE id = $1 FOR NO KEY UPDATE", group_id)


async def add_group(tx: Tx, group_id: str, facility: str, name: str) -> None:
    """Add a group without members; the constraint `partner_group_name_taken` refuses a second of that name."""
    await tx.execute("INSERT INTO partner_groups (id, facility, name) VALUES ($1, $2, $3)", group_id, facility, name)


async def name_group(tx: Tx, group_id: str, name: str) -> None:
    """Give a group this name, and raise its version."""
    await tx.execute("UPDATE partner_groups SET name = $2, version = version + 1 WHERE id = $1", group_id, name)


async def put_members(tx: Tx, group_id: str, organisations: Sequence[str]) -> None:
    """Make these organisations the members of a group, and nobody else."""
    await tx.execute(
        "DELETE FROM partners WHERE group_id = $1 AND organisation_id <> ALL ($2)", group_id, organisations
    )
    await tx.execute(
        """INSERT INTO partners (group_id, organisation_id) SELECT $1, unnest($2::text[])
           ON CONFLICT DO NOTHING""",
        group_id,
        organisations,
    )


async def forwarders(read: Read, among: Sequence[str]) -> set[str]:
    """Give which of these ids are those of forwarders."""
    rows = await read.fetch("SELECT id FROM organisations WHERE role = 'forwarder' AND id = ANY ($1)", among)
    return {row["id"] for row in rows}


async def places_keeping(read: Read, group_id: str) -> list[int]:
    """Give the ids of the places that keep something for a group."""
    rows = await read.fetch(
        """SELECT place_id FROM berth_windows WHERE group_id = $1 AND ended_at IS NULL
           UNION SELECT place_id FROM allotments WHERE group_id = $1 AND ended_at IS NULL ORDER BY 1""",
        group_id,
    )
    return [row["place_id"] for row in rows]


def _group(row: Any) -> Group:
    group_id, facility, name, version, organisations = row
    return Group(group_id, facility, name, version, tuple(organisations))
