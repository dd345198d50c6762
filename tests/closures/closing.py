"""What tests of closures ask: closures of the demo port, previews of them, and bookings in their way."""

from typing import Any

import httpx

from tests.asking import SMALL_SHIP, berth, booking, new_key, storage, window

OPERATOR = "operator_pkgwd"


def closure(days: float = 10, hours: float | None = 12, **more: Any) -> dict[str, Any]:
    """A closure of the quay at Gwadar, unless another place is named."""
    named = {"quay", "berth", "warehouse", "places"} & more.keys()
    span = window(days, hours or 1) | ({} if hours else {"end": None})
    return ({} if named else {"quay": "PKGWD-MPT"}) | {"window": span, "reason": "fender repair"} | more


def moving(days: float = 10, hours: float | None = 12, *, tolerance: str = "PT24H", **more: Any) -> dict[str, Any]:
    return closure(days, hours, on_conflict="move", tolerance=tolerance, **more)


class Port:
    """The demo organisations at one instance of the service."""

    def __init__(self, client: httpx.AsyncClient, keys: dict[str, str]) -> None:
        self._client = client
        self._keys = keys

    def key(self, who: str) -> str:
        return self._keys[who]

    async def post(self, path: str, body: Any = None, *, who: str = OPERATOR, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self._keys[who]}", "Idempotency-Key": new_key()}
        return await self._client.post(
            path, json=body, headers=sent | {k.replace("_", "-"): v for k, v in headers.items()}
        )

    async def get(self, path: str, *, who: str = OPERATOR, **params: Any) -> httpx.Response:
        return await self._client.get(path, params=params, headers={"Authorization": f"Bearer {self._keys[who]}"})

    async def booked(
        self, *legs: dict[str, Any], hold: bool = False, who: str = "forwarder", **more: Any
    ) -> dict[str, Any]:
        answer = await self.post("/v1/bookings", booking(*legs, hold=hold, **more), who=who)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def ship(self, days: float = 10, hours: float = 24, **more: Any) -> dict[str, Any]:
        """A small ship, confirmed: 100 m of the quay."""
        vessel = more.pop("vessel", SMALL_SHIP)
        hold = more.pop("hold", False)
        return await self.booked(berth(days, hours=hours, **more), vessel=vessel, hold=hold)

    async def goods(self, days: float = 10, quantity: int = 5_000, length: float = 5, **more: Any) -> dict[str, Any]:
        return await self.booked(storage(days, quantity=quantity, length=length, **more), vessel=None)

    async def preview(self, body: dict[str, Any], path: str = "/v1/closures") -> dict[str, Any]:
        answer = await self.post(f"{path}?validate_only=true", body)
        assert answer.status_code == 200, answer.text
        plan: dict[str, Any] = answer.json()
        return plan

    async def applied(self, body: dict[str, Any], plan: str, path: str = "/v1/closures") -> dict[str, Any]:
        answer = await self.post(path, body, If_Match=f'"{plan}"')
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def done(self, body: dict[str, Any]) -> dict[str, Any]:
        """Look at the plan, and have it done."""
        plan = await self.preview(body)
        made = await self.applied(body, plan["plan"])
        assert [made["plan"], made["touched"], made["totals"]] == [plan["plan"], plan["touched"], plan["totals"]]
        return made

    async def booking(self, booking_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get(f"/v1/bookings/{booking_id}", who="forwarder")).json()
        return found


def slot(leg: dict[str, Any]) -> dict[str, Any]:
    """A leg of a booking as a plan shows it."""
    told = {"id", "state", "arrived_at", "ended_at", "gated_in", "gated_out"}
    return {name: value for name, value in leg.items() if name not in told}
