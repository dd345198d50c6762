"""SQL of organisations, their mandates and their keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service import ids
from service.accounts.keys import Secret
from service.accounts.rules import Key, Organisation
from service.auth import Role
from service.database import Read, Statement, Tx


@dataclass(frozen=True, slots=True)
class Holder:
    """A key and its organisation, in one look. `lives_s` is what is left of the key's life; None: no end."""

    key_id: str
    scopes: frozenset[str]
    revoked: bool
    lives_s: float | None
    organisation_id: str
    role: Role
    name: str
    rate_per_s: int | None
    facilities: frozenset[str]

    @property
    def works(self) -> bool:
        """Whether the key lets its holder in."""
        return not self.revoked and (self.lives_s is None or self.lives_s > 0)


# The life of a key is judged by the database's clock.
_HOLDER = """
SELECT k.digest, k.id, k.scopes, k.revoked_at IS NOT NULL AS revoked, o.id AS organisation_id, o.role, o.name,
       o.rate_per_s, extract(epoch FROM k.expires_at - clock_timestamp())::float8 AS lives_s,
       ARRAY(SELECT facility FROM mandates m WHERE m.organisation_id = o.id) AS facilities
FROM api_keys k JOIN organisations o ON o.id = k.organisation_id
"""


async def holder(read: Read, digest: bytes) -> Holder | None:
    """Give who holds the key of this digest."""
    row = await read.fetchrow(_HOLDER + "WHERE k.digest = $1", digest)
    return None if row is None else _holder(row)


async def holder_of_id(read: Read, key_id: str) -> Holder | None:
    """Give who holds the key of this id."""
    row = await read.fetchrow(_HOLDER + "WHERE k.id = $1", key_id)
    return None if row is None else _holder(row)


async def holders(read: Read, digests: Sequence[bytes], key_ids: Sequence[str]) -> list[tuple[bytes, Holder]]:
    """Give who holds each of these keys, with its digest; a key that nobody made is left out."""
    rows = await read.fetch(_HOLDER + "WHERE k.digest = ANY ($1::bytea[]) OR k.id = ANY ($2::text[])", digests, key_ids)
    return [(row["digest"], _holder(row)) for row in rows]


async def note_use(statement: Statement, key_ids: Sequence[str]) -> None:
    """Note that these keys have just been used."""
    await statement.fetch("UPDATE api_keys SET last_used_at = clock_timestamp() WHERE id = ANY ($1)", key_ids)


_ORGANISATION = """
SELECT o.id, o.name, o.role, o.rate_per_s, o.created_at,
       ARRAY(SELECT facility FROM mandates m WHERE m.organisation_id = o.id ORDER BY facility) AS facilities
FROM organisations o
"""


async def organisation(read: Read, organisation_id: str) -> Organisation | None:
    """Give an organisation."""
    row = await read.fetchrow(_ORGANISATION + "WHERE o.id = $1", organisation_id)
    return None if row is None else _organisation(row)


async def organisation_named(read: Read, name: str) -> Organisation | None:
    """Give the organisation of this name."""
    row = await read.fetchrow(_ORGANISATION + "WHERE o.name = $1", name)
    return None if row is None else _organisation(row)


async def organisations(read: Read, *, after: str, limit: int) -> list[Organisation]:
    """Give organisations, oldest first, from the one after `after` on."""
    rows = await read.fetch(_ORGANISATION + "WHERE o.id > $1 ORDER BY o.id LIMIT $2", after, limit)
    return [_organisation(row) for row in rows]


async def add_organisation(tx: Tx, name: str, role: Role, rate_per_s: int | None) -> str | None:
    """Add an organisation, without mandates. Gives its id; None: the name is taken."""
    organisation_id: str | None = await tx.fetchval(
        """INSERT INTO organisations (id, name, role, rate_per_s) VALUES ($1, $2, $3, $4)
           ON CONFLICT (name) DO NOTHING RETURNING id""",
        ids.new("org"),
        name,
        role,
        rate_per_s,
    )
    return organisation_id


async def lock_organisation(tx: Tx, organisation_id: str) -> None:
    """Keep others from changing an organisation until the end of the transaction."""
    await tx.fetchval("SELECT id FROM organisations WHERE id = $1 FOR NO KEY UPDATE", organisation_id)


async def unknown_facilities(read: Read, codes: Iterable[str]) -> list[str]:
    """Give those codes that no facility has."""
    rows = await read.fetch(
        "SELECT code FROM unnest($1::text[]) AS wanted (code) EXCEPT SELECT code FROM facilities ORDER BY code",
        list(codes),
    )
    return [row["code"] for row in rows]


async def facilities_of(read: Read, port: str) -> list[str]:
    """Give the codes of a port's terminals and free zones."""
    rows = await read.fetch("SELECT code FROM facilities WHERE port = $1 ORDER BY code", port)
    return [row["code"] for row in rows]


async def one_at_a_time(tx: Tx) -> None:
    """Wait to be the only one who sets up a demonstration, until the end of the transaction."""
    await tx.fetchval("SELECT pg_advisory_xact_lock(7305112)")


async def add_mandates(tx: Tx, organisation_id: str, facilities: Iterable[str]) -> None:
    """Let an operator act on these facilities, too."""
    await tx.execute(
        "INSERT INTO mandates (organisation_id, facility) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
        organisation_id,
        sorted(set(facilities)),
    )


_KEY = "id, organisation_id, name, hint, scopes, created_at, expires_at, revoked_at, last_used_at"


async def add_key(
    tx: Tx, organisation_id: str, *, name: str, secret: Secret, scopes: Sequence[str], expires_at: datetime | None
) -> Key | None:
    """Add a key. None: by the database's clock it would have expired already."""
    row = await tx.fetchrow(
        f"""INSERT INTO api_keys (id, organisation_id, name, hint, digest, scopes, expires_at)
            SELECT $1, $2, $3, $4, $5, $6, $7::timestamptz
            WHERE $7::timestamptz IS NULL OR $7::timestamptz > clock_timestamp()
            RETURNING {_KEY}""",
        ids.new("key"),
        organisation_id,
        name,
        secret.hint,
        secret.digest,
        scopes,
        expires_at,
    )
    return None if row is None else _key(row)


async def keys(read: Read, *, organisation_id: str | None, after: str, limit: int) -> list[Key]:
    """Give the keys of an organisation, or of all (None), oldest first, from the one after `after` on."""
    rows = await read.fetch(
        f"""SELECT {_KEY} FROM api_keys
            WHERE ($1::text IS NULL OR organisation_id = $1) AND id > $2 ORDER BY id LIMIT $3""",  # noqa: S608
        organisation_id,
        after,
        limit,
    )
    return [_key(row) for row in rows]


async def locked_key(tx: Tx, key_id: str, *, organisation_id: str | None) -> Key | None:
    """Give a key of an organisation, or of any (None), locked until the end of the transaction."""
    row = await tx.fetchrow(
        f"""SELECT {_KEY} FROM api_keys WHERE id = $1 AND ($2::text IS NULL OR organisation_id = $2)
            FOR UPDATE""",  # noqa: S608  put together from constants
        key_id,
        organisation_id,
    )
    return None if row is None else _key(row)


async def revoke(tx: Tx, key_id: str) -> Key:
    """End a key's life now, and give it."""
    return _key(
        await tx.fetchrow(
            f"UPDATE api_keys SET revoked_at = clock_timestamp() WHERE id = $1 RETURNING {_KEY}",  # noqa: S608
            key_id,
        )
    )


async def live_keys_of(read: Read, organisation_id: str) -> list[tuple[str, bytes]]:
    """Give the id and digest of every key of an organisation that still works."""
    rows = await read.fetch(
        """SELECT id, digest FROM api_keys WHERE organisation_id = $1 AND revoked_at IS NULL
           AND (expires_at IS NULL OR expires_at > clock_timestamp()) ORDER BY id""",
        organisation_id,
    )
    return [(row["id"], row["digest"]) for row in rows]


def _organisation(row: Any) -> Organisation:
    return Organisation(
        row["id"], row["name"], row["role"], row["rate_per_s"], row["created_at"], tuple(row["facilities"])
    )


def _holder(row: Any) -> Holder:
    return Holder(
        key_id=row["id"],
        scopes=frozenset(row["scopes"]),
        revoked=row["revoked"],
        lives_s=row["lives_s"],
        organisation_id=row["organisation_id"],
        role=row["role"],
        name=row["name"],
        rate_per_s=row["rate_per_s"],
        facilities=frozenset(row["facilities"]),
    )


def _key(row: Any) -> Key:
    return Key(
        id=row["id"],
        organisation_id=row["organisation_id"],
        name=row["name"],
        hint=row["hint"],
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
