"""What the tests of partners ask: groups, berth windows, allotments, by the operator of Gwadar."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from service import clock
from tests.asking import ahead, rfc

GROUPS, WINDOWS, ALLOTMENTS = "/v1/partner-groups", "/v1/berth-windows", "/v1/allotments"
QUAY, TERMINAL = "PKGWD-MPT", "PKGWD-GMT"
FLOOR, ZONE, CAPACITY = "PKGWD-FZS-W1", "PKGWD-FZS", 12_000
OPERATOR = "operator_pkgwd"


def local(days: int) -> date:
    """The local day at Gwadar on which `ahead(days)` falls."""
    return ahead(days).astimezone(ZoneInfo("Asia/Karachi")).date()


async def organisation_of(crowd, who: str) -> str:
    """The id of the organisation behind a demo key."""
    keys = await crowd.get("/v1/keys", role=who)
    return str(keys.json()["items"][0]["organisation_id"])


async def grouped(crowd, *who: str, facility: str = ZONE, name: str = "Kazakh transit") -> dict[str, Any]:
    members = [await organisation_of(crowd, each) for each in who]
    answer = await crowd.post(GROUPS, {"facility": facility, "name": name, "organisations": members}, role=OPERATOR)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def changed(crowd, group: dict[str, Any], tag: str | None = None, role: str = OPERATOR, **change: Any):
    headers = {"Authorization": f"Bearer {crowd.keys[role]}", "If-Match": tag or f'"{group["version"]}"'}
    return await crowd.clients[0].patch(f"{GROUPS}/{group['id']}", json=change, headers=headers)


def stretch(group: dict[str, Any], start: float = 20, hours: float = 36, **more: Any) -> dict[str, Any]:
    first = {"start": rfc(ahead(start)), "end": rfc(ahead(start, hours))}
    return {
        "quay": QUAY, "from_m": 0, "to_m": 300, "group": group["id"], "first": first, "every_days": 7,
        "release_before": "P3D", **more,
    }  # fmt: skip


def quantity(
    group: dict[str, Any], start: int = 20, days: int = 10, wanted: int = 4_000, **more: Any
) -> dict[str, Any]:
    return {
        "warehouse": FLOOR, "group": group["id"], "quantity": wanted, "first_on": str(local(start)),
        "last_on": str(local(start + days)), "release_before": "P3D", **more,
    }  # fmt: skip


async def kept(crowd, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
    answer = await crowd.post(path, body, role=OPERATOR)
    assert answer.status_code == status, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def released_as_of(crowd, table: str, kept_id: str, days: int) -> None:
    """Let time pass: as if what lies before so many days ahead were released by now."""
    length = ahead(days) - clock.now() - timedelta(minutes=1)
    await crowd.sql(f"UPDATE {table} SET release_before = $2 WHERE id = $1", kept_id, length)
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1, version = version + 1")


async def rules_versions(crowd) -> dict[str, int]:
    return dict(await crowd.sql("SELECT code, rules_version FROM places"))
