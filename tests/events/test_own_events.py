"""Everyone sees what happens to his own organisation, whatever his role; and nobody else does but an admin."""

from typing import Any

import pytest

ROLES = ("forwarder", "rival", "operator_pkgwd", "operator_pkkhi", "customs")


async def post(crowd, path: str, role: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send a request without an idempotency key: a key of the service is shown once, and not kept for a replay."""
    answer = await crowd.clients[0].post(path, json=body, headers={"Authorization": f"Bearer {crowd.keys[role]}"})
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def told_of(crowd, role: str, subject: str) -> list[str]:
    answer = await crowd.get("/v1/events", role=role, limit=500)
    assert answer.status_code == 200, answer.text
    return [item["type"] for item in answer.json()["items"] if item["subject"] == subject]


@pytest.mark.parametrize("role", ROLES)
async def test_a_key_made_and_revoked_is_told_to_its_own_organisation_and_to_no_other(crowd, role):
    made = await post(crowd, "/v1/keys", role, {"name": "night shift"})
    await post(crowd, f"/v1/keys/{made['id']}/revoke", role)
    told = {each: await told_of(crowd, each, made["id"]) for each in (*ROLES, "admin")}
    assert {each for each, types in told.items() if types} == {role, "admin"}
    assert told[role] == told["admin"] == ["key.created", "key.revoked"]


@pytest.mark.parametrize("role", ROLES)
async def test_the_feed_never_tells_a_key_itself(crowd, role):
    made = await post(crowd, "/v1/keys", role, {"name": "night shift"})
    feed = await crowd.get("/v1/events", role=role, limit=500)
    assert made["id"] in feed.text
    assert made["key"] not in feed.text
