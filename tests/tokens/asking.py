"""Clients of `/oauth/token`, and what they do with the tokens."""

from typing import Any

import httpx

PORTS = "/v1/ports"
TOKEN = "/oauth/token"


def bearing(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


async def id_of(client: httpx.AsyncClient, key: str) -> str:
    """The id of a key, which is its client's: the newest of its organisation, that has one."""
    listed = (await client.get("/v1/keys", headers=bearing(key))).json()["items"]
    return str(next(each["id"] for each in listed if key.endswith(each["hint"]) and each["revoked_at"] is None))


async def asked(client: httpx.AsyncClient, key: str, **more: Any) -> httpx.Response:
    """Ask for a token with a key, as a client that sends its secret in the body."""
    form = {"grant_type": "client_credentials", "client_id": await id_of(client, key), "client_secret": key, **more}
    return await client.post(TOKEN, data=form)


async def token_of(client: httpx.AsyncClient, key: str, **more: Any) -> str:
    answer = await asked(client, key, **more)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def made_key(client: httpx.AsyncClient, key: str, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/keys", json={"name": "of a test", **body}, headers=bearing(key))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
