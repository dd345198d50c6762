"""An empty port opened by API, for tests that need one of their own."""

from typing import Any

import httpx

from tests.asking import new_key

SOURCE = "harbour master of Aktau"
PORT = {
    "unlocode": "KZAAU", "name": "Aktau", "time_zone": "Asia/Aqtau", "latitude": 43.6, "longitude": 51.2,
    "authority": "Aktau International Sea Commercial Port", "source": SOURCE,
}  # fmt: skip
TERMINAL = {"code": "KZAAU-DRY", "port": "KZAAU", "name": "Dry cargo terminal", "operator": "AISCP"}
ZONE = {"code": "KZAAU-SEZ", "port": "KZAAU", "name": "Seaport Aktau zone", "operator": "SEZ Aktau"}
QUAY = {"code": "KZAAU-Q1", "terminal": "KZAAU-DRY"}
BERTH = {"code": "KZAAU-Q1-1", "quay": "KZAAU-Q1", "length_m": 150.5, "cargo": ["general"], "source": SOURCE}
WAREHOUSE = {
    "code": "KZAAU-SEZ-W1", "free_zone": "KZAAU-SEZ", "unit": "m2", "capacity": 4000, "bonded": True, "source": SOURCE,
}  # fmt: skip
NOTICE = {
    "quay": "KZAAU-Q1", "window": {"start": "2026-01-01T00:00:00Z"}, "draught_m": 7.5, "reference": "AKT/1", "source": SOURCE,
}  # fmt: skip


class Opening:
    """Somebody with a key who makes things; each answer has the status that is expected, or the test ends."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {key}"}

    async def post(self, path: str, body: Any, status: int = 201, **more: str) -> Any:
        return await self._ask("POST", path, body, status, more)

    async def patch(self, path: str, body: Any, status: int = 200, *, tag: str | None = "*", **more: str) -> Any:
        return await self._ask("PATCH", path, body, status, more | ({"If-Match": tag} if tag else {}))

    async def retire(self, path: str, body: Any = None, status: int = 200, *, tag: str = "*") -> Any:
        return await self._ask(
            "POST", f"{path}/retire", {"reason": "worn out"} | (body or {}), status, {"If-Match": tag}
        )

    async def get(self, path: str, status: int = 200, **params: Any) -> Any:
        answer = await self.client.get(path, params=params, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def tag(self, path: str) -> str:
        return (await self.client.get(path, headers=self.headers)).headers["etag"]

    async def _ask(self, method: str, path: str, body: Any, status: int, headers: dict[str, str]) -> Any:
        sent = self.headers | {"Idempotency-Key": new_key()} | headers
        answer = await self.client.request(method, path, json=body, headers=sent)
        assert answer.status_code == status, answer.text
        return answer.json()


async def opened_port(client: httpx.AsyncClient, keys: dict[str, str]) -> Opening:
    """Open Aktau, with a terminal and a free zone; gives its new operator."""
    admin = Opening(client, keys["admin"])
    await admin.post("/v1/ports", PORT)
    await admin.post("/v1/terminals", TERMINAL)
    await admin.post("/v1/free-zones", ZONE)
    facilities = [TERMINAL["code"], ZONE["code"]]
    operator = {"name": "Aktau port", "role": "operator", "facilities": facilities}
    made = await admin.post("/v1/admin/organisations", operator)
    answer = await client.post(
        "/v1/admin/keys", json={"name": "desk", "organisation_id": made["id"]}, headers=admin.headers
    )
    return Opening(client, answer.json()["key"])
