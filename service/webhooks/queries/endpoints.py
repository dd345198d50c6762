"""SQL of webhook endpoints, as their owners keep them."""

from typing import Any

from service import ids
from service.database import Read, Tx
from service.webhooks.rules import TWO_SECRETS_H, Endpoint

_ENDPOINT = """id, organisation_id, url, event_types, description, enabled, disabled_because, cursor, former_until,
    version, created_at"""


async def count_endpoints(tx: Tx, organisation_id: str) -> int:
    """Give how many endpoints an organisation has."""
    counted: int = await tx.fetchval(
        "SELECT count(*) FROM webhook_endpoints WHERE organisation_id = $1 AND deleted_at IS NULL", organisation_id
    )
    return counted


async def add_endpoint(
    tx: Tx,
    organisation_id: str,
    *,
    url: str,
    event_types: list[str],
    description: str | None,
    enabled: bool,
    secret: bytes,
) -> Endpoint:
    """Add an endpoint that begins at the end of the feed as it is now."""
    row = await tx.fetchrow(
        f"""INSERT INTO webhook_endpoints
                (id, organisation_id, url, event_types, description, enabled, disabled_because, secret, cursor)
            SELECT $1, $2, $3, $4, $5, $6, CASE WHEN NOT $6 THEN 'owner' END, $7,
                   (SELECT coalesce(max(position), 0) FROM events)
            RETURNING {_ENDPOINT}""",  # noqa: S608  put together from constants
        ids.new("whe"),
        organisation_id,
        url,
        event_types,
        description,
        enabled,
        secret,
    )
    return _endpoint(row)


async def endpoint(read: Read, endpoint_id: str, *, organisation_id: str) -> Endpoint | None:
    """Give an endpoint of an organisation."""
    row = await read.fetchrow(
        f"""SELECT {_ENDPOINT} FROM webhook_endpoints
            WHERE id = $1 AND organisation_id = $2 AND deleted_at IS NULL""",  # noqa: S608
        endpoint_id,
        organisation_id,
    )
    return None if row is None else _endpoint(row)


async def locked_endpoint(tx: Tx, endpoint_id: str, *, organisation_id: str) -> Endpoint | None:
    """Give an endpoint of an organisation, locked until the end of the transaction."""
    row = await tx.fetchrow(
        f"""SELECT {_ENDPOINT} FROM webhook_endpoints
            WHERE id = $1 AND organisation_id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE""",  # noqa: S608
        endpoint_id,
        organisation_id,
    )
    return None if row is None else _endpoint(row)


async def has_log(read: Read, endpoint_id: str, *, organisation_id: str) -> bool:
    """Say whether an endpoint is an organisation's, or was until it was deleted a while ago."""
    found: bool = await read.fetchval(
        "SELECT EXISTS (SELECT FROM webhook_endpoints WHERE id = $1 AND organisation_id = $2)",
        endpoint_id,
        organisation_id,
    )
    return found


async def endpoints(read: Read, *, organisation_id: str, after: str, limit: int) -> list[Endpoint]:
    """Give the endpoints of an organisation, oldest first, from the one after `after` on."""
    rows = await read.fetch(
        f"""SELECT {_ENDPOINT} FROM webhook_endpoints
            WHERE organisation_id = $1 AND id > $2 AND deleted_at IS NULL ORDER BY id LIMIT $3""",  # noqa: S608
        organisation_id,
        after,
        limit,
    )
    return [_endpoint(row) for row in rows]


async def store(tx: Tx, changed: Endpoint) -> Endpoint:
    """Keep what an owner, or a failure, has made of an endpoint, as its next version. Gives it."""
    row = await tx.fetchrow(
        f"""UPDATE webhook_endpoints SET url = $2, event_types = $3, description = $4, enabled = $5,
                disabled_because = $6, version = version + 1 WHERE id = $1 RETURNING {_ENDPOINT}""",  # noqa: S608
        changed.id,
        changed.url,
        list(changed.event_types),
        changed.description,
        changed.enabled,
        changed.disabled_because,
    )
    return _endpoint(row)


async def wake(tx: Tx, endpoint_id: str) -> None:
    """Let what waits for an endpoint be tried at once, on a schedule that begins anew."""
    await tx.execute(
        """UPDATE webhook_deliveries SET tries = 0, next_at = clock_timestamp()
           WHERE endpoint = $1 AND state = 'waiting'""",
        endpoint_id,
    )
    await set_due(tx, endpoint_id)


async def set_due(tx: Tx, endpoint_id: str) -> None:
    """Let an endpoint be due when the first delivery that waits for it is; what comes later waits behind that one."""
    await tx.execute(
        """UPDATE webhook_endpoints SET next_at = (
               SELECT next_at FROM webhook_deliveries WHERE endpoint = $1 AND state = 'waiting' ORDER BY number LIMIT 1
           ) WHERE id = $1""",
        endpoint_id,
    )


async def rotate(tx: Tx, endpoint_id: str, secret: bytes) -> Endpoint:
    """Let a new secret sign, and the one before it too for 24 hours; one before that ends now. Gives the endpoint."""
    row = await tx.fetchrow(
        f"""UPDATE webhook_endpoints SET former_secret = secret, secret = $2, version = version + 1,
                former_until = clock_timestamp() + make_interval(hours => $3) WHERE id = $1
            RETURNING {_ENDPOINT}""",  # noqa: S608  put together from constants
        endpoint_id,
        secret,
        TWO_SECRETS_H,
    )
    return _endpoint(row)


async def delete(tx: Tx, endpoint_id: str) -> None:
    """Delete an endpoint with its secrets, and drop what waits for it; its log stays for a while."""
    await tx.execute(
        """UPDATE webhook_endpoints SET deleted_at = clock_timestamp(), secret = '', former_secret = NULL,
               former_until = NULL, next_at = NULL WHERE id = $1""",
        endpoint_id,
    )
    await tx.execute(
        """UPDATE webhook_deliveries SET state = 'dropped', ended_at = clock_timestamp()
           WHERE endpoint = $1 AND state = 'waiting'""",
        endpoint_id,
    )


def _endpoint(row: Any) -> Endpoint:
    return Endpoint(
        id=row["id"],
        organisation_id=row["organisation_id"],
        url=row["url"],
        event_types=tuple(row["event_types"]),
        description=row["description"],
        enabled=row["enabled"],
        disabled_because=row["disabled_because"],
        cursor=row["cursor"],
        former_until=row["former_until"],
        version=row["version"],
        created_at=row["created_at"],
    )
