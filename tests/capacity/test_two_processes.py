"""A random walk through the life of a port, on two processes that keep what they know in memory: they never differ from a third that knows nothing."""

import random

import httpx
import pytest

from service.app import create_app
from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage, window
from tests.conftest import settings_for

STEPS = 40
SEARCHES = [
    (
        "/v1/berth-slots",
        {"port": ["PKGWD", "PKKHI"], "loa_m": 90, "beam_m": 15, "draught_m": 5.5, "duration": "PT20H", "limit": 50},
    ),
    ("/v1/berth-slots", {"port": "PKGWD", "loa_m": 580, "draught_m": 11, "duration": "P4D"}),
    ("/v1/storage-slots", {"port": "PKGWD", "quantity": 6000, "duration": "P4D", "limit": 50}),
]


class Walk:
    """What happens, one thing at a time; each is a step that leaves the port in another state."""

    def __init__(self, crowd, seed: int) -> None:
        self.crowd = crowd
        self.chance = random.Random(seed)
        self.ids: list[str] = []

    async def book(self) -> None:
        day = self.chance.randrange(10, 30)
        legs = [
            berth(day, hours=self.chance.randrange(5, 60)),
            storage(day, quantity=self.chance.randrange(1, 5000), length=4),
        ]
        answer = await self.crowd.post(
            "/v1/bookings", booking(*legs, vessel=SMALL_SHIP, hold=self.chance.random() < 0.7)
        )
        assert answer.status_code in (201, 409, 422), answer.text
        if answer.status_code == 201:
            self.ids.append(answer.json()["id"])

    async def change(self) -> None:
        if self.ids:
            verb = self.chance.choice(["confirm", "cancel", "extend-hold"])
            answer = await self.crowd.post(f"/v1/bookings/{self.chance.choice(self.ids)}/{verb}")
            assert answer.status_code in (200, 409), answer.text

    async def notice(self) -> None:
        day, depth = self.chance.randrange(10, 30), self.chance.choice([5, 9, 11.6])
        body = {"quay": "PKGWD-MPT", "window": window(day, 24 * self.chance.randrange(1, 9)), "draught_m": depth,
                "reference": "NtM", "source": "test"}  # fmt: skip
        assert (await self.crowd.post("/v1/draught-notices", body, role="operator_pkgwd")).status_code == 201

    async def close(self) -> None:
        place = self.chance.choice([{"quay": "PKGWD-MPT"}, {"warehouse": "PKGWD-FZS-W1", "quantity": 5000}])
        body = place | {"window": window(self.chance.randrange(10, 30), 48), "reason": "x", "on_conflict": "displace"}
        answer = await self.crowd.post("/v1/closures", body, role="operator_pkgwd", **{"If-Match": "*"})
        assert answer.status_code == 201, answer.text

    async def step(self) -> None:
        await self.chance.choices([self.book, self.change, self.notice, self.close], [6, 4, 1, 1])[0]()


async def answers(client: httpx.AsyncClient, keys: dict[str, str]) -> list[bytes]:
    when = {"from": rfc(ahead(9)), "to": rfc(ahead(33))}
    headers = {"Authorization": f"Bearer {keys['forwarder']}"}
    found = [await client.get(path, params=query | when, headers=headers) for path, query in SEARCHES]
    assert {answer.status_code for answer in found} == {200}
    return [answer.content for answer in found]


@pytest.mark.parametrize("seed", [1, 2])
async def test_processes_with_a_memory_answer_as_one_without(crowd, seed):
    walk = Walk(crowd, seed)
    seen = set()
    for number in range(STEPS):
        await walk.step()
        first, second = [await answers(client, crowd.keys) for client in crowd.clients]
        assert first == second
        seen.add(tuple(first))
        if number % 3:
            continue
        made = create_app(settings_for(crowd.url))
        transport = httpx.ASGITransport(app=made)
        async with (
            made.router.lifespan_context(made),
            httpx.AsyncClient(transport=transport, base_url="http://new.test") as new,
        ):
            assert first == await answers(new, crowd.keys)
    assert len(seen) > STEPS // 4
    assert await crowd.broken() == {}
