"""What tests of webhooks ask of the service: endpoints, and what is to be delivered to them."""

from typing import Any

from service.events.operations import number
from tests.asking import booking, new_key, storage

ENDPOINTS = "/v1/webhook-endpoints"
URL = "https://1.1.1.1/slotway"  # an address, so that no name has to be looked up


class Keeper:
    """An organisation that keeps webhook endpoints."""

    def __init__(self, client: Any, key: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {key}"}

    async def ask(self, method: str, path: str = "", body: Any = None, *, status: int = 200, **more: Any) -> Any:
        headers = self.headers | more.pop("headers", {})
        answer = await self.client.request(method, ENDPOINTS + path, json=body, headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def make(self, *event_types: str, **more: Any) -> dict[str, Any]:
        body = {"url": URL, "event_types": list(event_types or ("*",)), **more}
        made: dict[str, Any] = await self.ask("POST", body=body, status=201)
        return made

    async def log(self, endpoint: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        listed = await self.ask("GET", f"/{endpoint['id']}/deliveries", params=query)
        items: list[dict[str, Any]] = listed["items"]
        return items

    async def events(self) -> list[dict[str, Any]]:
        answer = await self.client.get("/v1/events?limit=500", headers=self.headers)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def book(self, quantity: int = 1, days: int = 12) -> dict[str, Any]:
        """Hold a bit of floor: an event `booking.held`."""
        body = booking(storage(days, quantity=quantity), vessel=None)
        answer = await self.client.post(
            "/v1/bookings", json=body, headers=self.headers | {"Idempotency-Key": new_key()}
        )
        assert answer.status_code == 201, answer.text
        held: dict[str, Any] = answer.json()
        return held


async def end_of_log(db: Any, endpoint: dict[str, Any], state: str = "delivered", days_ago: float = 0) -> None:
    """Let all that waits for an endpoint have ended, as the worker would."""
    await sql(
        db,
        """UPDATE webhook_deliveries SET state = $2, ended_at = clock_timestamp() - make_interval(secs => $3)
           WHERE endpoint = $1 AND state = 'waiting'""",
        endpoint["id"],
        state,
        days_ago * 86_400,
    )


async def come_to_the_end(db: Any, endpoint: dict[str, Any]) -> None:
    """Let an endpoint have looked through the whole feed, as the worker would."""
    await number(db)
    await sql(
        db, "UPDATE webhook_endpoints SET cursor = (SELECT max(position) FROM events) WHERE id = $1", endpoint["id"]
    )


async def sql(db: Any, text: str, *values: object) -> list[tuple[Any, ...]]:
    async def run(tx: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await tx.fetch(text, *values)]

    rows: list[tuple[Any, ...]] = await db.write(run)
    return rows


async def pushed(walk: Any) -> None:
    """A webhook endpoint: made, changed, tried out, given what has happened before, and deleted."""
    who, name = "forwarder", ENDPOINTS
    body = {"url": URL, "event_types": ["*"]}
    await walk(f"POST {name}", who, body=body | {"url": "http://1.1.1.1/x"}, status=422)
    at = f"{name}/{(await walk(f'POST {name}', who, body=body, status=201))['id']}"
    one = f"{name}/{{endpoint_id}}"
    assert (await walk(f"GET {name}", who))["items"] == [await walk(f"GET {one}", who, at)]
    await walk(f"POST {one}/rotate-secret", who, f"{at}/rotate-secret")
    await walk(f"POST {one}/ping", who, f"{at}/ping", status=202)
    await walk(f"POST {one}/replay", who, f"{at}/replay", {"after": "0"}, status=202)
    waiting = await walk(f"GET {one}/deliveries", who, f"{at}/deliveries")
    again = f"{at}/deliveries/{waiting['items'][0]['id']}/resend"
    await walk(f"POST {one}/deliveries/{{delivery_id}}/resend", who, again, status=409)
    await walk(f"PATCH {one}", who, at, {"enabled": False}, status=412, headers={"If-Match": '"9"'})
    await walk(f"PATCH {one}", who, at, {"enabled": False})
    await walk(f"DELETE {one}", who, at)
    await walk(f"GET {one}", who, at, status=404)
